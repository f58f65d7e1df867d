"""The tool's record: bands, Wilson's interval, and when the record contradicts the prior."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.bands import Record, band_label, band_of, is_hard, wilson
from bot.domain.release import may_show
from bot.domain.wording import few

CASES = Path(__file__).parents[3] / "shared" / "reference" / "statistics_cases.json"


def case(name: str) -> Any:
    """A published reference case, or a skipped test."""
    if not CASES.exists():
        pytest.skip("the reference cases are not beside this checkout")
    return next(one for one in json.loads(CASES.read_text())["cases"] if one["id"] == name)


@pytest.mark.parametrize("name", ["band_31_240", "band_0_40", "band_12_100"])
def test_wilson_agrees_with_the_reference(name: str) -> None:
    one = case(name)
    assert wilson(one["input"]["k"], one["input"]["n"]) == pytest.approx(one["expected"]["wilson"], abs=one["tol"])


def test_cells_agree_with_the_reference() -> None:
    one = case("release_cells")
    for name, reps in one["input"]["cells"].items():
        assert may_show(reps.values()) is one["expected"][name], name


def test_small_counts_agree_with_the_reference() -> None:
    one = case("release_wins")
    assert [few(wins, leads) for wins, leads in one["input"]["pairs"]] == one["expected"]["text"]


@pytest.mark.parametrize(
    ("probability", "band"),
    [(0, 0), (0.0499, 0), (0.05, 1), (0.1499, 1), (0.15, 2), (0.3, 3), (0.5, 4), (1, 4)],
)
def test_the_lower_edge_belongs_to_the_band(probability: float, band: int) -> None:
    assert band_of(probability) == band


def test_points_have_bands_of_their_own() -> None:
    assert band_label(band_of(None, 80)) == "80–99 points"
    assert band_of(None, 0) != band_of(0.0)


@given(st.integers(0, 400), st.integers(0, 400))
def test_wilson_holds_the_share_and_stays_inside(wins: int, more: int) -> None:
    low, high = wilson(wins, wins + more)
    assert 0 <= low <= high <= 1
    if wins + more:
        assert low <= wins / (wins + more) <= high


@given(st.integers(0, 300), st.integers(0, 300), st.floats(0, 1))
def test_a_thin_record_never_contradicts(wins: int, more: int, probability: float) -> None:
    record = Record(wins, wins + more)
    if wins + more < 30:
        assert not record.contradicts(probability)
    elif record.contradicts(probability):
        assert not record.interval()[0] <= probability <= record.interval()[1]


def test_hard_is_below_fifteen_or_flagged() -> None:
    assert is_hard(0.149, False)
    assert not is_hard(0.15, False)
    assert is_hard(0.9, True)
    assert not is_hard(None, False)
