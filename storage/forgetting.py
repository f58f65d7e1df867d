"""Words taken out of rows and letters: queries."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import String, cast, delete, func, insert, literal, or_, select, update
from sqlmodel import Session

from storage.tables import (
    Audit,
    DirectChannel,
    Lead,
    Letter,
    Person,
    Response,
    Sampled,
    Suggestion,
    Team,
    WordsRead,
    table,
)

responses, letters, people, suggestions = table(Response), table(Letter), table(Person), table(Suggestion)
direct, read, leads = table(DirectChannel), table(WordsRead), table(Lead)
audit, teams, sampled = table(Audit), table(Team), table(Sampled)
_NOTHING: dict[str, Any] = {"reason": None, "cues": [], "quote": False, "estimate": None}


def empty_words(session: Session, person: int) -> None:
    """Take out all that somebody wrote, and the numbers that she gave."""
    session.execute(update(sampled).where(sampled.c.person_id == person).values(estimate=None))
    nameless = literal("forgotten:") + cast(responses.c.id, String)
    session.execute(update(responses).where(responses.c.person_id == person).values(dedupe_key=nameless, **_NOTHING))


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
                letters.c.channel_id.in_(own), letters.c.kind == "post", letters.c.ts.is_not(None)
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


def forget_person(session: Session, person: int, at: datetime) -> None:
    """Nobody is behind this row any more, nor named as an owner or in what admins did."""
    row = session.execute(select(people).where(people.c.id == person)).one()
    named = or_(leads.c.rep_id == person, leads.c.owner_slack_id == row.slack_id, leads.c.owner_email == row.email)
    session.execute(update(leads).where(named).values(owner_email=None, owner_slack_id=None))
    _forget_in_audit(session, [part for part in (row.slack_id, row.email, row.name) if part], row.slack_id, person)
    session.execute(
        update(people)
        .where(people.c.id == person)
        .values(
            slack_id=f"forgotten:{person}", email=None, name="Somebody", channel_id=None, is_rep=False, is_admin=False,
            in_pool=False, stand_in_id=None, stand_in_until=None, forgotten_at=at, is_model_owner=False,
        )
    )  # fmt: skip
    hers = people.c.stand_in_id == person
    session.execute(update(people).where(hers).values(stand_in_id=None, stand_in_until=None))
    session.execute(update(teams).where(teams.c.manager_id == person).values(manager_id=None))


def _forget_in_audit(session: Session, names: list[str], slack_id: str, person: int) -> None:
    """What admins did stays, without her: nor can it be undone, as that would bring the columns back."""
    for row in session.execute(select(audit.c.id, audit.c.sentence, audit.c.changes, audit.c.actor_slack_id)).all():
        text = f"{row.sentence} {json.dumps(row.changes)}"
        if row.actor_slack_id != slack_id and not any(name in text for name in names):
            continue
        sentence = row.sentence
        for name in names:
            sentence = sentence.replace(name, "somebody")
        actor = f"forgotten:{person}" if row.actor_slack_id == slack_id else row.actor_slack_id
        values = {"sentence": sentence, "changes": None, "actor_slack_id": actor}
        session.execute(update(audit).where(audit.c.id == row.id).values(**values))


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
