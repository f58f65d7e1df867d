"""One writer at a time for a lead: SQLite has but one; PostgreSQL has two a process, and any number of processes."""

from collections.abc import Iterable

from sqlalchemy import bindparam, select
from sqlmodel import Session

from storage.tables import Lead, table

leads = table(Lead)
# In the order of ids, so that two who want the same leads can't wait for each other.
_EACH = select(leads.c.id).order_by(leads.c.id).with_for_update()
_ONE = _EACH.where(leads.c.id == bindparam("lead"))
_NAMED = _EACH.where(leads.c.lead_id.in_(bindparam("ids", expanding=True)))


def hold(session: Session, lead: int) -> None:
    """Let nobody else change this lead until the commit. What is read of it from now on is as the last one left it."""
    if _shared(session):
        session.execute(_ONE, {"lead": lead})


def hold_named(session: Session, lead_ids: Iterable[str]) -> None:
    """The same for the leads of these external ids."""
    if _shared(session):
        session.execute(_NAMED, {"ids": sorted(set(lead_ids))})


def _shared(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
