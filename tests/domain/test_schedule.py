"""Digests are due by the reader's wall clock, on both days when it changes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.schedule import last_due, parse_schedule

ZONES = (
    "Europe/Berlin", "America/New_York", "Europe/London", "Australia/Sydney", "America/Sao_Paulo", "Asia/Tokyo",
    "Africa/Cairo", "America/Santiago", "Pacific/Auckland", "Asia/Kolkata", "Atlantic/Azores", "America/Los_Angeles",
)  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
def test_a_year_of_looks_finds_every_monday_nine_o_clock_once(zone: str) -> None:
    now, found = datetime(2026, 1, 1, tzinfo=UTC), {}
    while now < datetime(2027, 1, 14, tzinfo=UTC):
        due = last_due(now, 0, 9 * 60, zone)
        assert due.at <= now
        found.setdefault(due.week, due.at)
        now += timedelta(hours=3)
    times = [at.astimezone(ZoneInfo(zone)) for at in found.values()]
    assert all((t.weekday(), t.hour, t.minute) == (0, 9, 0) for t in times)
    assert len(found) == len({t.date() for t in times}) == 55


def test_a_time_that_spring_skips_is_an_hour_later_and_one_that_autumn_repeats_is_the_first() -> None:
    spring = last_due(datetime(2026, 3, 29, 12, tzinfo=UTC), 6, 2 * 60 + 30, "Europe/Berlin")
    assert spring.at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    autumn = last_due(datetime(2026, 10, 25, 12, tzinfo=UTC), 6, 2 * 60 + 30, "Europe/Berlin")
    assert autumn.at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001  # made aware below
    st.integers(0, 6),
    st.integers(0, 1439),
    st.sampled_from(ZONES),
)
def test_the_last_due_is_never_ahead_and_never_older_than_a_week(
    now: datetime, weekday: int, minute: int, zone: str
) -> None:
    aware = now.replace(tzinfo=UTC)
    due = last_due(aware, weekday, minute, zone)
    assert timedelta() <= aware - due.at <= timedelta(days=7, hours=2)


@pytest.mark.parametrize(
    ("words", "value"), [("mon 09:00", (0, 540)), ("Sunday 23:59", (6, 1439)), ("fri 7:05", (4, 425))]
)
def test_schedules_are_read(words: str, value: tuple[int, int]) -> None:
    assert parse_schedule(words) == value


@pytest.mark.parametrize("words", ["", "mon", "mon 24:00", "noday 09:00", "mon 9", "mon 09:60", "mon -1:00"])
def test_wrong_schedules_get_a_sentence(words: str) -> None:
    with pytest.raises(ValueError, match="not a weekday and a time"):
        parse_schedule(words)
