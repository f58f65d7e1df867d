"""Keys of the HTTP intake: queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlmodel import Session

from storage.tables import ApiKey, table

keys = table(ApiKey)


def by_prefix(session: Session, prefix: str) -> Row[Any] | None:
    """The key whose public part this is."""
    return session.execute(select(keys).where(keys.c.prefix == prefix)).one_or_none()


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
    result = session.execute(update(keys).where(keys.c.name == name, keys.c.revoked_at.is_(None)).values(revoked_at=at))
    return bool(getattr(result, "rowcount", 0))
