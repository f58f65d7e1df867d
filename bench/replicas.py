"""Goal 9: four delivering replicas beside one, on PostgreSQL, where channels allow: `python -m bench.replicas`.

Each round delivers the same number of leads to the cast, with Slack's limits off and a Slack that takes a while to
answer, first by one replica, then by four. Counted is from the first call to the last answer; every lead must be there
once.
"""

import argparse
import secrets
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
from psycopg import sql

from bench.__main__ import add_reps
from bench.process import surroundings
from bench.ready import until_answers
from bot import keys
from storage.database import Database
from storage.migrate import upgrade
from tests import postgres
from tests.sim import Sim, free_port
from tests.world import LEADS, REPS, lead_item, settings_for


def delivered(sim: Sim, server: str, replicas: int, many: int, slack: float) -> float:
    """Messages a second by so many replicas, with a Slack that answers after so many seconds."""
    name = f"bench{secrets.token_hex(4)}"
    with psycopg.connect(server + "postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    sim.post("reset")
    sim.post("limits", on=False)
    if slack:
        sim.fault("chat.postMessage", "delay", seconds=slack, times=100_000)
    settings = settings_for(sim, server + name)
    upgrade(settings.database_url)
    database = Database(settings.database_url)
    key = database.write(lambda s: keys.make_key(s, "bench", ["intake"], datetime.now(UTC)))
    database.write(add_reps)
    database.close()
    with ExitStack() as running:
        ports = [running.enter_context(bot(settings)) for _ in range(replicas)]
        warm = [lead_item(f"warm:{rep}", rep, 0.12, name=f"Warm {rep}") for rep in REPS]
        send(ports[0], key, warm)
        # A welcome and a lead each.
        sim.until(lambda: len(posts(sim)) >= 2 * len(REPS), 60)
        before = len(posts(sim))
        send(ports[0], key, [lead_item(f"b:{n}", REPS[n % 24], 0.12, name=f"Firm {n}") for n in range(many)])
        sim.until(lambda: len(posts(sim)) >= before + many, 300)
        calls = posts(sim)[before:]
    twice = [text for text, count in Counter(call["args"]["text"] for call in posts(sim)).items() if count > 1]
    assert not [text for text in twice if "Firm" in text], twice
    return many / (max(call["at"] for call in calls) - min(call["began"] for call in calls))


def posts(sim: Sim) -> list[dict[str, Any]]:
    """Posts that Slack took."""
    return [call for call in sim.calls("chat.postMessage") if call["ok"]]


@contextmanager
def bot(settings: Any) -> Any:
    """A replica; its port."""
    port = free_port()
    pace = {"OTHERWISE_POST_INTERVAL": "0", "OTHERWISE_UPDATES_PER_MINUTE": "1000000"}
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "run"], env=surroundings(settings, port) | pace, stderr=subprocess.DEVNULL
    )
    try:
        until_answers(f"http://127.0.0.1:{port}/readyz", ok=True)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def send(port: int, key: str, items: list[dict[str, Any]]) -> None:
    """Hand over leads."""
    url, headers = f"http://127.0.0.1:{port}{LEADS}", {"Authorization": f"Bearer {key}"}
    httpx.post(url, json=items, headers=headers, timeout=60).raise_for_status()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.replicas")
    parser.add_argument("--leads", type=int, default=240)
    parser.add_argument("--slack", type=float, nargs="+", default=[0.3, 0.0], help="Seconds that Slack takes.")
    asked = parser.parse_args()
    server = postgres.server()
    if server is None:
        print("PostgreSQL is not installed here, so replicas were not measured.")
        return
    print("| delivery, with a Slack that answers in | by four replicas, messages a second | by one | ratio | goal | |")
    print("|---|---|---|---|---|---|")
    sim = Sim("--no-limits")
    try:
        for seconds in asked.slack:
            found = {many: delivered(sim, server.address, many, asked.leads, seconds) for many in (1, 4)}
            ratio = found[4] / found[1]
            verdict = "met" if ratio >= 1.7 else "**missed**"
            print(f"| {seconds:g} s | {found[4]:.1f} | {found[1]:.1f} | {ratio:.2f} | 1.7 | {verdict} |", flush=True)
    finally:
        sim.close()


if __name__ == "__main__":
    main()
