"""What was changed by whom: queries. No row holds a response."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlmodel import Session

from storage.database import changed
from storage.tables import Audit, table

audit = table(Audit)


def add(session: Session, row: dict[str, Any]) -> int:
    """Keep a change."""
    return int(session.execute(insert(audit).returning(audit.c.id), row).scalar_one())


def by_id(session: Session, number: int) -> Row[Any] | None:
    """A change."""
    return session.execute(select(audit).where(audit.c.id == number)).one_or_none()


def latest(session: Session, limit: int) -> Sequence[Row[Any]]:
    """The newest changes, newest first."""
    return session.execute(select(audit).order_by(audit.c.id.desc()).limit(limit)).all()


def actors(session: Session, since: datetime) -> Sequence[str]:
    """Who has changed anything since then, by Slack id; not who was forgotten."""
    theirs = audit.c.actor_slack_id.not_like("forgotten:%")
    return session.execute(select(audit.c.actor_slack_id).where(audit.c.at >= since, theirs).distinct()).scalars().all()


def latest_of(session: Session, beginning: str) -> datetime | None:
    """When a command that begins so was used last to change something."""
    found: datetime | None = session.execute(
        select(func.max(audit.c.at)).where(audit.c.command.like(f"{beginning}%"))
    ).scalar()
    return found


def newest_of(session: Session, actor: str) -> Row[Any] | None:
    """Somebody's newest change that stands and could be undone."""
    return session.execute(
        select(audit)
        .where(audit.c.actor_slack_id == actor, audit.c.undone_at.is_(None), audit.c.changes.is_not(None))
        .order_by(audit.c.id.desc())
        .limit(1)
    ).one_or_none()


def final_since(session: Session, actor: str, number: int) -> Row[Any] | None:
    """What somebody did after this that can't be taken back, the newest of it."""
    final = audit.c.changes.is_(None) & audit.c.command.not_in(("undo", "test-lead"))
    statement = select(audit).where(audit.c.actor_slack_id == actor, final, audit.c.id > number)
    return session.execute(statement.order_by(audit.c.id.desc()).limit(1)).one_or_none()


def mark_undone(session: Session, number: int, at: datetime) -> bool:
    """Mark it, once; False when it was undone already."""
    statement = update(audit).where(audit.c.id == number, audit.c.undone_at.is_(None)).values(undone_at=at)
    return bool(changed(session, statement))
