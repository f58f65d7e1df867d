"""Promises 5 to 8 and 15: nothing lost, nothing twice that can be helped, in order, at the pace that Slack allows."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from bench.checker import Verdict, check_history
from bot import sender
from bot.domain import retry
from bot.domain.retry import Answer, Kind, decide
from sandbox.workspace import BOT_USER
from storage import outbox, workspace
from storage.database import Database
from storage.migrate import upgrade
from storage.tables import Lead, Letter, Response, Suggestion, table
from tests.promises.mechanisms import rests_on
from tests.promises.test_intake import Opened
from tests.sim import ROOT, Sim
from tests.stories.test_metrics import read
from tests.world import ADA, APP_TOKEN, BOT_TOKEN, LEADS, REPS, RIA, ROB, World, lead_item

# `make torture` says more.
ROUNDS = int(os.environ.get("OTHERWISE_TORTURE", "1"))
# How long Slack is away in earnest, in seconds: `make torture` takes what is set, and no time otherwise.
OUTAGE = float(os.environ.get("OTHERWISE_OUTAGE", "0"))
# The sender looks anew at least this often when nobody wakes it.
PATIENCE = 40.0
GROWTH = 60e6


def history(sim: Sim, db: Database) -> Verdict:
    """What the checker finds."""
    with db.reading() as session:
        rows = [
            [dict(row) for row in session.execute(select(table(model))).mappings()]
            for model in (Letter, Response, Suggestion, Lead)
        ]
    return check_history(sim.log(), *rows)


class Mortal:
    """A bot in a process of its own, which may die of a letter."""

    def __init__(self, sim: Sim, database: str) -> None:
        self.environment = os.environ | {
            "DATABASE_URL": database,
            "SLACK_API_URL": f"{sim.base}/api/",
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "OTHERWISE_HTTP_PORT": "0",
            "OTHERWISE_POST_INTERVAL": "0",
            "OTHERWISE_UPDATES_PER_MINUTE": "1000000",
        }
        self.process: subprocess.Popen[str] | None = None
        self.port = 0
        self.log = Path(tempfile.gettempdir()) / f"otherwise-mortal-{uuid.uuid4().hex}.log"

    def start(self, **told: Any) -> None:
        """Start; `told` says where it dies."""
        command = [sys.executable, "-m", "tests.promises.child", "bot", json.dumps(told)]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        # It may have died of a letter that was left, before it could say where it listens.
        self.port = int(line) if line.strip() else 0

    def send(self, key: str, items: list[dict[str, Any]]) -> bool:
        """Hand over leads; whether that was acknowledged."""
        headers = {"Authorization": f"Bearer {key}"}
        try:
            url = f"http://127.0.0.1:{self.port}{LEADS}"
            return self.port > 0 and httpx.post(url, json=items, headers=headers, timeout=10).status_code == 200
        except httpx.HTTPError:
            return False

    def ended(self, patience: float = 20.0) -> int:
        """Wait for its end; how it ended."""
        assert self.process is not None
        assert self.process.stdout is not None
        code = self.process.wait(patience)
        self.process.stdout.close()
        if code > 0:
            print(self.log.read_text()[-4000:])  # beside the failure that follows
        return code

    def close(self) -> None:
        """Whatever it is doing."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.ended()
        self.log.unlink(missing_ok=True)


@pytest.fixture
def mortal(world: World, database: str) -> Any:
    """A bot to be killed, on the cast's database; nobody else runs on it."""
    world.lead("warm", RIA, name="Warm")
    world.see(RIA, "Warm")
    world.quiet()
    world.running.stop()
    made = Mortal(world.sim, database)
    yield made
    made.close()


def killed_again_and_again(world: World, mortal: Mortal, without: str) -> int:
    """Kill it before, during and after a post, in turn; how many kills there were."""
    kills = 0
    for number in range(ROUNDS * 3):
        point = ("before", "during", "after")[number % 3]
        if point == "during":
            # Slack takes its time with one, so that the kill falls between question and answer.
            world.sim.fault("chat.postMessage", "delay", seconds=0.4)
        mortal.start(point=point, letter=2, without=without)
        items = [lead_item(f"{number}:{n}", REPS[n % 2], 0.2, name=f"Firm {number}-{n}") for n in range(4)]
        acknowledged = mortal.send(world.key, items)
        try:
            assert mortal.ended() == -signal.SIGKILL
        except subprocess.TimeoutExpired:
            break  # every lane is stuck behind a letter that nobody takes back, as the checker will say
        kills += 1
        if not acknowledged:
            mortal.start(without=without)
            assert mortal.send(world.key, items)
            assert mortal.process is not None
            mortal.process.terminate()
            assert mortal.ended() == 0
    mortal.close()
    mortal.start(without=without)
    return kills


def drained(world: World, db: Database, patience: float = PATIENCE) -> None:
    """Wait until no letter is open, or for so long that none will be sent any more."""

    def none_open() -> bool:
        with db.reading() as session:
            return (
                session.execute(select(table(Letter).c.id).where(table(Letter).c.state.in_(outbox.OPEN))).first()
                is None
            )

    end = time.monotonic() + patience
    while not none_open() and time.monotonic() < end:
        world.sim.log(len(world.sim.log()), 0.2)


@rests_on("claims of the dead are taken back")
def test_a_killed_sender_loses_nothing_and_doubles_one_message_a_kill_at_most(
    world: World, mortal: Mortal, database: str, opened: Opened, without: str
) -> None:
    kills = killed_again_and_again(world, mortal, without)
    db = opened(Database(database))
    drained(world, db, PATIENCE if without == "nothing" else 3)
    found = history(world.sim, db)
    assert found.clean(doubles=kills), str(found)


@rests_on("looking before saying it again")
def test_where_history_can_be_read_a_killed_sender_says_nothing_twice(
    world: World, mortal: Mortal, database: str, opened: Opened, without: str
) -> None:
    world.sim.post("scopes", grant=["im:history"])
    killed_again_and_again(world, mortal, without)
    db = opened(Database(database))
    drained(world, db)
    found = history(world.sim, db)
    assert found.clean(), str(found)


def warm(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ria has had a message, and what may have been said is settled soon."""
    monkeypatch.setattr(retry, "SETTLE", timedelta(seconds=0.2))
    world.lead("warm", RIA, name="Warm")
    world.see(RIA, "Warm")
    world.quiet()


@rests_on("a lost answer is uncertain")
def test_a_post_that_slack_answers_with_500_is_said_again(
    world: World, monkeypatch: pytest.MonkeyPatch, without: str
) -> None:
    warm(world, monkeypatch)
    world.sim.fault("chat.postMessage", "500")
    world.lead()
    world.quiet()
    found = history(world.sim, world.deps.db)
    assert found.clean(), str(found)


@pytest.mark.parametrize("kind", ["lose_answer", "hang", "half_answer", "cut_answer"])
def test_a_post_whose_answer_is_lost_or_late_is_said_at_most_once_more(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    warm(world, monkeypatch)
    world.deps.slack.timeout = 1
    world.sim.fault("chat.postMessage", kind, seconds=1.5)
    world.lead()
    world.quiet()
    found = history(world.sim, world.deps.db)
    assert found.clean(doubles=1), str(found)


@rests_on("not saying what can t be seen")
@pytest.mark.parametrize("kind", ["429", "500", "lose_answer", "error"])
def test_while_it_can_t_be_seen_whether_a_message_stands_it_is_not_said_again(
    sim: Sim, make_world: Any, monkeypatch: pytest.MonkeyPatch, kind: str, without: str
) -> None:
    sim.post("scopes", grant=["im:history"])
    world = make_world()
    world.add_people()
    warm(world, monkeypatch)
    world.sim.fault("chat.postMessage", "lose_answer")
    for _ in range(2):
        world.sim.fault("conversations.history", kind, error="internal_error", retry_after=1)
    world.lead()
    world.see(RIA, "Acme")
    world.quiet()
    found = history(world.sim, world.deps.db)
    assert found.clean(), str(found)


def test_who_may_read_direct_messages_alone_says_it_again_in_a_channel(
    sim: Sim, make_world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sim.post("scopes", grant=["im:history", "groups:history"])
    world = make_world()
    world.add_people()
    warm(world, monkeypatch)
    world.command(ADA, "rep add @rob #deals")
    world.sim.fault("chat.postMessage", "lose_answer")
    world.lead("crm:2", ROB, name="Bravo")
    world.quiet()
    found = history(world.sim, world.deps.db)
    assert found.clean(doubles=1), str(found)


@pytest.mark.parametrize("label", ["Noted", "I see something else"])
def test_of_a_message_that_stands_twice_the_one_that_is_pressed_goes_and_the_other_answers(
    world: World, monkeypatch: pytest.MonkeyPatch, label: str
) -> None:
    warm(world, monkeypatch)
    world.sim.fault("chat.postMessage", "lose_answer")
    world.lead("twice", RIA, name="Twice")
    world.quiet()
    older, newer = (message for message in world.sim.messages(RIA) if "*Twice*" in str(message.get("blocks")))
    assert world.press(RIA, label, older)["acked"]
    if label != "Noted":
        view = world.form(RIA)
        values = {"direction": "more", "reason": "They called back"}
        assert world.sim.act("submit", RIA, view=view["id"], values=values)["closed"]
    world.see(RIA, "Noted." if label == "Noted" else "They called back")
    world.quiet()
    left = [message for message in world.sim.messages(RIA) if "*Twice*" in str(message.get("blocks"))]
    assert [message["ts"] for message in left] == [newer["ts"]]
    assert ("Noted." if label == "Noted" else "They called back") in str(left[0]["blocks"])
    assert len(world.responses()) == 1
    world.sim.fault("chat.postMessage", "lose_answer")
    world.lead("ended", RIA, name="Ended")
    world.quiet()
    older, newer = (message for message in world.sim.messages(RIA) if "*Ended*" in str(message.get("blocks")))
    world.outcome("ended")
    world.see(RIA, "Won on")
    assert world.press(RIA, "Noted", older)["acked"]
    world.quiet()
    left = [message["ts"] for message in world.sim.messages(RIA) if "*Ended*" in str(message.get("blocks"))]
    assert left == [newer["ts"]], "no live buttons on what is decided"
    world.lead("other", RIA, name="Other")
    world.press(RIA, "Noted", world.see(RIA, "*Other*"))
    world.quiet()
    assert len([message for message in world.sim.messages(RIA) if "*Other*" in str(message.get("blocks"))]) == 1


@rests_on("waiting as long as slack says")
@pytest.mark.parametrize("wait", [1, 2, None])
def test_a_channel_that_is_told_to_wait_waits_and_the_others_do_not(
    world: World, wait: float | None, without: str
) -> None:
    for lead, rep in (("warm:1", RIA), ("warm:2", ROB)):
        world.lead(lead, rep, name=f"Warm {rep}")
        world.see(rep, "Warm")
    world.quiet()
    world.sim.fault("chat.postMessage", "429", retry_after=wait, channel="D0REP00")
    began = time.time()
    world.send(LEADS, [lead_item(f"slow:{n}", RIA, 0.2, name=f"Slow {n}") for n in range(3)])
    world.send(LEADS, [lead_item(f"fast:{n}", ROB, 0.2, name=f"Fast {n}") for n in range(3)])
    world.see(RIA, "Slow 2")
    world.see(ROB, "Fast 2")
    world.quiet()
    posted = {c["args"]["text"].split(" (")[0]: c["at"] for c in world.sim.calls("chat.postMessage") if c["ok"]}
    assert posted["New lead: Slow 0"] - began >= (wait or 0.9)
    assert posted["New lead: Fast 2"] < posted["New lead: Slow 0"]
    assert history(world.sim, world.deps.db).clean()


@pytest.mark.timeout(1800 + OUTAGE)
@rests_on("the head of a lane goes first")
def test_an_outage_ends_with_everything_delivered_in_order(world: World, without: str) -> None:
    world.lead("warm", RIA, name="Warm")
    world.see(RIA, "Warm")
    world.quiet()
    many = 100 if ROUNDS == 1 else 10_000
    # What a rep gets in a day is another matter.
    world.deps.db.write(lambda s: workspace.change(s, budget=1_000_000))
    held = read(world)["otherwise_memory_bytes"]
    world.sim.fault("chat.postMessage", "error", error="service_unavailable", times=10**9 if OUTAGE else 6)
    for start in range(0, many, 500):
        numbers = range(start, min(many, start + 500))
        world.send(LEADS, [lead_item(f"q:{n}", REPS[n % 5], 0.2, name=f"Firm {n}") for n in numbers])
    if OUTAGE:
        # The time itself is what is tried: nothing would tell that it is over.
        threading.Event().wait(OUTAGE)
        assert len(world.open_letters()) >= many, "nothing was given up meanwhile"
        world.sim.post("faults")
    world.sim.until(lambda: not world.open_letters(), 60 + many / 20)
    grown = read(world)["otherwise_memory_bytes"] - held
    found = history(world.sim, world.deps.db)
    assert found.clean(), str(found)
    assert len([call for call in world.sim.calls("chat.postMessage") if call["ok"]]) >= many
    assert grown < GROWTH, f"{grown / 1e6:.0f} MB more than before"


@rests_on("the claim says whose it is")
def test_a_sender_that_was_stopped_past_its_lease_settles_nothing(database: str, opened: Opened, without: str) -> None:
    upgrade(database)
    db, now = opened(Database(database)), datetime.now(UTC)
    letter = {"kind": "post", "lane": RIA, "payload": {"text": "x"}, "dedupe_key": "one"}
    (number,) = db.write(lambda s: outbox.add(s, [letter], now))
    lease = timedelta(seconds=60)
    db.write(lambda s: outbox.claim(s, [number], "stopped", now, lease))
    later = now + timedelta(seconds=90)
    db.write(lambda s: outbox.take_back(s, later, all_of_them=False, wait=timedelta()))
    assert db.write(lambda s: outbox.claim(s, [number], "alive", later, lease))
    told = Answer(Kind.REFUSED, "is_archived")
    late = decide(told, attempt=1, lost=0, repeatable=False, now=later)
    assert not db.write(lambda s: outbox.settle(s, number, "stopped", late, told, later)), "the stale owner settled it"
    sent = Answer(Kind.SENT, ts="1.0", channel="D1")
    good = decide(sent, attempt=2, lost=0, repeatable=False, now=later)
    assert db.write(lambda s: outbox.settle(s, number, "alive", good, sent, later))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@rests_on("what is under way is not taken back")
def test_what_is_in_the_air_for_longer_than_its_lease_is_not_taken_back(
    make_world: Any, without: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As when the database was away for a minute and a letter could not be settled.
    monkeypatch.setattr(sender, "LEASE", timedelta(seconds=0.5))
    monkeypatch.setattr(sender, "HEARTBEAT", 0.3)
    world = make_world()
    world.add_people()
    world.lead("warm", RIA, name="Warm")
    world.see(RIA, "Warm")
    world.quiet()
    world.sim.fault("chat.postMessage", "delay", seconds=3, times=3)
    world.send(LEADS, [lead_item(f"air:{n}", REPS[n], 0.2, name=f"Air {n}") for n in range(3)])
    world.sim.until(lambda: not world.open_letters(), 60)
    found = history(world.sim, world.deps.db)
    assert found.clean(), str(found)


def test_sigterm_under_load_ends_within_ten_seconds_and_loses_nothing(
    world: World, mortal: Mortal, database: str, opened: Opened
) -> None:
    mortal.start()
    items = [lead_item(f"load:{n}", REPS[n % 12], 0.2, name=f"Firm {n}") for n in range(200)]
    assert mortal.send(world.key, items)
    world.sim.until(lambda: len(world.sim.calls("chat.postMessage")) > 20)
    assert mortal.process is not None
    began = time.monotonic()
    mortal.process.terminate()
    assert mortal.ended() == 0
    assert time.monotonic() - began < 10
    mortal.start()
    db = opened(Database(database))
    drained(world, db)
    found = history(world.sim, db)
    assert found.clean(), str(found)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_sigterm_while_two_hundred_lanes_wait_for_a_slow_slack(
    world: World, mortal: Mortal, database: str, opened: Opened
) -> None:
    db, lanes = opened(Database(database)), [f"C0LANE{number:03}" for number in range(200)]
    before = len(world.sim.calls("chat.postMessage"))
    for lane in lanes:
        world.sim.post("channels", id=lane, add=[BOT_USER])
    rows = [{"kind": "post", "lane": lane, "payload": {"text": lane}, "dedupe_key": lane} for lane in lanes]
    db.write(lambda s: outbox.add(s, rows, datetime.now(UTC)))
    world.sim.fault("chat.postMessage", "delay", seconds=0.3, times=10**9)
    mortal.start()
    world.sim.until(lambda: len(world.sim.calls("chat.postMessage")) > before + 20)
    assert mortal.process is not None
    began = time.monotonic()
    mortal.process.terminate()
    assert mortal.ended() == 0
    assert time.monotonic() - began < 10
    said = len(world.sim.calls("chat.postMessage")) - before
    assert said < len(lanes), "what was claimed and not begun waits for the next start"
    world.sim.post("faults")
    mortal.start()
    drained(world, db)
    assert len(world.sim.calls("chat.postMessage")) == before + len(lanes), "each once"
