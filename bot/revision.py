"""A lead that is known comes again: its newest score shown, its new owner told, what was said kept."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot import posting, routing
from bot.domain.bands import Record, band_of, is_hard
from bot.domain.clock import Moment
from bot.domain.inbound import LeadIn
from bot.domain.rules import HELD, LATER, MUTED, OPEN_OUTCOMES, PAUSED, UNKNOWN, UNOWNED, Received
from bot.pacing import Pacing
from bot.posting import Posting
from bot.sampling import Drawing
from bot.views.kit import Ref
from bot.views.suggestion import band_moved
from storage import leads, outbox, responses
from storage import routing as kept_routing
from storage import waiting as kept_waiting

Reps = dict[str, Row[Any]]


@dataclass(frozen=True)
class Mode:
    """What admins have set, and whose leads are whose: `instead` gets them all while a rehearsal is on."""

    # The workspace's row; a test is posted though everything is paused.
    settings: Row[Any]
    paused: bool
    reps: Reps
    guard: routing.Guard
    pacing: Pacing
    sampling: Drawing | None = None
    instead: Row[Any] | None = None

    @property
    def hard_below(self) -> float:
        """Below which chance, in [0, 1], a lead is hard."""
        return float(self.settings.hard_percent) / 100


def rep_for(item: LeadIn, mode: Mode) -> tuple[Row[Any] | None, str]:
    """The rep whom the item names, if she is known, and why the lead waits, if it does."""
    if mode.instead is not None:
        return mode.instead, HELD if mode.paused else ""
    if item.owner is None:
        return None, UNOWNED
    rep = mode.reps.get(item.owner.slack_id or "") or mode.reps.get(item.owner.email or "")
    if rep is None:
        return None, UNKNOWN
    return rep, PAUSED if rep.paused else MUTED if rep.muted else HELD if mode.paused else ""


def revise(
    session: Session, row: Row[Any], newest: Row[Any], item: LeadIn, mode: Mode, record: Record, at: Moment
) -> Received:
    """An item for a lead that is known: the newest `scored_at` wins, and one moment has one number."""
    same: Row[Any] | None = newest
    if item.prior.scored_at != newest.scored_at:
        # A later moment than the newest has no number yet.
        older = item.prior.scored_at < newest.scored_at
        same = leads.prior_at(session, row.id, item.prior.scored_at) if older else None
    if same is not None and (same.probability, same.points) != (item.prior.probability, item.prior.points):
        sentence = "prior.probability: differs from what is stored for this scored_at; send a later scored_at"
        return Received(item.lead_id, "rejected", errors=[sentence])
    if item.prior.scored_at < newest.scored_at:
        return Received(item.lead_id, "unchanged")
    rescored = item.prior.scored_at > newest.scored_at
    rep, why = rep_for(item, mode)
    moves = _moves(row, item, rep, why)
    reader = mode.pacing.reader(rep) if moves and rep is not None and not why else None
    if reader is not None and mode.instead is None and mode.pacing.too_much(reader):
        reader, why = None, LATER
    values = _changed(row, item, item.prior.probability if rescored else row.probability, mode.hard_below) | (
        {"rep_id": rep.id if rep else None, "waiting": why} if moves else {}
    )
    if not moves and item.owner is not None and why and row.waiting not in ("", LATER, why):
        # It has an owner now, for whom it waits: the guard gives it to nobody else.
        values["waiting"] = why
    if rescored:
        _rescore(session, row, item, record, mode, at)
    if values:
        leads.change(session, row.id, **values)
    if moves and rep is not None and why == LATER:
        kept_waiting.tell_again(session, rep.id, row.id)
    if moves and rep is not None:
        kept_routing.moved(session, row.id, rep.id, in_pool=bool(rep.in_pool))
    if moves:
        _pass_on(session, row, reader, record, mode, at)
    elif values or rescored:
        posting.show(session, row.id, f"lead:{at.real.timestamp()}", at.real)
    result = "rescored" if rescored else "updated" if values else "unchanged"
    return Received(item.lead_id, result, warnings=["owner"] if moves and why not in ("", LATER) else [])


def _changed(row: Row[Any], item: LeadIn, probability: float | None, below: float) -> dict[str, Any]:
    new = leads.described(item) | (leads.owned(item) if item.owner else {})
    values = {key: value for key, value in new.items() if getattr(row, key) != value}
    if row.posted_at is None and row.flagged_hard != item.hard:
        values |= {"flagged_hard": item.hard, "hard": is_hard(probability, item.hard, below)}
    return values


def _moves(row: Row[Any], item: LeadIn, rep: Row[Any] | None, why: str) -> bool:
    """Whether the item gives the lead to somebody else than it is with."""
    if item.owner is None or row.history:
        return False
    if row.waiting not in ("", LATER):
        return rep is not None and not why
    return rep is None or rep.id != row.rep_id


def _pass_on(session: Session, row: Row[Any], rep: Row[Any] | None, record: Record, mode: Mode, at: Moment) -> None:
    """Close the old owner's message and post to the new one; what was said is kept."""
    old = leads.situation(session, row.id)
    after = 0
    if old is not None and old.suggestion_id is not None:
        posting.close_passed_on(session, old, at)
        after = old.suggestion_id
    if rep is not None and row.outcome in OPEN_OUTCOMES:
        fresh, prior = leads.known(session, [row.lead_id])[row.lead_id], leads.newest_prior(session, row.id)
        card = posting.card(fresh._mapping, prior._mapping, Ref(lead=row.id, prior=prior.id), record, rep)
        posting.post(session, mode.settings, [Posting(row.id, prior.id, card, rep, after)], at)


def _rescore(session: Session, row: Row[Any], item: LeadIn, record: Record, mode: Mode, at: Moment) -> None:
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
    band = band_of(item.prior.probability, item.prior.points)
    if row.posted_at is not None and old is not None and band != band_of(old.probability, old.points):
        line = {
            "kind": "thread",
            "lane": (place.reader_channel if place.suggestion_shared else None) or place.reader_slack_id,
            "payload": band_moved(row.name),
            "target_id": place.suggestion_letter,
            "lead_id": row.id,
            "dedupe_key": f"moved:{prior}",
        }
        outbox.add_once(session, line, at.real)
