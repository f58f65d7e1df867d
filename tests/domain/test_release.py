"""What a released set keeps, and when a range may stand beside a count."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.evidence import Tilt
from bot.domain.release import CELLS, LESS, MORE, NEITHER, Cell, Rules, Told, frozen, may_release, may_show, together
from bot.views.digest import digest
from bot.views.digest_figures import Figures, HorizonFigures


def a_set(won: dict[str, int], *, leads: int = 20, seed: int = 1) -> dict[str, Cell]:
    """Three cells of five reps each."""
    chance = random.Random(seed)
    cells = {name: Cell() for name in CELLS}
    for name in CELLS:
        for n in range(leads):
            cells[name].add(n % 5, chance.uniform(0.05, 0.5), won=n < won[name], unanswered=False)
    return cells


NOTHING_NEW = Figures(
    week=9, zone="UTC", late=False, due_at=datetime(2026, 11, 23, tzinfo=UTC), small_team=False, made_up=False,
    newer=0, next_matures=None, held=0, news=False,
)  # fmt: skip


def said(told: Told) -> str:
    """The digest's text for what was released."""
    figures = replace(NOTHING_NEW, news=True, horizons=[HorizonFigures(60, told, 0, 0)])
    return str(digest(figures)[1]["text"])


def test_a_set_keeps_sums_and_curves_and_nobody() -> None:
    kept = frozen(a_set({MORE: 9, LESS: 5, NEITHER: 6}))
    text = json.dumps(kept)
    assert set(kept[MORE]) == {"leads", "won", "expected", "open", "tilt"}
    assert "reps" not in text
    assert len(text) < 40_000


def test_sets_add_up_to_what_all_their_leads_together_would_say() -> None:
    first, second = a_set({MORE: 9, LESS: 5, NEITHER: 6}), a_set({MORE: 8, LESS: 4, NEITHER: 7}, seed=2)
    total = together([frozen(first), frozen(second)]).cells[MORE]
    whole = Cell()
    for one in (first[MORE], second[MORE]):
        for chance, won in zip(one.chances, one.wins, strict=True):
            whole.add(1, chance, won=won, unanswered=False)
    expected = frozen(dict.fromkeys(CELLS, whole))
    assert total.leads == 40
    assert total.tilt is not None
    assert total.tilt.ratio() == pytest.approx(together([expected]).cells[MORE].tilt.ratio(), abs=1e-3)  # type: ignore[union-attr]


def test_a_range_never_stands_beside_a_count_that_is_held_back() -> None:
    words = said(together([frozen(a_set({MORE: 2, LESS: 18, NEITHER: 6}))]))
    assert "Called more likely: 20. Won: fewer than 3;" in words
    assert words.count(" times as many)") == 1, "that of the leads nobody called alone"
    assert "times as many)" not in said(together([frozen(a_set({MORE: 9, LESS: 9, NEITHER: 1}))])), (
        "and none without theirs"
    )
    assert said(together([frozen(a_set({MORE: 9, LESS: 9, NEITHER: 9}))])).count(" times as many)") == 3


def test_sets_released_before_ranges_were_kept_have_none() -> None:
    old = frozen(a_set({MORE: 9, LESS: 9, NEITHER: 9}))
    for cell in old.values():
        del cell["tilt"]
    assert together([old, frozen(a_set({MORE: 9, LESS: 9, NEITHER: 9}))]).cells[MORE].tilt is None
    assert "times as many)" not in said(together([old]))


@given(st.lists(st.integers(1, 30), max_size=12))
def test_a_cell_shows_only_when_it_is_large_and_mixed(counts: list[int]) -> None:
    shows = may_show(counts)
    assert shows == (sum(counts) >= 10 and len(counts) >= 5 and 2 * max(counts) <= sum(counts))


def test_one_thin_cell_holds_back_the_whole_set() -> None:
    cells = a_set({MORE: 9, LESS: 9, NEITHER: 9})
    assert may_release(cells)
    cells[LESS] = Cell()
    assert not may_release(cells)


def test_the_range_is_that_of_the_evidence() -> None:
    cells = a_set({MORE: 9, LESS: 9, NEITHER: 9})
    low, high = together([frozen(cells)]).cells[MORE].tilt.ratio()  # type: ignore[union-attr]
    exact = Tilt.of(np.array(cells[MORE].chances), np.array(cells[MORE].wins, dtype=float)).ratio()
    assert (low, high) == pytest.approx(exact, abs=1e-3)
    assert f"({low:.1f}–{high:.1f} times as many)" in said(together([frozen(cells)]))


def test_an_outcome_that_would_belong_to_one_answer_alone_holds_back_the_whole_set() -> None:
    assert may_release(a_set({MORE: 3, LESS: 0, NEITHER: 3}))
    assert not may_release(a_set({MORE: 9, LESS: 9, NEITHER: 2})), "whoever was won was called something"
    assert not may_release(a_set({MORE: 18, LESS: 9, NEITHER: 9})), "more than 17 of 20"


@given(
    st.lists(st.sampled_from([-1, 1]), min_size=1, max_size=5),
    st.dictionaries(st.sampled_from([MORE, LESS, NEITHER]), st.integers(0, 18), min_size=3, max_size=3),
    st.data(),
)
def test_whatever_cells_corrections_lie_in_the_same_would_be_told(
    changes: list[int], won: dict[str, int], data: Any
) -> None:
    """Who knows all outcomes and the rules sees counts that fit each place of each correction."""
    cells = a_set(won)
    for by in changes:
        cells[data.draw(st.sampled_from([MORE, LESS, NEITHER]))].correct(0.2, by)
    if not may_release(cells, None, len(changes)):
        return
    other = dict.fromkeys((MORE, LESS, NEITHER), 0)
    for by in changes:
        other[data.draw(st.sampled_from([MORE, NEITHER]))] += by
    for name in (MORE, NEITHER):
        before = cells[name].won - other[name]
        assert min(before, cells[name].leads - before) >= 3


def test_rules_may_be_lowered_for_later_sets() -> None:
    small = a_set({MORE: 4, LESS: 4, NEITHER: 4}, leads=8)
    assert not may_release(small)
    assert may_release(small, Rules(8, 5))


def test_wins_among_less_move_on_only_when_what_was_added_may_be_told() -> None:
    first = frozen(a_set({MORE: 9, LESS: 5, NEITHER: 6}))
    second = frozen(a_set({MORE: 9, LESS: 1, NEITHER: 6}, seed=2))
    third = frozen(a_set({MORE: 9, LESS: 2, NEITHER: 6}, seed=3))
    told = together([first, second])
    assert (told.cells[LESS].leads, told.less.leads, told.less.won) == (40, 20, 5)
    assert "Called less likely: 40. Of the first 20, won: 5;" in said(told)
    assert together([first, second, third]).less.won == 8
    assert "Called less likely: 60. Won: 8;" in said(together([first, second, third]))
    assert "Called less likely: 20. Won: fewer than 3;" in said(together([second]))


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=8))
def test_open_leads_are_told_only_in_steps_that_hold_three_of_each_kind(steps: list[tuple[int, int, int]]) -> None:
    sets = [
        {name: {"leads": 12, "won": 4, "expected": 3.0, "open": count} for name, count in zip(CELLS, step, strict=True)}
        for step in steps
    ]
    before: tuple[int, int] | None = None
    since = 0
    for number in range(1, len(sets) + 1):
        told = together(sets[:number]).unanswered
        if told == before:
            continue
        assert told is not None
        added = sets[since:number]
        more = sum(one[MORE]["open"] for one in added)
        others = sum(one[name]["open"] for one in added for name in (LESS, NEITHER))
        assert told[0] - (before[0] if before else 0) == more
        assert min(more, others, 12 * len(added) - more, 24 * len(added) - others) >= 3
        before, since = told, number
