"""Promise 15 with several replicas: one decides, all work, others take over, and who was stopped speaks for nobody."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from bot import worker
from bot.app import Running
from storage.database import Database
from storage.tables import Digest, Leader, table
from tests.crms import SECRETS
from tests.crms.hubspot import HubSpotServer
from tests.crms.receiver import KEY, Receiver, hook
from tests.promises.mechanisms import rests_on
from tests.promises.test_intake import Opened
from tests.promises.test_sender import PATIENCE, Mortal, drained, history
from tests.stories.test_crm import connect, scored, set_for
from tests.stories.test_digest import monday_after, pledge
from tests.world import EMAIL, LEADS, REPS, RIA, World, lead_item

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
def others(world: World) -> Iterator[list[Running]]:
    """Two replicas more."""
    made = [Running(world.settings).start() for _ in range(2)]
    for one in made:
        assert one.wait_until_connected(10)
    yield made
    for one in made:
        one.stop()


@pytest.fixture
def two(world: World, database: str) -> Iterator[tuple[Mortal, Mortal]]:
    """Two replicas to be killed or stopped, on the cast's database; nobody else runs on it."""
    world.lead("warm", RIA, name="Warm")
    world.see(RIA, "Warm")
    world.quiet()
    world.running.stop()
    made = Mortal(world.sim, database), Mortal(world.sim, database)
    yield made
    for one in made:
        one.close()


def leading(db: Database) -> str:
    with db.reading() as session:
        row = session.execute(select(table(Leader))).one_or_none()
    return row.owner if row is not None else ""


def test_three_replicas_take_leads_and_clicks_and_one_decides(world: World, others: list[Running]) -> None:
    assert [one.lead.ours() for one in (world.running, *others)] == [True, False, False]
    for number, running in enumerate((world.running, *others)):
        world.http.base_url = f"http://127.0.0.1:{running.port}"
        world.send(LEADS, [lead_item(f"r{number}:{n}", REPS[n], 0.2, name=f"Firm {number}-{n}") for n in range(8)])
    world.quiet()
    for number in range(3):  # Slack hands each click to one of the connections
        message = world.see(RIA, f"Firm {number}-0")
        assert world.override(RIA, message, "more", f"Reason {number}")["closed"]
    world.quiet()
    assert len(world.responses()) == 3
    found = history(world.sim, world.deps.db)
    assert found.clean(), str(found)


def test_a_replica_that_stops_in_order_hands_over_at_once(world: World, others: list[Running]) -> None:
    world.running.stop()
    world.sim.until(lambda: any(one.lead.ours() for one in others), 5)
    world.http.base_url = f"http://127.0.0.1:{others[0].port}"
    world.lead("after", RIA, name="Afterwards")
    world.see(RIA, "Afterwards")


def test_a_killed_leader_s_letters_are_sent_by_another(
    world: World, two: tuple[Mortal, Mortal], database: str, opened: Opened
) -> None:
    first, second = two
    first.start(point="after", letter=5)
    second.start()
    items = [lead_item(f"k:{n}", REPS[n % 6], 0.2, name=f"Firm {n}") for n in range(30)]
    assert second.send(world.key, items)
    assert first.ended() == -signal.SIGKILL
    db = opened(Database(database))
    drained(world, db)
    found = history(world.sim, db)
    assert found.clean(doubles=1), str(found)


@rests_on("a dead replica s jobs are dropped")
def test_what_a_killed_replica_had_in_hand_is_done_by_another(
    world: World, two: tuple[Mortal, Mortal], database: str, opened: Opened, without: str
) -> None:
    first, second = two
    first.start(without=without)
    second.start(point="after", letter=2)
    items = [lead_item(f"k:{n}", REPS[n % 6], 0.2, name=f"Firm {n}") for n in range(30)]
    assert first.send(world.key, items)
    assert second.ended() == -signal.SIGKILL
    db = opened(Database(database))
    drained(world, db, PATIENCE if without == "nothing" else 8)
    found = history(world.sim, db)
    assert found.clean(doubles=1), str(found)


@rests_on("a job that ended unnoticed is dropped")
def test_a_job_whose_end_could_not_be_written_down_holds_its_lane_up_for_seconds_alone(
    make_world: Any, without: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "EVERY", 0.5)
    world: World = make_world()
    world.add_people()
    world.lead("warm", RIA, name="Warm")
    world.see(RIA, "Warm")
    world.quiet()
    left_over = text(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args, status, worker_id) "
        """SELECT 'otherwise', 'letter', 'lane:' || :lane, '{"letter": 0, "claim": "x"}', 'doing', """
        "max(id) FROM procrastinate_workers"
    )
    world.deps.db.write(lambda s: s.execute(left_over, {"lane": RIA}) and None)
    world.lead("behind", RIA, name="Behind")
    world.see(RIA, "Behind")


def test_whoever_is_free_does_what_the_leader_found_to_be_due(
    make_world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    (clock := tmp_path / "clock").write_text("0")
    more = {"otherwise_heartbeat": 1, "otherwise_poll": 1, "otherwise_webhooks_inside": True, "otherwise_hash_key": KEY}
    world: World = make_world(otherwise_clock_file=clock, **more)
    world.add_people()
    with ExitStack() as ends:
        other = Running(world.settings).start()
        ends.callback(other.stop)
        hub, receiver = HubSpotServer(), Receiver()
        ends.callback(hub.close)
        ends.callback(receiver.close)
        pledge(world)
        # It still decides; it does nothing itself any more.
        assert world.running.worker is not None
        assert world.running.lead.ours()
        world.running.worker.stop()
        hub.owners |= {"1": EMAIL[RIA]}
        hub.add(at=hub.now() - timedelta(days=1), **scored(12))
        connect(world, "hubspot", *set_for(hub))
        world.see(RIA, "Acme Ltd")
        hook(world, "add", "warehouse", f"{receiver.base}/hook")
        world.shift(seconds=monday_after(world.deps.clock.now()))
        world.sim.until(lambda: world.rows(Digest), 20)
        world.shift(days=91)
        world.sim.until(receiver.lines, 20)


@rests_on("a claim is looked at before each letter")
def test_a_leader_that_was_stopped_and_goes_on_sends_nothing_twice(
    world: World, two: tuple[Mortal, Mortal], database: str, opened: Opened, without: str
) -> None:
    first, second = two
    first.start(without=without)
    second.start(without=without)
    db = opened(Database(database))
    was = leading(db)
    # Each takes a while, so that some are claimed and not yet begun when it is stopped; one is in the air.
    world.sim.fault("chat.postMessage", "delay", seconds=0.05, times=200)
    items = [lead_item(f"s:{n}", REPS[n % 12], 0.2, name=f"Firm {n}") for n in range(60)]
    assert second.send(world.key, items)
    world.sim.until(lambda: len(world.sim.calls("chat.postMessage")) > 8)
    assert first.process is not None
    os.kill(first.process.pid, signal.SIGSTOP)
    began = time.monotonic()
    world.sim.until(lambda: leading(db) not in ("", was), 20)
    assert time.monotonic() - began < 10
    drained(world, db)
    os.kill(first.process.pid, signal.SIGCONT)
    # It ends in order, after it has done with whatever it still had in hand.
    first.process.terminate()
    assert first.ended() == 0
    found = history(world.sim, db)
    # What was in the air at the moment it was stopped may have arrived: one letter.
    assert found.clean(doubles=1), str(found)


@rests_on("only claims that are over are taken back")
def test_whoever_takes_the_lead_over_takes_back_nothing_that_is_still_in_the_air(
    world: World, others: list[Running], without: str
) -> None:
    world.lead("warm", RIA, name="Warm")
    world.see(RIA, "Warm")
    world.quiet()
    world.sim.fault("chat.postMessage", "delay", seconds=6, times=5)
    world.send(LEADS, [lead_item(f"air:{n}", REPS[n], 0.2, name=f"Air {n}") for n in range(5)])
    world.sim.until(lambda: [row[3] for row in world.open_letters()].count("sending") == 5)
    world.running.lead.stop()
    world.sim.until(lambda: any(one.lead.ours() for one in others), 5)
    world.sim.until(lambda: not world.open_letters(), 60)
    found = history(world.sim, world.deps.db)
    assert found.clean(), str(found)
