"""Days as people write them: 2026-12-05, 5 Dec, Friday, tomorrow."""

from datetime import date, timedelta

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
SHORTEST = 3


def coming_day(words: str, today: date) -> date | None:
    """The day that is meant, today or the next such one; None where no day is written."""
    return _named(words, today, {"today": 0, "tomorrow": 1}, 1)


def past_day(words: str, today: date) -> date | None:
    """The day that is meant, today or the latest such one; None where no day is written."""
    return _named(words, today, {"today": 0, "yesterday": -1}, -1)


def _named(words: str, today: date, near: dict[str, int], step: int) -> date | None:
    low = words.lower().strip().rstrip(".")
    if low in near:
        return today + timedelta(days=near[low])
    try:
        return date.fromisoformat(low)
    except ValueError:
        pass
    weekday = _place(low, WEEKDAYS)
    if weekday is not None:
        # A week's end is a day of that name ahead, never today: whoever means today says so.
        return next(day for n in range(1, 8) if (day := today + timedelta(days=step * n)).weekday() == weekday)
    parts = low.replace(".", " ").replace(",", " ").split()
    if len(parts) == 2:
        number, month = sorted(parts, key=lambda part: not part.isdecimal())
        place = _place(month, MONTHS)
        if number.isdecimal() and len(number) <= 2 and place is not None:
            return _of_year(today, place + 1, int(number), step)
    return None


def _of_year(today: date, month: int, day: int, step: int) -> date | None:
    """That day of this year, or of the nearest one in which it lies the right way; 29 February may wait longer."""
    for years in range(5):
        try:
            found = date(today.year + step * years, month, day)
        except ValueError:
            continue
        if (found - today).days * step >= 0:
            return found
    return None


def _place(word: str, names: tuple[str, ...]) -> int | None:
    found = [place for place, name in enumerate(names) if len(word) >= SHORTEST and name.startswith(word)]
    return found[0] if len(found) == 1 else None
