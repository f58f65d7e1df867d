"""Leads beyond the day's budget, or that came in quiet hours: one message with their names, and [Open]."""

from sqlmodel import Session

from bot import posting
from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError
from bot.domain.pace import local_day
from bot.pacing import pace_of, pacing
from bot.views import later as views
from bot.waiting import posting_of, records_of
from storage import leads, outbox, people, workspace
from storage import waiting as kept_waiting

AT_ONCE = 20


def to_announce(session: Session, at: Moment) -> list[int]:
    """Reps for whom leads wait that they have not been told of, where it is not quiet now."""
    mode = workspace.read(session)
    pace = pace_of(mode)
    if mode.paused:
        return []
    return [
        row.id
        for row in kept_waiting.later_counts(session)
        if row.newest > row.later_told and not row.muted and not pace.is_quiet(at.now, row.zone)
    ]


def announce(session: Session, rep: int, at: Moment) -> bool:
    """Tell a rep which leads wait for her, in one message a day that grows; whether there was anything new."""
    row, waiting = people.by_id(session, rep), kept_waiting.later_of(session, rep, limit=1000)
    if not waiting or waiting[-1].id <= row.later_told:
        return False
    people.change(session, rep, later_told=waiting[-1].id)
    key = f"later:{rep}:{local_day(at.now, row.zone)}"
    payload = views.more_leads([one.name for one in waiting])
    letter = outbox.by_key(session, key)
    if letter is None:
        outbox.add(session, [{"kind": "post", "lane": row.slack_id, "payload": payload, "dedupe_key": key}], at.real)
    else:
        outbox.edit(session, letter, payload, f"{key}:{at.real.timestamp()}", at.real)
    return True


def open_later(session: Session, slack_id: str, at: Moment) -> None:
    """[Open]: post her the oldest of them, twenty at a time. Raises OtherwiseError when none waits."""
    row = people.by_slack_id(session, slack_id)
    waiting = kept_waiting.later_of(session, row.id, limit=AT_ONCE) if row is not None else []
    if row is None or not waiting:
        raise OtherwiseError("These are open already; you find them among your messages.")
    reader, records = pacing(session, at.now).reader(row), records_of(session, waiting, at)
    posting.post(session, [posting_of(session, one, reader, records) for one in waiting], at)
    for one in waiting:
        leads.change(session, one.id, waiting="")
    left = kept_waiting.later_of(session, row.id, limit=1000)
    letter = outbox.by_key(session, f"later:{row.id}:{local_day(at.now, row.zone)}")
    if letter is not None:
        payload = views.more_leads([one.name for one in left]) if left else views.opened()
        outbox.edit(session, letter, payload, f"later:{letter}:{at.real.timestamp()}", at.real)
