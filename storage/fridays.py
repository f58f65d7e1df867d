"""The Friday question: queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, insert, or_, select, update
from sqlmodel import Session

from storage.tables import Friday, Lead, Outcome, table

fridays, leads, outcomes = table(Friday), table(Lead), table(Outcome)


def told_elsewhere(session: Session, since: datetime) -> bool:
    """Whether the API, a CRM or a file has told of an outcome since then: an admin's word for one lead is no feed."""
    typed = or_(outcomes.c.source.like("rep:%"), outcomes.c.source.like("slack:%"))
    other = select(outcomes.c.id).where(outcomes.c.received_at >= since, ~typed)
    return session.execute(other.limit(1)).first() is not None


def asked_on(session: Session, person: int, day: str) -> bool:
    """Whether somebody was asked on that day."""
    return (
        session.execute(select(fridays.c.id).where(fridays.c.person_id == person, fridays.c.day == day)).first()
        is not None
    )


def newest(session: Session, person: int, limit: int) -> Sequence[Row[Any]]:
    """What somebody was asked last, newest first."""
    return session.execute(
        select(fridays).where(fridays.c.person_id == person).order_by(fridays.c.id.desc()).limit(limit)
    ).all()


def by_id(session: Session, number: int) -> Row[Any] | None:
    """One question."""
    return session.execute(select(fridays).where(fridays.c.id == number)).one_or_none()


def add(session: Session, row: dict[str, Any]) -> None:
    """Keep that somebody was asked; (person, day) is unique."""
    session.execute(insert(fridays), row)


def answered(session: Session, number: int, at: datetime) -> None:
    """She has answered."""
    session.execute(update(fridays).where(fridays.c.id == number).values(answered_at=at))


def answered_all(session: Session, person: int, at: datetime) -> None:
    """She wants to be asked again: what she left unanswered no longer counts."""
    session.execute(
        update(fridays).where(fridays.c.person_id == person, fridays.c.answered_at.is_(None)).values(answered_at=at)
    )


def open_leads(
    session: Session, person: int, since: datetime | None, now: datetime | None, also: list[int]
) -> Sequence[Row[Any]]:
    """A rep's leads without an outcome that matured in (since, now], and those of `also`, oldest first."""
    among: list[ColumnElement[bool]] = [leads.c.id.in_(also)]
    if since is not None and now is not None:
        among.append(and_(leads.c.matures_at > since, leads.c.matures_at <= now))
    return session.execute(
        select(leads.c.id, leads.c.lead_id, leads.c.name, leads.c.horizon_days, leads.c.matures_at)
        .where(leads.c.rep_id == person, leads.c.history.is_(False), leads.c.trial.is_(False))
        .where(leads.c.outcome.in_(("", "reopened")), or_(*among))
        .order_by(leads.c.matures_at, leads.c.id)
    ).all()
