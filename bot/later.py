"""Leads beyond the day's budget, or that came in quiet hours: one message with their names, and [Open]."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot import posting, routing
from bot.domain.assignment import Draw
from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError
from bot.domain.pace import local_day
from bot.pacing import pacing
from bot.views import later as views
from bot.views.kit import Json
from bot.waiting import posting_of, records_of
from storage import leads, outbox, people, workspace
from storage import waiting as kept_waiting

AT_ONCE = 20


def to_announce(session: Session, at: Moment) -> list[int]:
    """Reps of whom leads wait that nobody was told of, where it is not quiet now for whoever reads them."""
    mode = workspace.read(session)
    if mode.paused or mode.rehearsal_slack_id:
        return []
    pace, found = pacing(session, at.now, mode), []
    for row in kept_waiting.later_counts(session):
        if row.newest > row.later_told and not row.muted:
            reader = pace.reader(people.by_id(session, row.id))
            if not pace.pace.is_quiet(at.now, reader.zone):
                found.append(row.id)
    return found


def announce(session: Session, rep: int, at: Moment) -> bool:
    """Tell a rep, or her stand-in, which leads wait, in one message a day that grows; whether any was new."""
    row, waiting = people.by_id(session, rep), kept_waiting.later_of(session, rep, limit=1000)
    if not waiting or waiting[-1].id <= row.later_told:
        return False
    people.change(session, rep, later_told=waiting[-1].id)
    reader = pacing(session, at.now).reader(row)
    key, payload = _key(row, reader, at), _more(row, reader, waiting)
    letter = outbox.by_key(session, key)
    if letter is None:
        outbox.add(session, [{"kind": "post", "lane": reader.slack_id, "payload": payload, "dedupe_key": key}], at.real)
    else:
        outbox.edit(session, letter, payload, f"{key}:{at.real.timestamp()}", at.real)
    return True


def open_later(session: Session, slack_id: str, rep: int | None, draw: Draw, at: Moment) -> None:
    """[Open]: post the oldest of a rep's, twenty at a time, to whoever pressed: the rep, or her stand-in.

    Raises OtherwiseError when none waits, or for anybody else.
    """
    who = people.by_slack_id(session, slack_id)
    row = people.maybe(session, rep) if rep is not None else who
    if who is None or row is None or who.id not in (row.id, pacing(session, at.now).reader(row).id):
        raise OtherwiseError("These leads are with somebody else now. Nothing was changed.")
    waiting = kept_waiting.later_of(session, row.id, limit=AT_ONCE)
    if not waiting:
        raise OtherwiseError("These are open already.")
    records = records_of(session, waiting, at)
    mode = workspace.read(session)
    posting.post(session, mode, [posting_of(session, one, who, records) for one in waiting], at)
    routing.ask_about(session, draw, mode, waiting, at)
    for one in waiting:
        leads.change(session, one.id, waiting="")
    left = kept_waiting.later_of(session, row.id, limit=1000)
    for reader in {one.id: one for one in (row, who, pacing(session, at.now).reader(row))}.values():
        letter = outbox.by_key(session, _key(row, reader, at))
        if letter is not None:
            payload = _more(row, reader, left) if left else views.opened("" if reader.id == who.id else who.name)
            outbox.edit(session, letter, payload, f"later:{letter}:{at.real.timestamp()}", at.real)


def _more(rep: Row[Any], reader: Row[Any], waiting: Sequence[Row[Any]]) -> Json:
    return views.more_leads(rep.id, [one.name for one in waiting], "" if reader.id == rep.id else rep.name)


def _key(rep: Row[Any], reader: Row[Any], at: Moment) -> str:
    """One message a day for each who reads."""
    instead = "" if reader.id == rep.id else f":{reader.id}"
    return f"later:{rep.id}:{local_day(at.now, reader.zone)}{instead}"
