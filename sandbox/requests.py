"""HTTP mode: what Slack sends to an app's request address, signed; retried when it is an event."""

import asyncio
import hashlib
import hmac
import json
import time
from urllib.parse import urlencode

import httpx

from sandbox.faults import Faults
from sandbox.log import Log
from sandbox.sockets import Ack
from sandbox.workspace import ACK_SECONDS, Json

# Slack waits a minute and five before its later tries; a workspace on one machine need not.
RETRY_SECONDS = (0.0, 0.5, 1.0)


class Requests:
    """The app's request address, empty while it uses Socket Mode."""

    def __init__(self, log: Log, faults: Faults) -> None:
        self.url, self.secret = "", ""
        self._log, self._faults = log, faults

    async def deliver(self, kind: str, payload: Json, *, accepts_response: bool = True) -> Ack:
        """Send one request and wait for its answer, three seconds at most."""
        fault = self._faults.take("socket", {})
        trouble = fault.kind if fault else ""
        if trouble == "delay_envelope" and fault:
            await asyncio.sleep(fault.seconds)
        self._log.add("envelope", type=kind, payload=payload, lost=trouble == "lose_envelope")
        ack = Ack(False, None, ACK_SECONDS)
        if trouble != "lose_envelope":
            ack = await self._send(kind, payload, trouble)
        if trouble == "twice":
            await self._send(kind, payload, "", retry=(1, "http_timeout"))
        tries = 0
        while not ack.acked and not accepts_response and tries < len(RETRY_SECONDS):
            # Only events are sent again.
            await asyncio.sleep(RETRY_SECONDS[tries])
            tries += 1
            ack = await self._send(kind, payload, "", retry=(tries, "http_error"))
        if trouble == "drop_ack":
            ack = Ack(False, None, ack.seconds)
        self._log.add("ack", envelope=kind, acked=ack.acked, payload=ack.payload, seconds=ack.seconds, fault=trouble)
        return ack

    async def _send(self, kind: str, payload: Json, trouble: str, retry: tuple[int, str] | None = None) -> Ack:
        body, content_type = _encoded(kind, payload)
        at = str(int(time.time()) - (600 if trouble == "stale" else 0))
        signature = hmac.new(self.secret.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": content_type, "X-Slack-Request-Timestamp": at, "User-Agent": "Slackbot 1.0"}
        if trouble != "unsigned":
            headers["X-Slack-Signature"] = f"v0={signature}"
        if trouble == "altered":
            body = body[:-1] + bytes([body[-1] ^ 1])
        if retry is not None:
            headers |= {"X-Slack-Retry-Num": str(retry[0]), "X-Slack-Retry-Reason": retry[1]}
        began = time.monotonic()
        try:
            async with httpx.AsyncClient(timeout=ACK_SECONDS) as http:
                answer = await http.post(self.url, content=body, headers=headers)
        except httpx.HTTPError:
            return Ack(False, None, time.monotonic() - began)
        self._log.add("request", type=kind, status=answer.status_code, retry=retry and retry[0])
        told = answer.json() if answer.content.startswith(b"{") else None
        return Ack(answer.status_code == 200, told, time.monotonic() - began)


def _encoded(kind: str, payload: Json) -> tuple[bytes, str]:
    """As Slack encodes each kind: events as JSON, buttons and forms as a field, commands as fields."""
    if kind == "events_api":
        return json.dumps(payload).encode(), "application/json"
    fields = {"payload": json.dumps(payload)} if kind == "interactive" else payload
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"
