"""The blind-first sample's arithmetic: against known values, and against plain simulation."""

import random
from datetime import UTC, datetime
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.sampling import ASKED, BLIND, Number, effect, finds, week_began

numbers = st.builds(
    Number,
    rep=st.integers(1, 6),
    arm=st.sampled_from((BLIND, ASKED)),
    estimate=st.floats(0, 1),
    prior=st.floats(0, 1),
)


def test_so_many_numbers_find_so_much() -> None:
    assert finds(142) == pytest.approx(0.05, abs=0.0002)
    assert finds(56) == pytest.approx(0.08, abs=0.0006)
    assert finds(200) == pytest.approx(0.042, abs=0.0002)


def test_a_sample_by_hand() -> None:
    """Two reps. Ria: blind .2 and .4, shown .1 and .1. Rob: blind .3, .3, shown .2, .4; his third blind one is .6."""
    rows = [(1, BLIND, 0.2), (1, BLIND, 0.4), (1, ASKED, 0.1), (1, ASKED, 0.1)]
    rows += [(2, BLIND, 0.3), (2, BLIND, 0.3), (2, BLIND, 0.6), (2, ASKED, 0.2), (2, ASKED, 0.4), (3, BLIND, 0.9)]
    found = effect(Number(rep, arm, distance, 0.0) for rep, arm, distance in rows)
    assert found is not None
    assert (found.used, found.left_out, found.reps) == (9, 1, 2)
    assert found.largest == pytest.approx(5 / 9)
    # Weights 4/9 and 5/9; differences .2 and .1; variances .02/2 + 0 and .03/3 + .02/2.
    assert found.difference == pytest.approx(4 / 9 * 0.2 + 5 / 9 * 0.1)
    error = ((4 / 9) ** 2 * 0.01 + (5 / 9) ** 2 * 0.02) ** 0.5
    assert (found.high - found.low) / 2 == pytest.approx(1.959964 * error, rel=1e-6)


@given(st.lists(numbers, max_size=60))
def test_an_effect_is_a_difference_of_means_within_its_interval(rows: list[Number]) -> None:
    found = effect(rows)
    if found is None:
        return
    assert found.low <= found.difference <= found.high
    assert found.difference == pytest.approx(found.blind - found.shown)
    assert found.used + found.left_out == len(rows)
    assert 1 / found.reps - 1e-9 <= found.largest <= 1
    assert 0 <= found.blind <= 1
    assert 0 <= found.shown <= 1


def test_the_interval_covers_what_it_should_where_reps_differ() -> None:
    """1,000 samples of 12 unlike reps; a pull of 4 points must lie within the interval in about 95 of 100."""
    chance, inside = random.Random(7), 0
    for _ in range(1000):
        rows = []
        for rep in range(12):
            level = 0.5 + 0.02 * rep
            for arm, pull in ((BLIND, 0.04), (ASKED, 0.0)):
                off = [level + pull + chance.gauss(0, 0.01 * (rep + 1)) for _ in range(chance.randint(8, 24))]
                rows += [Number(rep, arm, one, 0.0) for one in off]
        found = effect(rows)
        assert found is not None
        inside += found.low <= 0.04 <= found.high
    assert 0.92 <= inside / 1000 <= 0.975


def test_reps_who_differ_do_not_make_an_effect() -> None:
    """A rep whose numbers lie far off and who is drawn blind more often: no effect, though plain means show one."""
    chance = random.Random(3)
    rows = [Number(1, BLIND, 0.4 + chance.gauss(0, 0.01), 0.0) for _ in range(60)]
    rows += [Number(1, ASKED, 0.4 + chance.gauss(0, 0.01), 0.0) for _ in range(10)]
    rows += [Number(2, BLIND, 0.1 + chance.gauss(0, 0.01), 0.0) for _ in range(10)]
    rows += [Number(2, ASKED, 0.1 + chance.gauss(0, 0.01), 0.0) for _ in range(60)]
    plain = fmean(r.distance for r in rows if r.arm == BLIND) - fmean(r.distance for r in rows if r.arm == ASKED)
    found = effect(rows)
    assert plain > 0.15
    assert found is not None
    assert abs(found.difference) < 0.01


def test_nothing_is_said_of_reps_with_one_arm() -> None:
    assert effect([]) is None
    assert effect([Number(1, BLIND, 0.3, 0.1)] * 9 + [Number(1, ASKED, 0.3, 0.1)]) is None


def test_a_week_begins_on_monday() -> None:
    assert week_began(datetime(2026, 11, 25, 21, tzinfo=UTC)) == datetime(2026, 11, 23, tzinfo=UTC)
    assert week_began(datetime(2026, 11, 23, tzinfo=UTC)) == datetime(2026, 11, 23, tzinfo=UTC)
