"""Leads that wait: for their owner to be added or back, for somebody to be there, for a pause to end."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot import posting, routing
from bot.domain.assignment import Draw
from bot.domain.bands import Record
from bot.domain.clock import Moment
from bot.domain.rules import LATER, WAITS_FOR_OWNER
from bot.pacing import pacing
from bot.posting import Posting
from bot.views.kit import Ref
from storage import leads, people, responses, workspace
from storage import routing as kept_routing
from storage import waiting as kept_waiting
from storage.stats import RecordKey, TrackRecords

Records = dict[RecordKey, Record]


def add_people(session: Session, reps: list[int], at: Moment) -> tuple[int, int]:
    """For reps who were just added: send what waited, and find what the past holds of theirs; how many of each."""
    rows = [people.by_id(session, rep) for rep in reps]
    return sum(post_waiting(session, row, at) for row in rows), sum(adopt_past(session, row) for row in rows)


def adopt_past(session: Session, rep: Row[Any]) -> int:
    """Leads of the past that name a rep as their owner become theirs, with what was said about them; how many."""
    many = leads.adopt_history(session, rep)
    responses.adopt_history(session, rep.id)
    return many


def post_waiting(session: Session, rep: Row[Any], at: Moment) -> int:
    """Send a rep who can have them again the leads that waited and are younger than seven days; how many go now. What
    is too much for her day, or comes in her quiet hours, waits for her to open it.

    None while a rehearsal is on: reps are told that they get none then.
    """
    mode = workspace.read(session)
    if rep.paused or rep.muted or not rep.is_rep or mode.paused or mode.rehearsal_slack_id:
        return 0
    waiting = kept_waiting.waiting_for(session, rep, at.now - WAITS_FOR_OWNER)
    pace, postings = pacing(session, at.now, mode), []
    records = records_of(session, waiting, at)
    for row in waiting:
        reader = pace.reader(rep)
        if pace.too_much(reader):
            leads.change(session, row.id, rep_id=rep.id, waiting=LATER)
            kept_waiting.tell_again(session, rep.id, row.id)
            continue
        leads.change(session, row.id, rep_id=rep.id, waiting="")
        postings.append(posting_of(session, row, reader, records))
    posting.post(session, mode, postings, at)
    routing.keep_owned(session, mode, waiting, rep.id, at)
    return len(postings)


def records_of(session: Session, rows: Sequence[Row[Any]], at: Moment) -> Records:
    """The tool's record for each of these leads, as it stands now."""
    keys = {(row.model_line, row.horizon_days, row.band) for row in rows}
    return TrackRecords().look(session, keys, at.now)


def posting_of(session: Session, row: Row[Any], reader: Row[Any], records: Records) -> Posting:
    """A lead that waited, as it is posted now; behind a suggestion that it had before."""
    prior, before = leads.newest_prior(session, row.id), leads.situation(session, row.id)
    record = records[row.model_line, row.horizon_days, row.band]
    card = posting.card(row._mapping, prior._mapping, Ref(lead=row.id, prior=prior.id), record, reader)
    after = before.suggestion_id if before is not None and before.suggestion_id is not None else 0
    return Posting(row.id, prior.id, card, reader, after)


def post_all_waiting(session: Session, at: Moment) -> int:
    """After a pause: send every active rep what waited for her and is younger than seven days; how many."""
    reps = [people.by_id(session, rep) for rep in kept_waiting.reps_waited_for(session, at.now - WAITS_FOR_OWNER)]
    return sum(post_waiting(session, rep, at) for rep in reps)


def assign_unowned(session: Session, draw: Draw, at: Moment) -> int:
    """Give leads that came without an owner, and found nobody, to those who are there now; how many."""
    mode = workspace.read(session)
    if mode.paused or mode.rehearsal_slack_id:
        return 0
    waiting = kept_waiting.unowned(session, at.now - WAITS_FOR_OWNER)
    guard = routing.guard(session, draw, mode, unowned=True)
    if not waiting or not guard.available:
        return 0
    pace, postings, rows = pacing(session, at.now, mode), [], []
    records = records_of(session, waiting, at)
    for row in waiting:
        routed = guard.give(row.lead_id, hard=row.hard)
        reader = pace.reader(guard.reps[routed.rep])
        late = pace.too_much(reader)
        leads.change(session, row.id, rep_id=routed.rep, waiting=LATER if late else "")
        if late:
            kept_waiting.tell_again(session, routed.rep, row.id)
        else:
            postings.append(posting_of(session, row, reader, records))
        rows.append((row.id, row.hard, routed))
    posting.post(session, mode, postings, at)
    # One row a lead: of what was given before, and handed back, it says who has it now.
    known = kept_routing.how_decided(session, [row[0] for row in rows])
    for lead, _, routed in rows:
        if lead in known:
            kept_routing.moved(session, lead, routed.rep, in_pool=routed.rep in guard.pool)
    guard.keep(session, [row for row in rows if row[0] not in known], at)
    return len(rows)
