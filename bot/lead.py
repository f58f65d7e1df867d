"""Which of several replicas sends letters and runs the scheduled work: one, until it stops or is too late to renew."""

import threading
import time
from contextlib import suppress

import structlog

from bot.domain.errors import OtherwiseError
from bot.log import frames
from storage import leader
from storage.database import Database

log = structlog.get_logger()
NAME = "sender"
# A dead leader's work is taken over this long after its last renewal at the latest.
LEASE = 20.0
RENEW = 5.0


class Lead:
    """The lead among replicas of one database. On SQLite there is one process, and it always has it."""

    def __init__(self, db: Database, owner: str) -> None:
        self._db, self._owner = db, owner
        self._until = float("inf") if db.sqlite else 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lead", daemon=True)

    def start(self) -> None:
        """Try for it, and keep it once it is ours."""
        if not self._db.sqlite:
            self._try()
            self._thread.start()

    def stop(self) -> None:
        """Give it up, for another to take at once."""
        self._stopping.set()
        if self._db.sqlite:
            return
        self._thread.join(RENEW)
        held, self._until = self.ours(), 0.0
        if held:
            with suppress(OtherwiseError):  # it ends by itself
                self._db.write(lambda s: leader.let_go(s, NAME, self._owner), key="leader")

    def ours(self, ahead: float = 0.0) -> bool:
        """Whether it is ours, and will be for `ahead` seconds more."""
        return time.monotonic() + ahead < self._until

    def _run(self) -> None:
        while not self._stopping.wait(RENEW if self.ours() else RENEW / 5):
            self._try()

    def _try(self) -> None:
        had, began = self.ours(), time.monotonic()
        try:
            held = self._db.write(lambda s: leader.hold(s, NAME, self._owner, LEASE), key="leader")
        except OtherwiseError as failure:
            log.warning("lead.unknown", error=type(failure).__name__)
            return  # what we hold ends by itself
        except Exception as failure:  # noqa: BLE001  # the loop must outlive a defect, and say so
            log.error("lead.failed", trace=frames(failure))
            return
        # Counted from before the question: the database's own count ends later, never earlier.
        self._until = began + LEASE if held else 0.0
        if held and not had:
            log.info("lead.ours")
            self._db.letters.set()
        elif had and not held:
            log.warning("lead.lost")
