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

from bot.log import frames

log = structlog.get_logger()
CONCURRENCY = 64
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
PING_SECONDS = 5.0
# Slack's servers answer each ping; four that went unanswered are no accident.
SILENT_PINGS = 4
# How long the client's own monitor may take before a new connection is forced past it.
STUCK = 30.0


class Connection:
    """Socket Mode's client around one Bolt app. `ping` is the seconds between two pings."""

    def __init__(self, app: App, app_token: str, *, ping: float = PING_SECONDS, stuck: float = STUCK) -> None:
        self._handler = SocketModeHandler(app, app_token, concurrency=CONCURRENCY, ping_interval=ping)
        self._client: Any = self._handler.client
        self._ping, self._stuck = ping, stuck
        self._taking, self._running = True, 0
        self._idle = threading.Condition()
        self._stopping = threading.Event()
        # Counted, so that a stop can wait for those that have begun.
        self._client.socket_mode_request_listeners = [self._counted]
        self._client.on_error_listeners.append(lambda failure: log.warning("slack.error", error=type(failure).__name__))
        self._session: Any = None
        self._session_since = time.monotonic()
        self._thread = threading.Thread(target=self._connect, name="socket-mode", daemon=True)

    def start(self) -> None:
        """Connect in the background, with patience: the first attempt's failure starts no monitor of the client's."""
        self._thread.start()

    def is_up(self) -> bool:
        """Whether the connection is truly there: open, and its last pong at most four pings old."""
        session = self._client.current_session
        if session is None or not session.is_active():
            return False
        if session is not self._session:
            self._session, self._session_since = session, time.monotonic()
        limit = self._ping * SILENT_PINGS
        pong = session.last_ping_pong_time
        return bool(time.monotonic() - self._session_since < limit if pong is None else time.time() - pong < limit)

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
        # And its thread that waits up to a second for the next message: none comes, and that is said.
        self._client.closed = True
        self._client.message_queue.put(None)
        try:
            self._client.close()
        except Exception as failure:  # noqa: BLE001  # it was being replaced just then; the rest is to be closed all the same
            log.warning("slack.not_closed", trace=frames(failure))

    def _connect(self) -> None:
        wait = FIRST_WAIT
        while not self._stopping.is_set():
            try:
                self._client.connect()
                log.info("slack.connected")
                break
            except Exception as failure:  # noqa: BLE001  # Slack away, refused, or half there: wait and try again
                log.warning("slack.not_connected", error=type(failure).__name__, again_in=wait)
                # An address is good for one attempt; kept, it would be tried for ever.
                self._client.wss_uri = None
                self._stopping.wait(wait)
                wait = min(wait * 2, LONGEST_WAIT)
        self._watch()

    def _watch(self) -> None:
        """Force a new connection where the client believes in one that is dead, or has given up."""
        down_since: float | None = None
        while not self._stopping.wait(min(self._ping, self._stuck / 3)):
            if self.is_up():
                down_since = None
                continue
            now = time.monotonic()
            down_since = now if down_since is None else down_since
            if now - down_since < self._stuck:
                continue
            down_since = None
            try:
                self._client.connect_to_new_endpoint(force=True)
                log.warning("slack.reconnected")
            except Exception as failure:  # noqa: BLE001  # the next round tries again
                log.warning("slack.not_connected", error=type(failure).__name__)

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
