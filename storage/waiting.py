"""Leads that wait, for their owner, for somebody to be there, or to be opened: queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, func, or_, select, text, update
from sqlmodel import Session

from storage.tables import Lead, Person, table

leads, people = table(Lead), table(Person)
# What has closed meanwhile is posted to nobody.
_OPEN = leads.c.outcome.in_(("", "reopened"))
# Waits for somebody else than its own rep, who may open hers whenever she likes. A rehearsal's leads wait for nobody.
_WAITS = and_(text("waiting <> ''"), leads.c.waiting != "later", leads.c.trial.is_(False), _OPEN)


def waiting_for(session: Session, rep: Row[Any], after: datetime) -> Sequence[Row[Any]]:
    """Leads received after `after` that wait for this rep to be added, oldest first."""
    hers = or_(leads.c.owner_email == (rep.email or ""), leads.c.owner_slack_id == rep.slack_id)
    return session.execute(select(leads).where(_WAITS, hers, leads.c.received_at >= after).order_by(leads.c.id)).all()


def later_of(session: Session, rep: int, limit: int) -> Sequence[Row[Any]]:
    """Leads that wait for a rep to open them, oldest first; closed ones are left out."""
    return session.execute(
        select(leads)
        .where(text("waiting <> ''"), leads.c.waiting == "later", leads.c.rep_id == rep)
        .where(_OPEN)
        .order_by(leads.c.id)
        .limit(limit)
    ).all()


def tell_again(session: Session, rep: int, lead: int) -> None:
    """A lead that is older than what the rep was told of waits for her now: she is to be told of it too."""
    session.execute(update(people).where(people.c.id == rep, people.c.later_told >= lead).values(later_told=lead - 1))


def hand_back(session: Session, rep: int) -> None:
    """She is a rep no more: what she had not opened waits for its owner, or for anybody where it has none."""
    owned = or_(leads.c.owner_email.is_not(None), leads.c.owner_slack_id.is_not(None))
    hers = and_(text("waiting <> ''"), leads.c.waiting == "later", leads.c.rep_id == rep)
    session.execute(update(leads).where(hers, owned).values(waiting="owner", rep_id=None))
    session.execute(update(leads).where(hers).values(waiting="unowned", rep_id=None))


def later_counts(session: Session) -> Sequence[Row[Any]]:
    """For whom leads wait to be opened: id, zone, muted, later_told, and the newest lead's id."""
    return session.execute(
        select(people.c.id, people.c.zone, people.c.muted, people.c.later_told, func.max(leads.c.id).label("newest"))
        .join(leads, leads.c.rep_id == people.c.id)
        .where(text("lead.waiting <> ''"), leads.c.waiting == "later", leads.c.outcome.in_(("", "reopened")))
        .where(people.c.is_rep)
        .group_by(people.c.id, people.c.zone, people.c.muted, people.c.later_told)
    ).all()


def unowned(session: Session, after: datetime) -> Sequence[Row[Any]]:
    """Leads received after `after` that nobody owns and that were given to nobody yet, oldest first."""
    return session.execute(
        select(leads)
        .where(text("waiting <> ''"), leads.c.waiting == "unowned", leads.c.received_at >= after, _OPEN)
        # Not by the id itself: SQLite would go through all leads in its order, rather than through the few that wait.
        .order_by(leads.c.id + 0)
        .limit(500)
    ).all()


def reps_waited_for(session: Session, after: datetime) -> Sequence[int]:
    """Active reps for whom leads received after `after` wait, whatever for."""
    hers = or_(people.c.email == leads.c.owner_email, people.c.slack_id == leads.c.owner_slack_id)
    return (
        session.execute(
            select(people.c.id)
            .where(people.c.is_rep, people.c.paused.is_(False), people.c.muted.is_(False))
            .where(select(leads.c.id).where(_WAITS, hers, leads.c.received_at >= after).exists())
            .order_by(people.c.id)
        )
        .scalars()
        .all()
    )


def waiting_owners(session: Session) -> Sequence[Row[Any]]:
    """For whom leads wait: owner, waiting, how many."""
    owner = func.coalesce(leads.c.owner_email, leads.c.owner_slack_id, "")
    return session.execute(
        select(owner.label("owner"), leads.c.waiting, func.count().label("many"))
        .where(_WAITS)
        .group_by(owner, leads.c.waiting)
    ).all()
