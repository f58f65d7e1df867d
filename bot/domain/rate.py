"""How much one key may send: a bucket that fills evenly."""

import threading
from dataclasses import dataclass


@dataclass
class _Bucket:
    left: float
    at: float


class Rate:
    """`per_minute` for each name, a minute's worth at once. Times are seconds of any steady clock."""

    def __init__(self, per_minute: int) -> None:
        self._full, self._a_second = float(per_minute), per_minute / 60
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()

    def wait(self, name: str, now: float) -> float:
        """Take one; 0 when there was one, else the seconds until there is."""
        with self._lock:
            bucket = self._buckets.setdefault(name, _Bucket(self._full, now))
            bucket.left = min(self._full, bucket.left + max(0.0, now - bucket.at) * self._a_second)
            bucket.at = now
            if bucket.left >= 1:
                bucket.left -= 1
                return 0.0
            return (1 - bucket.left) / self._a_second
