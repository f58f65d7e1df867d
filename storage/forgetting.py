"""Words taken out of rows and letters: queries."""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, String, cast, delete, func, insert, literal, or_, select, text, update
from sqlmodel import Session

from bot.domain.wording import escape
from storage.tables import (
    Audit,
    Block,
    Digest,
    DirectChannel,
    Lead,
    Letter,
    Outcome,
    Person,
    Response,
    Sampled,
    Suggestion,
    Team,
    WordsRead,
    Workspace,
    table,
)

responses, letters, people, suggestions = table(Response), table(Letter), table(Person), table(Suggestion)
direct, read, leads = table(DirectChannel), table(WordsRead), table(Lead)
audit, teams, sampled = table(Audit), table(Team), table(Sampled)
blocks, digests, outcomes, workspace = table(Block), table(Digest), table(Outcome), table(Workspace)
_NOTHING: dict[str, Any] = {"reason": None, "cues": [], "quote": False, "estimate": None}


def empty_words(session: Session, person: int) -> None:
    """Take out all that somebody wrote, and the numbers that she gave."""
    session.execute(update(sampled).where(sampled.c.person_id == person).values(estimate=None))
    nameless = literal("forgotten:") + cast(responses.c.id, String)
    session.execute(update(responses).where(responses.c.person_id == person).values(dedupe_key=nameless, **_NOTHING))


def quotable(session: Session, *, person: int | None = None, rows: Sequence[int] = ()) -> list[tuple[str, str]]:
    """What may have been quoted, of one person or of these answers: the words, and their lead's name."""
    whose = responses.c.person_id == person if person is not None else responses.c.id.in_(rows)
    found = session.execute(
        select(responses.c.reason, leads.c.name)
        .join(leads, leads.c.id == responses.c.lead_id)
        .where(whose, responses.c.quote, responses.c.reason.is_not(None))
    )
    return [(row.reason, row.name) for row in found]


def quoting_blocks(session: Session) -> list[Any]:
    """Where sentences were released: id, cells."""
    return list(session.execute(select(blocks.c.id, blocks.c.cells).where(blocks.c.kind == "quotes")).all())


def change_block(session: Session, number: int, cells: dict[str, Any]) -> None:
    """Quotes alone may be taken back from what is frozen; counts stay."""
    session.execute(update(blocks).where(blocks.c.id == number).values(cells=cells))


def all_digests(session: Session) -> list[Any]:
    """Every digest that is kept: id, figures."""
    return list(session.execute(select(digests.c.id, digests.c.figures)).all())


def change_digest(session: Session, number: int, figures: dict[str, Any]) -> None:
    """The same of a digest as it is shown in Home."""
    session.execute(update(digests).where(digests.c.id == number).values(figures=figures))


def old_words(session: Session, before: datetime, limit: int) -> list[int]:
    """Answers from before then that still have words or details."""
    has = or_(responses.c.reason.is_not(None), responses.c.estimate.is_not(None), responses.c.quote)
    rows = session.execute(
        select(responses.c.id).where(responses.c.at < before, has).order_by(responses.c.id).limit(limit)
    )
    return list(rows.scalars())


def empty_these(session: Session, rows: list[int]) -> None:
    """Take the words out of these."""
    session.execute(update(responses).where(responses.c.id.in_(rows)).values(**_NOTHING))


def old_numbers(session: Session, before: datetime, running: int | None, limit: int) -> list[int]:
    """Numbers of samples that are over, from before then; one that runs needs its own until its result."""
    over = (sampled.c.answered_at < before) & (sampled.c.sample_id != (running or 0)) & sampled.c.estimate.is_not(None)
    return list(session.execute(select(sampled.c.id).where(over).limit(limit)).scalars())


def empty_numbers(session: Session, rows: list[int]) -> None:
    """Take these numbers out."""
    session.execute(update(sampled).where(sampled.c.id.in_(rows)).values(estimate=None))


def messages_of(session: Session, slack_id: str) -> list[int]:
    """Letters that stand in somebody's direct message with the app."""
    own = select(direct.c.channel_id).where(direct.c.slack_id == slack_id)
    return list(
        session.execute(
            select(letters.c.id).where(
                letters.c.channel_id.in_(own), letters.c.kind.in_(("post", "report")), letters.c.ts.is_not(None)
            )
        ).scalars()
    )


def messages_with(session: Session, rows: list[int]) -> list[int]:
    """Suggestions in direct messages that show these answers' words."""
    of = select(responses.c.lead_id).where(responses.c.id.in_(rows))
    return list(
        session.execute(
            select(suggestions.c.letter_id)
            .join(letters, letters.c.id == suggestions.c.letter_id)
            .where(suggestions.c.lead_id.in_(of), suggestions.c.shared.is_(False), letters.c.ts.is_not(None))
            .distinct()
        ).scalars()
    )


def empty_unsent(session: Session, rows: list[int], now: datetime) -> None:
    """Letters that would bring these answers' words to Slack, or failed to, hold them no longer and are not sent."""
    of = select(responses.c.lead_id).where(responses.c.id.in_(rows))
    about = suggestions.c.lead_id.in_(of)
    hers = select(suggestions.c.letter_id).where(about, suggestions.c.shared.is_(False))
    anywhere = select(suggestions.c.letter_id).where(about)
    # Where others read, an edit holds no words, and is still wanted.
    with_words = or_(
        (letters.c.kind == "update") & letters.c.target_id.in_(hers),
        (letters.c.kind == "private") & letters.c.target_id.in_(anywhere),
    )
    unsent = letters.c.state.in_(("pending", "uncertain", "dead"))
    gone = {"state": "sent", "sent_at": now, "payload": {}, "error": "forgotten"}
    session.execute(update(letters).where(with_words, unsent).values(**gone))


def drop_letters(session: Session, person: int, slack_id: str, now: datetime) -> None:
    """Letters on their way to somebody are not sent any more; no letter to her holds words or her Slack id.

    Nor does any key: one press is told from another by who pressed.
    """
    lanes = (slack_id, f"private:{slack_id}")
    hers = select(letters.c.id).where(letters.c.lane.in_(lanes))
    theirs = or_(letters.c.lane.in_(lanes), letters.c.target_id.in_(hers))
    unsent = letters.c.state.in_(("pending", "uncertain", "dead"))
    session.execute(update(letters).where(theirs, unsent).values(state="sent", sent_at=now))
    session.execute(update(letters).where(theirs, letters.c.state == "sent").values(payload={}, error="forgotten"))
    nameless = literal("forgotten:") + cast(letters.c.id, String)
    session.execute(update(letters).where(theirs).values(dedupe_key=nameless))
    session.execute(update(letters).where(letters.c.lane.in_(lanes)).values(lane=f"forgotten:{person}"))
    session.execute(delete(direct).where(direct.c.slack_id == slack_id))


def forget_person(
    session: Session, person: int, at: datetime, mark: str | None, managed_until: datetime | None
) -> None:
    """Nobody is behind this row any more, nor named as an owner or in what admins did.

    Of somebody who managed a team, `mark` knows her Slack id again, and `managed_until` says until when she did.
    """
    row = session.execute(select(people).where(people.c.id == person)).one()
    names = [leads.c.rep_id == person, leads.c.owner_slack_id == row.slack_id]
    # Without an email she is not meant by the leads that name none.
    named = or_(*names, *([leads.c.owner_email == row.email] if row.email else []))
    # What waits for her waits for nobody: it is neither posted to her nor given away under another's name.
    session.execute(update(leads).where(named, text("waiting <> ''")).values(waiting="", rep_id=None))
    session.execute(update(leads).where(named).values(owner_email=None, owner_slack_id=None))
    hers = outcomes.c.source == f"slack:{row.slack_id}"
    session.execute(update(outcomes).where(hers).values(source=f"slack:forgotten:{person}"))
    # A rehearsal whose leads come to nobody would hold up everybody's.
    mine = workspace.c.rehearsal_slack_id == row.slack_id
    session.execute(update(workspace).where(mine).values(rehearsal_slack_id=None))
    _forget_in_audit(session, row)
    session.execute(
        update(people)
        .where(people.c.id == person)
        .values(
            slack_id=f"forgotten:{person}", email=None, name="Somebody", channel_id=None, is_rep=False, is_admin=False,
            in_pool=False, stand_in_id=None, stand_in_until=None, forgotten_at=at, is_model_owner=False,
            managed_mark=mark, managed_until=managed_until,
        )
    )  # fmt: skip
    stood_in = people.c.stand_in_id == person
    session.execute(update(people).where(stood_in).values(stand_in_id=None, stand_in_until=None))
    session.execute(update(teams).where(teams.c.manager_id == person).values(manager_id=None))


def _forget_in_audit(session: Session, row: Row[Any]) -> None:
    """What admins did stays, without her; what would bring her columns back can't be undone any more."""
    names = {form for name in (row.slack_id, row.email, row.name) if name for form in (name, escape(name))}
    # Whole names only: forgetting Sam leaves Samantha.
    longest = sorted(map(re.escape, names), key=len, reverse=True)
    named = re.compile(rf"(?<!\w)(?:{'|'.join(longest)})(?!\w)")
    for one in session.execute(select(audit.c.id, audit.c.sentence, audit.c.changes, audit.c.actor_slack_id)).all():
        acted = one.actor_slack_id == row.slack_id
        would = any(_is_of(change, row.id) or named.search(_dumped(change)) for change in one.changes or [])
        sentence = named.sub("somebody", one.sentence)
        if acted or would or sentence != one.sentence:
            values: dict[str, Any] = {"sentence": sentence}
            values |= {"changes": None} if would else {}
            values |= {"actor_slack_id": f"forgotten:{row.id}"} if acted else {}
            session.execute(update(audit).where(audit.c.id == one.id).values(**values))


def _is_of(change: dict[str, Any], person: int) -> bool:
    if change["table"] == "person" and change["row"] == person:
        return True
    both = (change["before"] or {}) | change["after"]
    return any(both.get(name) == person for name in ("manager_id", "stand_in_id"))


def _dumped(change: dict[str, Any]) -> str:
    return json.dumps(change, ensure_ascii=False)


def keep_reading(session: Session, rows: list[dict[str, Any]]) -> None:
    """Write down that words were read."""
    session.execute(insert(read), rows)


def readings_many(session: Session, person: int) -> int:
    """How often somebody's words or answers were read."""
    return int(session.execute(select(func.count()).where(read.c.person_id == person)).scalar_one())


def readings_of(session: Session, person: int, limit: int) -> list[Any]:
    """Who has read somebody's words, newest first."""
    return list(
        session.execute(select(read).where(read.c.person_id == person).order_by(read.c.id.desc()).limit(limit)).all()
    )
