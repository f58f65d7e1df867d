"""The routing guard: who gets a lead that nobody owns, and do hard leads still reach the pool (STATISTICS §4)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import lgamma

import numpy as np

from bot.domain.assignment import Draw
from bot.domain.evidence import ODDS_GRID, Conditional, Numbers, normal_mixture

POOL_NEEDED = 3
EFFECT_NEEDS = 500
RESERVE, MEMBER, SECOND_LOOK = "reserve", "reserve member", "second look"
_ZERO = 80


@dataclass(frozen=True)
class Routed:
    """Who gets an unowned lead and why. `usual` is who would have, by the score alone; `propensity` that of the pool's
    reserve for this lead, in [0, 1].
    """

    rep: int
    usual: int
    by: str
    propensity: float


def route(draw: Draw, lead: str, *, hard: bool, usual: int, pool: Sequence[int], share: float) -> Routed:
    """The usual rep, or, for the reserved share of hard leads, a member of the pool who is there.

    Both by hash: nobody's score is read, and the same lead always falls the same way.
    """
    propensity = share if hard and pool else 0.0
    if propensity and draw.share(RESERVE, lead) < propensity:
        return Routed(draw.pick(MEMBER, lead, pool), usual, "reserve", propensity)
    return Routed(usual, usual, "turn", propensity)


def after(turn: int | None, reps: Sequence[int]) -> int:
    """Whose turn it is: the next rep behind `turn` by number, round and round."""
    return next((rep for rep in sorted(reps) if turn is None or rep > turn), min(reps))


@dataclass(frozen=True)
class Week:
    """A week's leads: how many, how many hard, and how many of each reached the pool."""

    leads: int
    hard: int
    in_pool: int
    hard_in_pool: int


def access_ratio(weeks: Iterable[Week]) -> float | None:
    """(hard → pool / hard) / (all → pool / all): 1 is proportionate. None where nothing is to be divided."""
    kept = list(weeks)
    leads, hard = sum(one.leads for one in kept), sum(one.hard for one in kept)
    in_pool, hard_in_pool = sum(one.in_pool for one in kept), sum(one.hard_in_pool for one in kept)
    return None if not hard or not in_pool else (hard_in_pool / hard) / (in_pool / leads)


def shut_out(weeks: Iterable[Week]) -> float:
    """The e-value of "hard leads reach the pool less often than others", a stratum a week; 20 is clear.

    1a without an offset, y = reached the pool, z = −1 for hard. A week's conditional likelihood depends on how many
    hard leads are among those in the pool alone (Fisher's noncentral hypergeometric distribution).
    """
    gain = np.zeros_like(ODDS_GRID)
    for week in weeks:
        likelihood = _week(week)
        gain += likelihood - likelihood[_ZERO]
    return Conditional(gain).e_value()


@dataclass(frozen=True)
class Drawn:
    """Matured hard leads that chance could send to the pool: whether it did, how likely, if won, and how many those
    are.
    """

    reserve: bool
    propensity: float
    won: bool
    leads: int = 1


@dataclass(frozen=True)
class Effect:
    """Shares won, in [0, 1], had all of these been sent to the pool or none.

    `low` to `high` is their difference's range, which holds however often one looks.
    """

    leads: int
    sent: float
    usual: float
    low: float
    high: float


def by_recommendation(drawn: Sequence[Drawn]) -> Effect | None:
    """What sending hard leads to the pool did, by what was recommended; None below 500 leads or with one arm alone.

    Hájek's ratio estimator, each lead weighted by 1 over the chance of what happened to it (Hájek 1971), with the
    linearised variance (Lunceford & Davidian 2004) and a normal-mixture sequence instead of a fixed interval
    (Waudby-Smith et al. 2021), as an admin may look every day.
    """
    y, many = np.array([float(one.won) for one in drawn]), np.array([float(one.leads) for one in drawn])
    sent, leads = np.array([one.reserve for one in drawn], dtype=bool), sum(one.leads for one in drawn)
    if leads < EFFECT_NEEDS or sent.all() or not sent.any():
        return None
    chance = np.array([one.propensity if one.reserve else 1 - one.propensity for one in drawn])
    means, score = [], np.zeros(len(drawn))
    for arm, sign in ((sent, 1.0), (~sent, -1.0)):
        weight = np.where(arm, 1 / chance, 0.0)
        total = float((many * weight).sum())
        means.append(float((many * weight * y).sum()) / total)
        score += sign * weight * (y - means[-1]) * leads / total
    reach = normal_mixture(float((many * score**2).sum()), rho=EFFECT_NEEDS / 5) / leads
    difference = means[0] - means[1]
    return Effect(leads, means[0], means[1], difference - reach, difference + reach)


def _week(week: Week) -> Numbers:
    low, high = max(0, week.in_pool + week.hard - week.leads), min(week.hard, week.in_pool)
    counts = np.arange(low, high + 1, dtype=np.float64)
    ways = np.array([_log_choose(week.hard, j) + _log_choose(week.leads - week.hard, week.in_pool - j) for j in counts])
    terms = ways[None, :] - ODDS_GRID[:, None] * counts[None, :]
    top = terms.max(axis=1)
    return np.asarray(
        -ODDS_GRID * week.hard_in_pool - top - np.log(np.exp(terms - top[:, None]).sum(axis=1)), dtype=np.float64
    )


def _log_choose(n: float, k: float) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
