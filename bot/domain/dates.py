"""Dates as files write them: ISO 8601, or with the day or the month first; with their zone, or in one that is named."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

# How a date such as 03/04/2026 is read: not at all, day first, month first.
DATES = ("iso", "dmy", "mdy")
SLASHED = re.compile(r"\s*(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")


def read_date(text: str, dates: str) -> str:
    """A date with its day or month first as ISO 8601; anything else as it is.

    `dates` is one of DATES. Raises ValueError for a day that no calendar has.
    """
    found = SLASHED.match(text) if dates != DATES[0] else None
    if not found:
        return text
    first, second, year = (int(part) for part in found.groups())
    day, month = (first, second) if dates == "dmy" else (second, first)
    rest = text[found.end() :].strip(" ,T")
    clock = _clock(rest) if rest else "00:00:00"
    return f"{datetime(year, month, day):%Y-%m-%d}T{clock}"  # noqa: DTZ001  # its zone is given elsewhere


def _clock(text: str) -> str:
    for form in ("%H:%M:%S", "%H:%M", "%I:%M %p", "%I:%M:%S %p"):
        try:
            return f"{datetime.strptime(text.upper(), form):%H:%M:%S}"  # noqa: DTZ007  # a time of day alone
        except ValueError:
            continue
    raise ValueError("no time of day")


def in_zone(text: str, zone: str) -> str:
    """A time without a zone as one in `zone` (an IANA name; empty: as it is). Raises ValueError for what is no time."""
    if not zone:
        return text
    found = datetime.fromisoformat(text.strip())
    return (found.replace(tzinfo=ZoneInfo(zone)) if found.tzinfo is None else found).isoformat()
