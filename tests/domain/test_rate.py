"""A bucket never gives more than its rate, nor less than it can."""

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.rate import Rate


@given(st.integers(1, 600), st.lists(st.floats(0, 10), min_size=1, max_size=300))
def test_in_any_stretch_it_gives_at_most_a_minute_s_worth_and_what_has_come_in_since(
    per_minute: int, steps: list[float]
) -> None:
    rate, now, given_out = Rate(per_minute), 0.0, 0
    for step in steps:
        now += step
        given_out += rate.wait("key", now) == 0.0
    assert given_out <= per_minute + now * per_minute / 60 + 1e-6


@given(st.integers(1, 600), st.integers(0, 50))
def test_after_the_wait_that_it_names_there_is_one(per_minute: int, more: int) -> None:
    rate = Rate(per_minute)
    for _ in range(per_minute):
        assert rate.wait("key", 5.0) == 0.0
    wait = rate.wait("key", 5.0)
    assert wait > 0
    assert rate.wait("key", 5.0 + wait + 1e-6) == 0.0
    assert rate.wait(f"another {more}", 5.0) == 0.0
