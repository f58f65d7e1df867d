"""What time it is, in UTC. A rehearsal may shift it; what Slack itself times stays on real time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path


@dataclass(frozen=True)
class Clock:
    """The clock that use cases are given values from. `offset` is read anew each time, since a file may move it."""

    offset: Callable[[], float] = field(default=lambda: 0.0)
    shiftable: bool = False

    def now(self) -> datetime:
        """The time in UTC, with the rehearsal's offset added."""
        return datetime.now(UTC) + timedelta(seconds=self.offset())

    def moment(self) -> "Moment":
        """Both times at once; rows made under a clock that can be shifted are marked as a rehearsal's."""
        real = datetime.now(UTC)
        return Moment(real + timedelta(seconds=self.offset()), real, self.shiftable)


class _FileOffset:
    """Seconds read from a file; while the file is being rewritten, the last number seen."""

    def __init__(self, file: Path) -> None:
        self._file, self._last = file, 0.0

    def __call__(self) -> float:
        try:
            self._last = float(self._file.read_text())
        except (FileNotFoundError, ValueError):
            return self._last
        return self._last


def clock_from(file: Path | None) -> Clock:
    """The real clock, or one that obeys `file` (a number of seconds; absent means none)."""
    return Clock() if file is None else Clock(offset=_FileOffset(file), shiftable=True)


@dataclass(frozen=True)
class Moment:
    """When something is done: `now` by the bot's clock, `real` by the wall's (which Slack's pace is counted in)."""

    now: datetime
    real: datetime
    made_up: bool = False
