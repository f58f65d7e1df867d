"""The local workspace as a process, and a person's hands and eyes in it."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

T = TypeVar("T")
ROOT = Path(__file__).parent.parent
PATIENCE = 15.0
TRIES = 3


def free_port() -> int:
    """A port that is free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Sim:
    """A workspace process, reached as a browser and Slack's clients reach it."""

    def __init__(self, *options: str) -> None:
        # A port that was free a moment ago may be another test's by now.
        for _ in range(TRIES):
            if self._started(*options):
                return
            self.close()
        raise AssertionError("the workspace did not start")

    def _started(self, *options: str) -> bool:
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--port", str(self.port), *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.process.stdout.readline()
        self.http = httpx.Client(base_url=self.base, timeout=70)
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(httpx.ConnectError):
                self.http.get("/sim/state")
                return self.process.poll() is None
        return False

    @classmethod
    def at(cls, base: str) -> "Sim":
        """A workspace that somebody else has started, such as the demo's."""
        found = cls.__new__(cls)
        found.base, found.port = base, int(base.rsplit(":", 1)[1])
        found.http = httpx.Client(base_url=base, timeout=70)
        return found

    def close(self) -> None:
        """Stop the process."""
        self.http.close()
        self.process.terminate()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def post(self, path: str, **body: Any) -> dict[str, Any]:
        """Control: POST /sim/…"""
        answer = self.http.post(f"/sim/{path}", json=body)
        return {"status": answer.status_code, **answer.json()}

    def act(self, verb: str, user: str, **body: Any) -> dict[str, Any]:
        """Act as a person."""
        return self.post(f"act/{verb}", user=user, **body)

    def fault(self, method: str, kind: str, **more: Any) -> None:
        """Let something go wrong."""
        assert self.post("faults", method=method, kind=kind, **more)["status"] == 200

    def log(self, since: int = 0, wait: float = 0) -> list[dict[str, Any]]:
        """What happened."""
        entries: list[dict[str, Any]] = self.http.get("/sim/log", params={"since": since, "wait": wait}).json()
        return entries

    def calls(self, method: str) -> list[dict[str, Any]]:
        """Every call of a Web API method so far."""
        return [entry for entry in self.log() if entry["kind"] == "call" and entry["method"] == method]

    def state(self, user: str = "") -> dict[str, Any]:
        """People and channels as `user` sees them."""
        found: dict[str, Any] = self.http.get("/sim/state", params={"user": user}).json()
        return found

    def views(self, user: str) -> list[dict[str, Any]]:
        """The modals that somebody has open."""
        found: list[dict[str, Any]] = self.http.get("/sim/views", params={"user": user}).json()["stack"]
        return found

    def messages(self, user: str, channel: str = "") -> list[dict[str, Any]]:
        """What `user` reads in a channel, or in the bot's DM; oldest first."""
        channel = channel or "D" + user[1:]
        for one in self.state(user)["channels"]:
            if one["id"] == channel:
                return list(one["messages"])
        return []

    def until(self, look: Callable[[], T], patience: float = PATIENCE) -> T:
        """Look again whenever something happened in the workspace, until there is something to see."""
        end = time.monotonic() + patience
        seen = 0
        while True:
            entries = self.log(seen)
            seen += len(entries)
            if found := look():
                return found
            left = end - time.monotonic()
            assert left > 0, f"waited {patience} s in vain; last: {self.log()[-3:]}"
            self.log(seen, min(left, 0.5))
