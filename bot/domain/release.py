"""What a digest may show of who said what: whole sets of cells, each large and mixed enough (STATISTICS §5)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

LEADS_NEEDED = 10
REPS_NEEDED = 5
LARGEST_SHARE = 0.5
TEAM_NEEDED = 6
MORE, LESS, NEITHER = "more", "less", "neither"
CELLS = (MORE, LESS, NEITHER)


@dataclass
class Cell:
    """A group of matured leads: how many, how many won, and the sum of the tool's chances."""

    leads: int = 0
    won: int = 0
    expected: float = 0.0
    open: int = 0
    reps: Counter[int] = field(default_factory=Counter)

    def add(self, rep: int, probability: float, *, won: bool, unanswered: bool) -> None:
        """Count one lead."""
        self.leads += 1
        self.won += won
        self.expected += probability
        self.open += unanswered
        self.reps[rep] += 1


def may_show(reps: Iterable[int]) -> bool:
    """Rule 1 on the number of leads of each rep in a cell: 10 leads, 5 reps, none with more than half."""
    counts = list(reps)
    total = sum(counts)
    return total >= LEADS_NEEDED and len(counts) >= REPS_NEEDED and max(counts) <= LARGEST_SHARE * total


def may_release(cells: dict[str, Cell]) -> bool:
    """Whether a whole set may be published: every cell of it passes rule 1, none is hidden beside the others."""
    return all(may_show(cells[name].reps.values()) for name in CELLS)


def frozen(cells: dict[str, Cell]) -> dict[str, Any]:
    """A released set's figures as they are kept: no reps."""
    return {name: {"leads": c.leads, "won": c.won, "expected": c.expected, "open": c.open} for name, c in cells.items()}


def together(sets: Iterable[dict[str, Any]]) -> dict[str, Cell]:
    """The sum of released sets: a union of cells that were each safe by themselves."""
    total = {name: Cell() for name in CELLS}
    for released in sets:
        for name in CELLS:
            cell = total[name]
            cell.leads += released[name]["leads"]
            cell.won += released[name]["won"]
            cell.expected += released[name]["expected"]
            cell.open += released[name]["open"]
    return total
