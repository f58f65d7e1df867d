"""`python -m bench.privacy [--years 1000] [--teams 5 8 12 40] [--jobs N] [--keep FILE]`: attack simulated years.

A thousand years are hours: with `--keep` a run that was ended goes on where it was.
"""

import argparse
import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

from bench.privacy.attack import Loot, attack
from bench.privacy.floor import a_year

AT_ONCE = 20


def one_year(reps: int, seed: int) -> Loot:
    """Simulate a year and attack it."""
    return attack(*a_year(reps, seed))


def years(reps: int, wanted: int, pool: ProcessPoolExecutor, keep: Path | None) -> Loot:
    """The years 0 to `wanted` of a team, each by its own seed; those that were kept are not attacked again."""
    kept = json.loads(keep.read_text()) if keep is not None and keep.exists() else {}
    done, found = kept.get(str(reps), (0, {}))
    if done > wanted:
        raise SystemExit(f"{keep} holds {done} years of {reps} reps, more than are asked for.")
    loot = Loot(**found)
    while done < wanted:
        seeds = range(done, min(done + AT_ONCE, wanted))
        loot = sum(pool.map(partial(one_year, reps), seeds, chunksize=2), loot)
        done = seeds.stop
        if keep is not None:
            fresh = keep.with_suffix(".new")
            # Some of the counts are numpy's.
            fresh.write_text(json.dumps(kept | {str(reps): (done, asdict(loot))}, default=lambda number: number.item()))
            fresh.replace(keep)
    return loot


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.privacy")
    parser.add_argument("--years", type=int, default=1000)
    parser.add_argument("--teams", type=int, nargs="+", default=[5, 8, 12, 40])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    names = "reps", "years", "sets", "leads in them", "certain", "guessed right", "base rates", "advantage, points"
    print(f"| {' | '.join([*names, 'changed', 'their points', 'cue, points', 'quotes, points', 'waited'])} |")
    print("|" + "---|" * 13)
    with ProcessPoolExecutor(asked.jobs) as pool:
        for reps in asked.teams:
            found = years(reps, asked.years, pool, asked.keep)
            share, base = (100 * many / max(1, found.leads) for many in (found.right, found.base_right))
            waited = found.waited_weeks / max(1, found.leads)
            print(
                f"| {reps} | {asked.years} | {found.sets:,} | {found.leads:,} | {found.certain} | {share:.1f} % | "
                f"{base:.1f} % | {found.advantage:+.2f} | {found.changed:,} | {found.changed_advantage:+.1f} | "
                f"{found.cue_advantage:+.2f} | {found.quote_advantage:+.2f} | "
                f"{waited:.1f} weeks |",
                flush=True,
            )


if __name__ == "__main__":
    main()
