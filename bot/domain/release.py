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
TEAM_NEEDED = 6
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


def may_show(reps: Iterable[int]) -> bool:
    """Rule 1 on the number of leads of each rep in a cell: 10 leads, 5 reps, none with more than half."""
    counts = list(reps)
    total = sum(counts)
    return total >= LEADS_NEEDED and len(counts) >= REPS_NEEDED and max(counts) <= LARGEST_SHARE * total


def may_release(cells: dict[str, Cell]) -> bool:
    """Whether a whole set may be published: every cell of it passes rule 1, none is hidden beside the others."""
    return all(may_show(cells[name].reps.values()) for name in CELLS)


def frozen(cells: dict[str, Cell]) -> dict[str, Any]:
    """A released set's figures as they are kept: no reps, no single lead."""
    return {
        name: {
            "leads": c.leads,
            "won": c.won,
            "expected": c.expected,
            "open": c.open,
            "tilt": _packed(Tilt.of(np.array(c.chances), np.array(c.wins, dtype=np.float64))),
        }
        for name, c in cells.items()
    }


def together(sets: Iterable[dict[str, Any]]) -> dict[str, Cell]:
    """The sum of released sets: a union of cells that were each safe by themselves."""
    kept = list(sets)
    return {name: _sum([released[name] for released in kept]) for name in CELLS}


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
