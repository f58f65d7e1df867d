"""Socket Mode: connections with single-use addresses, envelopes each to one of them, acks with a payload."""

import asyncio
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from sandbox.faults import Faults
from sandbox.log import Log
from sandbox.workspace import ACK_SECONDS, APP_ID, Json


@dataclass
class Ack:
    """How an envelope was answered: `payload` is the answer's body, `seconds` how long it took."""

    acked: bool
    payload: Any
    seconds: float


class Sockets:
    """All open connections of the app."""

    def __init__(self, log: Log, faults: Faults) -> None:
        self.tickets: set[str] = set()
        self.open: list[WebSocket] = []
        self._log, self._faults = log, faults
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._turn = 0
        self._joined = asyncio.Event()

    def ticket(self) -> str:
        """A fresh address' secret part."""
        ticket = secrets.token_urlsafe(12)
        self.tickets.add(ticket)
        return ticket

    async def serve(self, socket: WebSocket) -> None:
        """Hold one connection until it closes."""
        ticket = socket.query_params.get("ticket", "")
        if ticket not in self.tickets:
            await socket.close(4001)
            return
        self.tickets.discard(ticket)
        await socket.accept()
        self.open.append(socket)
        await socket.send_json(
            {
                "type": "hello",
                "num_connections": len(self.open),
                "debug_info": {"host": "local", "build_number": 1, "approximate_connection_time": 18060},
                "connection_info": {"app_id": APP_ID},
            }
        )
        self._log.add("socket", event="hello", connections=len(self.open))
        self._joined.set()
        try:
            while True:
                self._answered(await socket.receive_json())
        except (WebSocketDisconnect, ValueError, KeyError):
            pass
        finally:
            if socket in self.open:
                self.open.remove(socket)
            self._log.add("socket", event="closed", connections=len(self.open))

    async def deliver(self, kind: str, payload: Json, *, accepts_response: bool = True) -> Ack:
        """Send one envelope and wait for its ack, three seconds at most, as Slack does."""
        fault = self._faults.take("socket", {})
        trouble = fault.kind if fault else ""
        if trouble == "delay_envelope" and fault:
            await asyncio.sleep(fault.seconds)
        began = time.monotonic()
        first = await self._send(kind, payload, accepts_response, lose=trouble == "lose_envelope")
        if trouble == "twice":
            second = await self._send(kind, payload, accepts_response, lose=False)
            await self._wait(second, began)
        ack = await self._wait(first, began)
        if trouble == "drop_ack":
            ack = Ack(False, None, ack.seconds)
        self._log.add("ack", envelope=kind, acked=ack.acked, payload=ack.payload, seconds=ack.seconds, fault=trouble)
        return ack

    async def disconnect(self, reason: str) -> None:
        """Tell each connection to go, as Slack does now and then (`warning`, `refresh_requested`), or drop it."""
        for socket in list(self.open):
            # One that the app has closed a moment ago is gone as it should be.
            with suppress(WebSocketDisconnect, RuntimeError):
                if reason == "drop":
                    await socket.close(1011)
                else:
                    await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "local"}})
                if reason == "refresh_requested":
                    await socket.close(1000)

    async def _send(self, kind: str, payload: Json, accepts_response: bool, *, lose: bool) -> str:
        envelope_id = secrets.token_hex(16)
        self._waiting[envelope_id] = asyncio.get_running_loop().create_future()
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": accepts_response,
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": 0, "retry_reason": ""}
        self._log.add("envelope", type=kind, envelope_id=envelope_id, payload=payload, lost=lose)
        if not lose and (socket := await self._one_of_them()):
            # An app that was killed a moment ago: the envelope is lost, as it is at Slack.
            with suppress(WebSocketDisconnect, RuntimeError):
                await socket.send_json(envelope)
        return envelope_id

    async def _one_of_them(self) -> WebSocket | None:
        if not self.open:
            self._joined.clear()
            try:
                await asyncio.wait_for(self._joined.wait(), ACK_SECONDS)
            except TimeoutError:
                return None
        self._turn += 1
        return self.open[self._turn % len(self.open)]

    async def _wait(self, envelope_id: str, began: float) -> Ack:
        left = max(0.01, ACK_SECONDS - (time.monotonic() - began))
        try:
            payload = await asyncio.wait_for(self._waiting[envelope_id], left)
        except TimeoutError:
            return Ack(False, None, time.monotonic() - began)
        finally:
            self._waiting.pop(envelope_id, None)
        return Ack(True, payload, time.monotonic() - began)

    def _answered(self, message: Json) -> None:
        waiting = self._waiting.get(message["envelope_id"])
        if waiting is not None and not waiting.done():
            waiting.set_result(message.get("payload"))
