"""The blind-first sample (STATISTICS §3): who is asked before the number, and how far numbers lie from the tool's."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from statistics import NormalDist, fmean, variance

BLIND, ASKED, USUAL = "blind_first", "shown_asked", "usual"
SHARES = ((BLIND, 0.1), (ASKED, 0.1), (USUAL, 0.8))
# From the word to a rep until one of her leads can be drawn: time to stay out.
NOTICE = timedelta(days=2)
HIDDEN_FOR = timedelta(minutes=10)
# Numbers that a sample waits for: they find a difference of about 4 points. A third at least must be of each arm.
PLANNED, ARM_PART = 400, 3
# What a rep's numbers scatter by, as far as is known before there are any; one number in [0, 1].
SPREAD = 0.15
# Until it is over, how many numbers there are is told in tens and by the week: less would tell of one rep's afternoon.
TOLD_IN = 10
_NORMAL = NormalDist()


@dataclass(frozen=True)
class Number:
    """A rep's own number beside the tool's, both in [0, 1]."""

    rep: int
    arm: str
    estimate: float
    prior: float

    @property
    def distance(self) -> float:
        """|q − p|."""
        return abs(self.estimate - self.prior)


@dataclass(frozen=True)
class Effect:
    """How far numbers lie from the tool's, on average, where they were given before it and with it in sight.

    All in [0, 1]: `difference` is blind minus shown, `low` to `high` its 95 % interval. `used` numbers of `reps` reps;
    `left_out` belong to reps with fewer than two in one of the arms. `largest` is the largest rep's part of `used`.
    """

    blind: float
    shown: float
    difference: float
    low: float
    high: float
    used: int
    left_out: int
    reps: int
    largest: float


def finds(in_an_arm: int, spread: float = SPREAD) -> float:
    """The difference, in [0, 1], that so many numbers in each of two arms find with power 0.8 at 0.05, two-sided.

    (z₀.₉₇₅ + z₀.₈) spread √(2 / n), the usual formula for two means with equal variances.
    """
    return (_NORMAL.inv_cdf(0.975) + _NORMAL.inv_cdf(0.8)) * spread * math.sqrt(2 / in_an_arm)


def effect(numbers: Iterable[Number]) -> Effect | None:
    """The rep-stratified difference in means of |q − p|, blind minus shown; None when no rep has two in both arms.

    Each rep is a stratum: her own difference, weighted by her part of all numbers. The variance is Neyman's, the sum
    over strata of weight² (s²_blind / n_blind + s²_shown / n_shown), which is not too small whatever single effects
    are (Neyman 1923; Imbens & Rubin 2015, chapters 6 and 9). The interval is the normal one.
    """
    strata: dict[int, dict[str, list[float]]] = defaultdict(lambda: {BLIND: [], ASKED: []})
    total = 0
    for one in numbers:
        strata[one.rep][one.arm].append(one.distance)
        total += 1
    kept = [arms for arms in strata.values() if min(len(arms[BLIND]), len(arms[ASKED])) >= 2]
    used = sum(len(arms[BLIND]) + len(arms[ASKED]) for arms in kept)
    if not used:
        return None
    blind = shown = squared = largest = 0.0
    for arms in kept:
        weight = (len(arms[BLIND]) + len(arms[ASKED])) / used
        largest = max(largest, weight)
        blind += weight * fmean(arms[BLIND])
        shown += weight * fmean(arms[ASKED])
        squared += weight**2 * sum(variance(part) / len(part) for part in arms.values())
    difference, reach = blind - shown, _NORMAL.inv_cdf(0.975) * math.sqrt(squared)
    return Effect(
        blind, shown, difference, difference - reach, difference + reach, used, total - used, len(kept), largest
    )


def week_began(now: datetime) -> datetime:
    """Monday, 00:00 UTC: numbers given since then are not counted yet."""
    day = now.astimezone(UTC).date()
    return datetime.combine(day - timedelta(days=day.weekday()), time(), UTC)
