"""Promise 20: days of ten times the load leave no thread, file, connection or memory behind."""

import gc
import os
import sys
from itertools import pairwise

import pytest

from bot import jobs
from tests.promises.mechanisms import rests_on
from tests.stories.test_metrics import read
from tests.world import LEADS, OUTCOMES, REPS, World, lead_item

# Fourteen in `make torture`.
LONG = os.environ.get("OTHERWISE_TORTURE", "1") != "1"
DAYS = 14 if LONG else 4
A_REP = 10
# What a day of 240 leads may add on the best of these days. Pools and the allocator's arenas grow to their size when
# they are wanted, and then no further; what leaks grows every day. Few days of resident memory tell of arenas alone.
A_DAY = {"open_files": 2, "threads": 2, "objects": 5_000} | ({"memory_bytes": 4_000_000} if LONG else {})


def day(world: World, number: int) -> dict[str, float]:
    """A day: leads, answers, outcomes, a look at everything, every job; what the process then holds."""
    names = [(f"{number}:{rep}:{n}", rep) for rep in REPS for n in range(A_REP)]
    now = world.deps.clock.now().isoformat()
    world.send(LEADS, [lead_item(name, rep, 0.2, name=f"Firm {name}", prior={"scored_at": now}) for name, rep in names])
    world.quiet()
    for rep in REPS[:6]:
        message = world.see(rep, f"Firm {number}:{rep}:0")
        assert world.override(rep, message, "more", f"Reason {number}")["closed"]
        world.home(rep)
    world.send(OUTCOMES, [{"lead_id": name, "outcome": "lost", "at": now} for name, _ in names[:100]])
    for _ in range(10):
        assert world.http.get("/readyz").status_code == 200
    for job in (jobs.queue_digests, jobs.assign_unowned, jobs.look_after_reps, jobs.look_after_sample, jobs.tidy):
        job(world.deps)
    world.quiet()
    world.shift(days=1)
    gc.collect()
    held = read(world) | {"otherwise_objects": float(sys.getallocatedblocks())}
    return {name: held[f"otherwise_{name}"] for name in A_DAY}


@pytest.mark.timeout(600)
@rests_on("sessions are given back")
def test_days_under_load_leave_nothing_behind(shifted_world: World, without: str) -> None:
    held = [day(shifted_world, number) for number in range(DAYS)]
    for what, most in A_DAY.items():
        assert min(after[what] - before[what] for before, after in pairwise(held)) <= most, held
