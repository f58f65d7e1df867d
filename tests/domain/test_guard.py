"""Chance that can be checked, whose turn it is, and whether hard leads still reach the pool."""

import json
from collections import Counter
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.assignment import Draw
from bot.domain.evidence import Conditional
from bot.domain.guard import Drawn, Week, access_ratio, after, by_recommendation, route, shut_out

FILE = Path(__file__).parents[3] / "shared" / "reference" / "statistics_cases.json"
CASES = {one["id"]: one for one in json.loads(FILE.read_text())["cases"]} if FILE.exists() else {}
published = pytest.mark.skipif(not CASES, reason="the published reference cases are not beside this checkout")


@published
def test_the_hash_is_the_one_that_others_can_compute() -> None:
    case = CASES["assignment_hash"]
    draw, experiment = Draw(case["input"]["key"].encode()), case["input"]["experiment"]
    shares = [(name, share) for name, share in case["input"]["shares"]]
    for lead, wanted in case["expected"].items():
        assert draw.share(experiment, lead) == pytest.approx(wanted["u"], abs=case["tol"])
        assert draw.arm(experiment, lead, shares) == wanted["arm"]


@published
def test_the_ratio_is_the_one_worked_out_by_hand() -> None:
    case = CASES["routing_ratio"]["input"]
    weeks = [Week(case["all"], case["hard"], case["all_pool"], case["hard_pool"])]
    assert access_ratio(weeks) == pytest.approx(CASES["routing_ratio"]["expected"]["access_ratio"], abs=1e-9)


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 6), st.integers(0, 6))
def test_a_week_s_evidence_is_the_conditional_one_of_its_leads(hard: int, other: int, one: int, two: int) -> None:
    hard_in, other_in = min(one, hard), min(two, other)
    z = np.array([-1.0] * hard + [0.0] * other)
    y = np.array([1.0] * hard_in + [0.0] * (hard - hard_in) + [1.0] * other_in + [0.0] * (other - other_in))
    week = Week(hard + other, hard, hard_in + other_in, hard_in)
    plain = Conditional.nothing().with_stratum(np.zeros_like(z), z, y) if len(z) else Conditional.nothing()
    assert shut_out([week]) == pytest.approx(plain.e_value(), rel=1e-9)


def test_hard_leads_that_never_arrive_are_called_clear_and_a_fair_share_is_not() -> None:
    assert shut_out([Week(60, 20, 20, 0)] * 4) >= 20
    assert shut_out([Week(60, 20, 15, 5)] * 50) < 3
    assert access_ratio([]) is None
    assert access_ratio([Week(5, 0, 2, 0)]) is None


def test_the_reserve_takes_its_share_of_the_hard_ones_and_none_of_the_others() -> None:
    draw, pool = Draw(b"key"), [7, 8, 9]
    by = Counter(route(draw, f"l{n}", hard=True, usual=1, pool=pool, share=0.2).by for n in range(5000))
    assert 0.18 < by["reserve"] / 5000 < 0.22
    reps = Counter(route(draw, f"l{n}", hard=True, usual=1, pool=pool, share=0.2).rep for n in range(5000))
    assert all(reps[member] > 250 for member in pool)
    assert all(route(draw, f"l{n}", hard=False, usual=1, pool=pool, share=0.2).rep == 1 for n in range(500))
    assert route(draw, "l1", hard=True, usual=1, pool=[], share=0.2).propensity == 0


@given(st.sets(st.integers(1, 50), min_size=1), st.integers(0, 60))
def test_turns_go_round_everybody(reps: set[int], start: int) -> None:
    turn, seen = start, []
    for _ in reps:
        turn = after(turn, list(reps))
        seen.append(turn)
    assert sorted(seen) == sorted(reps)


def drawn(random: np.random.Generator, many: int, effect: float) -> list[Drawn]:
    """Leads whose chance to be sent, and to be won, differ; who is likelier to be sent is likelier to be won anyway."""
    propensity = random.choice([0.1, 0.3, 0.5], many)
    reserve = random.random(many) < propensity
    won = random.random(many) < 0.1 + propensity / 2 + effect * reserve
    return [Drawn(bool(r), float(p), bool(w)) for r, p, w in zip(reserve, propensity, won, strict=True)]


def test_an_effect_by_recommendation_is_not_fooled_by_who_is_sent() -> None:
    random, found, inside = np.random.default_rng(11), [], 0
    for _ in range(300):
        one = by_recommendation(drawn(random, 800, effect=0.15))
        assert one is not None
        found.append(one.sent - one.usual)
        inside += one.low <= 0.15 <= one.high
    assert np.mean(found) == pytest.approx(0.15, abs=0.01)
    assert inside >= 295, "a range that may be looked at daily is wider than one for a single look"


def test_leads_that_are_alike_may_be_counted_together() -> None:
    single = drawn(np.random.default_rng(4), 900, 0.1)
    alike = Counter((one.reserve, one.propensity, one.won) for one in single)
    one, other = by_recommendation(single), by_recommendation([Drawn(*key, many) for key, many in alike.items()])
    assert one is not None
    assert other is not None
    assert astuple(one) == pytest.approx(astuple(other))


def test_no_effect_is_told_of_few_or_of_one_arm() -> None:
    random = np.random.default_rng(2)
    assert by_recommendation(drawn(random, 499, 0.1)) is None
    assert by_recommendation([Drawn(True, 0.2, True)] * 600) is None


def test_a_range_that_is_looked_at_daily_holds() -> None:
    """Of 200 workspaces in which sending does nothing, hardly any ever sees 0 outside the range, at any of 60 looks."""
    random, ever = np.random.default_rng(5), 0
    for _ in range(200):
        rows = drawn(random, 1700, effect=0.0)
        looks = [by_recommendation(rows[:many]) for many in range(500, 1700, 20)]
        ever += any(one is not None and not one.low <= 0 <= one.high for one in looks)
    assert ever / 200 <= 0.05
