"""Faults on request, and Slack's published rate limits."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

TIERS = {"T1": 1, "T2": 20, "T3": 50, "T4": 100}
TIER_OF = {
    "apps.connections.open": "T1",
    "users.list": "T2",
    "conversations.list": "T2",
    "chat.update": "T3",
    "chat.delete": "T3",
    "conversations.open": "T3",
    "conversations.info": "T3",
    "conversations.history": "T3",
    "conversations.replies": "T3",
    "users.lookupByEmail": "T3",
    "chat.postEphemeral": "T4",
    "views.open": "T4",
    "views.push": "T4",
    "views.update": "T4",
    "views.publish": "T4",
    "users.info": "T4",
    "conversations.members": "T4",
    "files.getUploadURLExternal": "T4",
    "files.completeUploadExternal": "T4",
}
POST_BURST = 3.0
CALL_KINDS = ("error", "429", "500", "hang", "delay", "lose_answer", "half_answer", "cut_answer")
# Done, and then the answer gets lost on its way: none, half of it as if it were whole, half of it and the line is dead.
LOST = ("lose_answer", "half_answer", "cut_answer")
SOCKET_KINDS = ("drop_ack", "twice", "delay_envelope", "lose_envelope", "unsigned", "stale", "altered")


@dataclass
class Fault:
    """What shall go wrong: with which method (a Web API name, or `socket`), in which channel, how often."""

    method: str
    kind: str
    times: int = 1
    error: str = "internal_error"
    retry_after: float | None = 1.0
    seconds: float = 1.0
    channel: str = ""


class HalfAnswer(Response):
    """Half of an answer: as if it were whole, or cut off."""

    def __init__(self, answer: dict[str, Any], *, cut: bool) -> None:
        whole = json.dumps(answer).encode()
        length = len(whole) if cut else len(whole) // 2
        super().__init__(whole[: len(whole) // 2], headers={"content-length": str(length)})
        self.media_type, self._cut = "application/json", cut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; the server closes the connection of a response that was not ended."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": self._cut})


class Faults:
    """Faults that wait for their calls."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def take(self, method: str, args: dict[str, Any]) -> Fault | None:
        """The next fault for this call, counted down; None when it shall go well."""
        for fault in self.waiting:
            if fault.method == method and fault.channel in ("", args.get("channel", "")):
                fault.times -= 1
                if fault.times <= 0:
                    self.waiting.remove(fault)
                return fault
        return None


@dataclass
class _Bucket:
    size: float
    per_second: float
    level: float
    at: float = field(default_factory=time.monotonic)

    def wait(self) -> float:
        """Take one; 0 when there was one, else the seconds until there is."""
        now = time.monotonic()
        self.level = min(self.size, self.level + (now - self.at) * self.per_second)
        self.at = now
        if self.level >= 1 - 1e-9:
            self.level -= 1
            return 0.0
        return (1 - self.level) / self.per_second


class Limits:
    """Slack's published limits: one new message a second per channel with a short burst, the rest by tier."""

    def __init__(self, on: bool) -> None:
        self.on = on
        self._buckets: dict[str, _Bucket] = {}

    def wait(self, method: str, args: dict[str, Any]) -> float:
        """0 when the call may go through, else after how many seconds it may."""
        if not self.on:
            return 0.0
        if method == "chat.postMessage":
            return self._bucket(f"post {args.get('channel', '')}", POST_BURST, 1.0).wait()
        tier = TIER_OF.get(method)
        if tier is None:
            return 0.0
        a_minute = TIERS[tier]
        # Connections are counted a minute too, but a bot that restarts a few times is not refused.
        size = 20.0 if tier == "T1" else float(a_minute)
        return self._bucket(method, size, a_minute / 60).wait()

    def _bucket(self, key: str, size: float, per_second: float) -> _Bucket:
        return self._buckets.setdefault(key, _Bucket(size, per_second, size))
