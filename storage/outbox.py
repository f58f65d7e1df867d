"""The outbox's queries: letters added, claimed by a conditional update, settled by their claim's owner alone."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, bindparam, case, func, insert, or_, select, text, true, update
from sqlmodel import Session

from bot.domain.retry import UNCERTAIN, Answer, Decision, State
from storage.database import added, changed
from storage.tables import DirectChannel, Letter, UtcDateTime, table
from storage.writer import LETTERS

WEBHOOK = "webhook"
OPEN = (State.PENDING.value, State.SENDING.value, State.UNCERTAIN.value)
letters, direct = table(Letter), table(DirectChannel)
# The states stand in the statements as they stand in the partial indices: with parameters in their place neither
# database would use those, and each look would read every letter ever sent.
IS_OPEN = "state IN ('pending', 'sending', 'uncertain')"
IS_DEAD = "state = 'dead'"
# What comes whatever anybody answered: only of these it is told how many there are.
OPEN_KINDS = ("post", WEBHOOK)
_HAS_WORDS = "state = 'sent' AND error IS NULL"
# Lane by lane along the index, so that a lane with ten thousand letters costs no more than one with a single letter.
_HEADS = text(
    f"""
    WITH RECURSIVE lanes(lane) AS (
        SELECT min(lane) FROM letter WHERE {IS_OPEN}
        UNION ALL
        SELECT (SELECT min(letter.lane) FROM letter WHERE {IS_OPEN} AND letter.lane > lanes.lane)
        FROM lanes WHERE lanes.lane IS NOT NULL
    )
    SELECT head.id, head.kind, head.lane, head.state, head.next_at, target.state AS target_state
    FROM lanes
    JOIN letter head ON head.id = (SELECT min(id) FROM letter WHERE {IS_OPEN} AND letter.lane = lanes.lane)
    LEFT JOIN letter target ON target.id = head.target_id
    ORDER BY head.id
    """  # noqa: S608  # constants of ours
).columns(next_at=UtcDateTime)
_ADD = insert(letters)
_BY_KEY = select(letters.c.id).where(letters.c.dedupe_key == bindparam("dedupe_key"))
_EDIT_UNSENT = (
    update(letters)
    .where(letters.c.id == bindparam("target"), letters.c.state == State.PENDING.value, letters.c.attempt == 0)
    .values(payload=bindparam("words", type_=letters.c.payload.type))
)
_EDIT_WAITING = (
    update(letters)
    .where(letters.c.target_id == bindparam("target"), text("letter.kind = 'update' AND letter.state = 'pending'"))
    .values(payload=bindparam("words", type_=letters.c.payload.type))
)


def add(session: Session, rows: list[dict[str, Any]], now: datetime) -> list[int]:
    """Queue letters; the ids come back in the rows' order. `now` is real time, which Slack's pace is counted in."""
    if not rows:
        return []
    full = [{"next_at": now, "created_at": now, "target_id": None, "lead_id": None} | row for row in rows]
    session.info["signals"].add(LETTERS)
    return added(session, _ADD, full)


def add_once(session: Session, row: dict[str, Any], now: datetime) -> int | None:
    """Queue a letter unless one with its dedupe key was ever queued; its id, or None."""
    return None if by_key(session, row["dedupe_key"]) is not None else add(session, [row], now)[0]


def by_key(session: Session, dedupe_key: str) -> int | None:
    """The letter with this dedupe key."""
    return session.execute(_BY_KEY, {"dedupe_key": dedupe_key}).scalar()


def of_suggestion(session: Session, lead: int) -> Row[Any] | None:
    """The newest letter that posts a lead."""
    hers = (letters.c.lead_id == lead) & (letters.c.kind == "post")
    return session.execute(select(letters).where(hers).order_by(letters.c.id.desc()).limit(1)).one_or_none()


def last_sent(session: Session) -> datetime | None:
    """When Slack took the newest message, in real time."""
    # Edits and private words follow an answer at once, a thread's line that there was none: that is nobody's business.
    new = letters.c.kind == "post"
    found: datetime | None = session.execute(
        select(letters.c.sent_at).where(letters.c.sent_at.is_not(None), new).order_by(letters.c.id.desc()).limit(1)
    ).scalar()
    return found


def edit(session: Session, target_id: int, payload: dict[str, Any], dedupe_key: str, now: datetime) -> None:
    """Let the message of letter `target_id` show `payload`: only the newest edit of a message is ever sent.

    Nothing where the message was deleted, or is about to be.
    """
    new = {"target": target_id, "words": payload}
    if changed(session, _EDIT_UNSENT, new):
        return
    session.info["signals"].add(LETTERS)
    if changed(session, _EDIT_WAITING, new) or by_key(session, _delete_key(target_id)) is not None:
        return
    lead_id = session.execute(select(letters.c.lead_id).where(letters.c.id == target_id)).scalar()
    row = {
        "kind": "update",
        # A lane of its own: an edit waits for its message, not behind the channel's other news.
        "lane": f"edit:{target_id}",
        "payload": payload,
        "target_id": target_id,
        "lead_id": lead_id,
        "dedupe_key": dedupe_key,
    }
    add_once(session, row, now)


def delete(session: Session, target_id: int, lane: str, now: datetime) -> None:
    """Take the message of letter `target_id` out of Slack; no edit of it is sent any more."""
    waiting = text("letter.kind = 'update' AND letter.state = 'pending'")
    gone = {"state": State.SENT.value, "sent_at": now, "payload": {}, "error": "deleted"}
    session.execute(update(letters).where(letters.c.target_id == target_id, waiting).values(**gone))
    row = {"kind": "delete", "lane": lane, "payload": {}, "target_id": target_id, "dedupe_key": _delete_key(target_id)}
    add_once(session, row, now)


def stands_at(session: Session, lead: int, ts: str) -> bool:
    """Whether a letter about this lead is known to be the message of this ts."""
    of_lead = select(letters.c.id).where(letters.c.lead_id == lead, letters.c.ts == ts).limit(1)
    return session.execute(of_lead).first() is not None


def delete_copy(session: Session, target_id: int, ts: str, now: datetime) -> None:
    """Take a second message of letter `target_id`, the one of this ts in the same channel, out of Slack."""
    key = f"copy:{target_id}:{ts}"
    row = {"kind": "delete", "lane": key, "payload": {"ts": ts}, "target_id": target_id, "dedupe_key": key}
    add_once(session, row, now)


def _delete_key(target_id: int) -> str:
    return f"delete:{target_id}"


def heads(session: Session) -> Sequence[Row[Any]]:
    """The first open letter of each lane: id, kind, lane, state, next_at, and its target's state."""
    return session.execute(_HEADS).all()


def claim(session: Session, ids: list[int], owner: str, now: datetime, lease: timedelta) -> list[dict[str, Any]]:
    """Take letters for sending; those that somebody else took, or that are no longer due, are left out."""
    taken = []
    for letter_id in ids:
        due = (letters.c.id == letter_id) & letters.c.state.in_(("pending", "uncertain")) & (letters.c.next_at <= now)
        done = changed(
            session,
            update(letters)
            .where(due)
            .values(state=State.SENDING.value, claim=owner, lease_until=now + lease, attempt=letters.c.attempt + 1),
        )
        if done:
            taken.append(letter_id)
    return read(session, taken)


def read(session: Session, ids: list[int]) -> list[dict[str, Any]]:
    """These letters whole, each with its message and the DM that it goes to, by id."""
    target = letters.alias("target")
    rows = session.execute(
        select(
            letters,
            target.c.channel_id.label("target_channel"),
            target.c.ts.label("target_ts"),
            direct.c.channel_id.label("dm"),
        )
        .outerjoin(target, target.c.id == letters.c.target_id)
        .outerjoin(direct, direct.c.slack_id == letters.c.lane)
        .where(letters.c.id.in_(ids))
        .order_by(letters.c.id)
    ).mappings()
    return [dict(row) for row in rows]


def settle(session: Session, letter_id: int, owner: str, decision: Decision, answer: Answer, now: datetime) -> bool:
    """Write down how a sending ended; False when the claim was no longer ours, and nothing is changed then."""
    values: dict[str, Any] = {
        "state": decision.state.value,
        "claim": None,
        "lease_until": None,
        "error": UNCERTAIN if decision.state is State.UNCERTAIN else answer.code or None,
        "fix": decision.fix or None,
    }
    if decision.next_at is not None:
        values["next_at"] = decision.next_at
    if decision.lost_answer:
        values["lost"] = letters.c.lost + 1
    if decision.state is State.SENT:
        values |= {"sent_at": now, "ts": answer.ts or None, "channel_id": answer.channel or None}
    ours = (letters.c.id == letter_id) & (letters.c.claim == owner) & (letters.c.state == State.SENDING.value)
    return bool(changed(session, update(letters).where(ours).values(**values)))


def keep_direct_channel(session: Session, slack_id: str, channel_id: str) -> None:
    """Remember a DM's channel, so that Slack is asked once."""
    if session.get(DirectChannel, slack_id) is None:
        session.add(DirectChannel(slack_id=slack_id, channel_id=channel_id))


def put_back(session: Session, letter: dict[str, Any], owner: str, next_at: datetime | None = None) -> None:
    """Give up a claim whose letter was not begun, as if it had not been made, and not before `next_at` again; nothing
    when it is no longer ours.
    """
    state = State.UNCERTAIN if letter["error"] == UNCERTAIN else State.PENDING
    ours = (letters.c.id == letter["id"]) & (letters.c.claim == owner) & (letters.c.state == State.SENDING.value)
    values: dict[str, Any] = {"state": state.value, "claim": None, "lease_until": None}
    values |= {"attempt": letters.c.attempt - 1} | ({} if next_at is None else {"next_at": next_at})
    if changed(session, update(letters).where(ours).values(values)):
        session.info["signals"].add(LETTERS)


def take_back(
    session: Session, now: datetime, *, all_of_them: bool, wait: timedelta, but: Collection[int] = ()
) -> list[tuple[int, str]]:
    """Letters whose sender died: perhaps said, perhaps not. `all_of_them` when no other sender can be alive.

    `but` are those that the caller itself has in hand.
    """
    gone = and_(text(IS_OPEN), letters.c.state == State.SENDING.value, letters.c.id.not_in(but))
    # Webhooks are sent by a loop of their own, and may come twice: their lease is enough.
    gone &= (
        letters.c.lease_until < now if not all_of_them else or_(letters.c.kind != WEBHOOK, letters.c.lease_until < now)
    )
    rows = session.execute(
        update(letters)
        .where(gone)
        .values(state=State.UNCERTAIN.value, error=UNCERTAIN, claim=None, lease_until=None, next_at=now + wait)
        .returning(letters.c.id, letters.c.kind)
    )
    return sorted((row.id, row.kind) for row in rows)


def give_up_edits(session: Session) -> None:
    """Edits of messages that were never posted have nothing to edit."""
    target = letters.alias("target")
    lost = select(target.c.id).where(target.c.state == State.DEAD.value, target.c.id == letters.c.target_id).exists()
    session.execute(
        update(letters)
        .where(text(IS_OPEN), letters.c.state == State.PENDING.value, letters.c.target_id.is_not(None), lost)
        .values(state=State.DEAD.value, error="target_dead", fix="Mend the message that this belongs to first.")
    )


def old(session: Session, before: datetime) -> list[int]:
    """Letters sent before `before` that still have their words (PRODUCT §8); some of them at a time."""
    found = select(letters.c.id).where(text(_HAS_WORDS), letters.c.sent_at < before).limit(500)
    return list(session.execute(found).scalars())


def empty(session: Session, ids: list[int]) -> None:
    """Take the words out of these."""
    session.execute(update(letters).where(letters.c.id.in_(ids)).values(payload={}, error="emptied"))


def revive(session: Session, now: datetime, like: int | None = None) -> int:
    """Let dead letters be tried again: all, or those that died of the same as letter `like`; how many are told of."""
    session.info["signals"].add(LETTERS)
    same: ColumnElement[bool] = true()
    if like is not None:
        # Read first: the fix of that very letter is taken away with the others'.
        fix = session.execute(select(letters.c.fix).where(letters.c.id == like)).scalar()
        same = letters.c.fix.is_(None) if fix is None else letters.c.fix == fix
    told = letters.c.kind.in_(OPEN_KINDS)
    again = {"state": State.PENDING.value, "attempt": 0, "lost": 0, "next_at": now, "error": None, "fix": None}
    changed(session, update(letters).where(text(IS_DEAD), same, ~told).values(**again))
    many = changed(session, update(letters).where(text(IS_DEAD), same, told).values(**again))
    # What was to be done to these messages died with them, by another name.
    target = letters.alias("target")
    alive = select(target.c.id).where(target.c.state != State.DEAD.value, target.c.id == letters.c.target_id).exists()
    changed(session, update(letters).where(text(IS_DEAD), letters.c.error == "target_dead", alive).values(**again))
    return many


def standing(session: Session) -> dict[str, int]:
    """How many new messages are open or dead, by state; what follows an answer is not counted."""
    new = select(letters.c.state, func.count()).where(letters.c.kind == "post").group_by(letters.c.state)
    return {row[0]: row[1] for which in (IS_OPEN, IS_DEAD) for row in session.execute(new.where(text(which)))}


def oldest_open(session: Session) -> datetime | None:
    """When the oldest new message that is not sent yet was queued, in real time."""
    new = letters.c.kind == "post"
    found: datetime | None = session.execute(
        # By the index of open letters: ordered by id, every letter ever sent would be passed first.
        select(func.min(letters.c.created_at)).where(text(IS_OPEN), new)
    ).scalar()
    return found


def dead(session: Session) -> Sequence[Row[Any]]:
    """Dead letters by fix: fix, how many, the first one's id, and a channel or person that one was for.

    Not those that follow an answer (an edit, private words, a report): their number would tell when somebody answered.
    """
    lane = func.min(case((letters.c.kind == "post", letters.c.lane)))
    return session.execute(
        select(letters.c.fix, func.count().label("many"), func.min(letters.c.id).label("first"), lane.label("lane"))
        .where(text(IS_DEAD), letters.c.kind.in_(OPEN_KINDS))
        .group_by(letters.c.fix)
        .order_by(func.min(letters.c.id))
    ).all()
