"""The rep answers: noted, overridden, detailed, withdrawn, revealed. Each is a row; double clicks make one."""

import hashlib
from datetime import timedelta
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot import posting, sampling
from bot.domain.clock import Moment
from bot.domain.errors import AlreadyClosed, OtherwiseError
from bot.domain.rules import OPEN_OUTCOMES
from bot.domain.wording import DIRECTIONS, WORDING_VERSION
from bot.place import Place, hold_place
from bot.views import private
from bot.views.kit import Json, Ref
from storage import leads, responses


def note(session: Session, ref: Ref, slack_id: str, click: str, at: Moment) -> None:
    """[Noted]: she has seen it. Leaves an override that stands as it is. `click` names this press for redeliveries."""
    place = _open_place(session, ref, slack_id)
    standing = posting.said_of(responses.current(session, place.lead.id, place.person))
    if standing is None:
        _store(session, place, at, {"kind": "noted", "dedupe_key": f"click:{click}"})
        _show(session, place, slack_id, private.noted(place.ref), f"click:{click}", at)


def undo_note(session: Session, ref: Ref, slack_id: str, click: str, at: Moment) -> None:
    """[Undo] of a mistaken [Noted]: as if it had not been pressed, except that both presses are kept."""
    place = _open_place(session, ref, slack_id)
    standing = posting.said_of(responses.current(session, place.lead.id, place.person))
    if standing is not None and standing.kind == "noted":
        _store(session, place, at, {"kind": "withdrawn", "dedupe_key": f"click:{click}"})
        _show(session, place, slack_id, private.undone(), f"click:{click}", at)


def record_override(
    session: Session, ref: Ref, slack_id: str, view_id: str, direction: str, reason: str, at: Moment
) -> None:
    """Store what she sees. The same form with the same words again is the same row; other words are another.

    After the outcome is known it is kept too, marked late, in no figure.
    """
    place = hold_place(session, ref, slack_id)
    words = hashlib.sha256(f"{direction}\x1f{reason}".encode()).hexdigest()[:32]
    key = f"view:{view_id}:{words}"
    if responses.by_key(session, key) is not None:
        return
    row = {"kind": "overridden", "direction": direction, "reason": reason, "dedupe_key": key}
    before = responses.current(session, place.lead.id, place.person)
    if before is not None and (before.kind, before.direction) == ("overridden", direction):
        # Other words for the same: her number and cues stay. Whether these words may be quoted she has not said.
        row |= {"estimate": before.estimate, "cues": before.cues, "quote": before.quote and before.reason == reason}
    _store(session, place, at, row)
    late = place.lead.outcome not in OPEN_OUTCOMES
    _show(session, place, slack_id, private.saved(place.ref, late=late), key, at)


def add_details(
    session: Session,
    ref: Ref,
    slack_id: str,
    view_id: str,
    estimate: float | None,
    cues: list[str],
    quote: bool,
    at: Moment,
) -> None:
    """Add her number (in [0, 1]), cues and consent to the override that stands; a further row with the same words."""
    place = hold_place(session, ref, slack_id)
    row = responses.current(session, place.lead.id, place.person)
    if row is None or row.kind != "overridden":
        raise AlreadyClosed("What you had said was withdrawn, so there is nothing to add details to.")
    prior = leads.prior_of(session, place.lead.id, row.prior_id)
    if _against_itself(place.lead, prior.probability if prior is not None else None, row.direction, estimate):
        raise OtherwiseError(
            f"You said {DIRECTIONS[row.direction]}, and this number says the contrary. Please change one of the two."
        )
    given = hashlib.sha256(f"{estimate}\x1f{sorted(cues)}\x1f{quote}".encode()).hexdigest()[:32]
    key = f"details:{view_id}:{given}"
    if responses.by_key(session, key) is None:
        kept = {"kind": "overridden", "direction": row.direction, "reason": row.reason, "dedupe_key": key}
        _store(session, place, at, kept | {"estimate": estimate, "cues": cues, "quote": quote})
        _show(session, place, slack_id, private.details_saved(place.ref), key, at)


def _against_itself(lead: Row[Any], tools: float | None, direction: str, estimate: float | None) -> bool:
    """Whether her number lies on the other side of the tool's than she said, in whole numbers of 100 as both are read.

    `tools` is the chance that she answered to. Where it was not on screen she is asked nothing: the answer would tell
    where it lies.
    """
    seen = lead.suggestion_number_visible or lead.suggestion_revealed
    if estimate is None or tools is None or not seen:
        return False
    hers, tools = round(100 * estimate), round(100 * tools)
    return (direction == "more" and hers < tools) or (direction == "less" and hers > tools)


def unquote(session: Session, ref: Ref, slack_id: str, click: str, at: Moment) -> None:
    """[Don't quote me]: consent is taken back, after the outcome too; everything else stays as she said it."""
    place = hold_place(session, ref, slack_id)
    row = responses.current(session, place.lead.id, place.person)
    if row is not None and row.kind == "overridden" and row.quote:
        kept = {name: getattr(row, name) for name in ("kind", "direction", "reason", "estimate", "cues")}
        _store(session, place, at, kept | {"quote": False, "dedupe_key": f"click:{click}"})
        _show(session, place, slack_id, private.unquoted(), f"click:{click}", at)


def withdraw(session: Session, ref: Ref, slack_id: str, click: str, at: Moment) -> None:
    """[Withdraw]: what she said no longer counts; the rows stay."""
    place = _open_place(session, ref, slack_id)
    standing = posting.said_of(responses.current(session, place.lead.id, place.person))
    if standing is not None and standing.kind == "overridden":
        _store(session, place, at, {"kind": "withdrawn", "dedupe_key": f"click:{click}"})
        _show(session, place, slack_id, private.withdrawn(place.ref), f"click:{click}", at)


def reveal(session: Session, ref: Ref, slack_id: str, click: str, at: Moment) -> None:
    """[Show the tool's number]: on her message when she alone reads it, else to her alone."""
    place = hold_place(session, ref, slack_id)
    if place.lead.suggestion_arm:
        sampling.reveal(session, place.lead, "skip", at)
    if place.lead.suggestion_shared:
        # The message is everybody's: it goes on as it is, and only what she has seen is kept.
        leads.change_suggestion(session, place.lead.suggestion_id, revealed=True)
        card = posting.card_of(session, place.lead)
        posting.tell(session, place.lead, slack_id, private.number(card), f"reveal:{click}", at.real)
    else:
        leads.change_suggestion(session, place.lead.suggestion_id, number_visible=True)
        posting.show(session, place.lead.id, f"reveal:{click}", at.real)


def _open_place(session: Session, ref: Ref, slack_id: str) -> Place:
    place = hold_place(session, ref, slack_id)
    if place.lead.outcome not in OPEN_OUTCOMES:
        raise AlreadyClosed
    return place


def _store(session: Session, place: Place, at: Moment, row: dict[str, Any]) -> None:
    """Append the response, and keep on the lead what stands, whose it is, and to which chance the first one was."""
    lead = place.lead
    if responses.by_key(session, row["dedupe_key"]) is not None:
        return
    late = lead.outcome not in OPEN_OUTCOMES
    first = not responses.first_answer_before(session, lead.id, at.now)
    responses.add(
        session,
        {
            "lead_id": lead.id,
            "prior_id": place.ref.prior,
            "person_id": place.person,
            "number_visible": lead.suggestion_number_visible or lead.suggestion_revealed,
            "wording": WORDING_VERSION,
            "late": late,
            "made_up": at.made_up,
            "at": at.now,
            **row,
        },
    )
    if late:
        if row.get("direction") == "data" and lead.outcome != "disqualified":
            # The model's owners are told all the same. A figure asks for it of disqualified leads alone.
            leads.change(session, lead.id, data_problem=True)
        return
    standing = "" if row["kind"] == "withdrawn" else row["kind"]
    direction = row.get("direction", "") if standing == "overridden" else ""
    author: int | None = place.person if standing else None
    other = responses.override_by_others(session, lead.id, place.person) if standing != "overridden" else None
    if other is not None:
        # A new owner's or a stand-in's [Noted] takes nothing from what was seen before.
        standing, direction, author = "overridden", other.direction, other.person_id
    values: dict[str, Any] = {"response_kind": standing}
    # Somebody answered, so it was seen, even when our note of the posting is still on its way.
    if lead.posted_at is None or at.now <= lead.posted_at + timedelta(hours=lead.landmark_hours):
        values |= {"landmark_direction": direction, "author_id": author}
        # A new owner, or a stand-in, answers to what is on her own message.
        first |= author == place.person and lead.author_id not in (None, author)
    values["data_problem"] = direction == "data"
    if first:
        values |= _seen(session, place)
    leads.change(session, lead.id, **values)


def _seen(session: Session, place: Place) -> dict[str, Any]:
    """The chance that she answered to, where it is another than the posted one's.

    By it her calls are judged, in sums that tell of no single lead. All else goes by the posted one: a band, a day or
    an expected count that moved with the first answer would tell that there was one.
    """
    lead, prior = place.lead, leads.prior_of(session, place.lead.id, place.ref.prior)
    same = prior is not None and (prior.model_line, prior.horizon_days) == (lead.model_line, lead.horizon_days)
    other = prior is not None and same and prior.probability not in (None, lead.probability)
    seen = prior.probability if prior is not None and other else None
    return {"seen_probability": seen} if seen != lead.seen_probability else {}


def _show(session: Session, place: Place, slack_id: str, confirmation: Json, key: str, at: Moment) -> None:
    """Her own DM shows what she said; where others read, nothing changes and she alone is told."""
    if place.lead.suggestion_shared:
        posting.tell(session, place.lead, slack_id, confirmation, f"told:{key}", at.real)
    else:
        posting.show(session, place.lead.id, key, at.real)
