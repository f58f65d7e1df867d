"""Everything that happened, in order, with times; those who wait for something are woken by each new entry."""

import asyncio
import time
from typing import Any


class Log:
    """An append-only list of entries `{n, at, kind, …}`; `at` in seconds since the epoch."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self._news = asyncio.Event()

    def add(self, kind: str, **what: Any) -> dict[str, Any]:
        """Write an entry and wake whoever waits."""
        entry = {"n": len(self.entries), "at": time.time(), "kind": kind, **what}
        self.entries.append(entry)
        self._news.set()
        self._news = asyncio.Event()
        return entry

    async def since(self, number: int, wait: float) -> list[dict[str, Any]]:
        """Entries from `number` on; when there is none yet, the first within `wait` seconds."""
        end = time.monotonic() + wait
        while len(self.entries) <= number:
            left = end - time.monotonic()
            if left <= 0:
                break
            try:
                await asyncio.wait_for(self._news.wait(), left)
            except TimeoutError:
                break
        return self.entries[number:]

    def clear(self) -> None:
        """Start anew."""
        self.entries.clear()
