"""Digests and released sets: queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlmodel import Session

from storage.tables import Digest, Lead, Release, table

digests, releases, leads = table(Digest), table(Release), table(Lead)
CHUNK = 500


def queued(session: Session, manager: int, week: str) -> bool:
    """Whether this manager's digest of this week was queued."""
    return (
        session.execute(select(digests.c.id).where(digests.c.manager_id == manager, digests.c.week == week)).first()
        is not None
    )


def newest(session: Session, manager: int, limit: int) -> Sequence[Row[Any]]:
    """A manager's newest digests, newest first."""
    return session.execute(
        select(digests).where(digests.c.manager_id == manager).order_by(digests.c.due_at.desc()).limit(limit)
    ).all()


def of_manager(session: Session, manager: int, number: int) -> Row[Any] | None:
    """One digest, when it is this manager's."""
    return session.execute(select(digests).where(digests.c.id == number, digests.c.manager_id == manager)).one_or_none()


def last_due(session: Session, manager: int) -> datetime | None:
    """When the newest digest of this manager was due."""
    found: datetime | None = session.execute(
        select(digests.c.due_at).where(digests.c.manager_id == manager).order_by(digests.c.due_at.desc()).limit(1)
    ).scalar()
    return found


def add(session: Session, row: dict[str, Any]) -> None:
    """Keep a digest; (manager, week) is unique."""
    session.execute(insert(digests), row)


def released(session: Session, manager: int) -> Sequence[Row[Any]]:
    """All sets that were released to this manager, oldest first."""
    return session.execute(select(releases).where(releases.c.manager_id == manager).order_by(releases.c.id)).all()


def release(session: Session, row: dict[str, Any], members: list[int]) -> bool:
    """Freeze a set: its figures, and its leads' mark. False when another digest took one of the leads meanwhile."""
    number = int(session.execute(insert(releases).returning(releases.c.id), row).scalar_one())
    taken = 0
    for start in range(0, len(members), CHUNK):
        part = members[start : start + CHUNK]
        result = session.execute(
            update(leads).where(leads.c.id.in_(part), leads.c.release_id.is_(None)).values(release_id=number)
        )
        taken += int(getattr(result, "rowcount", 0))
    return taken == len(members)
