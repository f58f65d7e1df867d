"""A suggestion that stands twice, since Slack's answer to the first was lost: the copy that nothing edits goes.

Its ts is known to nobody until somebody presses a button on it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot.place import hold_place
from bot.views.kit import Ref
from storage import outbox


@dataclass(frozen=True)
class Pressed:
    """The message on which a button was pressed, as Slack names it."""

    channel: str
    ts: str


def may_be_copy(lead: Row[Any], pressed: Pressed | None) -> bool:
    """Whether this is another message than the lead's own (a `situation` row), where she alone reads.

    Where others read nothing may change as she presses: they would see that she did.
    """
    if pressed is None or lead.suggestion_shared or not lead.suggestion_ts:
        return False
    return bool(pressed.channel == lead.suggestion_channel and pressed.ts != lead.suggestion_ts)


def take_copy_away(session: Session, ref: Ref, slack_id: str, pressed: Pressed | None, real: datetime) -> None:
    """Delete the pressed message if it is a copy of the lead's own. Raises what `find_place` raises."""
    if pressed is None:
        return
    lead = hold_place(session, ref, slack_id).lead
    # One from before the lead was passed on and came back is no copy: it is known, and says what it says.
    if may_be_copy(lead, pressed) and not outbox.stands_at(session, lead.id, pressed.ts):
        outbox.delete_copy(session, lead.suggestion_letter, pressed.ts, real)
