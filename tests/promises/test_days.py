"""Promise 20: days of ten times the load leave no thread, file, connection or memory behind."""

import os
from contextlib import ExitStack
from itertools import pairwise
from threading import Barrier

import pytest

from bot import jobs
from bot.sender import SENDERS
from tests.promises.mechanisms import rests_on
from tests.stories.test_metrics import read
from tests.world import LEADS, OUTCOMES, REPS, World, lead_item

# Seven in `make torture`.
DAYS = 3 if os.environ.get("OTHERWISE_TORTURE", "1") == "1" else 7
A_REP = 10
# As many connections as the pool of readers holds.
READERS = 16
# What the interpreter, the tests' own clients and the server's smaller pools may keep: memory a day of 240 leads, files
# and threads in all.
FILES, THREADS, MEGABYTES = 4, 12, 12


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
    held = read(world)
    return {name: held[f"otherwise_{name}"] for name in ("open_files", "threads", "memory_bytes")}


@pytest.mark.timeout(600)
@rests_on("sessions are given back")
def test_days_under_load_leave_nothing_behind(shifted_world: World, without: str) -> None:
    # Pools grow to their size when they are wanted, and no further: that is no leak.
    with ExitStack() as stack:
        for _ in range(READERS):
            stack.enter_context(shifted_world.deps.db._readers.connect())
    together = Barrier(SENDERS)
    list(shifted_world.running.sender._pool.map(lambda _: together.wait(30), range(SENDERS)))
    held = [day(shifted_world, number) for number in range(DAYS)]
    first, last = held[1], held[-1]
    assert last["open_files"] - first["open_files"] <= FILES, held
    assert last["threads"] - first["threads"] <= THREADS, held
    # What leaks grows every day; an arena that the allocator opens for a thread comes once.
    grown = [after["memory_bytes"] - before["memory_bytes"] for before, after in pairwise(held)]
    assert min(grown) <= MEGABYTES * 1e6, held
