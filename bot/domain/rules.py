"""Rules that several use cases share (STATISTICS, ground rules; PRODUCT §1)."""

from dataclasses import dataclass, field
from datetime import timedelta

# The response in force this long after posting is the one that figures use.
LANDMARK = timedelta(hours=72)
# A lead whose owner is added later than this is not posted any more.
WAITS_FOR_OWNER = timedelta(days=7)
# Outcomes after which a lead can be answered.
OPEN_OUTCOMES = ("", "reopened")
# How far ahead of our clock an outcome's time may be.
AHEAD = timedelta(minutes=5)
# Letters that were sent lose their words after this.
LETTERS_KEEP = timedelta(days=7)


@dataclass(frozen=True)
class Received:
    """What became of one item: created, updated, rescored, unchanged or rejected."""

    lead_id: str | None
    result: str
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
