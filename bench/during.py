"""Goal 7: how fast intake is while a digest is made, beside how fast it is alone: `python -m bench.during [--leads N]`.

One bot with a manager's digest over many leads; eight senders post leads all the while, first on the day before the
digest is due, then while it is made. What is counted is answers between the two moments.
"""

import argparse
import json
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.digest import NOW, filled
from bench.load import _answer
from bench.process import surroundings
from bench.ready import until_answers
from bot import keys
from storage.database import Database
from tests.sim import Sim, free_port
from tests.world import LEADS, lead_item, settings_for, write_offset

SENDERS, ALONE, LONGEST = 8, 10.0, 600.0


class Load:
    """Senders that post one lead after another until they are stopped, and when each was answered."""

    def __init__(self, port: int, key: str) -> None:
        self.answered: list[float] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(port, key, n)) for n in range(SENDERS)]
        for one in self._threads:
            one.start()

    def stop(self) -> None:
        """Stop them."""
        self._stop.set()
        for one in self._threads:
            one.join()

    def rate(self, start: float, end: float) -> float:
        """Answers a second between two moments."""
        return sum(start <= at < end for at in self.answered) / (end - start)

    def _send(self, port: int, key: str, sender: int) -> None:
        head = f"POST {LEADS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {key}\r\n"
        number = 0
        with socket.create_connection(("127.0.0.1", port)) as connection:
            while not self._stop.is_set():
                number += 1
                item = lead_item(f"load:{sender}:{number}", None, 0.2)
                body = json.dumps(item | {"owner": {"slack_id": "U0NOBODY"}}).encode()
                connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
                answer = _answer(connection)
                assert answer.startswith(b"HTTP/1.1 200"), answer[:300]
                self.answered.append(time.perf_counter())


def digests(file: Path) -> int:
    """How many are queued."""
    with sqlite3.connect(file) as connection:
        found = connection.execute("SELECT count(*) FROM digest").fetchone()[0]
    connection.close()
    return int(found)


def main() -> None:
    """Fill, load, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.during")
    parser.add_argument("--leads", type=int, default=200_000)
    many = parser.parse_args().leads
    with tempfile.TemporaryDirectory() as folder:
        file, clock = Path(folder) / "o.db", Path(folder) / "clock"
        filled(file, many)
        due = (NOW - datetime.now(UTC)).total_seconds() + 60
        write_offset(clock, due - timedelta(days=1).total_seconds())
        sim = Sim("--no-limits")
        settings = settings_for(sim, f"sqlite:///{file}", otherwise_clock_file=clock)
        database = Database(settings.database_url)
        key = database.write(lambda s: keys.make_key(s, "bench", ["intake"], datetime.now(UTC)))
        database.close()
        port = free_port()
        more = {"OTHERWISE_CLOCK_FILE": str(clock), "OTHERWISE_HEARTBEAT": "1"}
        bot = subprocess.Popen(
            [sys.executable, "-m", "bot", "run"],
            env=surroundings(settings, port) | more,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            until_answers(f"http://127.0.0.1:{port}/readyz", ok=True)
            load = Load(port, key)
            began = time.perf_counter()
            threading.Event().wait(ALONE)
            alone = load.rate(began, time.perf_counter())
            write_offset(clock, due)
            # The heartbeat looks each second; what it finds begins to be made at once.
            began = time.perf_counter() + 1.0
            while not digests(file) and time.perf_counter() < began + LONGEST:
                threading.Event().wait(0.2)
            ended = time.perf_counter()
            during = load.rate(began, ended)
            load.stop()
        finally:
            bot.terminate()
            bot.wait(30)
            sim.close()
    print("| what | during a digest | alone | ratio | goal | |\n|---|---|---|---|---|---|")
    verdict = "met" if during >= 0.6 * alone else "**missed**"
    print(f"| intake while a digest over {many:,} leads is made ({ended - began:.0f} s) | {during:,.0f} a second "
          f"| {alone:,.0f} | {during / alone:.2f} | 0.60 | {verdict} |")  # fmt: skip


if __name__ == "__main__":
    main()
