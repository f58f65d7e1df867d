"""The figures: published reference cases, properties that hold for any data, years in which nothing is to be found."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

from bot.domain import evidence
from bot.domain.calibration import WATCH, brier, corp, diagram_may_show, drift, isotonic, reliability, watch_began
from bot.domain.evidence import (
    ODDS_GRID,
    Conditional,
    Tilt,
    conditional_loglik,
    directional_hits,
    e_bh,
    expit,
    logit,
    nearer,
    normal_mixture,
    recalibration,
    words,
)

FILE = Path(__file__).parents[3] / "shared" / "reference" / "statistics_cases.json"
CASES: dict[str, dict[str, Any]] = {}
if FILE.exists():
    CASES = {case["id"]: case for case in json.loads(FILE.read_text())["cases"]}
LAST = datetime.fromisoformat("3000-01-01")
published = pytest.mark.skipif(not CASES, reason="the published reference cases are not beside this checkout")


def numbers(case: str, *names: str) -> list[Any]:
    """Inputs of a case as arrays."""
    return [np.array(CASES[case]["input"][name], dtype=float) for name in names]


def close(case: str, **found: float | list[float]) -> None:
    """What was found is what the case expects, within its tolerance."""
    for name, value in found.items():
        assert value == pytest.approx(CASES[case]["expected"][name], abs=CASES[case]["tol"]), name


@published
def test_the_tilt_and_its_range_are_those_of_an_independent_computation() -> None:
    p, y = numbers("oe_anytime", "p", "y")
    tilt = Tilt.of(p, y)
    low, high = tilt.ratio()
    close("oe_anytime", O=tilt.won, E=tilt.expected, ratio_lo=low, ratio_hi=high)
    p, y = numbers("tilt_two_sided", "p", "y")
    close("tilt_two_sided", e=Tilt.of(p, y).e_value())


@published
def test_how_many_are_won_follows_the_poisson_binomial_distribution() -> None:
    # What the conditional likelihood divides by is that distribution but for one factor: P(K) = e_K · Π (1 − p).
    (p,) = numbers("poisson_binomial", "p")
    found = []
    for won in range(len(p) + 1):
        y = (np.arange(len(p)) < won).astype(float)
        (conditional,) = conditional_loglik(logit(p), np.zeros_like(p), y, np.array([0.0]))
        found.append(float(np.exp(y @ logit(p) - conditional + np.log1p(-p).sum())))
    mean, seen = float(np.arange(len(p) + 1) @ found), int(CASES["poisson_binomial"]["expected"]["O"])
    close("poisson_binomial", pmf_0_to_10=found[:11], mean=mean)
    close("poisson_binomial", P_le_O=sum(found[: seen + 1]), P_ge_O=sum(found[seen:]))


@published
def test_the_conditional_likelihood_is_that_of_enumeration() -> None:
    p, z, y = numbers("conditional_bruteforce", "p", "z", "y")
    expected = CASES["conditional_bruteforce"]["expected"]
    got = conditional_loglik(logit(p), z, y, np.array([0.0, 0.5, 1.0, -1.0]))
    assert list(got) == pytest.approx(
        [expected[key] for key in ("beta_0", "beta_0_5", "beta_1", "beta_m1")],
        abs=CASES["conditional_bruteforce"]["tol"],
    )
    bare = conditional_loglik(np.zeros_like(p), z, y, np.array([1.0]))
    assert bare[0] == pytest.approx(expected["no_offset_beta_1"], abs=CASES["conditional_bruteforce"]["tol"])


@published
def test_the_conditional_likelihood_is_that_of_r_s_clogit() -> None:
    stratum, p, z, y = numbers("conditional_clogit", "stratum", "p", "z", "y")
    expected, tol = CASES["conditional_clogit"]["expected"], CASES["conditional_clogit"]["tol"]
    betas = np.array([0.0, expected["beta_mle"], expected["beta_mle"] - 0.01, expected["beta_mle"] + 0.01])
    total = sum(
        conditional_loglik(logit(p[stratum == one]), z[stratum == one], y[stratum == one], betas)
        for one in np.unique(stratum)
    )
    assert total[0] == pytest.approx(expected["loglik_beta_0"], abs=tol)
    assert total[1] == pytest.approx(expected["loglik_at_mle"], abs=tol)
    assert total[1] >= max(total[2], total[3])
    a, b = recalibration(p, y)
    close("platt_map", a=a, b=b)


@published
def test_scores_isotonic_bounds_and_e_bh_are_those_of_independent_libraries() -> None:
    p, y, q = numbers("scores", "p", "y", "q")
    close("scores", brier_prior=brier(p, y), brier_rep=brier(q, y))
    gain, _half = nearer(p, q, y)
    assert gain == pytest.approx(brier(p, y) - brier(q, y))
    (steps,) = numbers("pava", "y")
    close("pava", fit=list(isotonic(np.arange(len(steps), dtype=float), steps)))
    given_ = CASES["normal_mixture"]["input"]
    close("normal_mixture", bound=[normal_mixture(v, given_["rho"], given_["alpha"]) for v in given_["V"]])
    assert e_bh(CASES["ebh"]["input"]["e"], CASES["ebh"]["input"]["alpha"]) == CASES["ebh"]["expected"]["kept"]


leads = st.lists(
    st.tuples(st.floats(0, 1), st.sampled_from((-1.0, 0.0, 1.0)), st.sampled_from((0.0, 1.0))), min_size=1, max_size=9
)


@given(leads)
@settings(max_examples=60)
def test_given_how_many_were_won_the_chances_of_who_add_up_to_one(rows: list[tuple[float, float, float]]) -> None:
    p, z, y = (np.array(column) for column in zip(*rows, strict=True))
    won = int(y.sum())
    every = [np.isin(np.arange(len(y)), who).astype(float) for who in itertools.combinations(range(len(y)), won)]
    assert len(every) == comb(len(y), won)
    total = logsumexp([conditional_loglik(logit(p), z, one, ODDS_GRID) for one in every], axis=0)
    assert np.allclose(total, 0, atol=1e-9)


@given(leads, st.integers(1, 25))
def test_a_stratum_s_likelihood_is_the_same_with_and_without_logs(
    rows: list[tuple[float, float, float]], times: int
) -> None:
    p, z, y = (np.array(column * times) for column in zip(*rows, strict=True))
    plain = conditional_loglik(logit(p), z, y, ODDS_GRID)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evidence, "_LOGS_HELD", -1.0)
        assert plain == pytest.approx(conditional_loglik(logit(p), z, y, ODDS_GRID), rel=1e-9, abs=1e-8)


@given(leads)
def test_the_mean_evidence_under_the_null_is_one_at_the_most(rows: list[tuple[float, float, float]]) -> None:
    """Over every way in which as many could have been won, weighed by the tool's odds: a fair bet earns nothing."""
    p, z, y = (np.array(column) for column in zip(*rows, strict=True))
    won = int(y.sum())
    mean = 0.0
    for who in itertools.combinations(range(len(y)), won):
        one = np.isin(np.arange(len(y)), who).astype(float)
        chance = float(np.exp(conditional_loglik(logit(p), z, one, np.array([0.0]))[0]))
        mean += chance * Conditional.nothing().with_stratum(logit(p), z, one).e_value()
    assert mean <= 1 + 1e-9


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from((0.0, 1.0))), min_size=1, max_size=40))
def test_a_group_s_range_holds_its_own_ratio_and_adds_up(rows: list[tuple[float, float]]) -> None:
    p, y = (np.array(column) for column in zip(*rows, strict=True))
    p = np.clip(p, 0.01, 0.99)
    whole, parts = (
        Tilt.of(p, y),
        Tilt.of(p[: len(p) // 2], y[: len(p) // 2]) + Tilt.of(p[len(p) // 2 :], y[len(p) // 2 :]),
    )
    assert parts.ratio() == pytest.approx(whole.ratio())
    assert parts.e_value() == pytest.approx(whole.e_value())
    low, high = whole.ratio()
    nearest = min(max(whole.won, float(whole.shifted.min())), float(whole.shifted.max()))
    assert low - 0.02 <= nearest / whole.expected <= high + 0.02


def test_priors_at_zero_and_one_and_a_hundred_thousand_leads_are_no_trouble() -> None:
    random = np.random.default_rng(1)
    p = random.choice([0.0, 1.0, 0.12, 0.5], 100_000)
    y, z = (random.random(100_000) < p).astype(float), random.choice([-1.0, 0.0, 1.0], 100_000)
    found = Conditional.nothing()
    for start in range(0, 100_000, 500):  # the work grows with a stratum's square
        part = slice(start, start + 500)
        found = found.with_stratum(logit(p[part]), z[part], y[part])
    assert np.isfinite(found.gain).all()
    assert found.e_value() < 20
    low, high = found.odds_ratio()
    assert low < 1 < high
    tilt = Tilt.of(p, y)
    assert np.isfinite([tilt.e_value(), *tilt.ratio()]).all()
    assert np.isfinite(np.array(recalibration(p, y))).all()


def test_nothing_is_evidence_of_nothing() -> None:
    assert Conditional.nothing().e_value() == pytest.approx(1)
    p, z = np.full(5, 0.2), np.zeros(5)
    assert Conditional.nothing().with_stratum(logit(p), z, np.array([1.0, 0, 0, 0, 0])).e_value() == pytest.approx(1)
    assert recalibration(np.array([]), np.array([])) == (0.0, 1.0)
    assert drift([]) == 1.0
    assert [words(e) for e in (0.1, 2.9, 3, 19, 20)] == ["can't tell yet"] * 2 + ["leaning, not settled"] * 2 + [
        "clear"
    ]


def test_what_is_there_is_found_and_what_is_not_is_not() -> None:
    random = np.random.default_rng(5)

    def a_year(effect: float) -> float:
        found = Conditional.nothing()
        for _stratum in range(12 * 13):
            p = expit(random.normal(-1.7, 0.9, 20))
            z = random.choice([-1.0, 0.0, 1.0], 20, p=[0.1, 0.8, 0.1])
            y = (random.random(20) < expit(logit(p) + 0.5 + effect * z)).astype(float)  # and the tool's level is off
            found = found.with_stratum(logit(p), z, y)
        return found.e_value()

    assert a_year(1.0) > 20
    assert a_year(0.0) < 3


def test_corp_adds_up_and_knows_what_chance_would_do() -> None:
    random = np.random.default_rng(3)
    p = random.uniform(0.02, 0.6, 3_000)
    fair = corp(p, (random.random(3_000) < p).astype(float))
    assert fair.brier == pytest.approx(fair.miscalibration - fair.discrimination + fair.uncertainty)
    assert fair.miscalibration < 2 * fair.by_chance
    off = corp(p, (random.random(3_000) < np.minimum(1, 1.6 * p)).astype(float))
    assert off.miscalibration > 4 * off.by_chance
    for factor in (1.0, 1.6):
        points = reliability(p, (random.random(3_000) < np.minimum(1, factor * p)).astype(float))
        assert sum(leads for _, _, leads in points) == 3_000
        assert len(points) <= 10
        assert [y for _, y, _ in points] == sorted(y for _, y, _ in points), "a rising fit"
        assert sum(y * n for _, y, n in points) / sum(x * n for x, _, n in points) == pytest.approx(factor, abs=0.12)
    assert reliability(np.array([0.2] * 50), np.array([0.0, 1.0] * 25)) == [(pytest.approx(0.2), 0.5, 50)]
    assert diagram_may_show(np.array([1.0] * 30 + [0.0] * 170))
    assert not diagram_may_show(np.array([1.0] * 29 + [0.0] * 200))


def test_hits_of_a_direction_count_non_wins_among_less() -> None:
    p, z, y = np.array([0.1, 0.2, 0.3, 0.4]), np.array([1.0, 1, -1, 0]), np.array([1.0, 0, 0, 1])
    assert directional_hits(p, z, y) == (2, pytest.approx(0.1 + 0.2 + 0.7))


@given(st.datetimes(timezones=st.just(UTC), max_value=LAST), st.integers(0, 3000))
def test_a_watch_for_drift_has_one_beginning_until_it_is_over(began: datetime, days: int) -> None:
    now = began + timedelta(days=days)
    start = watch_began(began, now)
    assert start <= now < start + WATCH
    assert (start - began) % WATCH == timedelta(0)
    assert watch_began(began, start + WATCH - timedelta(microseconds=1)) == start
    assert watch_began(began, start + WATCH) == start + WATCH
