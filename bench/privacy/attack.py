"""What can be read from a year of digests about each lead, by one who knows owners, priors, dates and outcomes.

The attacker parses what the digests say, takes the differences of any two, and so knows each released set: its leads
(everything that had matured and was not in an earlier one), its three counts, and, since the CRM tells how many were
won, how many were won in each. The line on hard leads tells the same of a block of sets, hard and other leads apart.
From that: a lead whose answer is the same in everything that fits is *certain*. For the others the chance of each
answer follows from the counts, sharpened by the tool's chances, of which the digest tells the sum, and fitted to the
block; the attacker guesses the likeliest. What the CRM tells otherwise later joins a set of its own (corrected.py).
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bench.privacy.corrected import Chances, Explanation, explained, joining
from bench.privacy.cues import against_cues
from bench.privacy.floor import Known, Seen
from bench.privacy.quotes import against_quotes
from bench.privacy.reading import Figures, read
from bot.domain.evidence import expit
from bot.domain.release import CELLS, LESS, MORE, NEITHER

NEGLIGIBLE = 1e-4
Numbers = NDArray[np.float64]


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
    # Leads whose outcome changed after it was told and joined a later set, and guesses on what was said of those.
    changed: int = 0
    changed_right: int = 0
    changed_base_right: int = 0

    def __add__(self, other: "Loot") -> "Loot":
        return Loot(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    @property
    def advantage(self) -> float:
        """Points of right guesses over guessing from base rates."""
        return 100 * (self.right - self.base_right) / self.leads if self.leads else 0.0

    @property
    def changed_advantage(self) -> float:
        """The same of leads whose outcome changed after it was told, among which a set's counts move by single ones."""
        return 100 * (self.changed_right - self.changed_base_right) / self.changed if self.changed else 0.0

    @property
    def cue_advantage(self) -> float:
        """The same of guesses on whether a cue was named."""
        return 100 * (self.cue_right - self.cue_base_right) / self.cue_leads if self.cue_leads else 0.0

    @property
    def quote_advantage(self) -> float:
        """What the number of quotes adds to guesses on whether a lead was called, in points."""
        return 100 * (self.quote_right - self.quote_base_right) / self.quote_leads if self.quote_leads else 0.0


@dataclass
class Set:
    """A released set as the attacker knows it: its leads, the chance of each answer, and how many gave each."""

    members: list[Known]
    chance: dict[int, dict[str, float]]
    size: dict[str, int]
    # How many of its leads were won, by cell; in the mean, where what the CRM told otherwise later may explain it too.
    won: dict[str, float] | None
    told_at: datetime
    exact: bool = True


def attack(known: list[Known], seen: list[Seen]) -> Loot:
    """Read everything in order and guess what was said about each lead of each released set."""
    loot, taken = Loot(), set[int]()
    before = Figures(dict.fromkeys(CELLS, 0), dict.fromkeys(CELLS, 0), dict.fromkeys(CELLS, 0.0))
    sets: list[Set] = []
    pending: list[Set] = []
    # As what each lead was told of, and the chance of each answer, by lead.
    told_won: dict[int, bool] = {}
    changed = set[int]()
    chance: Chances = {}
    by_id = {k.id: k for k in known}
    for one in seen:
        now = read(one.text)
        if now is None:
            continue
        if now.leads != before.leads:
            if not one.digest:
                raise AssertionError("a preview told of a set that no digest had told of")
            members = [k for k in known if k.id not in taken and k.matures_at <= one.at and k.ends != "early"]
            members = [replace(k, ends=k.ends_at(one.at)) for k in members]
            taken |= {k.id for k in members}
            size = {name: now.leads[name] - before.leads[name] for name in CELLS}
            stands = {number: by_id[number].ends_at(one.at) == "won" for number in told_won}
            joined = joining((by_id[number] for number, won in told_won.items() if won != stands[number]), size)
            corrections = [(k, 1 if stands[k.id] else -1) for k in joined]
            found, certain = _one_set(members, before, now, one.at, corrections, chance)
            told_won |= {k.id: k.ends == "won" for k in members} | {k.id: stands[k.id] for k in joined}
            loot += Loot(leads=len(members), sets=1, certain=certain)
            changed |= {k.id for k in joined}
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
            right = max(CELLS, key=lambda name: each.chance[k.id][name]) == k.said
            base_right = rates[_class(k)] == k.said
            loot += Loot(right=right, base_right=base_right)
            if k.id in changed:
                loot += Loot(changed=1, changed_right=right, changed_base_right=base_right)
    cues, quotes = against_cues(seen, sets), against_quotes(seen, sets)
    loot += Loot(certain=cues.certain, cue_leads=cues.leads, cue_right=cues.right, cue_base_right=cues.base_right)
    return loot + Loot(
        certain=quotes.certain,
        quote_leads=quotes.leads,
        quote_right=quotes.right,
        quote_base_right=quotes.base_right,
    )


def _one_set(
    members: list[Known],
    before: Figures,
    now: Figures,
    at: datetime,
    corrections: list[tuple[Known, int]],
    chance: Chances,
) -> tuple[Set, int]:
    """What follows from a set's counts alone, and of how many leads the answer is certain."""
    size = {name: now.leads[name] - before.leads[name] for name in CELLS}
    left_out, certain = len(members) - sum(size.values()), 0
    disqualified = [k for k in members if k.ends == "disqualified"]
    if left_out and left_out == len(disqualified):
        certain += left_out
    wins = [k for k in members if k.ends == "won"]
    others = [k for k in members if k.ends != "won"]
    told = all(name in now.won and name in before.won for name in (MORE, NEITHER))
    moved = {name: now.won.get(name, 0) - before.won.get(name, 0) for name in (MORE, NEITHER)}
    explanations = [Explanation({}, 1.0)]
    if told:
        explanations, sure = explained(corrections, chance, size, moved, len(wins))
        certain += sure
    chance |= {k.id: dict.fromkeys(CELLS, 0.0) for k in members}
    for name in CELLS:
        told_of = name in now.expected and name in before.expected
        expected = now.expected[name] - before.expected[name] if told_of else None
        surely = []
        for one in explanations:
            won = one.won.get(name, 0)
            groups = [(wins, won), (others, size[name] - won)] if told else [(members, size[name])]
            surely.append(sum(count == len(group) > 0 for group, count in groups) + _forced(groups, expected))
            if one.share < NEGLIGIBLE:
                continue
            for (group, _), chances in zip(groups, _shares(groups, expected), strict=True):
                for k, share in zip(group, chances, strict=True):
                    chance[k.id][name] += one.share * share
        # Certain is what is so in whichever way the set is explained.
        certain += min(surely)
    mine = {k.id: chance[k.id] for k in members}
    if not told:
        return Set(members, mine, size, None, at), certain
    won_by = {name: sum(one.share * one.won[name] for one in explanations) for name in CELLS}
    return Set(members, mine, size, won_by, at, exact=len(explanations) == 1), certain


def _fit_block(sets: list[Set], before: dict[str, tuple[int, int]] | None, now: dict[str, tuple[int, int]]) -> int:
    """Fit the chances to a block's counts, hard and other, won and not; of how many leads the answer is certain.

    Raises AssertionError when a count can't be, which would mean that the attacker takes the wrong sets for the block.
    """
    if not sets or any(one.won is None for one in sets):
        return 0
    earlier = before or {MORE: (0, 0), NEITHER: (0, 0)}
    certain, exact = 0, all(one.exact for one in sets)
    totals = {name: sum(one.size[name] for one in sets) for name in CELLS}
    wins = {name: sum((one.won or {})[name] for one in sets) for name in CELLS}
    hard = {name: now[name][0] - earlier[name][0] for name in (MORE, NEITHER)}
    hard_won = {name: now[name][1] - earlier[name][1] for name in (MORE, NEITHER)}
    members = [k for one in sets for k in one.members]
    chance = {k.id: one.chance[k.id] for one in sets for k in one.members}
    for is_hard in (True, False):
        for is_won in (True, False):
            group = [k for k in members if k.hard == is_hard and (k.ends == "won") == is_won]
            counts: dict[str, float] = {}
            for name in (MORE, NEITHER):
                leads = hard[name] if is_hard else totals[name] - hard[name]
                won = hard_won[name] if is_hard else wins[name] - hard_won[name]
                counts[name] = won if is_won else leads - won
            counts[LESS] = len(group) - sum(counts.values())
            if (is_hard or exact) and min(counts[MORE], counts[NEITHER]) < 0:
                raise AssertionError("the attacker takes the wrong sets for the block")
            if is_hard or exact:
                certain += sum(count == len(group) > 0 for count in counts.values())
            _scale(group, chance, counts)
    return certain


def _scale(group: list[Known], chance: dict[int, dict[str, float]], counts: dict[str, float]) -> None:
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
