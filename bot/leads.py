"""Leads come in: created with their letter, revised, rescored, passed on, or kept until their owner is known."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot import posting, routing
from bot.domain.assignment import Draw
from bot.domain.bands import Record, band_of, is_hard
from bot.domain.clock import Moment
from bot.domain.guard import Routed
from bot.domain.inbound import LeadIn
from bot.domain.rules import (
    HELD,
    LATER,
    MUTED,
    OPEN_OUTCOMES,
    PAUSED,
    REHEARSAL,
    TEST,
    UNKNOWN,
    UNOWNED,
    Received,
)
from bot.pacing import Pacing, pacing
from bot.posting import Posting
from bot.sampling import Drawing
from bot.views.kit import Ref
from bot.views.suggestion import band_moved
from storage import leads, outbox, people, responses, workspace
from storage import waiting as kept_waiting
from storage.stats import RecordKey

Records = dict[RecordKey, Record]
Reps = dict[str, Row[Any]]


@dataclass(frozen=True)
class _Mode:
    """What admins have set, and whose leads are whose: `instead` gets them all while a rehearsal is on."""

    landmark_hours: int
    paused: bool
    reps: Reps
    guard: routing.Guard
    hard_below: float
    pacing: Pacing
    sampling: Drawing | None = None
    instead: Row[Any] | None = None


@dataclass(frozen=True)
class _Choice:
    """Who gets a new lead, or why it waits, and how that was decided."""

    rep: Row[Any] | None
    why: str
    hard: bool
    routed: Routed | None = None


def record_key(item: LeadIn) -> RecordKey:
    """Which record stands beside this item's prior."""
    return item.prior.line, item.prior.horizon_days, band_of(item.prior.probability, item.prior.points)


def receive_leads(session: Session, items: list[LeadIn], records: Records, draw: Draw, at: Moment) -> list[Received]:
    """Take in leads, in order, one answer each. New ones are inserted together with their letters.

    `records` holds the tool's record for each item's `record_key`; `draw` decides where chance does.
    """
    mode = _mode(session, items, draw, at)
    if mode.instead is not None:
        kept = [item.model_copy(update={"lead_id": REHEARSAL + item.lead_id}) for item in items]
        told = _receive(session, kept, mode, records, at)
        return [
            replace(one, lead_id=item.lead_id, warnings=["rehearsal"]) for one, item in zip(told, items, strict=True)
        ]
    return _receive(session, items, mode, records, at)


def send_test(session: Session, item: LeadIn, rep: Row[Any], at: Moment) -> None:
    """Post a marked lead to somebody, rep or not, to see that all works. It is in no figure."""
    asked = workspace.read(session)
    below, pace = asked.hard_percent / 100, pacing(session, at.now, asked)
    mode = _Mode(asked.landmark_hours, False, {}, routing.NOBODY, below, pace, instead=rep)
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


def _mode(session: Session, items: list[LeadIn], draw: Draw, at: Moment) -> _Mode:
    asked = workspace.read(session)
    below, pace = asked.hard_percent / 100, pacing(session, at.now, asked)
    if asked.rehearsal_slack_id:
        instead = people.by_slack_id(session, asked.rehearsal_slack_id)
        return _Mode(asked.landmark_hours, asked.paused, {}, routing.NOBODY, below, pace, instead=instead)
    drawing = Drawing(asked.sample_id, draw) if asked.sample_id is not None else None
    guard = routing.guard(session, draw, asked, unowned=any(item.owner is None for item in items))
    return _Mode(asked.landmark_hours, asked.paused, _reps(session, items), guard, below, pace, drawing)


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
    if rep is None:
        return None, UNKNOWN
    return rep, PAUSED if rep.paused else MUTED if rep.muted else HELD if mode.paused else ""


def _choose(item: LeadIn, mode: _Mode) -> _Choice:
    """The rep for a new lead: its owner, or whoever the guard gives it to when it has none."""
    rep, why = _rep_for(item, mode)
    hard = is_hard(item.prior.probability, item.hard, mode.hard_below)
    if why == UNOWNED and mode.guard.available and not mode.paused:
        routed = mode.guard.give(item.lead_id, hard=hard)
        chosen = _Choice(mode.guard.reps[routed.rep], "", hard, routed)
    elif rep is not None and not why and mode.guard.pool:
        chosen = _Choice(rep, "", hard, Routed(rep.id, rep.id, "owner", 0.0))
    else:
        chosen = _Choice(rep, why, hard)
    if (
        chosen.rep is not None
        and not chosen.why
        and mode.instead is None
        and mode.pacing.too_much(mode.pacing.reader(chosen.rep))
    ):
        return replace(chosen, why=LATER)
    return chosen


def _create(session: Session, items: list[LeadIn], mode: _Mode, records: Records, at: Moment) -> list[Received]:
    if not items:
        return []
    chosen = [_choose(item, mode) for item in items]
    rows = [_lead_row(item, choice, mode, at) for item, choice in zip(items, chosen, strict=True)]
    ids = leads.add(session, rows)
    priors = [leads.prior_row(lead, item.prior, at.now) for lead, item in zip(ids, items, strict=True)]
    postings, decided = [], []
    for row, prior, number, item, choice in zip(
        rows, priors, leads.add_priors(session, priors), items, chosen, strict=True
    ):
        ref = Ref(lead=prior["lead_id"], prior=number)
        if choice.routed is not None:
            decided.append((ref.lead, choice.hard, choice.routed))
        if choice.rep is not None and not choice.why:
            reader = mode.pacing.reader(choice.rep)
            card = posting.card(row, prior, ref, records[record_key(item)], reader)
            postings.append(Posting(ref.lead, number, card, reader))
    if mode.sampling is not None:
        names = {lead: item.lead_id for lead, item in zip(ids, items, strict=True)}
        postings = mode.sampling.drawn(session, postings, names, at)
    posting.post(session, postings, at)
    mode.guard.keep(session, decided, at)
    posted = {posting.lead for posting in postings}
    mode.guard.ask_owners(session, rows, ids, [one for one in decided if one[0] in posted], at)
    return [
        Received(item.lead_id, "created", warnings=["owner"] if choice.why not in ("", LATER) else [])
        for item, choice in zip(items, chosen, strict=True)
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
    reader = mode.pacing.reader(rep) if moves and rep is not None and not why else None
    if reader is not None and mode.instead is None and mode.pacing.too_much(reader):
        reader, why = None, LATER
    values = _changed(row, item, mode.hard_below) | (
        {"rep_id": rep.id if rep else None, "waiting": why} if moves else {}
    )
    if not moves and item.owner is not None and why and row.waiting not in ("", LATER, why):
        # It has an owner now, for whom it waits: the guard gives it to nobody else.
        values["waiting"] = why
    if rescored:
        _rescore(session, row, item, records[record_key(item)], mode, at)
    if values:
        leads.change(session, row.id, **values)
    if moves and rep is not None and why == LATER:
        kept_waiting.tell_again(session, rep.id, row.id)
    if moves:
        _pass_on(session, row, reader, records[record_key(item)], at)
    elif values or rescored:
        posting.show(session, row.id, f"lead:{at.real.timestamp()}", at.real)
    result = "rescored" if rescored else "updated" if values else "unchanged"
    return Received(item.lead_id, result, warnings=["owner"] if moves and why not in ("", LATER) else [])


def _changed(row: Row[Any], item: LeadIn, below: float) -> dict[str, Any]:
    new = leads.described(item) | (leads.owned(item) if item.owner else {})
    values = {key: value for key, value in new.items() if getattr(row, key) != value}
    if row.posted_at is None and row.flagged_hard != item.hard:
        values |= {"flagged_hard": item.hard, "hard": is_hard(row.probability, item.hard, below)}
    return values


def _moves(row: Row[Any], item: LeadIn, rep: Row[Any] | None, why: str) -> bool:
    """Whether the item gives the lead to somebody else than it is with."""
    if item.owner is None or row.history:
        return False
    if row.waiting not in ("", LATER):
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


def _rescore(session: Session, row: Row[Any], item: LeadIn, record: Record, mode: _Mode, at: Moment) -> None:
    """Store the new prior; show it while nobody has answered and the landmark is ahead, else keep it unseen."""
    (prior,) = leads.add_priors(session, [leads.prior_row(row.id, item.prior, at.now)])
    if row.posted_at is None:
        # Nobody has seen the first one yet: figures use what is posted, which is the newest.
        hard = is_hard(item.prior.probability, item.hard, mode.hard_below)
        leads.change(session, row.id, **leads.figures_of(item.prior), hard=hard)
    place = leads.situation(session, row.id)
    shared = place is not None and place.suggestion_shared
    # Where others read, a number that stopped moving would tell that she has answered.
    # Nor by whom it was before: what a former owner said is nothing to whoever reads this now.
    answered = not shared and place is not None and responses.current(session, row.id, place.reader_id) is not None
    late = row.posted_at is not None and at.now > row.posted_at + timedelta(hours=row.landmark_hours)
    if answered or late or row.outcome not in OPEN_OUTCOMES or place is None or place.suggestion_id is None:
        return
    old = leads.prior_of(session, row.id, place.suggestion_prior)
    leads.change_suggestion(session, place.suggestion_id, prior_id=prior, record=posting.record_as_row(record))
    if row.posted_at is not None and old is not None and record_key(item)[2] != band_of(old.probability, old.points):
        line = {
            "kind": "thread",
            "lane": (place.reader_channel if place.suggestion_shared else None) or place.reader_slack_id,
            "payload": band_moved(row.name),
            "target_id": place.suggestion_letter,
            "lead_id": row.id,
            "dedupe_key": f"moved:{prior}",
        }
        outbox.add_once(session, line, at.real)


def _lead_row(item: LeadIn, choice: _Choice, mode: _Mode, at: Moment) -> dict[str, Any]:
    return {
        "lead_id": item.lead_id,
        "flagged_hard": item.hard,
        "hard": choice.hard,
        "rep_id": choice.rep.id if choice.rep is not None and choice.why in ("", LATER) else None,
        "waiting": choice.why,
        "trial": mode.instead is not None,
        "landmark_hours": mode.landmark_hours,
        "made_up": at.made_up,
        "received_at": at.now,
        **leads.figures_of(item.prior),
        **leads.described(item),
        **leads.owned(item),
    }
