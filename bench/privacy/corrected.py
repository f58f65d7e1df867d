"""What outcomes that changed after they were told say of where they lie.

Such a change joins a later set: one, or one more for each forty of the set's leads, five at the most. The attacker sees
each in the CRM, and knows which of them a set takes, in which order, from rules and sizes that are told. So of a set's
moved counts there is an explanation for each way in which its corrections may lie in the cells; each is as likely as
what was known of those leads before, times in how many ways the set's own leads can make up the rest.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from math import exp, lgamma, log, prod

from bench.privacy.floor import Known
from bot.domain.release import CELLS, LESS, MORE, NEITHER
from bot.released import CORRECTIONS, LEADS_A_CORRECTION

Chances = dict[int, dict[str, float]]


@dataclass(frozen=True)
class Explanation:
    """One way to explain a set's counts: how many of its own leads were won, by cell, and how likely that is."""

    won: dict[str, int]
    share: float


def joining(changed: Iterable[Known], size: dict[str, int]) -> list[Known]:
    """Of the leads whose outcome is another than was told, those whose change joins a set of these sizes."""
    room = 1 + min(size[MORE], size[NEITHER]) // LEADS_A_CORRECTION
    return sorted(changed, key=lambda k: k.id)[: min(room, CORRECTIONS)]


def explained(
    joined: Sequence[tuple[Known, int]], chance: Chances, size: dict[str, int], moved: dict[str, int], wins: int
) -> tuple[list[Explanation], int]:
    """Every explanation of a set of these sizes with so many `wins` of its own, whose told counts (`moved`, without
    those called less likely) hold the corrections that `joined`, each by +1 or -1; and of how many of those leads the
    cell is certain. What is learned of them is kept in `chance`.
    """
    fits: dict[tuple[str, ...], tuple[float, tuple[int, ...]]] = {}
    for cells in product(CELLS, repeat=len(joined)):
        own = {name: moved[name] - _sum(joined, cells, name) for name in (MORE, NEITHER)}
        own[LESS] = wins - sum(own.values())
        before = prod(chance[k.id][cell] for (k, _), cell in zip(joined, cells, strict=True))
        if before > 0 and all(0 <= own[name] <= size[name] for name in CELLS):
            ways = _ways(own.values()) + _ways(size[name] - own[name] for name in CELLS)
            fits[cells] = ways + log(before), tuple(own[name] for name in CELLS)
    if not fits:
        raise AssertionError("the attacker takes the wrong corrections for the set")
    top = max(ways for ways, _ in fits.values())
    weights = {cells: exp(ways - top) for cells, (ways, _) in fits.items()}
    whole, certain = sum(weights.values()), 0
    for place, (k, _) in enumerate(joined):
        certain += len({cells[place] for cells in fits}) == 1
        for name in CELLS:
            chance[k.id][name] = sum(weight for cells, weight in weights.items() if cells[place] == name) / whole
    shares: dict[tuple[int, ...], float] = defaultdict(float)
    for cells, (_, won) in fits.items():
        shares[won] += weights[cells] / whole
    return [Explanation(dict(zip(CELLS, won, strict=True)), share) for won, share in shares.items()], certain


def _sum(joined: Sequence[tuple[Known, int]], cells: Sequence[str], name: str) -> int:
    return sum(by for (_, by), cell in zip(joined, cells, strict=True) if cell == name)


def _ways(counts: Iterable[int]) -> float:
    """The logarithm of in how many ways so many things are dealt out into groups of these sizes."""
    sizes = list(counts)
    return lgamma(sum(sizes) + 1) - sum(lgamma(size + 1) for size in sizes)
