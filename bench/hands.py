"""A bot process that may be killed at any moment, with the hands of a CRM and of reps, who press until it worked."""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from bench.ready import until_answers
from bot.domain.retry import State
from storage.database import Database
from storage.tables import Letter, table
from tests.sim import ROOT, Sim, free_port
from tests.world import (
    APP_TOKEN,
    BOT_TOKEN,
    buttons,
    write_offset,
)


class Replay:
    """A bot process that may be killed at any moment, and the people and the CRM who go on regardless."""

    def __init__(self, folder: Path, file: Path, seed: int, *, history: bool) -> None:
        self.folder, self.file, self.random = folder, file, random.Random(seed)
        self.sim, self.port = Sim("--no-limits", *(("--grant", "im:history") if history else ())), free_port()
        self.clock = folder / "clock"
        self.process: subprocess.Popen[bytes] | None = None
        self.said: list[tuple[str, str]] = []
        self.killed: list[float] = []
        self.key = ""
        self.log = (folder / "bot.log").open("ab")

    def environment(self) -> dict[str, str]:
        """The bot's settings."""
        return os.environ | {
            "DATABASE_URL": f"sqlite:///{self.folder}/otherwise.db",
            "SLACK_API_URL": f"{self.sim.base}/api/",
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "OTHERWISE_HTTP_PORT": str(self.port),
            "OTHERWISE_CLOCK_FILE": str(self.clock) if self.clock.exists() else "",
            "OTHERWISE_POST_INTERVAL": "0",
            "OTHERWISE_INTAKE_PER_MINUTE": "1000000",
            "OTHERWISE_UPDATES_PER_MINUTE": "1000000",
        }

    def command(self, *words: str) -> str:
        """Run `otherwise …` and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "bot", *words], cwd=ROOT, env=self.environment(), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self) -> None:
        """Start the bot and wait until it is ready."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot", "run"], cwd=ROOT, env=self.environment(), stderr=self.log
        )
        until_answers(f"http://127.0.0.1:{self.port}/readyz", ok=True)

    def kill(self) -> None:
        """kill -9, wherever it is."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.killed.append(time.time())

    def send(self, path: str, items: list[Any]) -> None:
        """What a CRM does: send it again until it was taken."""
        while True:
            try:
                answer = httpx.post(
                    f"http://127.0.0.1:{self.port}{path}",
                    json=items,
                    headers={"Authorization": f"Bearer {self.key}"},
                    timeout=5,
                )
                if answer.status_code == 200:
                    assert all(one["result"] in ("created", "unchanged") for one in answer.json()["results"]), (
                        answer.text
                    )
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)  # as a CRM would: the bot may be dead just now, and nothing tells when it is back

    def answer(self, rep: str, name: str, choice: str) -> None:
        """What a rep does: press until it worked; the form stays open when it did not."""
        for _ in range(200):
            message = next((m for m in self.sim.messages(rep) if f"New lead: {name}." in m["text"]), None)
            if message is None or not self._try(rep, name, message, choice):
                time.sleep(0.05)  # as a person would press again: a killed bot sends no signal
                continue
            return
        raise AssertionError(f"{rep} could not answer {name}")

    def _try(self, rep: str, name: str, message: dict[str, Any], choice: str) -> bool:
        wanted = "suggestion.noted" if choice == "noted" else "override.open"
        there = {button["action_id"] for button in buttons(message)}
        place = {"channel": f"D{rep[1:]}", "ts": message["ts"]}
        if choice == "noted":
            return wanted not in there or bool(self.sim.act("click", rep, action_id=wanted, **place).get("acked"))
        if wanted not in there:
            return "override.withdraw" in there
        self.sim.act("click", rep, action_id=wanted, **place)
        stack = self.sim.views(rep)
        if not stack:
            return False
        reason = f"I see it in {name}, {choice}"
        told = self.sim.act("submit", rep, view=stack[-1]["id"], values={"direction": choice, "reason": reason})
        if told.get("closed"):
            self.said.append((choice, reason))
        return bool(told.get("closed"))

    def jump(self, to: datetime) -> None:
        """Move the bot's clock."""
        write_offset(self.clock, (to - datetime.now(UTC)).total_seconds())

    def rows(self, model: Any) -> list[dict[str, Any]]:
        """A table, read beside the bot."""
        database = Database(f"sqlite:///{self.folder}/otherwise.db")
        with database.reading() as session:
            found = [dict(row) for row in session.execute(select(table(model))).mappings()]
        database.close()
        return found

    def quiet(self) -> None:
        """Wait until the outbox is empty."""
        end = time.monotonic() + 120
        opens = {State.PENDING.value, State.SENDING.value, State.UNCERTAIN.value}
        while time.monotonic() < end:
            if not [row for row in self.rows(Letter) if row["state"] in opens]:
                return
            time.sleep(0.2)  # the database of a process that may be dead tells nobody that it changed
        raise AssertionError("the outbox did not empty")

    def close(self) -> None:
        """Stop everything."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        self.sim.close()
        self.log.close()
