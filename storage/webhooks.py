"""Webhooks and the letters to their receivers: queries. Each has a lane of its own, and one unsent letter in it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, select, text, update
from sqlmodel import Session

from bot.domain.retry import State
from storage import outbox
from storage.database import changed
from storage.outbox import letters
from storage.tables import Webhook, table

webhooks = table(Webhook)


def lane(webhook: int) -> str:
    """The lane of a receiver's letters."""
    return f"webhook:{webhook}"


def _in_lanes(session: Session) -> ColumnElement[bool]:
    # Each named, not all that begin alike: what sorts between two texts is for each database's collation to say.
    return letters.c.lane.in_([lane(webhook) for webhook in session.execute(select(webhooks.c.id)).scalars()])


def everything(session: Session) -> Sequence[Row[Any]]:
    """All of them, by name."""
    return session.execute(select(webhooks).order_by(webhooks.c.name)).all()


def by_name(session: Session, name: str) -> Row[Any] | None:
    """One by its name."""
    return session.execute(select(webhooks).where(webhooks.c.name == name)).one_or_none()


def by_id(session: Session, webhook: int) -> Row[Any] | None:
    """One by its number."""
    return session.execute(select(webhooks).where(webhooks.c.id == webhook)).one_or_none()


def unsent(session: Session) -> dict[str, Row[Any]]:
    """By lane, the letter that its receiver has not taken yet, or that was given up."""
    return {
        row.lane: row
        for which in (outbox.IS_OPEN, outbox.IS_DEAD)
        for row in session.execute(select(letters).where(text(which), _in_lanes(session)))
    }


def due(session: Session, real: datetime) -> list[int]:
    """Letters that may be tried now, in real time."""
    free: ColumnElement[bool] = letters.c.state != State.SENDING.value
    found = select(letters.c.id).where(text(outbox.IS_OPEN), free, letters.c.next_at <= real, _in_lanes(session))
    return list(session.execute(found.order_by(letters.c.id)).scalars())


def queue(session: Session, row: Row[Any], until: str, real: datetime) -> None:
    """Queue what lies between the receiver's place and `until`, unless somebody has set its place meanwhile."""
    now = by_id(session, row.id)
    if now is None or (now.cursor, now.round) != (row.cursor, row.round):
        return
    letter = {
        "kind": outbox.WEBHOOK,
        "lane": lane(row.id),
        "payload": {"webhook": row.id, "behind": row.cursor, "until": until},
        # Its moment too: the number of one that was removed may be given again.
        "dedupe_key": f"{lane(row.id)}:{row.created_at.isoformat()}:{row.round}:{row.cursor}",
    }
    outbox.add_once(session, letter, real)


def withdraw(session: Session, webhook: int) -> None:
    """Take back what is queued for a receiver, and what was given up. What is under way can't be marked any more."""
    for which in (outbox.IS_OPEN, outbox.IS_DEAD):
        session.execute(delete(letters).where(text(which), letters.c.lane == lane(webhook)))


def hurry(session: Session, webhook: int, real: datetime) -> None:
    """Let what waits or was given up be tried now, as if for the first time."""
    new = {"state": State.PENDING.value, "attempt": 0, "next_at": real, "error": None, "fix": None}
    for which in (outbox.IS_OPEN, outbox.IS_DEAD):
        free: ColumnElement[bool] = letters.c.state != State.SENDING.value
        mine = letters.c.lane == lane(webhook)
        session.execute(update(letters).where(text(which), mine, free).values(**new))


def add(session: Session, row: dict[str, Any]) -> None:
    """Store one."""
    fresh = {"cursor": "", "round": 0, "generation": 1, "told": ""}
    session.execute(insert(webhooks).values(fresh | row))


def remove(session: Session, name: str) -> bool:
    """Forget one; whether it was there."""
    if (row := by_name(session, name)) is not None:
        withdraw(session, row.id)
    return bool(changed(session, delete(webhooks).where(webhooks.c.name == name)))


def change(session: Session, name: str, **values: Any) -> bool:
    """Set some columns of one; whether it was there."""
    return bool(changed(session, update(webhooks).where(webhooks.c.name == name).values(**values)))


def took(session: Session, webhook: int, until: str, real: datetime) -> None:
    """The receiver has everything up to here."""
    session.execute(update(webhooks).where(webhooks.c.id == webhook).values(cursor=until, sent_at=real))
