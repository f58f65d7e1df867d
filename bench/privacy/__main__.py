"""`python -m bench.privacy [--years 1000] [--teams 5 8 12 40] [--jobs N]`: attack simulated years; how far it got."""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from bench.privacy.attack import Loot, attack
from bench.privacy.floor import a_year


def one_year(reps: int, seed: int) -> Loot:
    """Simulate a year and attack it."""
    return attack(*a_year(reps, seed))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.privacy")
    parser.add_argument("--years", type=int, default=1000)
    parser.add_argument("--teams", type=int, nargs="+", default=[5, 8, 12, 40])
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    names = "reps", "years", "sets", "leads in them", "certain", "guessed right", "base rates", "advantage, points"
    print(f"| {' | '.join([*names, 'cue, points', 'quotes, points', 'waited'])} |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    with ProcessPoolExecutor(asked.jobs) as pool:
        for reps in asked.teams:
            found = sum(pool.map(partial(one_year, reps), range(asked.years), chunksize=2), Loot())
            share, base = (100 * many / max(1, found.leads) for many in (found.right, found.base_right))
            waited = found.waited_weeks / max(1, found.leads)
            print(
                f"| {reps} | {asked.years} | {found.sets:,} | {found.leads:,} | {found.certain} | {share:.1f} % | "
                f"{base:.1f} % | {found.advantage:+.2f} | {found.cue_advantage:+.2f} | {found.quote_advantage:+.2f} | "
                f"{waited:.1f} weeks |",
                flush=True,
            )


if __name__ == "__main__":
    main()
