"""Whose lead it is: checked by the database at every click and form, and by nothing that rides in them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot.domain.errors import LeadGone, NotYours, PassedOn
from bot.views.kit import Ref
from storage import holding, leads, people, responses


@dataclass(frozen=True)
class Place:
    """The lead that a click or a form speaks of, once it is sure that this person may answer it."""

    lead: Row[Any]
    ref: Ref
    # Who acts: the lead's rep or her stand-in.
    person: int


def find_place(session: Session, ref: Ref, slack_id: str) -> Place:
    """Check a click's or form's reference against the person who acts, by the database and nothing else.

    Raises LeadGone, PassedOn (she had it once) or NotYours.
    """
    lead = leads.situation(session, ref.lead)
    if lead is None or lead.suggestion_id is None:
        raise LeadGone
    # That of the suggestion is the lead's own; any other, of a message from before a re-score, is looked up.
    if ref.prior != lead.suggestion_prior and leads.prior_of(session, ref.lead, ref.prior) is None:
        raise LeadGone
    if slack_id == lead.rep_slack_id:
        return Place(lead, ref, lead.rep_id)
    if slack_id == lead.reader_slack_id and lead.suggestion_passed_on_at is not None:
        raise PassedOn
    if slack_id == lead.reader_slack_id and lead.rep_id is not None:
        return Place(lead, ref, lead.reader_id)
    person = people.by_slack_id(session, slack_id)
    if person is not None and person.id == lead.rep_stand_in_id:
        return Place(lead, ref, person.id)
    had_it = person is not None and responses.of_author(session, lead.id, person.id)
    raise PassedOn if had_it else NotYours


def hold_place(session: Session, ref: Ref, slack_id: str) -> Place:
    """`find_place` for a write: nobody else changes the lead until the commit. Raises what that does."""
    holding.hold(session, ref.lead)
    return find_place(session, ref, slack_id)
