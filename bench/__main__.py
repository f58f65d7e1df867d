"""`python -m bench`: each figure beside its floor, both measured in this run, and RELIABILITY's goal."""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.claims import claims
from bench.load import requests_a_second
from bench.presses import bare_bolt, clicks, dispatched, slowest, submits
from bench.process import process, surroundings
from bench.ready import until_answers
from bot import keys, leads, people
from bot.app import build_bolt, build_deps
from bot.domain.inbound import LEAD
from bot.slack_check import Identity
from bot.views.kit import Ref
from storage import workspace
from storage.migrate import upgrade
from storage.tables import Suggestion, table
from tests.sim import Sim, free_port
from tests.world import REPS, World, lead_item, settings_for

ROUNDS = 3
ONE, MANY, CLICKS = 400, 40, 320
CHANNELS, EACH = 20, 12


def main() -> None:
    """Measure and print."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}; medians of {ROUNDS} rounds\n")
    print("| what | ours, a second | floor, a second | ratio | goal | |")
    print("|---|---|---|---|---|---|")
    sim = Sim("--no-limits")
    try:
        with tempfile.TemporaryDirectory() as name:
            intake(sim, Path(name))
        with tempfile.TemporaryDirectory() as name:
            answers(Path(name))
        with tempfile.TemporaryDirectory() as name:
            delivery(sim, Path(name), stalled=False)
        with tempfile.TemporaryDirectory() as name:
            delivery(sim, Path(name), stalled=True)
        with tempfile.TemporaryDirectory() as name:
            many, none = claims(Path(name))
            bound("a look and 100 claims with 1,000,000 sent letters, beside none", many, none, many / none, 1.5, "s")
        with tempfile.TemporaryDirectory() as name:
            start, bare, held, loaded = process(sim, Path(name))
            bound("start, beside the bare imports", start, bare, start / bare, 1.3, "s")
            bound(f"idle memory (matplotlib {'' if loaded else 'not '}loaded)", held, 130, held / 130, 1.0, "MB")
    finally:
        sim.close()


def line(what: str, ours: list[float], floor: list[float], goal: float) -> None:
    """One row of the table: the median of the rounds' ratios."""
    ratio = statistics.median(mine / theirs for mine, theirs in zip(ours, floor, strict=True))
    verdict = "met" if ratio >= goal else "**missed**"
    both = f"{statistics.median(ours):,.0f} | {statistics.median(floor):,.0f}"
    print(f"| {what} | {both} | {ratio:.2f} | {goal:.2f} | {verdict} |", flush=True)


def bound(what: str, ours: float, floor: float, value: float, limit: float, unit: str) -> None:
    """One row where less is better: `value` must not be over `limit`."""
    verdict = "met" if value <= limit else "**missed**"
    print(f"| {what} | {ours:,.3g} {unit} | {floor:,.3g} {unit} | {value:.2f} | ≤ {limit:g} | {verdict} |", flush=True)


def server(module: str, *words: str) -> tuple[subprocess.Popen[bytes], int]:
    """A floor as a process of its own, ready."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", module, str(port), *words])
    until_answers(f"http://127.0.0.1:{port}/")
    return process, port


def intake(sim: Sim, folder: Path) -> None:
    """Leads over HTTP into the whole bot, in a process of its own as the floor is, while it delivers what is queued
    at Slack's pace to the workspace, a third process on the same cores.
    """
    floor, floor_port = server("bench.floors.intake", str(folder / "floor.db"))
    port, url = free_port(), f"sqlite:///{folder}/otherwise.db"
    upgrade(url)
    settings = settings_for(sim, url)
    deps = build_deps(settings)
    key = deps.db.write(lambda s: keys.make_key(s, "bench", ["intake"], datetime.now(UTC)))
    deps.db.write(lambda s: add_reps(s))
    deps.db.close()
    environment = surroundings(settings, port)
    bot = subprocess.Popen([sys.executable, "-m", "bot", "run"], env=environment, stderr=subprocess.DEVNULL)
    try:
        until_answers(f"http://127.0.0.1:{port}/readyz", ok=True)
        number = 0

        def bodies(count: int, size: int) -> list[bytes]:
            nonlocal number
            made = []
            for _ in range(count):
                items = []
                for _ in range(size):
                    number += 1
                    items.append(lead_item(f"bench:{number}", REPS[number % 24], 0.12))
                made.append(json.dumps(items if size > 1 else items[0]).encode())
            return made

        for what, in_flight, count, size, path, goal in (
            ("intake, one at a time", 1, ONE, 1, "/one", 0.35),
            ("intake, 16 in flight", 16, ONE * 3, 1, "/one", 0.80),
            ("intake, batches of 100 (batches)", 1, MANY, 100, "/many", 0.30),
        ):
            ours, theirs = [], []
            for _ in range(ROUNDS):
                theirs.append(requests_a_second(floor_port, path, bodies(count, size), in_flight))
                ours.append(requests_a_second(port, "/v1/leads", bodies(count, size), in_flight, key))
            line(what, ours, theirs, goal)
    finally:
        bot.terminate()
        bot.wait(30)
        floor.terminate()
        floor.wait(10)


def add_reps(session: Any) -> None:
    """The cast, without asking Slack."""
    members = {rep: people.Member(rep, rep.title(), "UTC") for rep in REPS}
    rows = [(n, {"slack_id": rep, "team": "North"}) for n, rep in enumerate(REPS)]
    people.apply_plan(session, people.read_people(rows, members), datetime.now(UTC))
    # What is measured is posting: without a day's budget for each rep.
    workspace.change(session, budget=1_000_000)


def answers(folder: Path) -> None:
    """`override.open` and `override.submit` at 16 in flight, beside a bare Bolt app with as many listeners."""
    slack, port = server("bench.floors.slack_ok")
    url = f"sqlite:///{folder}/otherwise.db"
    upgrade(url)
    settings = settings_for(Sim.at(f"http://127.0.0.1:{port}"), url)
    deps = build_deps(settings)
    try:
        deps.db.write(add_reps)
        at = deps.clock.moment()
        items = [LEAD.validate_python(lead_item(f"a:{n}", REPS[n % 24], 0.12)) for n in range(CLICKS)]
        with deps.db.reading() as session:
            records = deps.records.look(session, (leads.record_key(item) for item in items), at.now)
        deps.db.write(lambda s: leads.receive_leads(s, items, records, deps.draw, at), timeout=30)
        with deps.db.reading() as session:
            rows = session.execute(table(Suggestion).select().order_by(table(Suggestion).c.id)).all()
        refs = [Ref(lead=row.lead_id, prior=row.prior_id) for row in rows]
        ours, bare = build_bolt(deps, Identity("T", "U", "B", set())), bare_bolt(settings.slack_api_url)
        for what, make in (("override.open, 16 in flight", clicks), ("override.submit, 16 in flight", submits)):
            mine, theirs = [], []
            for number in range(ROUNDS):
                bodies = make(refs, number)
                theirs.append(dispatched(bare, bodies))
                mine.append(dispatched(ours, bodies))
            line(what, mine, theirs, 0.5)
        slow, slow_port = server("bench.floors.slack_ok", "0.3")
        try:
            late = settings_for(Sim.at(f"http://127.0.0.1:{slow_port}"), url)
            app = build_bolt(replace(deps, settings=late), Identity("T", "U", "B", set()))
            worst = slowest(app, clicks(refs, ROUNDS), 64)
            bound("ack of a press, p99, 64 in flight, Slack answering in 300 ms", worst, 0.3, worst - 0.3, 0.3, "s")
        finally:
            slow.terminate()
            slow.wait(10)
    finally:
        deps.db.close()
        slack.terminate()
        slack.wait(10)


def delivery(sim: Sim, folder: Path, *, stalled: bool) -> None:
    """The ideal time under Slack's limits beside the actual one: 20 channels, limits on, no avoidable 429.

    `stalled`: one more channel is told to wait for half a minute, and the others must not notice.
    """
    sim.post("reset")
    sim.post("limits", on=True)
    settings = settings_for(
        sim, f"sqlite:///{folder}/otherwise.db", otherwise_post_interval=1.0, otherwise_updates_per_minute=50
    )
    world = World(sim, settings)
    try:
        world.add_people()
        if stalled:
            sim.fault("chat.postMessage", "429", retry_after=30, channel=f"D{REPS[CHANNELS][1:]}")
            world.lead("stalled", REPS[CHANNELS], name="Stalled")
        items = [
            lead_item(f"e:{n}:{c}", REPS[c], 0.12, name=f"Firm {n}") for n in range(EACH - 1) for c in range(CHANNELS)
        ]
        world.send("/v1/leads", items)
        sim.until(lambda: len([c for c in sim.calls("chat.postMessage") if c["ok"]]) >= EACH * CHANNELS, 60)
        calls = sim.calls("chat.postMessage")
        refused = sum(not call["ok"] for call in calls) - stalled
        starts = [call["began"] for call in calls if call["ok"]]
        ideal, actual = EACH - 1, max(starts) - min(starts)
        verdict = "met" if ideal / actual >= 0.95 and not refused else "**missed**"
        beside = ", one more channel stalled" if stalled else ""
        what = f"delivery over {CHANNELS} channels{beside}, {refused} avoidable 429"
        print(f"| {what} | {actual:.2f} s | {ideal:.2f} s ideal | {ideal / actual:.2f} | 0.95 | {verdict} |")
    finally:
        world.close()
        sim.post("limits", on=False)


if __name__ == "__main__":
    main()
