"""How much a rep gets just now: counted once a request, and on from there."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot.domain.pace import Pace, day_began
from storage import leads, people, workspace


def pace_of(mode: Row[Any]) -> Pace:
    """What admins have set, from the workspace's row."""
    quiet = None if mode.quiet_from is None or mode.quiet_to is None else (mode.quiet_from, mode.quiet_to)
    return Pace(mode.budget, quiet)


@dataclass
class Pacing:
    """The pace, how many suggestions each rep has had today, and who answers in whose place."""

    session: Session
    now: datetime
    pace: Pace
    _today: dict[int, int] = field(default_factory=dict)
    _instead: dict[int, Row[Any]] = field(default_factory=dict)

    def too_much(self, rep: Row[Any]) -> bool:
        """Whether one more would be too many for her; else it is counted."""
        if rep.id not in self._today:
            self._today[rep.id] = leads.posted_since(self.session, rep.id, day_began(self.now, rep.zone))
        if self.pace.later(self.now, rep.zone, self._today[rep.id]):
            return True
        self._today[rep.id] += 1
        return False

    def reader(self, rep: Row[Any]) -> Row[Any]:
        """To whom her suggestions go: to her, or to her stand-in, unless they stand in a channel anyway."""
        until = rep.stand_in_until
        if rep.stand_in_id is None or rep.channel_id or until is None or until <= self.now:
            return rep
        if rep.id not in self._instead:
            self._instead[rep.id] = people.by_id(self.session, rep.stand_in_id)
        other = self._instead[rep.id]
        away = other.stand_in_id is not None and (other.stand_in_until or self.now) > self.now
        return other if other.is_rep and not (other.paused or other.muted or away) else rep


def pacing(session: Session, now: datetime, mode: Row[Any] | None = None) -> Pacing:
    """As it stands now. `mode` is the workspace's row, where somebody has read it already."""
    return Pacing(session, now, pace_of(mode if mode is not None else workspace.read(session)))
