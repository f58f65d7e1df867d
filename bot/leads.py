"""Leads come in: created with their letter, revised, rescored, passed on, or kept until their owner is known."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot import posting
from bot.domain.bands import Record, band_of, is_hard
from bot.domain.clock import Moment
from bot.domain.inbound import LeadIn
from bot.domain.rules import OPEN_OUTCOMES, REHEARSAL, TEST, WAITS_FOR_OWNER, Received
from bot.posting import Posting
from bot.views.kit import Ref
from bot.views.suggestion import band_moved
from storage import leads, outbox, people, responses, workspace
from storage.stats import RecordKey

# Why a lead waits: its owner has not been added, it has none, she is paused, or everything is.
UNKNOWN, UNOWNED, PAUSED, HELD = "owner", "unowned", "paused", "held"
Records = dict[RecordKey, Record]
Reps = dict[str, Row[Any]]


@dataclass(frozen=True)
class _Mode:
    """What admins have set, and whose leads are whose: `instead` gets them all while a rehearsal is on."""

    landmark_hours: int
    paused: bool
    reps: Reps
    instead: Row[Any] | None = None


def record_key(item: LeadIn) -> RecordKey:
    """Which record stands beside this item's prior."""
    return item.prior.line, item.prior.horizon_days, band_of(item.prior.probability, item.prior.points)


def receive_leads(session: Session, items: list[LeadIn], records: Records, at: Moment) -> list[Received]:
    """Take in leads, in order, one answer each. New ones are inserted together with their letters.

    `records` holds the tool's record for each item's `record_key`.
    """
    mode = _mode(session, items)
    if mode.instead is not None:
        kept = [item.model_copy(update={"lead_id": REHEARSAL + item.lead_id}) for item in items]
        told = _receive(session, kept, mode, records, at)
        return [
            replace(one, lead_id=item.lead_id, warnings=["rehearsal"]) for one, item in zip(told, items, strict=True)
        ]
    return _receive(session, items, mode, records, at)


def send_test(session: Session, item: LeadIn, rep: Row[Any], at: Moment) -> None:
    """Post a marked lead to somebody, rep or not, to see that all works. It is in no figure."""
    mode = _Mode(workspace.read(session).landmark_hours, False, {}, rep)
    _receive(
        session, [item.model_copy(update={"lead_id": TEST + item.lead_id})], mode, {record_key(item): Record()}, at
    )


def _receive(session: Session, items: list[LeadIn], mode: _Mode, records: Records, at: Moment) -> list[Received]:
    results: list[Received | None] = [None] * len(items)
    known = leads.known(session, (item.lead_id for item in items))
    fresh: dict[str, int] = {}
    for place, item in enumerate(items):
        if item.lead_id not in known:
            fresh.setdefault(item.lead_id, place)
    created = _create(session, [items[place] for place in fresh.values()], mode, records, at)
    for place, result in zip(fresh.values(), created, strict=True):
        results[place] = result
    for place, item in enumerate(items):
        if results[place] is None:
            row = leads.known(session, [item.lead_id])[item.lead_id]
            results[place] = _revise(session, row, item, mode, records, at)
    return [result for result in results if result is not None]


def add_people(session: Session, reps: list[int], at: Moment) -> tuple[int, int]:
    """For reps who were just added: send what waited, and find what the past holds of theirs; how many of each."""
    rows = [people.by_id(session, rep) for rep in reps]
    return sum(post_waiting(session, row, at) for row in rows), sum(leads.adopt_history(session, row) for row in rows)


def post_waiting(session: Session, rep: Row[Any], at: Moment) -> int:
    """Send a rep who can have them again the leads that waited and are younger than seven days; how many."""
    if rep.paused or not rep.is_rep or workspace.read(session).paused:
        return 0
    waiting = leads.waiting_for(session, rep, at.now - WAITS_FOR_OWNER)
    postings = []
    for row in waiting:
        leads.change(session, row.id, rep_id=rep.id, waiting="")
        prior = leads.newest_prior(session, row.id)
        # Without a record beside it: the people's file has none at hand, and says "0 leads so far" rather than guess.
        card = posting.card(row._mapping, prior._mapping, Ref(lead=row.id, prior=prior.id), Record(), rep)
        postings.append(Posting(row.id, prior.id, card, rep))
    posting.post(session, postings, at)
    return len(waiting)


def post_all_waiting(session: Session, at: Moment) -> int:
    """After a pause: send every active rep what waited for her and is younger than seven days; how many."""
    reps = [people.by_id(session, rep) for rep in leads.reps_waited_for(session, at.now - WAITS_FOR_OWNER)]
    return sum(post_waiting(session, rep, at) for rep in reps)


def _mode(session: Session, items: list[LeadIn]) -> _Mode:
    asked = workspace.read(session)
    if asked.rehearsal_slack_id:
        instead = people.by_slack_id(session, asked.rehearsal_slack_id)
        return _Mode(asked.landmark_hours, asked.paused, {}, instead)
    return _Mode(asked.landmark_hours, asked.paused, _reps(session, items))


def _reps(session: Session, items: list[LeadIn]) -> Reps:
    owners = [item.owner for item in items if item.owner]
    found = leads.reps(session, {o.email for o in owners if o.email}, {o.slack_id for o in owners if o.slack_id})
    return {key: rep for rep in found for key in (rep.email, rep.slack_id) if key}


def _rep_for(item: LeadIn, mode: _Mode) -> tuple[Row[Any] | None, str]:
    """The rep whom the item names, if she is known, and why the lead waits, if it does."""
    if mode.instead is not None:
        return mode.instead, HELD if mode.paused else ""
    if item.owner is None:
        return None, UNOWNED
    rep = mode.reps.get(item.owner.slack_id or "") or mode.reps.get(item.owner.email or "")
    return rep, UNKNOWN if rep is None else PAUSED if rep.paused else HELD if mode.paused else ""


def _create(session: Session, items: list[LeadIn], mode: _Mode, records: Records, at: Moment) -> list[Received]:
    if not items:
        return []
    chosen = [_rep_for(item, mode) for item in items]
    rows = [_lead_row(item, rep, why, mode, at) for item, (rep, why) in zip(items, chosen, strict=True)]
    ids = leads.add(session, rows)
    priors = [leads.prior_row(lead, item.prior, at.now) for lead, item in zip(ids, items, strict=True)]
    postings = []
    for row, prior, number, item, (rep, why) in zip(
        rows, priors, leads.add_priors(session, priors), items, chosen, strict=True
    ):
        if rep is not None and not why:
            ref = Ref(lead=prior["lead_id"], prior=number)
            card = posting.card(row, prior, ref, records[record_key(item)], rep)
            postings.append(Posting(ref.lead, number, card, rep))
    posting.post(session, postings, at)
    return [
        Received(item.lead_id, "created", warnings=["owner"] if why else [])
        for item, (_rep, why) in zip(items, chosen, strict=True)
    ]


def _revise(session: Session, row: Row[Any], item: LeadIn, mode: _Mode, records: Records, at: Moment) -> Received:
    """An item for a lead that is known: the newest `scored_at` wins, and one moment has one number."""
    same = leads.prior_at(session, row.id, item.prior.scored_at)
    if same is not None and (same.probability, same.points) != (item.prior.probability, item.prior.points):
        sentence = "prior.probability: differs from what is stored for this scored_at; send a later scored_at"
        return Received(item.lead_id, "rejected", errors=[sentence])
    newest = leads.newest_prior(session, row.id)
    if item.prior.scored_at < newest.scored_at:
        return Received(item.lead_id, "unchanged")
    rescored = item.prior.scored_at > newest.scored_at
    rep, why = _rep_for(item, mode)
    moves = _moves(row, item, rep, why)
    values = _changed(row, item) | ({"rep_id": rep.id if rep else None, "waiting": why} if moves else {})
    if rescored:
        _rescore(session, row, item, records[record_key(item)], at)
    if values:
        leads.change(session, row.id, **values)
    if moves:
        _pass_on(session, row, rep if not why else None, records[record_key(item)], at)
    elif values or rescored:
        posting.show(session, row.id, f"lead:{at.real.timestamp()}", at.real)
    result = "rescored" if rescored else "updated" if values else "unchanged"
    return Received(item.lead_id, result, warnings=["owner"] if moves and why else [])


def _changed(row: Row[Any], item: LeadIn) -> dict[str, Any]:
    new = leads.described(item) | (leads.owned(item) if item.owner else {})
    values = {key: value for key, value in new.items() if getattr(row, key) != value}
    if row.posted_at is None and row.flagged_hard != item.hard:
        values |= {"flagged_hard": item.hard, "hard": is_hard(row.probability, item.hard)}
    return values


def _moves(row: Row[Any], item: LeadIn, rep: Row[Any] | None, why: str) -> bool:
    """Whether the item gives the lead to somebody else than it is with."""
    if item.owner is None or row.history:
        return False
    if row.waiting:
        return rep is not None and not why
    return rep is None or rep.id != row.rep_id


def _pass_on(session: Session, row: Row[Any], rep: Row[Any] | None, record: Record, at: Moment) -> None:
    """Close the old owner's message and post to the new one; what was said is kept."""
    old = leads.situation(session, row.id)
    after = 0
    if old is not None and old.suggestion_id is not None:
        posting.close_passed_on(session, old, at)
        after = old.suggestion_id
    if rep is not None and row.outcome in OPEN_OUTCOMES:
        fresh, prior = leads.known(session, [row.lead_id])[row.lead_id], leads.newest_prior(session, row.id)
        card = posting.card(fresh._mapping, prior._mapping, Ref(lead=row.id, prior=prior.id), record, rep)
        posting.post(session, [Posting(row.id, prior.id, card, rep, after)], at)


def _rescore(session: Session, row: Row[Any], item: LeadIn, record: Record, at: Moment) -> None:
    """Store the new prior; show it while nobody has answered and the landmark is ahead, else keep it unseen."""
    (prior,) = leads.add_priors(session, [leads.prior_row(row.id, item.prior, at.now)])
    if row.posted_at is None:
        # Nobody has seen the first one yet: figures use what is posted, which is the newest.
        leads.change(session, row.id, **leads.figures_of(item.prior), hard=is_hard(item.prior.probability, item.hard))
    answered = responses.first_answer_before(session, row.id, at.now)
    late = row.posted_at is not None and at.now > row.posted_at + timedelta(hours=row.landmark_hours)
    place = leads.situation(session, row.id)
    if answered or late or row.outcome not in OPEN_OUTCOMES or place is None or place.suggestion_id is None:
        return
    old = leads.prior_of(session, row.id, place.suggestion_prior)
    leads.change_suggestion(session, place.suggestion_id, prior_id=prior, record=posting.record_as_row(record))
    if row.posted_at is not None and old is not None and record_key(item)[2] != band_of(old.probability, old.points):
        line = {
            "kind": "thread",
            "lane": (place.rep_channel if place.suggestion_shared else None) or place.rep_slack_id,
            "payload": band_moved(row.name),
            "target_id": place.suggestion_letter,
            "lead_id": row.id,
            "dedupe_key": f"moved:{prior}",
        }
        outbox.add_once(session, line, at.real)


def _lead_row(item: LeadIn, rep: Row[Any] | None, why: str, mode: _Mode, at: Moment) -> dict[str, Any]:
    return {
        "lead_id": item.lead_id,
        "flagged_hard": item.hard,
        "hard": is_hard(item.prior.probability, item.hard),
        "rep_id": rep.id if rep is not None and not why else None,
        "waiting": why,
        "trial": mode.instead is not None,
        "landmark_hours": mode.landmark_hours,
        "made_up": at.made_up,
        "received_at": at.now,
        **leads.figures_of(item.prior),
        **leads.described(item),
        **leads.owned(item),
    }
