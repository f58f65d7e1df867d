"""`python -m bench.statistics [--years 1000]`: null years in five scenarios, and power in the reference one.

A year is 52 weeks of 60 leads for 12 reps. Evidence is looked at whenever a cohort of four weeks is complete; between
two cohorts it does not change, so this is the same as looking every week.
"""

import argparse
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from bot.domain.evidence import ALARM, Conditional, Tilt, expit, logit, recalibration
from bot.domain.release import CELLS, LESS, MORE, NEITHER, Cell, may_release

Numbers = NDArray[np.float64]
COHORTS, WEEKS_EACH, LEADS_A_WEEK, REPS = 13, 4, 60, 12


@dataclass(frozen=True)
class World:
    """How the truth differs from the tool's number, and what overrides rest on."""

    level: float = 0.0
    slope: float = 1.0
    shock: float = 0.0
    skill: float = 0.0
    # Share of leads with a cue that the tool lacks, its size in log odds, and how often a rep sees it.
    cues: float = 0.0
    size: float = 1.5
    seen: float = 0.7
    # Share of leads that are called more or less likely for no reason.
    noise: float = 0.2


NULLS = {
    "priors right": World(),
    "level off (+.5)": World(level=0.5),
    "slope off (.6)": World(slope=0.6),
    "shared shocks (sd .5 a cohort)": World(shock=0.5),
    "reps of different skill (sd .7)": World(skill=0.7),
}
POWER = World(cues=0.1, noise=0.0)


@dataclass(frozen=True)
class Year:
    """E after each cohort: conditional (1a), and the plain tilt of leads called more likely (1b) beside it.

    `told_in` is the week, from 1, in which the last of a cohort's leads is in a released set; none in the year's time.
    """

    conditional: list[float]
    called_more: list[float]
    told_in: list[int | None]


def a_year(world: World, seed: int) -> Year:
    """One simulated year."""
    random = np.random.default_rng(seed)
    skill = random.normal(0, world.skill, REPS) if world.skill else np.zeros(REPS)
    earlier_p: list[Numbers] = []
    earlier_y: list[Numbers] = []
    evidence, tilt = Conditional.nothing(), Tilt.of(np.empty(0), np.empty(0))
    found, plain = [], []
    weekly: list[list[tuple[int, float, float, float]]] = [[] for _ in range(COHORTS * WEEKS_EACH)]
    for cohort in range(COHORTS):
        a, b = recalibration(np.concatenate(earlier_p), np.concatenate(earlier_y)) if earlier_p else (0.0, 1.0)
        shock = random.normal(0, world.shock) if world.shock else 0.0
        for rep in range(REPS):
            p, z, y = _stratum(random, world, shock + skill[rep])
            evidence = evidence.with_stratum(a + b * logit(p), z, y)
            tilt = tilt + Tilt.of(p[z > 0], y[z > 0])
            earlier_p.append(p)
            earlier_y.append(y)
            for n, place in enumerate(random.permutation(len(p))):
                weekly[cohort * WEEKS_EACH + place % WEEKS_EACH].append((rep, p[n], z[n], y[n]))
        found.append(evidence.e_value())
        plain.append(tilt.e_value())
    return Year(found, plain, _told_in(weekly))


def _told_in(weekly: list[list[tuple[int, float, float, float]]]) -> list[int | None]:
    """When each cohort is told: sets wait until every group of them is large and mixed enough (STATISTICS §5)."""
    pending, released = {name: Cell() for name in CELLS}, 0
    told: list[int | None] = [None] * COHORTS
    for week, leads in enumerate(weekly, 1):
        for rep, p, z, y in leads:
            name = MORE if z > 0 else LESS if z < 0 else NEITHER
            pending[name].add(rep, p, won=bool(y), unanswered=False)
        if may_release(pending):
            pending, released = {name: Cell() for name in CELLS}, week
        for cohort in range(COHORTS):
            if told[cohort] is None and released >= (cohort + 1) * WEEKS_EACH:
                told[cohort] = week
    return told


def _stratum(random: np.random.Generator, world: World, moved: float) -> tuple[Numbers, Numbers, Numbers]:
    """One rep's leads of a cohort."""
    n = WEEKS_EACH * LEADS_A_WEEK // REPS
    p = expit(random.normal(-2.0, 0.9, n))
    cue = np.where(random.random(n) < world.cues, random.choice([-1.0, 1.0], n), 0.0)
    noise = np.where(random.random(n) < world.noise, random.choice([-1.0, 1.0], n), 0.0)
    z = np.where((cue != 0) & (random.random(n) < world.seen), cue, noise)
    y = random.random(n) < expit(world.level + world.slope * logit(p) + moved + world.size * cue)
    return p, z, y.astype(np.float64)


def ever(values: list[list[float]], by: int = COHORTS) -> float:
    """Share of years in which E reached 20 by the end of a cohort."""
    return float(np.mean([max(one[:by]) >= ALARM for one in values]))


def told_by(years: list[Year], week: int) -> float:
    """Share of years in which E had reached 20 by a week, counting what had been released by then."""
    seen = [
        max((e for e, told in zip(one.conditional, one.told_in, strict=True) if told and told <= week), default=1.0)
        for one in years
    ]
    return float(np.mean([e >= ALARM for e in seen]))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.statistics")
    parser.add_argument("--years", type=int, default=1000)
    years = parser.parse_args().years
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        print(
            f"{years} years each; 52 weeks of {LEADS_A_WEEK} leads, {REPS} reps, a fifth of the leads called at random"
        )
        print("\n| nothing to be found | P(ever E >= 20), conditional | goal | tilt of leads called more likely |")
        print("|---|---|---|---|")
        for name, world in NULLS.items():
            done = _all(pool, partial(a_year, world), years)
            plain = ever([one.called_more for one in done])
            print(f"| {name} | {ever([one.conditional for one in done]):.3f} | at most .05 | {plain:.3f} |", flush=True)
        done = _all(pool, partial(a_year, POWER), years)
        seen = [one.conditional for one in done]
    print("\n| a cue of ±1.5 in a tenth of the leads, seen 7 times in 10 | P(E >= 20) | after the sets' wait | goal |")
    print("|---|---|---|---|")
    for weeks, goal in ((16, "at least .5"), (28, ""), (40, ""), (52, "at least .9")):
        before = ever(seen, weeks // WEEKS_EACH)
        print(f"| by {weeks} weeks of matured leads | {before:.3f} | {told_by(done, weeks):.3f} | {goal} |")
    waits = [told - (n + 1) * WEEKS_EACH for one in done for n, told in enumerate(one.told_in) if told]
    print(f"\nA cohort is told {np.mean(waits):.1f} weeks after its last lead matured, in the mean.")


def _all(pool: ProcessPoolExecutor, work: Callable[[int], Year], years: int) -> list[Year]:
    return list(pool.map(work, range(years), chunksize=10))


if __name__ == "__main__":
    main()
