"""`python -m bench.privacy.odds [--years 20] [--swaps 200]`: what the odds of statement 7 could tell about one lead.

They are one sum over every released lead, told with one decimal, so the attack of this package does not solve for
them. Instead an attacker is granted all but the last step: he knows everybody's answer but those of two leads of one
set that ended alike, of which he knows that one was called and the other not. He wins where the printed line differs
between the two possibilities; elsewhere he flips a coin.
"""

import argparse
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

import numpy as np

from bench.privacy.floor import HORIZON, Known, a_year
from bot.domain.cohorts import cohort_of
from bot.domain.evidence import Conditional, logit, recalibration, words
from bot.domain.release import LESS, MORE

SIGNS = {MORE: 1.0, LESS: -1.0}
Strata = dict[tuple[int, int], list[Known]]


def one_year(reps: int, seed: int, swaps: int) -> tuple[int, int]:
    """How many swaps were tried at the end of a year, and how many would have been seen."""
    known = [k for k in a_year(reps, seed)[0] if k.ends != "early" and not k.data_problem]
    strata: Strata = defaultdict(list)
    for one in known:
        strata[cohort_of(one.matures_at - timedelta(days=HORIZON)), one.rep].append(one)
    lines = {cohort: _line(known, cohort) for cohort in {cohort for cohort, _ in strata}}
    gains = {place: _gain(members, *lines[place[0]]) for place, members in strata.items()}
    total = Conditional(sum(gains.values(), Conditional.nothing().gain))
    random, told, tried, seen = np.random.default_rng(seed), _told(total), 0, 0
    weeks: dict[tuple[int, str], list[Known]] = defaultdict(list)
    for one in known:
        weeks[one.matures_at.toordinal() // 7, one.ends].append(one)
    groups = [members for members in weeks.values() if len({one.said for one in members}) > 1]
    while tried < swaps:
        first, second = random.choice(len(members := groups[random.integers(len(groups))]), 2, replace=False)
        if members[first].said != members[second].said:
            tried += 1
            seen += _told(_swapped(total, gains, strata, lines, members[first], members[second])) != told
    return tried, seen


def _swapped(
    total: Conditional,
    gains: dict[tuple[int, int], "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"],
    strata: Strata,
    lines: dict[int, tuple[float, float]],
    one: Known,
    other: Known,
) -> Conditional:
    """The evidence had each of the two been answered as the other was."""
    said = {one.id: other.said, other.id: one.said}
    gain = total.gain
    for place in {(cohort_of(k.matures_at - timedelta(days=HORIZON)), k.rep) for k in (one, other)}:
        members = [replace(k, said=said.get(k.id, k.said)) for k in strata[place]]
        gain = gain - gains[place] + _gain(members, *lines[place[0]])
    return Conditional(gain)


def _line(known: list[Known], cohort: int) -> tuple[float, float]:
    earlier = [k for k in known if cohort_of(k.matures_at - timedelta(days=HORIZON)) < cohort]
    return recalibration(
        np.array([k.probability for k in earlier]), np.array([float(k.ends == "won") for k in earlier])
    )


def _gain(members: list[Known], level: float, slope: float) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    offset = level + slope * logit(np.array([k.probability for k in members]))
    z, y = ([SIGNS.get(k.said, 0.0) for k in members], [float(k.ends == "won") for k in members])
    return Conditional.nothing().with_stratum(offset, np.array(z), np.array(y)).gain


def _told(total: Conditional) -> str:
    """What a digest prints of it."""
    low, high = total.odds_ratio()
    return f"{words(total.e_value())} {low:.1f}–{high:.1f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.privacy.odds")
    parser.add_argument("--years", type=int, default=20)
    parser.add_argument("--swaps", type=int, default=200)
    parser.add_argument("--teams", type=int, nargs="+", default=[5, 8, 12, 40])
    asked = parser.parse_args()
    print("| reps | swaps | printed otherwise | advantage, points |\n|---|---|---|---|")
    for reps in asked.teams:
        found = [one_year(reps, seed, asked.swaps) for seed in range(asked.years)]
        tried, seen = (sum(column) for column in zip(*found, strict=True))
        print(f"| {reps} | {tried:,} | {seen} | {100 * seen / tried / 2:.2f} |", flush=True)


if __name__ == "__main__":
    main()
