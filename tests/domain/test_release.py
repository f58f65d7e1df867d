"""What a released set keeps, and when a range may stand beside a count."""

import json
import random
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.evidence import Tilt
from bot.domain.release import CELLS, LESS, MORE, NEITHER, Cell, frozen, may_release, may_show, together
from bot.views.digest import Figures, HorizonFigures, digest


def a_set(won: dict[str, int], *, leads: int = 20, seed: int = 1) -> dict[str, Cell]:
    """Three cells of five reps each."""
    chance = random.Random(seed)
    cells = {name: Cell() for name in CELLS}
    for name in CELLS:
        for n in range(leads):
            cells[name].add(n % 5, chance.uniform(0.05, 0.5), won=n < won[name], unanswered=False)
    return cells


def said(cells: dict[str, Cell]) -> str:
    """The digest's text for one released set."""
    figures = Figures(
        week=9, zone="UTC", late=False, due_at=datetime(2026, 11, 23, tzinfo=UTC), small_team=False, made_up=False,
        newer=0, next_matures=None, held=0, news=True, horizons=[HorizonFigures(60, cells, 0, 0)],
    )  # fmt: skip
    return str(digest(figures)[1]["text"])


def test_a_set_keeps_sums_and_curves_and_nobody() -> None:
    kept = frozen(a_set({MORE: 9, LESS: 5, NEITHER: 6}))
    text = json.dumps(kept)
    assert set(kept[MORE]) == {"leads", "won", "expected", "open", "tilt"}
    assert "reps" not in text
    assert len(text) < 40_000


def test_sets_add_up_to_what_all_their_leads_together_would_say() -> None:
    first, second = a_set({MORE: 9, LESS: 5, NEITHER: 6}), a_set({MORE: 8, LESS: 4, NEITHER: 7}, seed=2)
    total = together([frozen(first), frozen(second)])[MORE]
    whole = Cell()
    for one in (first[MORE], second[MORE]):
        for chance, won in zip(one.chances, one.wins, strict=True):
            whole.add(1, chance, won=won, unanswered=False)
    expected = frozen(dict.fromkeys(CELLS, whole))
    assert total.leads == 40
    assert total.tilt is not None
    assert total.tilt.ratio() == pytest.approx(together([expected])[MORE].tilt.ratio(), abs=1e-3)  # type: ignore[union-attr]


def test_a_range_never_stands_beside_a_count_that_is_held_back() -> None:
    words = said(together([frozen(a_set({MORE: 2, LESS: 18, NEITHER: 6}))]))
    assert "Called more likely: 20. Won: fewer than 3;" in words
    assert words.count(" times)") == 1, "that of the leads nobody called alone"
    assert "times)" not in said(together([frozen(a_set({MORE: 9, LESS: 9, NEITHER: 1}))])), "and none without theirs"
    assert said(together([frozen(a_set({MORE: 9, LESS: 9, NEITHER: 9}))])).count(" times)") == 3


def test_sets_released_before_ranges_were_kept_have_none() -> None:
    old = frozen(a_set({MORE: 9, LESS: 9, NEITHER: 9}))
    for cell in old.values():
        del cell["tilt"]
    assert together([old, frozen(a_set({MORE: 9, LESS: 9, NEITHER: 9}))])[MORE].tilt is None
    assert "times)" not in said(together([old]))


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
    low, high = together([frozen(cells)])[MORE].tilt.ratio()  # type: ignore[union-attr]
    exact = Tilt.of(np.array(cells[MORE].chances), np.array(cells[MORE].wins, dtype=float)).ratio()
    assert (low, high) == pytest.approx(exact, abs=1e-3)
    assert f"({low:.1f}–{high:.1f} times)" in said(together([frozen(cells)]))
