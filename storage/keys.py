"""Keys of the HTTP intake: queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, insert, or_, select, update
from sqlmodel import Session

from storage.database import changed
from storage.tables import ApiKey, table

keys = table(ApiKey)
# Built once: each request asks.
_BY_PREFIX = select(keys).where(keys.c.prefix == bindparam("prefix"))


def by_prefix(session: Session, prefix: str) -> Row[Any] | None:
    """The key whose public part this is."""
    return session.execute(_BY_PREFIX, {"prefix": prefix}).one_or_none()


def named(session: Session, name: str) -> Row[Any] | None:
    """The key of this name."""
    return session.execute(select(keys).where(keys.c.name == name)).one_or_none()


def add(session: Session, row: dict[str, Any]) -> None:
    """Keep a key's hash."""
    session.execute(insert(keys), row)


def every(session: Session) -> Sequence[Row[Any]]:
    """All keys, oldest first."""
    return session.execute(select(keys).order_by(keys.c.id)).all()


def revoke(session: Session, name: str, at: datetime) -> bool:
    """Revoke a key; False when there is none of this name that still works."""
    works = or_(keys.c.revoked_at.is_(None), keys.c.revoked_at > at)
    return bool(changed(session, update(keys).where(keys.c.name == name, works).values(revoked_at=at)))


def retire(session: Session, key: int, name: str, at: datetime) -> None:
    """Let a key stop working at a time to come, under another name."""
    session.execute(update(keys).where(keys.c.id == key).values(name=name, revoked_at=at))
