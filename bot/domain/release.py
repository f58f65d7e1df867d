"""What a digest may show of who said what: whole sets of cells, each large and mixed enough (STATISTICS §5)."""

import base64
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bot.domain.evidence import SHIFT_GRID, Tilt

LEADS_NEEDED = 10
REPS_NEEDED = 5
LARGEST_SHARE = 0.5
# Counts under this are not told.
FEW = 3
MORE, LESS, NEITHER = "more", "less", "neither"
CELLS = (MORE, LESS, NEITHER)


@dataclass
class Cell:
    """A group of matured leads: how many, how many won, and the sum of the tool's chances.

    `tilt` is what the range of won over expected rests on; none where a set was released before it was kept.
    """

    leads: int = 0
    won: int = 0
    expected: float = 0.0
    open: int = 0
    reps: Counter[int] = field(default_factory=Counter)
    chances: list[float] = field(default_factory=list)
    wins: list[bool] = field(default_factory=list)
    # Leads of earlier sets whose outcome has changed since: the tool's chance, and +1 where won now, −1 where not.
    corrections: list[tuple[float, int]] = field(default_factory=list)
    tilt: Tilt | None = None

    def add(self, rep: int, probability: float, *, won: bool, unanswered: bool) -> None:
        """Count one lead."""
        self.leads += 1
        self.won += won
        self.expected += probability
        self.open += unanswered
        self.reps[rep] += 1
        self.chances.append(probability)
        self.wins.append(won)

    def correct(self, probability: float, by: int) -> None:
        """Count the change of a lead that an earlier set has counted: its win, or that it was none after all."""
        self.won += by
        self.corrections.append((probability, by))

    def add_together(self, rep: int, leads: int, won: int, expected: float) -> None:
        """Count several leads of a rep's, without what a range is made of."""
        self.leads += leads
        self.won += won
        self.expected += expected
        self.reps[rep] += leads


@dataclass(frozen=True)
class Rules:
    """How large and mixed a group must be: leads, and reps of them. An admin may lower them, to FLOOR at the least."""

    leads: int = LEADS_NEEDED
    reps: int = REPS_NEEDED


FLOOR = Rules(5, 4)
# A small team's results come once a quarter, from four reps on.
SMALL_REPS = 4


def may_show(reps: Iterable[int], rules: Rules | None = None) -> bool:
    """Rule 1 on the number of leads of each rep in a cell: 10 leads, 5 reps, none with more than half."""
    counts, need = list(reps), rules or Rules()
    total = sum(counts)
    return total >= need.leads and len(counts) >= need.reps and max(counts) <= LARGEST_SHARE * total


def may_release(cells: dict[str, Cell], rules: Rules | None = None, corrections: int = 0) -> bool:
    """Whether a whole set may be published: every cell of it passes rule 1, none is hidden beside the others.

    Whoever knows from the CRM how each lead ended must not read from a set's counts what was said about it. So among
    the won and among the others there must be three that were called more likely and three that nobody called: then no
    outcome belongs to one answer alone, and the counts of both may stand without a mask.

    With `corrections` of earlier sets counted in already, there must be as many more of either. What is asked is asked
    of the counts as they are told, and whatever cells the corrections lie in, three of either are left: so neither
    that the set is told nor what it says shows where they lie.
    """
    few = FEW + corrections
    mixed = all(min(cells[name].won, cells[name].leads - cells[name].won) >= few for name in (MORE, NEITHER))
    mixed &= 0 <= cells[LESS].won <= cells[LESS].leads
    return mixed and all(may_show(cells[name].reps.values(), rules) for name in CELLS)


def views(authors: Iterable[int], readers: Iterable[int]) -> list[frozenset[int]]:
    """Whose leads may be taken out of a count by those who read it: each reader's own, and all readers' together.

    A manager, an admin or a model's owner who works leads too knows what she said herself. What is told must be large
    and mixed enough without that as well.
    """
    known = frozenset(authors) & frozenset(readers)
    return [frozenset({one}) for one in sorted(known)] + ([known] if len(known) > 1 else [])


def frozen(cells: dict[str, Cell]) -> dict[str, Any]:
    """A released set's figures as they are kept: no reps, no single lead."""
    return {
        name: {
            "leads": c.leads,
            "won": c.won,
            "expected": c.expected,
            "open": c.open,
            "tilt": _packed(_tilt(c)),
        }
        for name, c in cells.items()
    }


def _tilt(cell: Cell) -> Tilt:
    tilt = Tilt.of(np.array(cell.chances), np.array(cell.wins, dtype=np.float64))
    for probability, by in cell.corrections:
        tilt = tilt.corrected(probability, by)
    return tilt


@dataclass(frozen=True)
class Told:
    """The sum of released sets, and what of it may be told.

    `less` are those called less likely, as far as their wins may be told; `unanswered` are those called more likely
    that had no outcome at their day, and of how many.
    """

    cells: dict[str, Cell]
    less: Cell
    unanswered: tuple[int, int] | None = None


def together(sets: Iterable[dict[str, Any]]) -> Told:
    """The sum of released sets: a union of cells that were each safe by themselves.

    Two digests differ by whole sets. So a count that a single set might give away (few wins among *less*, an open lead)
    moves on only when what was added since it last moved may be told by itself.
    """
    kept = list(sets)
    cells = {name: _sum([released[name] for released in kept]) for name in CELLS}
    return Told(cells, _told_less(kept), _told_unanswered(kept))


def _told_less(sets: list[dict[str, Any]]) -> Cell:
    told, since = 0, _sum([])
    for number, one in enumerate(sets, 1):
        since = _sum_counts(since, one[LESS])
        if min(since.won, since.leads - since.won) >= FEW:
            told, since = number, _sum([])
    # None may be told yet: the whole is, and its wins are masked by their own number.
    return _sum([one[LESS] for one in sets[: told or len(sets)]])


def _told_unanswered(sets: list[dict[str, Any]]) -> tuple[int, int] | None:
    found, more, others = (0, 0), _sum([]), _sum([])
    for one in sets:
        more = _sum_counts(more, one[MORE])
        others = _sum_counts(_sum_counts(others, one[LESS]), one[NEITHER])
        if min(more.open, more.leads - more.open, others.open, others.leads - others.open) >= FEW:
            found = found[0] + more.open, found[1] + more.leads
            more, others = _sum([]), _sum([])
    return found if found[1] else None


def _sum_counts(before: Cell, part: dict[str, Any]) -> Cell:
    return Cell(leads=before.leads + part["leads"], won=before.won + part["won"], open=before.open + part["open"])


def _sum(parts: list[dict[str, Any]]) -> Cell:
    cell = Cell(
        leads=sum(part["leads"] for part in parts),
        won=sum(part["won"] for part in parts),
        expected=sum(part["expected"] for part in parts),
        open=sum(part["open"] for part in parts),
    )
    if parts and all("tilt" in part for part in parts):
        tilts = [_unpacked(part) for part in parts]
        cell.tilt = sum(tilts[1:], tilts[0])
    return cell


def _packed(tilt: Tilt) -> str:
    """Both curves in single precision: far finer than the one decimal that is shown of them."""
    return base64.b64encode(np.concatenate([tilt.loglik, tilt.shifted]).astype("<f4").tobytes()).decode()


def _unpacked(part: dict[str, Any]) -> Tilt:
    curves = np.frombuffer(base64.b64decode(part["tilt"]), dtype="<f4").astype(np.float64)
    middle = len(SHIFT_GRID)
    return Tilt(part["won"], part["expected"], curves[:middle], curves[middle:])
