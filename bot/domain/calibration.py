"""The tool against outcomes (STATISTICS §2): miscalibration with its mean by chance, the reliability curve, drift."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from bot.domain.evidence import Numbers, Tilt

WATCH = timedelta(days=365)

DIAGRAM_NEEDS, EACH_NEEDS = 200, 30
DRAWS, SEED = 200, 20_101_101


@dataclass(frozen=True)
class Corp:
    """Brier = MCB − DSC + UNC (Dimitriadis, Gneiting & Jordan 2021). `by_chance` is MCB's mean under y ~ Bern(p)."""

    brier: float
    miscalibration: float
    discrimination: float
    uncertainty: float
    by_chance: float


def brier(p: Numbers, y: Numbers) -> float:
    """Mean squared distance; 0 is best."""
    return float(((p - y) ** 2).mean())


def isotonic(p: Numbers, y: Numbers) -> Numbers:
    """The rising step function of p that fits y best, at each lead (pool adjacent violators; equal p are one pool)."""
    levels, places = np.unique(p, return_inverse=True)
    sums = np.bincount(places, weights=y, minlength=len(levels))
    counts = np.bincount(places, minlength=len(levels)).astype(np.float64)
    blocks: list[tuple[float, float, int]] = []
    for total, count in zip(sums, counts, strict=True):
        blocks.append((float(total), float(count), 1))
        while len(blocks) > 1 and blocks[-2][0] * blocks[-1][1] >= blocks[-1][0] * blocks[-2][1]:
            last, before = blocks.pop(), blocks.pop()
            blocks.append((before[0] + last[0], before[1] + last[1], before[2] + last[2]))
    fitted = np.concatenate([np.full(width, total / count) for total, count, width in blocks])
    return np.asarray(fitted[places], dtype=np.float64)


def corp(p: Numbers, y: Numbers) -> Corp:
    """The decomposition. Shapes (n,). The mean by chance is over 200 draws from a fixed seed, so it can be repeated."""
    score, best = brier(p, y), brier(isotonic(p, y), y)
    uncertain = brier(np.full_like(y, y.mean()), y)
    random, chances = np.random.default_rng(SEED), []
    for _ in range(DRAWS):
        draw = (random.random(len(p)) < p).astype(np.float64)
        chances.append(brier(p, draw) - brier(isotonic(p, draw), draw))
    chance = float(np.mean(chances))
    return Corp(score, score - best, uncertain - best, uncertain, chance)


def diagram_may_show(y: Numbers) -> bool:
    """Whether there is enough for a reliability diagram: 200 leads, 30 of them won and 30 not."""
    won = int(y.sum())
    return len(y) >= DIAGRAM_NEEDS and won >= EACH_NEEDS and len(y) - won >= EACH_NEEDS


def reliability(p: Numbers, y: Numbers, groups: int = 10) -> list[tuple[float, float, int]]:
    """The diagram's points: (mean of the tool's numbers, of the rising fit, leads), in `groups` of about equal size.

    The fit is the isotonic one, which needs no bins to be chosen (Dimitriadis, Gneiting & Jordan 2021); the groups are
    for drawing alone. Leads with the same number stay together.
    """
    order, fitted = np.argsort(p, kind="stable"), isotonic(p, y)
    found, start, least = [], 0, len(p) / groups
    for end in range(1, len(p) + 1):
        last = end == len(p)
        if last or (end - start >= least and p[order[end]] != p[order[end - 1]]):
            part = order[start:end]
            found.append((float(p[part].mean()), float(fitted[part].mean()), len(part)))
            start = end
    return found


def watch_began(began: datetime, now: datetime) -> datetime:
    """The beginning of the drift alarm's present watch, where `began` is when the alarm last rang, or the first lead.

    A watch is a year and another follows it: within each the e-value grows from one fixed beginning, which is what
    Ville's inequality wants. A window that rolls along with today would promise nothing over many looks, and one that
    never ends would ask for ever more evidence of a tool that was right for years.
    """
    return began + (now - began) // WATCH * WATCH


def drift(bands: Sequence[Tilt]) -> float:
    """The drift alarm's e-value: the mean of the bands' two-sided ones, itself an e-value; 20 rings."""
    return float(np.mean([band.e_value() for band in bands])) if bands else 1.0
