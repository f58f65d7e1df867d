"""When a weekly digest is due, from the wall clock in the reader's zone; daylight saving comes out right."""

import difflib
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LATE_AFTER = timedelta(minutes=15)
MISSED_AFTER = timedelta(hours=24)
# The heartbeat looks twice a minute: a digest that is not queued by then has something in its way.
OVERDUE_AFTER = timedelta(minutes=5)


@dataclass(frozen=True)
class Due:
    """A digest's due time in UTC, and the ISO week of its local date, which is its key."""

    week: str
    at: datetime


def last_due(now: datetime, weekday: int, minute: int, zone: str) -> Due:
    """The latest due time at or before `now`: `weekday` 0 is Monday, `minute` counts from local midnight.

    A time that a spring change skips is an hour later on that day; one that an autumn change repeats is the first.
    """
    tz = ZoneInfo(zone)
    day = now.astimezone(tz).date()
    for back in range(8):
        date = day - timedelta(days=back)
        if date.weekday() != weekday:
            continue
        due = datetime.combine(date, time(minute // 60, minute % 60), tz).astimezone(UTC)
        if due <= now:
            year, week, _ = date.isocalendar()
            return Due(f"{year}-W{week:02}", due)
    raise AssertionError("every eight days hold each weekday at or before now")


def next_due(now: datetime, weekday: int, minute: int, zone: str) -> Due:
    """The first due time after `now`, a week's time at the most (and an hour, when clocks go back)."""
    after = last_due(now, weekday, minute, zone)
    for days in range(6, 9):
        found = last_due(after.at + timedelta(days=days), weekday, minute, zone)
        if found.at > now:
            return found
    raise AssertionError("a weekly time comes again within eight days")


def next_week(now: datetime, zone: str) -> datetime:
    """When the next ISO week begins in this zone, in UTC."""
    tz = ZoneInfo(zone)
    today = now.astimezone(tz).date()
    return datetime.combine(today + timedelta(days=7 - today.weekday()), time(), tz).astimezone(UTC)


def clock_words(weekday: int, minute: int) -> str:
    """ "mon 09:00", as a person types it."""
    return f"{WEEKDAYS[weekday]} {minute // 60:02}:{minute % 60:02}"


def find_zone(wanted: str) -> tuple[str, str]:
    """A time zone by what was typed, whatever its case: its name, or else nothing and the nearest name.

    A city is enough where only one zone ends with it: "berlin" is Europe/Berlin.
    """
    names = available_timezones()
    low = wanted.lower().replace(" ", "_")
    exact = [name for name in names if name.lower() == low]
    city = [name for name in names if name.lower().endswith("/" + low) and name.count("/") == 1]
    if exact or len(city) == 1:
        return (exact or city)[0], ""
    by_low = {name.lower(): name for name in names} | {name.lower().split("/")[-1]: name for name in sorted(names)}
    near = difflib.get_close_matches(low, by_low, n=1, cutoff=0.7)
    return "", by_low[near[0]] if near else ""


def parse_schedule(words: str) -> tuple[int, int]:
    """ "mon 09:00" as (weekday, minutes after midnight). Raises ValueError with a sentence."""
    parts = words.lower().split()
    if len(parts) == 2 and parts[0][:3] in WEEKDAYS:
        hour, _, minute = parts[1].partition(":")
        if hour.isdigit() and minute.isdigit() and int(hour) < 24 and int(minute) < 60:
            return WEEKDAYS.index(parts[0][:3]), int(hour) * 60 + int(minute)
    raise ValueError(f"{words!r} is not a weekday and a time such as 'mon 09:00'")


def known_zone(name: str) -> bool:
    """Whether this is a time zone's name, such as Europe/Berlin."""
    return name in available_timezones()
