"""Promise 14: one digest a manager and week, at her own nine o'clock, whoever dies and however many look."""

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from bot import digests, jobs
from bot.domain.schedule import last_due
from storage import backup, people
from storage.database import Database
from storage.tables import Digest, Letter, table
from tests.domain.test_schedule import ZONES
from tests.promises.mechanisms import rests_on
from tests.promises.test_intake import Opened, rows
from tests.sim import ROOT
from tests.stories.test_digest import monday_after, pledge
from tests.world import MONA, World


@rests_on("the reader s wall clock")
def test_in_twelve_zones_and_a_year_it_is_nine_o_clock_each_monday(without: str) -> None:
    for zone in ZONES:
        now, found = datetime(2026, 1, 1, tzinfo=UTC), set()
        while now < datetime(2027, 1, 14, tzinfo=UTC):
            found.add(last_due(now, 0, 9 * 60, zone).at.astimezone(ZoneInfo(zone)))
            now += timedelta(hours=1)
        assert {(at.weekday(), at.hour, at.minute) for at in found} == {(0, 9, 0)}, zone
        assert len(found) == 55, zone


@rests_on("once a manager and week", when="switch")
def test_three_replicas_that_find_it_due_queue_it_once(
    shifted_world: World, database: str, opened: Opened, switch: Callable[[], None]
) -> None:
    world = shifted_world
    pledge(world)
    world.quiet()
    switch()
    before = len(world.rows(Digest))
    world.running.stop()  # so that nobody but these three looks
    replicas = [opened(Database(database)) for _ in range(3)]
    world.shift(seconds=monday_after(world.deps.clock.now()))
    at = world.deps.clock.moment()
    drafts = []
    for replica in replicas:
        with replica.reading() as session:
            [(manager, due)] = [one for one in digests.due_managers(session, at.now) if one[0] == _mona(session)]
            drafts.append(digests.draft(session, manager, due, at))
    with ThreadPoolExecutor(3) as pool:
        asked = [
            pool.submit(replica.write, partial(digests.queue_digest, ready=draft, at=at))
            for replica, draft in zip(replicas, drafts, strict=True)
        ]
        told = [one.result() for one in asked]
    assert sorted(told) == [False, False, True]
    with replicas[0].reading() as session:
        assert len(session.execute(select(table(Digest))).all()) == before + 1
        letters = session.execute(select(table(Letter)).where(table(Letter).c.dedupe_key.startswith("digest:"))).all()
        assert len({letter.dedupe_key for letter in letters}) == len(letters) == before + 1


def _mona(session: Any) -> int:
    found = people.by_slack_id(session, MONA)
    return int(found.id)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@rests_on("one transaction")
def test_a_kill_at_any_statement_queues_all_of_it_or_nothing_and_the_next_look_mends_it(
    shifted_world: World, tmp_path: Path, without: str
) -> None:
    world = shifted_world
    pledge(world)
    world.quiet()
    base = tmp_path / "base"
    backup.copy_database(world.settings.database_url, base)
    world.running.stop()
    world.shift(seconds=monday_after(world.deps.clock.now()))
    clock = str(world.settings.otherwise_clock_file)
    told = {"base": str(base), "folder": str(tmp_path), "clock": clock, "without": without}
    command = [sys.executable, "-m", "tests.promises.child", "statements", json.dumps(told)]
    last = int(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=100).stdout.split()[-1])
    assert last > 3
    before, after = _due(base), _due(tmp_path / f"{last}.db")
    assert before != after
    for number in range(1, last + 1):
        assert _due(tmp_path / f"{number}.db") in (before, after), f"half of a digest at statement {number}"
    deps = world.deps
    half = Database(f"sqlite:///{tmp_path}/2.db")
    object.__setattr__(deps, "db", half)
    jobs.queue_digests(deps)
    jobs.queue_digests(deps)
    half.close()
    assert _due(tmp_path / "2.db") == after


def _due(file: Path) -> tuple[list[str], int]:
    """The digests of a database by manager and week, and how many letters bring one."""
    found = rows(file)
    return sorted(row.split(", '")[1] for row in found["digest"]), sum("digest:" in row for row in found["letter"])
