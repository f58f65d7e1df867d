"""What can be read from a year of digests about each lead, by one who knows owners, priors, dates and outcomes.

The attacker parses what the digests say, takes the differences of any two, and so knows each released set: its leads
(everything that had matured and was not in an earlier one), its three counts, and, since the CRM tells how many were
won, how many were won in each. The line on hard leads tells the same of a block of sets, hard and other leads apart.
From that: a lead whose answer is the same in everything that fits is *certain*. For the others the chance of each
answer follows from the counts, sharpened by the tool's chances, of which the digest tells the sum, and fitted to the
block; the attacker guesses the likeliest.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bench.privacy.cues import against_cues
from bench.privacy.floor import Known, Seen
from bench.privacy.quotes import against_quotes
from bot.domain.evidence import expit
from bot.domain.release import CELLS, LESS, MORE, NEITHER

Numbers = NDArray[np.float64]
_TOTAL = re.compile(r"([\d,]+) leads? (?:is|are) past \d+ days?")
_CALLED = re.compile(r"Reps called (\d+) of them more likely than the tool did, and (\d+) less likely")
_MORE = re.compile(r"Called more likely: \d+\. Won: ([^;]+); the tool's numbers had pointed to (?:about ([\d.]+)|f)")
_NEITHER = re.compile(r"same period: ([^.]+?) won of \d+, (?:about ([\d.]+)|fewer than 1) expected")
_HARD = re.compile(
    r"Of (\d+) hard leads called more likely, ([^;]+?) were won; .*?"
    r"Hard leads nobody called more or less likely: ([^.]+?) won of (\d+)"
)
_LESS = re.compile(r"Called less likely: (\d+)\. (?:Of the first (\d+), )?[wW]on: ([^;]+); (?:about ([\d.]+)|f)")


@dataclass(frozen=True)
class Figures:
    """One digest's numbers. `won` where it is told, `expected` as rounded; what is held back is absent."""

    leads: dict[str, int]
    won: dict[str, int]
    expected: dict[str, float]
    # Of hard leads, (leads, won) called more likely, and neither; None before a block, or where a count is held back.
    hard: dict[str, tuple[int, int]] | None = None


@dataclass
class Loot:
    """How the attack went, over `leads` in released sets. Shares of right guesses in [0, 1]."""

    leads: int = 0
    sets: int = 0
    certain: int = 0
    right: int = 0
    base_right: int = 0
    waited_weeks: float = 0.0
    # The same for whether the cue that a digest names was named: leads in blocks, right guesses, and by base rates.
    cue_leads: int = 0
    cue_right: int = 0
    cue_base_right: int = 0
    # And for whether a lead was called at all, by one who counts the quotes: leads in blocks that are quoted from,
    # right guesses, and those without the quotes.
    quote_leads: int = 0
    quote_right: int = 0
    quote_base_right: int = 0

    def __add__(self, other: "Loot") -> "Loot":
        return Loot(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def advantage(self) -> float:
        """Points of right guesses over guessing from base rates."""
        return 100 * (self.right - self.base_right) / self.leads if self.leads else 0.0

    @property
    def cue_advantage(self) -> float:
        """The same of guesses on whether a cue was named."""
        return 100 * (self.cue_right - self.cue_base_right) / self.cue_leads if self.cue_leads else 0.0

    @property
    def quote_advantage(self) -> float:
        """What the number of quotes adds to guesses on whether a lead was called, in points."""
        return 100 * (self.quote_right - self.quote_base_right) / self.quote_leads if self.quote_leads else 0.0


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
    return Figures(leads, won, expected, _read_hard(text))


def _read_hard(text: str) -> dict[str, tuple[int, int]] | None:
    found = _HARD.search(text)
    if found is None or not (found[2].isdigit() and found[3].isdigit()):
        return None
    return {MORE: (int(found[1]), int(found[2])), NEITHER: (int(found[4]), int(found[3]))}


@dataclass
class Set:
    """A released set as the attacker knows it: its leads, the chance of each answer, and how many gave each."""

    members: list[Known]
    chance: dict[int, dict[str, float]]
    size: dict[str, int]
    won: dict[str, int] | None
    told_at: datetime


def attack(known: list[Known], seen: list[Seen]) -> Loot:
    """Read everything in order and guess what was said about each lead of each released set."""
    loot, taken = Loot(), set[int]()
    before = Figures(dict.fromkeys(CELLS, 0), dict.fromkeys(CELLS, 0), dict.fromkeys(CELLS, 0.0))
    sets: list[Set] = []
    pending: list[Set] = []
    for one in seen:
        now = read(one.text)
        if now is None:
            continue
        if now.leads != before.leads:
            if not one.digest:
                raise AssertionError("a preview told of a set that no digest had told of")
            members = [k for k in known if k.id not in taken and k.matures_at <= one.at and k.ends != "early"]
            taken |= {k.id for k in members}
            found, certain = _one_set(members, before, now, one.at)
            loot += Loot(leads=len(members), sets=1, certain=certain)
            loot.waited_weeks += sum((one.at - k.matures_at).total_seconds() / 604_800 for k in members)
            sets.append(found)
            pending.append(found)
        if now.hard is not None and now.hard != before.hard:
            # A block is formed from this digest's set and those of earlier ones, all that are in no block yet.
            loot.certain += _fit_block(pending, before.hard, now.hard)
            pending = []
        before = now
    rates = _base_rates(known)
    for each in sets:
        for k in each.members:
            guess = max(CELLS, key=lambda name: each.chance[k.id][name])
            loot.right += guess == k.said
            loot.base_right += rates[_class(k)] == k.said
    cues, quotes = against_cues(seen, sets), against_quotes(seen, sets)
    loot += Loot(certain=cues.certain, cue_leads=cues.leads, cue_right=cues.right, cue_base_right=cues.base_right)
    return loot + Loot(
        certain=quotes.certain,
        quote_leads=quotes.leads,
        quote_right=quotes.right,
        quote_base_right=quotes.base_right,
    )


def _one_set(members: list[Known], before: Figures, now: Figures, at: datetime) -> tuple[Set, int]:
    """What follows from a set's counts alone, and of how many leads the answer is certain."""
    size = {name: now.leads[name] - before.leads[name] for name in CELLS}
    left_out, certain = len(members) - sum(size.values()), 0
    disqualified = [k for k in members if k.ends == "disqualified"]
    if left_out and left_out == len(disqualified):
        certain += left_out
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
        certain += sum(count == len(group) > 0 for group, count in groups) * 1
        certain += _forced(groups, moved)
    return Set(members, chance, size, won if told else None, at), certain


def _fit_block(sets: list[Set], before: dict[str, tuple[int, int]] | None, now: dict[str, tuple[int, int]]) -> int:
    """Fit the chances to a block's counts, hard and other, won and not; of how many leads the answer is certain.

    Raises AssertionError when a count can't be, which would mean that the attacker takes the wrong sets for the block.
    """
    if not sets or any(one.won is None for one in sets):
        return 0
    earlier = before or {MORE: (0, 0), NEITHER: (0, 0)}
    certain = 0
    totals = {name: sum(one.size[name] for one in sets) for name in CELLS}
    wins = {name: sum((one.won or {})[name] for one in sets) for name in CELLS}
    hard = {name: now[name][0] - earlier[name][0] for name in (MORE, NEITHER)}
    hard_won = {name: now[name][1] - earlier[name][1] for name in (MORE, NEITHER)}
    members = [k for one in sets for k in one.members]
    chance = {k.id: one.chance[k.id] for one in sets for k in one.members}
    for is_hard in (True, False):
        for is_won in (True, False):
            group = [k for k in members if k.hard == is_hard and (k.ends == "won") == is_won]
            counts: dict[str, int] = {}
            for name in (MORE, NEITHER):
                leads = hard[name] if is_hard else totals[name] - hard[name]
                won = hard_won[name] if is_hard else wins[name] - hard_won[name]
                counts[name] = won if is_won else leads - won
            counts[LESS] = len(group) - sum(counts.values())
            if min(counts[MORE], counts[NEITHER]) < 0:
                raise AssertionError("the attacker takes the wrong sets for the block")
            certain += sum(count == len(group) > 0 for count in counts.values())
            _scale(group, chance, counts)
    return certain


def _scale(group: list[Known], chance: dict[int, dict[str, float]], counts: dict[str, int]) -> None:
    """Scale the chances so that each answer's add up to its count and each lead's to 1: iterative proportional fit."""
    for _ in range(15):
        for name in CELLS:
            total = sum(chance[k.id][name] for k in group)
            if total > 0:
                for k in group:
                    chance[k.id][name] *= max(0, counts[name]) / total
        for k in group:
            whole = sum(chance[k.id].values()) or 1.0
            for name in CELLS:
                chance[k.id][name] /= whole


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


def _class(k: Known) -> tuple[str, bool]:
    return k.ends if k.ends in ("won", "open") else "lost", k.hard


def _base_rates(known: list[Known]) -> dict[tuple[str, bool], str]:
    """The commonest answer among leads that ended alike and were as hard, over the year: what anybody may guess."""
    said: dict[tuple[str, bool], Counter[str]] = defaultdict(Counter)
    for k in known:
        said[_class(k)][k.said] += 1
    return {ends: max(counts, key=lambda name: counts[name]) for ends, counts in said.items()}
