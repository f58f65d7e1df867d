"""Webhooks: queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, or_, select, update
from sqlmodel import Session

from storage.database import changed
from storage.tables import Webhook, table

webhooks = table(Webhook)


def everything(session: Session) -> Sequence[Row[Any]]:
    """All of them, by name."""
    return session.execute(select(webhooks).order_by(webhooks.c.name)).all()


def by_name(session: Session, name: str) -> Row[Any] | None:
    """One by its name."""
    return session.execute(select(webhooks).where(webhooks.c.name == name)).one_or_none()


def due(session: Session, real: datetime) -> list[str]:
    """Those that may be sent to now, in real time."""
    free = or_(webhooks.c.not_before.is_(None), webhooks.c.not_before <= real)
    rows = select(webhooks.c.name).where(webhooks.c.stopped.is_(False), free).order_by(webhooks.c.name)
    return list(session.execute(rows).scalars())


def add(session: Session, row: dict[str, Any]) -> None:
    """Store one."""
    fresh = {"cursor": "", "ahead": "", "generation": 1, "failures": 0, "trouble": "", "stopped": False, "told": ""}
    session.execute(insert(webhooks).values(fresh | row))


def remove(session: Session, name: str) -> bool:
    """Forget one; whether it was there."""
    return bool(changed(session, delete(webhooks).where(webhooks.c.name == name)))


def change(session: Session, name: str, **values: Any) -> bool:
    """Set some columns of one; whether it was there."""
    return bool(changed(session, update(webhooks).where(webhooks.c.name == name).values(**values)))


def move(session: Session, row: Row[Any], cursor: str, real: datetime) -> bool:
    """What was sent is there: go on, if nobody has set it back or on meanwhile."""
    same = (webhooks.c.id == row.id) & (webhooks.c.cursor == row.cursor)
    values = {"cursor": cursor, "ahead": "", "failures": 0, "not_before": None, "trouble": "", "sent_at": real}
    return bool(changed(session, update(webhooks).where(same).values(**values)))
