"""Evidence of closed cohorts: queries. A cohort's curve holds no lead and no rep."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, insert, select
from sqlmodel import Session

from storage.digests import visible
from storage.stats import OF_EACH
from storage.tables import Evidence, Lead, Release, table

evidence, leads, releases = table(Evidence), table(Lead), table(Release)


def of_manager(session: Session, manager: int) -> Sequence[Row[Any]]:
    """The cohorts that were counted for a manager, in the order of their time."""
    return session.execute(
        select(evidence).where(evidence.c.manager_id == manager).order_by(evidence.c.horizon_days, evidence.c.cohort)
    ).all()


def add(session: Session, row: dict[str, Any]) -> None:
    """Keep a cohort; (manager, horizon, cohort) is unique."""
    session.execute(insert(evidence), row)


def released(session: Session, manager: int, teams: Iterable[int], horizon: int) -> Sequence[Row[Any]]:
    """Leads in the sets that a manager of these teams may read, for sums alone."""
    return session.execute(
        select(*OF_EACH)
        .join(releases, releases.c.id == leads.c.release_id)
        .where(visible(manager, teams), leads.c.horizon_days == horizon)
    ).all()
