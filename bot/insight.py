"""What a rep may look at: why a number, and what she herself has said."""

from dataclasses import dataclass, field

from sqlmodel import Session

from bot import posting
from bot.domain.bands import band_of
from bot.domain.errors import LeadGone, NotYours
from bot.domain.wording import details_in_words
from bot.place import find_place
from bot.views.forms import OwnWords, Why
from bot.views.kit import Ref
from storage import leads, people, responses


@dataclass(frozen=True)
class Standing:
    """The override that stands: her words and details."""

    direction: str = ""
    reason: str = ""
    estimate: float | None = None
    cues: list[str] = field(default_factory=list)
    quote: bool = False


def standing(session: Session, ref: Ref, slack_id: str) -> tuple[str, Standing]:
    """The lead's name and the rep's standing override, empty after a withdrawal. Raises what `find_place` raises."""
    place = find_place(session, ref, slack_id)
    row = responses.current(session, place.lead.id, place.person)
    if row is None or row.kind != "overridden":
        return place.lead.name, Standing()
    return place.lead.name, Standing(row.direction, row.reason or "", row.estimate, row.cues, row.quote)


def why(session: Session, ref: Ref, slack_id: str) -> Why:
    """What stands behind the number on screen, with the record that stood beside it. Raises NotYours or LeadGone."""
    place = find_place(session, ref, slack_id)
    prior = leads.prior_of(session, ref.lead, ref.prior)
    if prior is None:
        raise LeadGone
    return Why(
        name=place.lead.name,
        probability=prior.probability,
        band=band_of(prior.probability, prior.points),
        horizon_days=prior.horizon_days,
        record=posting.record_of(place.lead.suggestion_record),
        model=prior.model,
        model_version=prior.model_version,
        reference_class=prior.reference_class,
        scored_at=prior.scored_at,
        reasons=prior.reasons,
        facts=place.lead.facts,
        zone=place.lead.reader_zone or "UTC",
    )


def own_words(session: Session, ref: Ref, slack_id: str) -> tuple[str, list[OwnWords], str, bool]:
    """Everything this person has said about the lead, oldest first, for herself alone, also after it was passed on.

    The lead's name, what she said each time, her zone, and whether she may be quoted.
    Raises NotYours when she said nothing.
    """
    lead, person = leads.situation(session, ref.lead), people.by_slack_id(session, slack_id)
    if lead is None:
        raise LeadGone
    rows = responses.of_author(session, lead.id, person.id) if person is not None else []
    if person is None or not rows:
        raise NotYours("There is nothing of yours to show here: only the author sees what was said.")
    said = [
        OwnWords(
            row.at, row.kind, row.direction, row.reason or "", details_in_words(row.estimate, row.cues or [], row.quote)
        )
        for row in rows
    ]
    return lead.name, said, person.zone, rows[-1].kind == "overridden" and bool(rows[-1].quote)
