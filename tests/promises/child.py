"""Processes that are killed: intake, a digest or the reading of a CRM at its n-th statement, a bot at a letter.

`python -m tests.promises.child statements|bot JSON`, with what to do as JSON.
"""

import asyncio
import json
import os
import shutil
import signal
import sys
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from bot import carrier, delivery, jobs, lead, log, sender, worker
from bot.app import Running, build_deps
from bot.ending import Ending
from bot.polling import Poller
from bot.settings import Settings, read_settings
from handlers.intake import http_app
from tests.promises.mechanisms import MECHANISMS

# The wait after a crash, in which a late copy could still come; the local workspace answers at once.
SETTLE = timedelta(seconds=0.5)
# On PostgreSQL another replica could be alive, so what a dead one held is its until its lease ends.
LEASE, HEARTBEAT, SHARE = timedelta(seconds=2), 0.5, timedelta(seconds=5)


def die() -> None:
    """As a power cut ends a process."""
    os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()


@dataclass(eq=False)
class Countdown:
    """Dies at the n-th call."""

    left: int

    def __call__(self, *_args: Any, **_more: Any) -> None:
        self.left -= 1
        if self.left == 0:
            die()


def each_statement(told: dict[str, Any]) -> None:
    """The same work for each n, on a copy of the database each, killed at statement n; until one survives."""
    number, survived = 0, False
    while not survived:
        number += 1
        file = Path(told["folder"]) / f"{number}.db"
        shutil.copy(told["base"], file)
        pid = os.fork()
        if pid == 0:
            _work(file, number, told)
        _pid, status = os.waitpid(pid, 0)
        survived = os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0
        assert survived or os.WIFSIGNALED(status), f"the process ended with {status}"
    print(number)


def _work(file: Path, number: int, told: dict[str, Any]) -> None:
    settings = Settings(
        _env_file=None,
        slack_bot_token="xoxb-none",  # none
        database_url=f"sqlite:///{file}",
        otherwise_clock_file=told.get("clock"),
    )
    deps, countdown = build_deps(settings), Countdown(number)
    for name in ("before_cursor_execute", "commit"):
        event.listen(deps.db._writing, name, countdown)
    real = deps.db.write

    def write(*args: Any, **more: Any) -> Any:
        result = real(*args, **more)
        countdown()  # stored, and not yet answered
        return result

    object.__setattr__(deps.db, "write", write)
    if "item" in told:
        answer = asyncio.run(_post(http_app(deps, dict), told))
        file.with_suffix(".answer").write_text(f"{answer.status_code} {answer.text}")
    elif "crm" in told:
        Poller(deps, lead.Lead(deps.db, "child")).poll()
    else:
        jobs.queue_digests(deps)
    os._exit(0)


async def _post(app: Any, told: dict[str, Any]) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as http:
        return await http.post("/v1/leads", json=told["item"], headers={"Authorization": f"Bearer {told['key']}"})


def bot(told: dict[str, Any]) -> None:
    """A bot that dies `before`, `during` or `after` its n-th letter, or never."""
    real, countdown = delivery.deliver, Countdown(told.get("letter", 0))

    def deliver(*args: Any, **more: Any) -> Any:
        if told.get("point") == "during" and countdown.left == 1:
            threading.Timer(0.15, die).start()
        elif told.get("point") == "before":
            countdown()
        answer = real(*args, **more)
        if told.get("point") in ("after", "during"):
            countdown()
        return answer

    delivery.deliver = deliver  # what the process dies of
    sender.SETTLE, worker.SETTLE, sender.LEASE, sender.HEARTBEAT = SETTLE, SETTLE, LEASE, HEARTBEAT
    lead.LEASE, lead.RENEW, sender.SPARE = LEASE.total_seconds(), HEARTBEAT / 2, HEARTBEAT
    # Longer than a replica's share of letters takes, which go one after the other.
    worker.LEASE, worker.EVERY, worker.SPARE, worker.DEAD_AFTER = SHARE, HEARTBEAT, HEARTBEAT, LEASE.total_seconds()
    # A workspace on a machine full of tests may take longer than a tenth of a second, which is all that a post waits
    # for the one before it; then two would be in the air when the process ends.
    carrier.TURN = 2.0
    settings = read_settings()
    log.configure("warning", "json")
    ending = Ending()
    running = Running(settings).start()
    print(running.port, flush=True)
    ending.wait()
    running.stop()


if __name__ == "__main__":
    what, words = sys.argv[1], json.loads(sys.argv[2])
    if words.get("without", "nothing") != "nothing":
        MECHANISMS[words["without"]](pytest.MonkeyPatch())
    {"statements": each_statement, "bot": bot}[what](words)
