"""Word from other processes on PostgreSQL that there are letters; on SQLite the heartbeat has to do."""

import selectors
import socket
import threading

import psycopg
import structlog
from sqlalchemy import URL

from storage.database import noticing

log = structlog.get_logger()
CHANNEL = "otherwise_letters"
AGAIN = 5.0


class Listening:
    """A connection that waits for notifications and sets an event for each."""

    def __init__(self, url: URL, event: threading.Event) -> None:
        self._address = url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._noticing = noticing(url)
        self._event, self._stopping = event, threading.Event()
        # Closed at the end, which wakes whoever waits for the other end.
        self._open, self._closes = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="notify", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._stopping.set()
        self._open.close()
        self._thread.join(AGAIN)
        self._closes.close()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with (
                    psycopg.connect(self._address, autocommit=True, **self._noticing) as connection,
                    selectors.DefaultSelector() as either,
                ):
                    connection.execute(f"LISTEN {CHANNEL}")
                    either.register(connection, selectors.EVENT_READ)
                    either.register(self._closes, selectors.EVENT_READ)
                    self._event.set()  # for what came before
                    while not self._stopping.is_set():
                        either.select()
                        for _word in connection.notifies(timeout=0):
                            self._event.set()
            except psycopg.Error as failure:
                log.warning("notify.away", error=type(failure).__name__)
                self._stopping.wait(AGAIN)
