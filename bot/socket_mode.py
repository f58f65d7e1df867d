"""The connection to Slack by Socket Mode: opened with patience, watched, and closed only when listeners are done."""

import socket
import threading
import time
from contextlib import suppress
from typing import Any

import structlog
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk.socket_mode.request import SocketModeRequest

log = structlog.get_logger()
CONCURRENCY = 64
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0


class Connection:
    """Socket Mode's client around one Bolt app."""

    def __init__(self, app: App, app_token: str) -> None:
        self._handler = SocketModeHandler(app, app_token, concurrency=CONCURRENCY)
        self._client: Any = self._handler.client
        self._taking, self._running = True, 0
        self._idle = threading.Condition()
        self._stopping = threading.Event()
        # Counted, so that a stop can wait for those that have begun.
        self._client.socket_mode_request_listeners = [self._counted]
        self._thread = threading.Thread(target=self._connect, name="socket-mode", daemon=True)

    def start(self) -> None:
        """Connect in the background, with patience: the first attempt's failure starts no monitor of the client's."""
        self._thread.start()

    def is_up(self) -> bool:
        """Whether the connection is truly there."""
        return bool(self._client.is_connected())

    def stop(self, patience: float = 5.0) -> None:
        """Take no more envelopes, wait for the listeners that run, then close."""
        self._stopping.set()
        with self._idle:
            self._taking = False
            self._idle.wait_for(lambda: self._running == 0, patience)
        self._client.auto_reconnect_enabled = False
        with suppress(OSError, AttributeError):
            # Wakes the client's reading thread, which close() otherwise waits three seconds for.
            self._client.current_session.sock.shutdown(socket.SHUT_RDWR)
        self._client.close()

    def _connect(self) -> None:
        wait = FIRST_WAIT
        while not self._stopping.is_set():
            try:
                self._client.connect()
                log.info("slack.connected")
                return
            except Exception as failure:  # noqa: BLE001  # Slack away, refused, or half there: wait and try again
                log.warning("slack.not_connected", error=type(failure).__name__, again_in=wait)
                self._stopping.wait(wait)
                wait = min(wait * 2, LONGEST_WAIT)

    def _counted(self, client: Any, request: SocketModeRequest) -> None:
        with self._idle:
            if not self._taking:
                return  # un-acked: Slack tells the person, who presses again
            self._running += 1
        began = time.monotonic()
        try:
            self._handler.handle(client, request)
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()
            log.debug("envelope", kind=request.type, seconds=round(time.monotonic() - began, 4))
