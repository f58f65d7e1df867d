"""Rules that several use cases share (STATISTICS, ground rules; PRODUCT §1)."""

from dataclasses import dataclass, field
from datetime import timedelta

# A lead whose owner is added later than this is not posted any more.
WAITS_FOR_OWNER = timedelta(days=7)
# Outcomes after which a lead can be answered.
OPEN_OUTCOMES = ("", "reopened")
# Why a lead waits: its owner has not been added, it has none, she is paused, everything is, she has muted it all, or it
# is more than she should get just now.
UNKNOWN, UNOWNED, PAUSED, HELD, MUTED, LATER = "owner", "unowned", "paused", "held", "muted", "later"
# How far ahead of our clock an outcome's time may be.
AHEAD = timedelta(minutes=5)
# Under these a rehearsal's and a test's leads are kept, so that the real ones can still come.
REHEARSAL, TEST = "rehearsal:", "test:"
# The source of an outcome that was past already as it came: an import's, or a CRM's history.
FILE = "file"
# Letters that were sent lose their words after this.
LETTERS_KEEP = timedelta(days=7)


@dataclass(frozen=True)
class Received:
    """What became of one item: created, updated, rescored, unchanged or rejected."""

    lead_id: str | None
    result: str
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
