"""CRMs that are read: queries."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, or_, select, update
from sqlmodel import Session

from bot.domain.crm import lead_id
from storage.database import changed
from storage.tables import Connection, Decision, Lead, Person, table

connections, leads, people, decisions = (table(one) for one in (Connection, Lead, Person, Decision))


def everything(session: Session) -> Sequence[Row[Any]]:
    """All of them, by name."""
    return session.execute(select(connections).order_by(connections.c.name)).all()


def by_name(session: Session, name: str) -> Row[Any] | None:
    """One by its name."""
    return session.execute(select(connections).where(connections.c.name == name)).one_or_none()


def due(session: Session, real: datetime) -> list[str]:
    """Those that may be asked now, in real time."""
    free = or_(connections.c.not_before.is_(None), connections.c.not_before <= real)
    return list(session.execute(select(connections.c.name).where(free).order_by(connections.c.name)).scalars())


def keep(session: Session, row: dict[str, Any]) -> None:
    """Store a connection, in place of one of the same name: it is then read from the beginning."""
    remove(session, row["name"])
    fresh = {"cursor": "", "writes_owners": False, "trouble": "", "refused": False, "counts": {}, "made_up": False}
    session.execute(insert(connections).values(fresh | row))


def remove(session: Session, name: str) -> bool:
    """Forget how a CRM is read; whether it was. Its leads stay."""
    return bool(changed(session, delete(connections).where(connections.c.name == name)))


def move(session: Session, row: Row[Any], cursor: str) -> bool:
    """Go on to `cursor`, if nobody else has gone on meanwhile and it is still connected as it was."""
    same = (connections.c.id == row.id) & (connections.c.cursor == row.cursor)
    return bool(changed(session, update(connections).where(same).values(cursor=cursor)))


def rehearsed(session: Session, row: Row[Any], *, on: bool) -> bool:
    """Keep the place where a rehearsal began, or go back to it when it is over; whether the place has moved."""
    if on and row.before is None:
        change(session, row.name, before=row.cursor)
    back = not on and row.before is not None
    if back:
        change(session, row.name, cursor=row.before, before=None)
    return back


def count(session: Session, name: str, counts: dict[str, int]) -> None:
    """Add to what became of its records."""
    row = by_name(session, name)
    if row is not None:
        change(session, name, counts={key: row.counts.get(key, 0) + many for key, many in counts.items()})


def change(session: Session, name: str, **values: Any) -> None:
    """Set some columns of one."""
    session.execute(update(connections).where(connections.c.name == name).values(**values))


def merged_into(session: Session, ids: set[str]) -> dict[str, list[Row[Any]]]:
    """The leads whose record was merged into one of these, by that one's id."""
    found: dict[str, list[Row[Any]]] = {}
    for row in session.execute(select(leads).where(leads.c.merged_into != "", leads.c.merged_into.in_(ids))):
        found.setdefault(row.merged_into, []).append(row)
    return found


def owners_to_write(
    session: Session,
    name: str,
    since: datetime,
    limit: int,
    without: Collection[str] = (),
    but: Collection[int] = (),
) -> Sequence[Row[Any]]:
    """Leads that the guard routed since then, and that are with somebody else than the CRM says.

    id, lead_id, name, owner_email (the CRM's), email (of whoever has it); `without` are people whom the CRM does not
    know, `but` are leads that it did not take.
    """
    elsewhere = or_(leads.c.owner_email.is_(None), leads.c.owner_email != people.c.email)
    mine = leads.c.lead_id.startswith(lead_id(name, ""), autoescape=True)
    return session.execute(
        select(leads.c.id, leads.c.lead_id, leads.c.name, leads.c.owner_email, people.c.email)
        .select_from(decisions)
        .join(leads, leads.c.id == decisions.c.lead_id)
        .join(people, people.c.id == leads.c.rep_id)
        .where(decisions.c.at >= since, mine, leads.c.waiting == "", leads.c.posted_at.is_not(None))
        .where(people.c.email.is_not(None), people.c.email.not_in(without), elsewhere)
        .where(leads.c.id.not_in(but), leads.c.trial.is_(False), leads.c.outcome.in_(("", "reopened")))
        .order_by(leads.c.id)
        .limit(limit)
    ).all()
