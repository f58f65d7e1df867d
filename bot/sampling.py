"""The blind-first sample at work: leads drawn, a rep's own number kept, the tool's shown."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot import posting
from bot.domain.assignment import Draw
from bot.domain.clock import Moment
from bot.domain.errors import AlreadyClosed, OtherwiseError
from bot.domain.rules import OPEN_OUTCOMES
from bot.domain.sampling import BLIND, HIDDEN_FOR, NOTICE, SHARES, USUAL
from bot.place import Place, find_place
from bot.posting import Posting
from bot.views import sampling as views
from bot.views.kit import Ref
from storage import holding, leads, outbox, people, sampling

AT_ONCE = 200


@dataclass(frozen=True)
class Drawing:
    """A sample that runs, and the key that draws for it."""

    sample: int
    draw: Draw

    def drawn(self, session: Session, postings: list[Posting], names: dict[int, str], at: Moment) -> list[Posting]:
        """The same postings, with the number hidden or asked for where chance says so; each draw is kept.

        `names` holds the CRM's id of each lead, which is what is drawn by. Drawn are leads of reps who alone read
        theirs, with a chance on screen, who were told two days ago and have not stayed out.
        """
        rows, result = [], []
        for one in postings:
            if not self._takes_part(one, at):
                result.append(one)
                continue
            arm = self.draw.arm(f"anchor-{self.sample}", names[one.lead], SHARES)
            rows.append(self._row(one, arm, at))
            card = one.card if arm == USUAL else replace(one.card, arm=arm, number_visible=arm != BLIND)
            result.append(replace(one, card=card))
        if rows:
            sampling.add(session, rows)
        return result

    def _takes_part(self, one: Posting, at: Moment) -> bool:
        rep, card = one.rep, one.card
        if card.shared or card.trial or card.probability is None or not card.number_visible or one.after:
            return False
        told = rep.sample_told == self.sample and rep.sample_told_at is not None
        return bool(told and rep.in_sample and rep.sample_told_at + NOTICE <= at.now)

    def _row(self, one: Posting, arm: str, at: Moment) -> dict[str, Any]:
        return {
            "sample_id": self.sample,
            "lead_id": one.lead,
            "person_id": one.rep.id,
            "arm": arm,
            "propensity": dict(SHARES)[arm],
            "key_id": self.draw.id,
            "prior_id": one.prior,
            "revealed_at": None if arm == BLIND else at.now,
            "at": at.now,
        }


def number_form(session: Session, ref: Ref, slack_id: str) -> tuple[str, int, bool]:
    """What [Say my number] shows: the lead's name, within how many days, and whether the tool's number is hidden.

    Raises OtherwiseError when this lead is in no sample, or she has said it.
    """
    place, _ = _hers(session, ref, slack_id)
    return place.lead.name, place.lead.horizon_days, not place.lead.suggestion_number_visible


def say_number(session: Session, ref: Ref, slack_id: str, estimate: float, at: Moment) -> None:
    """Keep her number, in [0, 1], and show the tool's. The first one is what is compared; it counts as no answer."""
    holding.hold(session, ref.lead)
    place, row = _hers(session, ref, slack_id)
    values = {"estimate": estimate, "answered_at": at.now, "prior_id": place.lead.suggestion_prior}
    sampling.change(session, row.id, **values)
    reveal(session, place.lead, "answer", at)
    posting.show(session, place.lead.id, f"number:{row.id}", at.real)


def reveal(session: Session, lead: Row[Any], how: str, at: Moment) -> None:
    """Show the tool's number where a sample hides it. `how` is answer, skip or time; the first one stays."""
    row = sampling.of_lead(session, lead.id)
    if row is not None and row.revealed_at is None:
        sampling.change(session, row.id, revealed_at=at.now, revealed_by=how)
        leads.change_suggestion(session, lead.suggestion_id, number_visible=True)


def any_late(session: Session, at: Moment) -> bool:
    """Whether a number was hidden for ten minutes."""
    return bool(sampling.hidden_since(session, at.now - HIDDEN_FOR, 1))


def reveal_late(session: Session, at: Moment) -> int:
    """Show the numbers that were hidden for ten minutes; how many."""
    late = sampling.hidden_since(session, at.now - HIDDEN_FOR, AT_ONCE)
    for one in late:
        lead = leads.situation(session, one.lead_id)
        if lead is None or lead.suggestion_arm != BLIND:
            # Passed on meanwhile: what its new rep reads hides nothing.
            sampling.change(session, one.id, revealed_at=at.now, revealed_by="time")
            continue
        reveal(session, lead, "time", at)
        posting.show(session, lead.id, f"late:{one.id}", at.real)
    return len(late)


def leave(session: Session, slack_id: str, at: Moment) -> None:
    """[Leave me out]: none of her leads is drawn any more."""
    row = people.by_slack_id(session, slack_id)
    if row is None:
        raise OtherwiseError("There is nothing to leave: no lead was posted to you yet.")
    if row.in_sample:
        people.change(session, row.id, in_sample=False)
    letter = _notice_to(session, row)
    if letter is not None:
        outbox.edit(session, letter, views.left_out(), f"left-out:{letter}", at.real)


def notice_key(sample: int, rep: int, at: datetime) -> str:
    """Under which the word about a sample to a rep is kept: after [Undo] of an end there is another."""
    return f"sample:{sample}:{rep}:{at.timestamp()}"


def _notice_to(session: Session, rep: Row[Any]) -> int | None:
    told_at = rep.sample_told_at
    return outbox.by_key(session, notice_key(rep.sample_told, rep.id, told_at)) if told_at is not None else None


def _hers(session: Session, ref: Ref, slack_id: str) -> tuple[Place, Row[Any]]:
    place = find_place(session, ref, slack_id)
    row = sampling.of_lead(session, place.lead.id)
    if row is None or row.arm == USUAL or row.person_id != place.person:
        raise OtherwiseError("No number is asked for on this lead. [Add details] takes one with what you see.")
    if row.estimate is not None:
        raise OtherwiseError("Your number is kept already; the first one is what is compared.")
    if place.lead.outcome not in OPEN_OUTCOMES:
        raise AlreadyClosed
    return place, row
