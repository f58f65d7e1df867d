"""What can be read from a year of digests about each lead, by one who knows owners, priors, dates and outcomes.

The attacker parses what the digests say, takes the differences of any two, and so knows each released set: its leads
(everything that had matured and was not in an earlier one), its three counts, and, since the CRM tells how many were
won, how many were won in each. From that: a lead whose answer is the same in everything that fits is *certain*. For
the others the chance of each answer follows from the counts, sharpened by the tool's chances, of which the digest tells
the sum; the attacker guesses the likeliest.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.privacy.floor import Known, Seen
from bot.domain.evidence import expit
from bot.domain.release import CELLS, LESS, MORE, NEITHER

Numbers = NDArray[np.float64]
_TOTAL = re.compile(r"([\d,]+) leads? (?:is|are) past \d+ days?")
_CALLED = re.compile(r"Reps called (\d+) of them more likely than the tool did, and (\d+) less likely")
_MORE = re.compile(r"Called more likely: \d+\. Won: ([^;]+); the tool's numbers had pointed to (?:about ([\d.]+)|f)")
_NEITHER = re.compile(r"same period: ([^.]+?) won of \d+, (?:about ([\d.]+)|fewer than 1) expected")
_LESS = re.compile(r"Called less likely: (\d+)\. (?:Of the first (\d+), )?[wW]on: ([^;]+); (?:about ([\d.]+)|f)")


@dataclass(frozen=True)
class Figures:
    """One digest's numbers. `won` where it is told, `expected` as rounded; what is held back is absent."""

    leads: dict[str, int]
    won: dict[str, int]
    expected: dict[str, float]


@dataclass
class Loot:
    """How the attack went, over `leads` in released sets. Shares of right guesses in [0, 1]."""

    leads: int = 0
    sets: int = 0
    certain: int = 0
    right: int = 0
    base_right: int = 0
    waited_weeks: float = 0.0

    def __add__(self, other: "Loot") -> "Loot":
        return Loot(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def advantage(self) -> float:
        """Points of right guesses over guessing from base rates."""
        return 100 * (self.right - self.base_right) / self.leads if self.leads else 0.0


def read(text: str) -> Figures | None:
    """The numbers of a digest; none where it has no results."""
    total, called = _TOTAL.search(text), _CALLED.search(text)
    if total is None or called is None:
        return None
    leads = {MORE: int(called[1]), LESS: int(called[2])}
    leads[NEITHER] = int(total[1].replace(",", "")) - leads[MORE] - leads[LESS]
    won: dict[str, int] = {}
    expected: dict[str, float] = {}
    for name, pattern in ((MORE, _MORE), (NEITHER, _NEITHER)):
        found = pattern.search(text)
        if found is None:
            raise ValueError(f"the digest's line on {name} is not as the attacker knows it")
        if found[1].isdigit():
            won[name] = int(found[1])
        if found[2]:
            expected[name] = float(found[2])
    return Figures(leads, won, expected)


def attack(known: list[Known], seen: list[Seen]) -> Loot:
    """Read everything in order and guess what was said about each lead of each released set."""
    loot, taken = Loot(), set[int]()
    before = Figures(dict.fromkeys(CELLS, 0), dict.fromkeys(CELLS, 0), dict.fromkeys(CELLS, 0.0))
    rates = _base_rates(known)
    for one in seen:
        now = read(one.text)
        if now is None or now.leads == before.leads:
            continue
        if not one.digest:
            raise AssertionError("a preview told of a set that no digest had told of")
        members = [k for k in known if k.id not in taken and k.matures_at <= one.at and k.ends != "early"]
        taken |= {k.id for k in members}
        loot += _one_set(members, before, now, rates)
        loot.waited_weeks += sum((one.at - k.matures_at).total_seconds() / 604_800 for k in members)
        before = now
    return loot


def _one_set(members: list[Known], before: Figures, now: Figures, rates: dict[str, str]) -> Loot:
    size = {name: now.leads[name] - before.leads[name] for name in CELLS}
    left_out = len(members) - sum(size.values())
    loot = Loot(leads=len(members), sets=1)
    disqualified = [k for k in members if k.ends == "disqualified"]
    if left_out and left_out == len(disqualified):
        loot.certain += left_out
    wins = [k for k in members if k.ends == "won"]
    others = [k for k in members if k.ends != "won"]
    won = {name: now.won.get(name, 0) - before.won.get(name, 0) for name in (MORE, NEITHER)}
    told = all(name in now.won and name in before.won for name in won)
    won[LESS] = len(wins) - sum(won.values())
    chance: dict[int, dict[str, float]] = defaultdict(dict)
    for name in CELLS:
        groups = [(wins, won[name]), (others, size[name] - won[name])] if told else [(members, size[name])]
        moved = now.expected[name] - before.expected[name] if name in now.expected and name in before.expected else None
        for group, chances in zip((g for g, _ in groups), _shares(groups, moved), strict=True):
            for k, share in zip(group, chances, strict=True):
                chance[k.id][name] = share
        loot.certain += sum(count == len(group) > 0 for group, count in groups) * 1
        loot.certain += _forced(groups, moved)
    for k in members:
        guess = max(CELLS, key=lambda name: chance[k.id][name])
        loot.right += guess == k.said
        loot.base_right += rates[_class(k)] == k.said
    return loot


def _shares(groups: list[tuple[list[Known], int]], moved: float | None) -> list[Numbers]:
    """The chance of each lead to be in a cell that holds so many of each group, and whose tool's chances add up to
    about `moved`. Of all that fit in the mean the most even one: odds e^(a + λp), an `a` for each group.
    """
    numbers = [np.array([k.probability for k in group]) for group, _ in groups]

    def at(tilt: float) -> list[Numbers]:
        return [_even(tilt * chances, count) for chances, (_, count) in zip(numbers, groups, strict=True)]

    if moved is None:
        return at(0.0)
    low, high = -30.0, 30.0
    for _ in range(25):
        middle = (low + high) / 2
        total = sum(float(share @ chances) for chances, share in zip(numbers, at(middle), strict=True))
        low, high = (middle, high) if total < moved else (low, middle)
    return at((low + high) / 2)


def _even(tilts: Numbers, count: int) -> Numbers:
    """Chances with these log odds but for a common shift, which add up to `count`."""
    if count <= 0 or count >= len(tilts):
        return np.full(len(tilts), float(count > 0))
    low, high = -60.0, 60.0
    for _ in range(35):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(tilts + middle).sum() < count else (low, middle)
    return expit(tilts + (low + high) / 2)


def _forced(groups: list[tuple[list[Known], int]], moved: float | None) -> int:
    """How many leads must be in the cell because its tool's chances would not add up without them.

    A sum is told rounded, so the difference of two may be off by one.
    """
    if moved is None:
        return 0
    forced = 0
    for place, (group, count) in enumerate(groups):
        rest = sum(_largest(other, many) for n, (other, many) in enumerate(groups) if n != place)
        for k in sorted(group, key=lambda one: -one.probability)[:count]:
            without = _largest([one for one in group if one is not k], count)
            if rest + without < moved - 1.0:
                forced += 1
            else:
                break
    return forced


def _largest(group: list[Known], count: int) -> float:
    return sum(sorted((k.probability for k in group), reverse=True)[:count])


def _class(k: Known) -> str:
    return k.ends if k.ends in ("won", "open") else "lost"


def _base_rates(known: list[Known]) -> dict[str, str]:
    """The commonest answer among leads that ended alike, over the whole year: what anybody may guess."""
    said: dict[str, Counter[str]] = defaultdict(Counter)
    for k in known:
        said[_class(k)][k.said] += 1
    return {ends: max(counts, key=lambda name: counts[name]) for ends, counts in said.items()}
