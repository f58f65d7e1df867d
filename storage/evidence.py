"""Evidence of closed cohorts: queries. A cohort's curve holds no lead and no rep."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Row, and_, case, func, insert, not_, select
from sqlmodel import Session

from bot.domain.evidence import Numbers
from bot.domain.release import CELLS
from storage.digests import visible
from storage.stats import OF_EACH, placed_as_told, won_as_told
from storage.tables import Evidence, Lead, Release, table

# From a moment, or from the beginning of time, to before another.
Span = tuple[datetime | None, datetime]
evidence, leads, releases = table(Evidence), table(Lead), table(Release)


def of_manager(session: Session, manager: int) -> Sequence[Row[Any]]:
    """The cohorts that were counted for a manager, in the order of their time."""
    return session.execute(
        select(evidence).where(evidence.c.manager_id == manager).order_by(evidence.c.horizon_days, evidence.c.cohort)
    ).all()


def add(session: Session, row: dict[str, Any]) -> None:
    """Keep a cohort; (manager, horizon, cohort) is unique."""
    session.execute(insert(evidence), row)


@dataclass(frozen=True)
class Sets:
    """The sets of one horizon that a manager of these teams may read, for sums alone."""

    manager: int
    teams: frozenset[int]
    horizon: int

    def holds(self) -> ColumnElement[bool]:
        """Whether a lead is in one of them."""
        mine = select(releases.c.id).where(visible(self.manager, self.teams))
        return and_(leads.c.release_id.in_(mine), leads.c.horizon_days == self.horizon)


def posted_outside(session: Session, sets: Sets, spans: Iterable[Span], before: datetime) -> Sequence[Row[Any]]:
    """Leads of these sets that were posted before a moment and in none of the spans."""
    outside = [not_(_within(span)) for span in spans]
    return session.execute(select(*OF_EACH).where(sets.holds(), leads.c.posted_at < before, *outside)).all()


def by_number(session: Session, sets: Sets, span: Span) -> Numbers:
    """Of the leads of these sets that were posted in a span and count: the tool's number, how many had it, and how many
    of those were won in time. Shape: numbers by 3.
    """
    won = func.sum(case((won_as_told(), 1), else_=0))
    statement = (
        select(leads.c.probability, func.count(), won)
        .where(sets.holds(), _within(span), placed_as_told().in_(CELLS))
        .group_by(leads.c.probability)
    )
    # A tool that rounds to nothing has a number for each lead: then they are as many as the leads.
    found = session.execute(statement, execution_options={"yield_per": 10_000}).partitions()
    parts = [np.array(part, dtype=np.float64) for part in found]
    return np.concatenate(parts) if parts else np.empty((0, 3))


def _within(span: Span) -> ColumnElement[bool]:
    since, before = span
    return and_(leads.c.posted_at >= since, leads.c.posted_at < before) if since else leads.c.posted_at < before
