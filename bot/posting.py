"""How a lead's message is put together and queued: what leads, overrides and outcomes share when they show it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, RowMapping
from sqlmodel import Session

from bot.domain.bands import Record
from bot.domain.clock import Moment
from bot.domain.rules import REHEARSAL
from bot.domain.wording import details_in_words
from bot.export_notice import tell_of_exports
from bot.views.kit import Json, Ref
from bot.views.suggestion import Card, Said, suggestion, welcome
from storage import leads, outbox, people, responses, sampling

Columns = Mapping[str, Any] | RowMapping


@dataclass(frozen=True)
class Posting:
    """A lead that is to be posted to a rep; `after` is the suggestion it follows when it was passed on."""

    lead: int
    prior: int
    card: Card
    rep: Row[Any]
    after: int = 0


def post(session: Session, mode: Row[Any], postings: list[Posting], at: Moment) -> None:
    """Queue suggestions, each rep's very first one behind a word of welcome, and behind what she has to know.

    `mode` is the workspace's row: whoever posts has read it.
    """
    if not postings:
        return
    reps = {posting.rep.id: posting.rep for posting in postings}.values()
    for rep in reps:
        if not rep.welcomed:
            row = {"kind": "post", "lane": rep.slack_id, "payload": welcome(), "dedupe_key": f"welcome:{rep.id}"}
            outbox.add_once(session, row, at.real)
            people.change(session, rep.id, welcomed=True)
    tell_of_exports(session, mode, reps, at, newcomers=True)
    letters = [
        {
            "kind": "post",
            "lane": posting.rep.channel_id or posting.rep.slack_id,
            "payload": suggestion(posting.card),
            "lead_id": posting.lead,
            "dedupe_key": f"suggestion:{posting.lead}:{posting.rep.id}:{posting.after}",
        }
        for posting in postings
    ]
    rows = [
        {
            "lead_id": posting.lead,
            "rep_id": posting.rep.id,
            "letter_id": letter,
            "prior_id": posting.prior,
            "record": record_as_row(posting.card.record),
            "shared": posting.card.shared,
            "number_visible": posting.card.number_visible,
            "arm": posting.card.arm,
            "created_at": at.now,
        }
        for posting, letter in zip(postings, outbox.add(session, letters, at.real), strict=True)
    ]
    leads.add_suggestions(session, rows)


def card(lead: Columns, prior: Columns, ref: Ref, record: Record, rep: Row[Any]) -> Card:
    """A fresh card from a lead's and a prior's columns."""
    return Card(
        ref=ref,
        name=lead["name"],
        url=lead["url"],
        facts=lead["facts"],
        horizon_days=prior["horizon_days"],
        probability=prior["probability"],
        not_seen=prior["not_seen"],
        record=record,
        shared=bool(rep.channel_id),
        whose=rep.name,
        number_visible=rep.number_at_once,
        zone=rep.zone,
        trial=trial_note(lead),
    )


def trial_note(lead: Columns) -> str:
    """What a test's or rehearsal's message says about itself; nothing for other leads."""
    if not lead["trial"]:
        return ""
    if str(lead["lead_id"]).startswith(REHEARSAL):
        owner = lead["owner_email"] or lead["owner_slack_id"]
        return f"Rehearsal: this would go to {owner or 'nobody yet'}. It counts in no figure."
    return "A test: no real lead, and in no figure."


def record_as_row(record: Record) -> dict[str, int]:
    """A record as a suggestion keeps it."""
    return {"w": record.wins, "n": record.leads, "aw": record.all_wins, "an": record.all_leads}


def record_of(kept: dict[str, int] | None) -> Record:
    """The record that a suggestion was shown with."""
    kept = kept or {}
    return Record(kept.get("w", 0), kept.get("n", 0), kept.get("aw", 0), kept.get("an", 0))


def said_of(row: Row[Any] | None) -> Said | None:
    """What stands, of a person's newest response: nothing after a withdrawal."""
    if row is None or row.kind not in ("noted", "overridden"):
        return None
    return Said(row.kind, row.direction, row.reason or "", details_in_words(row.estimate, row.cues or [], row.quote))


def card_of(session: Session, lead: Row[Any]) -> Card:
    """The card of a situation row (`storage.leads.situation`), with what its rep last said."""
    prior = leads.prior_of(session, lead.id, lead.suggestion_prior)
    if prior is None:
        raise LookupError("a suggestion without its prior")
    drawn = sampling.of_lead(session, lead.id) if lead.suggestion_arm else None
    return Card(
        ref=Ref(lead=lead.id, prior=prior.id, suggestion=lead.suggestion_id),
        name=lead.name,
        url=lead.url,
        facts=lead.facts,
        horizon_days=prior.horizon_days,
        probability=prior.probability,
        not_seen=prior.not_seen,
        record=record_of(lead.suggestion_record),
        shared=lead.suggestion_shared,
        whose=lead.reader_name or "",
        number_visible=lead.suggestion_number_visible,
        arm=lead.suggestion_arm or "",
        own_number=drawn.estimate if drawn is not None else None,
        said=said_of(responses.current(session, lead.id, lead.reader_id)),
        outcome=lead.outcome,
        outcome_at=lead.outcome_at,
        zone=lead.reader_zone or "UTC",
        trial=trial_note(lead._mapping),
    )


def show(session: Session, lead: int, reason: str, real: datetime) -> None:
    """Bring a lead's message up to date, through the outbox. `reason` makes the edit's dedupe key."""
    row = leads.situation(session, lead)
    # Passed on, and not posted to its new owner yet: the former one's message stays closed.
    there = row is not None and row.suggestion_id is not None and row.suggestion_passed_on_at is None
    if there and row is not None and row.rep_id is not None:
        payload = suggestion(card_of(session, row))
        outbox.edit(session, row.suggestion_letter, payload, f"edit:{row.suggestion_letter}:{reason}", real)


def close_passed_on(session: Session, row: Row[Any], at: Moment) -> None:
    """Take the buttons off the former rep's message."""
    closed = replace(card_of(session, row), passed_on=True, said=None)
    leads.change_suggestion(session, row.suggestion_id, passed_on_at=at.now)
    key = f"edit:{row.suggestion_letter}:passed:{at.real.timestamp()}"
    outbox.edit(session, row.suggestion_letter, suggestion(closed), key, at.real)


def tell(session: Session, row: Row[Any], slack_id: str, payload: Json, dedupe_key: str, real: datetime) -> None:
    """Say something to whoever answered, alone, in the channel where the lead was posted."""
    letter = {
        "kind": "private",
        "lane": f"private:{slack_id}",
        "payload": payload | {"user": slack_id},
        "target_id": row.suggestion_letter,
        "lead_id": row.id,
        "dedupe_key": dedupe_key,
    }
    outbox.add_once(session, letter, real)
