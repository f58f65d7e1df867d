"""Cohorts of four weeks of posting, and why a lead may not count (STATISTICS, ground rules)."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

LENGTH = timedelta(weeks=4)
# A Monday, so that no cohort depends on when somebody began.
EPOCH = datetime(1970, 1, 5, tzinfo=UTC)
# Beside the three cells: settled within the landmark, disqualified with a data problem, closed before it was posted.
EARLY, PROBLEM, BEFORE = "early", "problem", "before"


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
