"""`python -m bench.digest [--leads 1000000]`: a manager's digest over many leads, beside its bare SQL.

Three digests on one database: the first, when everything has matured and nothing was told yet; the next, with a week's
leads more; and a preview. The floor reads the same columns of the same leads with the bare driver and adds them up.
Times in seconds; memory is the process's peak, each in a process of its own.
"""

import argparse
import json
import multiprocessing
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import create_engine
from sqlmodel import Session

from bot import digests
from bot.domain.bands import band_of
from bot.domain.clock import Moment
from storage import people
from storage.migrate import upgrade

REPS, WEEKS, HORIZON, MANAGER = 200, 150, 60, 1
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
COLUMNS = (
    "lead_id", "name", "facts", "dropped_facts", "flagged_hard", "hard", "rep_id", "waiting", "asked", "history",
    "trial",
    "landmark_hours", "made_up", "received_at", "probability", "band", "model_line", "horizon_days", "posted_at",
    "matures_at", "response_kind", "landmark_direction", "data_problem", "outcome", "outcome_at", "considered",
)  # fmt: skip


def filled(file: Path, many: int) -> None:
    """A workspace of two hundred reps with so many leads, posted evenly over three years."""
    upgrade(f"sqlite:///{file}")
    with Session(create_engine(f"sqlite:///{file}")) as session:
        session.info["signals"] = set()
        team = people.add_team(session, "All")
        person = {"added_at": NOW - timedelta(weeks=WEEKS + 20), "pledged_at": NOW - timedelta(weeks=WEEKS)}
        people.add(session, {"slack_id": "U0MANAGER", "name": "Manager", **person})
        for number in range(REPS):
            row = {"slack_id": f"U0REP{number:03}", "name": f"Rep {number}", "is_rep": True, "team_id": team}
            people.add(session, row | person)
        people.set_manager(session, team, MANAGER, NOW - timedelta(weeks=WEEKS))
        session.commit()
    with sqlite3.connect(file) as connection:
        marks = ", ".join("?" * len(COLUMNS))
        connection.executemany(f"INSERT INTO lead ({', '.join(COLUMNS)}) VALUES ({marks})", _leads(many))


def _leads(many: int) -> Any:
    random = np.random.default_rng(7)
    p = np.round(1 / (1 + np.exp(-random.normal(-1.8, 0.9, many))), 3)
    won, said = random.random(many) < p, random.random(many)
    ended = random.uniform(4, HORIZON, many)
    for n in range(many):
        # The last week's leads mature between the first digest and the second.
        posted = NOW - timedelta(days=HORIZON) + timedelta(days=6) - timedelta(weeks=WEEKS) * (n / many)
        direction = "more" if said[n] < 0.1 else "less" if said[n] < 0.2 else ""
        closed = (posted + timedelta(days=float(ended[n]))).replace(tzinfo=None)
        yield (
            f"l{n}", f"Lead {n}", "[]", "[]", 0, int(p[n] < 0.15), 2 + n % REPS, "", 1, 0, 0, 72, 0,
            str(posted.replace(tzinfo=None)), float(p[n]), band_of(float(p[n])), "m", HORIZON,
            str(posted.replace(tzinfo=None)), str((posted + timedelta(days=HORIZON)).replace(tzinfo=None)),
            "overridden" if direction else "", direction, 0, "won" if won[n] else "lost", str(closed), 0,
        )  # fmt: skip


def made(file: Path, now: datetime, *, looking: bool) -> None:
    """A digest, queued unless it is a look ahead."""
    with Session(create_engine(f"sqlite:///{file}")) as session:
        session.info["signals"] = set()
        at = Moment(now, now)
        due = digests.coming(session, people.by_id(session, MANAGER), now)
        draft = digests.draft(session, MANAGER, due, at, looking=looking)
        if not looking:
            digests.queue_digest(session, draft, at)
        session.commit()


def floor(file: Path, now: datetime) -> None:
    """The same leads' columns, by the bare driver, counted by what was said."""
    counts: dict[str, list[float]] = {}
    with sqlite3.connect(file) as connection:
        for row in connection.execute(
            "SELECT id, rep_id, probability, horizon_days, posted_at, landmark_hours, landmark_direction, outcome, "
            "outcome_at, data_problem, made_up, matures_at FROM lead WHERE matures_at <= ?",
            (str(now.replace(tzinfo=None)),),
        ):
            one = counts.setdefault(row[6], [0, 0])
            one[0] += 1
            one[1] += row[2]


def _measured(queue: Any, work: Callable[..., None], *args: Any, **more: Any) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    work(*args, **more)
    queue.put((time.perf_counter() - began, before / 1024, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def measured(what: str, work: Callable[..., None], *args: Any, **more: Any) -> float:
    """Run it in a fresh process and print its time and memory; the seconds."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_measured, args=(queue, work, *args), kwargs=more)
    process.start()
    seconds, before, peak = queue.get()
    process.join()
    print(f"| {what} | {seconds:.1f} s | {peak:.0f} MB ({peak - before:+.0f}) |", flush=True)
    return float(seconds)


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.digest")
    parser.add_argument("--leads", type=int, default=1_000_000)
    many = parser.parse_args().leads
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "otherwise.db"
        filled(file, many)
        print(f"{many:,} leads of {REPS} reps over {WEEKS} weeks; {json.dumps(file.stat().st_size // 2**20)} MB\n")
        print("| digest | time | peak memory (over a fresh process) |\n|---|---|---|")
        bare = measured("bare SQL: the same columns, counted", floor, file, NOW)
        first = measured("the first: everything at once", made, file, NOW, looking=False)
        later = measured("the next: a week's leads more", made, file, NOW + timedelta(weeks=1), looking=False)
        measured("a preview", made, file, NOW + timedelta(weeks=1, days=1), looking=True)
    print(f"\nThe first takes {first / bare:.1f} times its bare SQL, the next {later / bare:.1f} times.")
    print("The goal is 1.5 times and its figures.")


if __name__ == "__main__":
    main()
