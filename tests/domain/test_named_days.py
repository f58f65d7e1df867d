"""Days as people write them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.named_days import MONTHS, WEEKDAYS, coming_day, past_day

FRIDAY = date(2026, 11, 27)
days = st.dates(date(2001, 1, 1), date(2090, 12, 31))


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("2026-12-05", date(2026, 12, 5)),
        ("5 Dec", date(2026, 12, 5)),
        ("Dec 5", date(2026, 12, 5)),
        ("5. december", date(2026, 12, 5)),
        ("27 Nov", FRIDAY),
        ("26 Nov", date(2027, 11, 26)),
        ("29 Feb", date(2028, 2, 29)),
        ("today", FRIDAY),
        ("Tomorrow", date(2026, 11, 28)),
        ("fri", date(2026, 12, 4)),
        ("Monday", date(2026, 11, 30)),
        ("31 Feb", None),
        ("yesterday", None),
        ("m", None),
        ("ju 5", None),
        ("5 12", None),
        ("until", None),
        ("", None),
    ],
)
def test_a_day_to_come(words: str, meant: date | None) -> None:
    assert coming_day(words, FRIDAY) == meant


@pytest.mark.parametrize(
    ("words", "meant"),
    [("yesterday", date(2026, 11, 26)), ("5 Dec", date(2025, 12, 5)), ("fri", date(2026, 11, 20)), ("tomorrow", None)],
)
def test_a_day_of_the_past(words: str, meant: date | None) -> None:
    assert past_day(words, FRIDAY) == meant


@given(days, days)
def test_a_day_and_month_name_the_nearest_such_day(today: date, wanted: date) -> None:
    for form in (f"{wanted.day} {MONTHS[wanted.month - 1]}", f"{MONTHS[wanted.month - 1][:3]} {wanted.day}"):
        for found, ahead in ((coming_day(form, today), 1), (past_day(form, today), -1)):
            assert found is not None or (wanted.month, wanted.day) == (2, 29)
            if found is not None:
                assert (found.month, found.day) == (wanted.month, wanted.day)
                assert (found - today).days * ahead >= 0


@given(days, st.sampled_from(WEEKDAYS))
def test_a_weekday_is_within_a_week_and_never_today(today: date, name: str) -> None:
    ahead, behind = coming_day(name, today), past_day(name[:3], today)
    assert ahead is not None
    assert behind is not None
    assert timedelta() < ahead - today <= timedelta(7)
    assert timedelta() < today - behind <= timedelta(7)
    assert ahead.weekday() == behind.weekday() == WEEKDAYS.index(name)


@given(st.text(max_size=30), days)
def test_whatever_is_typed_is_a_day_or_none(words: str, today: date) -> None:
    assert coming_day(words, today) is None or isinstance(coming_day(words, today), date)
