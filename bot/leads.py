"""Leads come in: created with their letter, revised, rescored, passed on, or kept until their owner is known."""

from dataclasses import dataclass, replace
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
    LATER,
    REHEARSAL,
    TEST,
    UNOWNED,
    Received,
)
from bot.pacing import pacing
from bot.posting import Posting
from bot.revision import Mode, Reps, rep_for, revise
from bot.sampling import Drawing
from bot.views.kit import Ref
from storage import holding, leads, people, workspace
from storage.stats import RecordKey

Records = dict[RecordKey, Record]


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
    mode = Mode(asked, False, {}, routing.NOBODY, pacing(session, at.now, asked), instead=rep)
    _receive(
        session, [item.model_copy(update={"lead_id": TEST + item.lead_id})], mode, {record_key(item): Record()}, at
    )


def _receive(session: Session, items: list[LeadIn], mode: Mode, records: Records, at: Moment) -> list[Received]:
    results: list[Received | None] = [None] * len(items)
    holding.hold_named(session, (item.lead_id for item in items))
    known = leads.known(session, (item.lead_id for item in items))
    fresh: dict[str, int] = {}
    for place, item in enumerate(items):
        if item.lead_id not in known:
            fresh.setdefault(item.lead_id, place)
    created = _create(session, [items[place] for place in fresh.values()], mode, records, at)
    for place, result in zip(fresh.values(), created, strict=True):
        results[place] = result
    # Read together; whoever comes twice in a batch is read again, as the first time may have changed it.
    standing = {name: (row, newest) for name, row, newest in leads.with_newest_prior(session, known.values())}
    for place, item in enumerate(items):
        if results[place] is None:
            first = item.lead_id in standing
            row, newest = standing.pop(item.lead_id) if first else _as_it_is(session, item.lead_id)
            results[place] = revise(session, row, newest, item, mode, records[record_key(item)], at)
    return [result for result in results if result is not None]


def _as_it_is(session: Session, lead_id: str) -> tuple[Row[Any], Row[Any]]:
    row = leads.known(session, [lead_id])[lead_id]
    return row, leads.newest_prior(session, row.id)


def _mode(session: Session, items: list[LeadIn], draw: Draw, at: Moment) -> Mode:
    asked = workspace.read(session)
    pace = pacing(session, at.now, asked)
    if asked.rehearsal_slack_id:
        instead = people.by_slack_id(session, asked.rehearsal_slack_id)
        return Mode(asked, asked.paused, {}, routing.NOBODY, pace, instead=instead)
    drawing = Drawing(asked.sample_id, draw) if asked.sample_id is not None else None
    guard = routing.guard(session, draw, asked, unowned=any(item.owner is None for item in items))
    return Mode(asked, asked.paused, _reps(session, items), guard, pace, drawing)


def _reps(session: Session, items: list[LeadIn]) -> Reps:
    owners = [item.owner for item in items if item.owner]
    found = leads.reps(session, {o.email for o in owners if o.email}, {o.slack_id for o in owners if o.slack_id})
    return {key: rep for rep in found for key in (rep.email, rep.slack_id) if key}


def _choose(item: LeadIn, mode: Mode) -> _Choice:
    """The rep for a new lead: its owner, or whoever the guard gives it to when it has none."""
    rep, why = rep_for(item, mode)
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


def _create(session: Session, items: list[LeadIn], mode: Mode, records: Records, at: Moment) -> list[Received]:
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
    posting.post(session, mode.settings, postings, at)
    mode.guard.keep(session, decided, at)
    posted = {posting.lead for posting in postings}
    mode.guard.ask_owners(session, rows, ids, [one for one in decided if one[0] in posted], at)
    return [
        Received(item.lead_id, "created", warnings=["owner"] if choice.why not in ("", LATER) else [])
        for item, choice in zip(items, chosen, strict=True)
    ]


def _lead_row(item: LeadIn, choice: _Choice, mode: Mode, at: Moment) -> dict[str, Any]:
    return {
        "lead_id": item.lead_id,
        "flagged_hard": item.hard,
        "hard": choice.hard,
        "rep_id": choice.rep.id if choice.rep is not None and choice.why in ("", LATER) else None,
        "waiting": choice.why,
        "trial": mode.instead is not None,
        "landmark_hours": mode.settings.landmark_hours,
        "made_up": at.made_up,
        "received_at": at.now,
        **leads.figures_of(item.prior),
        **leads.described(item),
        **leads.owned(item),
    }
