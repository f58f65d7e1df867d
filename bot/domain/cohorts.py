"""Cohorts of four weeks of posting, and which leads of one count (STATISTICS, ground rules)."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from bot.domain.release import LESS, MORE, NEITHER

LENGTH = timedelta(weeks=4)
# A Monday, so that no cohort depends on when somebody began.
EPOCH = datetime(1970, 1, 5, tzinfo=UTC)
EARLY, PROBLEM, BEFORE = "early", "problem", "before"


class Matured(Protocol):
    """What is asked of a matured lead."""

    posted_at: datetime
    landmark_hours: int
    landmark_direction: str
    outcome: str
    outcome_at: datetime | None
    data_problem: bool


def cohort_of(posted_at: datetime) -> int:
    """The cohort's number."""
    return (posted_at - EPOCH) // LENGTH


def began(cohort: int) -> datetime:
    """When its first lead could be posted; the next one's beginning is no more in it."""
    return EPOCH + cohort * LENGTH


def spans(cohorts: Iterable[int]) -> list[tuple[datetime, datetime]]:
    """When leads of these cohorts were posted: from a moment to before another, neighbours together."""
    found: list[tuple[datetime, datetime]] = []
    for cohort in sorted(cohorts):
        since = found.pop()[0] if found and found[-1][1] == began(cohort) else began(cohort)
        found.append((since, began(cohort + 1)))
    return found


def last_closed(now: datetime, horizon_days: int) -> int:
    """The newest cohort whose last lead has matured."""
    return cohort_of(now - timedelta(days=horizon_days)) - 1


def place_of(lead: Matured | Any) -> str:
    """In which cell a matured lead is counted (more, less, neither), or why it is not: early, problem or before.

    Settled within the landmark, disqualified with a data problem, or closed before it was posted.
    """
    if lead.outcome_at is not None and lead.outcome_at <= lead.posted_at:
        return BEFORE
    landmark = lead.posted_at + timedelta(hours=lead.landmark_hours)
    if lead.outcome not in ("", "reopened") and lead.outcome_at is not None and lead.outcome_at <= landmark:
        return EARLY
    if lead.outcome == "disqualified" and lead.data_problem:
        return PROBLEM
    return {MORE: MORE, LESS: LESS}.get(lead.landmark_direction, NEITHER)
