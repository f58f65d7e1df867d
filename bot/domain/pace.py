"""When a rep may be spoken to: quiet hours in her own zone, and how many suggestions a day (PRODUCT §2)."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Pace:
    """`budget` suggestions a day; `quiet` from and to, in minutes after midnight of the rep's zone, or none."""

    budget: int
    quiet: tuple[int, int] | None = None

    def is_quiet(self, now: datetime, zone: str) -> bool:
        """Whether it is quiet there now; quiet hours may run past midnight."""
        if self.quiet is None:
            return False
        local = now.astimezone(ZoneInfo(zone))
        minute, (start, end) = local.hour * 60 + local.minute, self.quiet
        return start <= minute < end if start < end else minute >= start or minute < end

    def later(self, now: datetime, zone: str, posted_today: int) -> bool:
        """Whether one more would be too many just now."""
        return posted_today >= self.budget or self.is_quiet(now, zone)


def day_began(now: datetime, zone: str) -> datetime:
    """The last midnight there, in UTC."""
    local = now.astimezone(ZoneInfo(zone))
    return datetime.combine(local.date(), time(), ZoneInfo(zone)).astimezone(UTC)


def is_friday_morning(now: datetime, zone: str) -> bool:
    """Friday between ten and noon there."""
    local = now.astimezone(ZoneInfo(zone))
    return local.weekday() == 4 and 10 <= local.hour < 12


def local_day(now: datetime, zone: str) -> str:
    """The date there, as a key."""
    return now.astimezone(ZoneInfo(zone)).date().isoformat()


FRIDAY_LEADS = timedelta(days=28)
