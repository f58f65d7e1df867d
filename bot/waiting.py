"""Leads that wait: for their owner to be added or back, for somebody to be there, for a pause to end."""

from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot import posting, routing
from bot.domain.assignment import Draw
from bot.domain.bands import Record
from bot.domain.clock import Moment
from bot.domain.rules import WAITS_FOR_OWNER
from bot.pacing import pacing
from bot.posting import Posting
from bot.views.kit import Ref
from storage import leads, people, workspace


def add_people(session: Session, reps: list[int], at: Moment) -> tuple[int, int]:
    """For reps who were just added: send what waited, and find what the past holds of theirs; how many of each."""
    rows = [people.by_id(session, rep) for rep in reps]
    return sum(post_waiting(session, row, at) for row in rows), sum(leads.adopt_history(session, row) for row in rows)


def post_waiting(session: Session, rep: Row[Any], at: Moment) -> int:
    """Send a rep who can have them again the leads that waited and are younger than seven days; how many."""
    if rep.paused or rep.muted or not rep.is_rep or workspace.read(session).paused:
        return 0
    waiting = leads.waiting_for(session, rep, at.now - WAITS_FOR_OWNER)
    postings, readers = [], pacing(session, at.now)
    for row in waiting:
        leads.change(session, row.id, rep_id=rep.id, waiting="")
        prior, reader = leads.newest_prior(session, row.id), readers.reader(rep)
        # Without a record beside it: the people's file has none at hand, and says "0 leads so far" rather than guess.
        card = posting.card(row._mapping, prior._mapping, Ref(lead=row.id, prior=prior.id), Record(), reader)
        postings.append(Posting(row.id, prior.id, card, reader))
    posting.post(session, postings, at)
    return len(waiting)


def post_all_waiting(session: Session, at: Moment) -> int:
    """After a pause: send every active rep what waited for her and is younger than seven days; how many."""
    reps = [people.by_id(session, rep) for rep in leads.reps_waited_for(session, at.now - WAITS_FOR_OWNER)]
    return sum(post_waiting(session, rep, at) for rep in reps)


def assign_unowned(session: Session, draw: Draw, at: Moment) -> int:
    """Give leads that came without an owner, and found nobody, to those who are there now; how many."""
    if workspace.read(session).paused:
        return 0
    waiting = leads.unowned(session, at.now - WAITS_FOR_OWNER)
    guard = routing.guard(session, draw)
    if not waiting or not guard.available:
        return 0
    postings, rows = [], []
    for row in waiting:
        routed = guard.give(row.lead_id, hard=row.hard)
        rep = guard.reps[routed.rep]
        leads.change(session, row.id, rep_id=rep.id, waiting="")
        prior = leads.newest_prior(session, row.id)
        card = posting.card(row._mapping, prior._mapping, Ref(lead=row.id, prior=prior.id), Record(), rep)
        postings.append(Posting(row.id, prior.id, card, rep))
        rows.append((row.id, row.hard, routed))
    posting.post(session, postings, at)
    guard.keep(session, rows, at)
    return len(postings)
