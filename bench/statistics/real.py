"""`python -m bench.statistics.real FILE [--flips 200]`: a real model that drifts, with coin-flip overrides on it.

FILE is telemarketing.csv.gz: 33,425 leads of a bank, whose model did not keep up with the world after October 2008. The
leads and outcomes are real; who overrode what is dealt out by coin, so there is nothing to be found in it.
"""

import argparse
import csv
import gzip
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.domain.bands import Record, band_of
from bot.domain.calibration import corp, drift
from bot.domain.cohorts import EPOCH, LENGTH, cohort_of
from bot.domain.evidence import ALARM, Conditional, Tilt, directional_hits, logit, recalibration
from bot.domain.evidence import words as in_words

Numbers = NDArray[np.float64]
HORIZON, BANDS, SHARE = 60, 5, 0.1
TURNED = date(2008, 10, 1)


@dataclass(frozen=True)
class Past:
    """The file's columns, in order of posting."""

    p: Numbers
    y: Numbers
    rep: NDArray[np.int64]
    cohort: NDArray[np.int64]


def read(file: Path) -> Past:
    """All leads; won means within 60 days."""
    with gzip.open(file, "rt") as lines:
        rows = sorted(csv.DictReader(lines), key=lambda row: row["posted_at"])
    posted = [datetime.fromisoformat(row["posted_at"]) for row in rows]
    decided = [datetime.fromisoformat(row["decided_at"]) for row in rows]
    in_time = [end - start <= timedelta(days=HORIZON) for start, end in zip(posted, decided, strict=True)]
    reps = {name: number for number, name in enumerate(sorted({row["rep"] for row in rows}))}
    return Past(
        np.array([float(row["prior"]) for row in rows]),
        np.array([float(row["won"] == "1" and ok) for row, ok in zip(rows, in_time, strict=True)]),
        np.array([reps[row["rep"]] for row in rows]),
        np.array([cohort_of(one) for one in posted]),
    )


def alarms(past: Past) -> list[tuple[date, int, float]]:
    """After each cohort: when its posting ended, leads so far, and the alarm's e-value since it last rang."""
    bands = _no_leads()
    of = np.array([band_of(float(p)) for p in past.p])
    found, seen = [], 0
    for cohort in np.unique(past.cohort):
        now = past.cohort == cohort
        for band in range(BANDS):
            mine = now & (of == band)
            bands[band] = bands[band] + Tilt.of(past.p[mine], past.y[mine])
        seen += int(now.sum())
        ended = (EPOCH + (int(cohort) + 1) * LENGTH).date()
        found.append((ended, seen, drift([band for band in bands if band.expected > 0])))
        if found[-1][2] >= ALARM:
            bands = _no_leads()
    return found


def _no_leads() -> list[Tilt]:
    return [Tilt.of(np.empty(0), np.empty(0)) for _ in range(BANDS)]


def flipped(past: Past, seed: int) -> Numbers:
    """A tenth of the leads called more or less likely, by coin."""
    random = np.random.default_rng(seed)
    return np.where(random.random(len(past.p)) < SHARE, random.choice([-1.0, 1.0], len(past.p)), 0.0)


def coin_flips(past: Past, offsets: Numbers, seed: int) -> tuple[float, float, float]:
    """A floor of coin flips: E of 1a, the greatest ever and the last, and of 1b for *more*."""
    z = flipped(past, seed)
    found, top = Conditional.nothing(), 1.0
    for cohort in np.unique(past.cohort):
        for rep in np.unique(past.rep):
            mine = (past.cohort == cohort) & (past.rep == rep)
            if mine.any():
                found = found.with_stratum(offsets[mine], z[mine], past.y[mine])
        top = max(top, found.e_value())
    return top, found.e_value(), Tilt.of(past.p[z > 0], past.y[z > 0]).e_value()


def recalibrated(past: Past) -> Numbers:
    """Each lead's offset: the tool's line as recalibrated on earlier cohorts alone."""
    offsets = np.zeros_like(past.p)
    for cohort in np.unique(past.cohort):
        before, now = past.cohort < cohort, past.cohort == cohort
        level, slope = recalibration(past.p[before], past.y[before]) if before.any() else (0.0, 1.0)
        offsets[now] = level + slope * logit(past.p[now])
    return offsets


def contradiction(past: Past) -> tuple[Record, float]:
    """The record of the last 300 leads at 5–15 in 100, and the mean of what the tool said of them."""
    of = np.array([band_of(float(p)) for p in past.p]) == 1
    p, y = past.p[of][-300:], past.y[of][-300:]
    return Record(int(y.sum()), len(y)), float(p.mean())


def main() -> None:
    """Print what was found."""
    parser = argparse.ArgumentParser(prog="python -m bench.statistics.real")
    parser.add_argument("file", type=Path)
    parser.add_argument("--flips", type=int, default=200)
    asked = parser.parse_args()
    past = read(asked.file)
    print(f"{len(past.p):,} leads, {int(past.y.sum()):,} won within {HORIZON} days; mean prior {past.p.mean():.3f}")
    found = corp(past.p, past.y)
    print(f"Brier {found.brier:.4f}; miscalibration {found.miscalibration:.5f}, by chance {found.by_chance:.5f}")
    print("\n| posted until | leads so far | drift alarm's E since it last rang |\n|---|---|---|")
    told = alarms(past)
    for ended, leads, e in told:
        if abs((ended - TURNED).days) < 150:
            print(f"| {ended} | {leads:,} | {e:.3g} {'(rings)' if e >= ALARM else ''} |")
    rang = [ended.isoformat() for ended, _, e in told if e >= ALARM]
    print(f"\nThe alarm rings for leads posted until {', '.join(rang)}.")
    record, said = contradiction(past)
    low, high = record.interval()
    print(
        f"Last 300 leads at 5–15 in 100: {record.wins} won, {low:.3f}–{high:.3f}; the tool said {said:.3f}: "
        f"{'contradicted' if record.contradicts(said) else 'not contradicted'}."
    )
    offsets = recalibrated(past)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        flips = list(pool.map(partial(coin_flips, past, offsets), range(asked.flips)))
    tops, ends, naive = (np.array(column) for column in zip(*flips, strict=True))
    print(
        f"{asked.flips} coin-flip floors: E of 1a ever >= 20 in {np.mean(tops >= ALARM):.3f}, median at the end "
        f"{np.median(ends):.2f} ({in_words(float(np.median(ends)))}); won beside expected alone would say E >= 20 "
        f"in {np.mean(naive >= ALARM):.3f}, median {np.median(naive):.3g}."
    )
    # Why no digest shows this one: a tool that is off hands hits to whoever calls the other way.
    z = flipped(past, 0)
    hits, pointed = directional_hits(past.p, z, past.y)
    print(f"The first floor: {hits:,} of {int((z != 0).sum()):,} calls hit; the numbers had pointed to {pointed:,.0f}.")


if __name__ == "__main__":
    main()
