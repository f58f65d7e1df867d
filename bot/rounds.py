"""Work that comes round on a thread of its own, while the lead is ours: what it waits for holds nobody else up."""

import threading
from collections.abc import Callable

import structlog

from bot.domain.errors import OtherwiseError
from bot.lead import Lead
from bot.log import frames

log = structlog.get_logger()
PATIENCE = 5.0


class Rounds:
    """Calls `work` every so many seconds, or at once again when it says that there is more.

    `work` looks at `stopping` between its parts, `end` follows the last.
    """

    def __init__(
        self, name: str, seconds: float, lead: Lead, work: Callable[[], bool], end: Callable[[], None]
    ) -> None:
        self.stopping = threading.Event()
        self._name, self._seconds, self._lead, self._work, self._end = name, seconds, lead, work, end
        # Not waited for at the end: what is on its way is stored together with its place, or neither is.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no further part, and wait a little for the one that is on its way."""
        self.stopping.set()
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        more = False
        while not self.stopping.wait(0 if more else self._seconds):
            more = False
            try:
                more = self._lead.ours() and self._work()
            except OtherwiseError as failure:
                log.warning("job.waits", job=self._name, error=type(failure).__name__)
            except Exception as failure:  # noqa: BLE001  # the thread must outlive a defect, and say so
                log.error("job.failed", job=self._name, trace=frames(failure))
        self._end()
