"""What a CRM tells of a lead, in our terms: a record, a page of them, and how a record becomes a lead or a past one."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import ValidationError

from bot.domain.inbound import LEAD, OUTCOME, LeadIn, OutcomeIn, problems
from bot.domain.past import BadRow, Past

Scale = Literal["chance", "percent", "points"]
# The largest amount that an outcome may have.
MOST = 1e15
# For how long after it was routed a lead's owner is told to the CRM.
OWNERS_TOLD = timedelta(days=30)
SCALES: tuple[Scale, ...] = ("chance", "percent", "points")


@dataclass(frozen=True)
class Record:
    """One record of a CRM, as it stands now.

    `score` is what the scoring tool says now, on the scale that was named when connecting; `first_score` what it said
    first, and `scored_at` when, where the CRM keeps that. `absorbed` are records that were merged into this one;
    `merged_into` the one that this was merged into; `gone` says that it was deleted.
    """

    id: str
    created_at: datetime
    changed_at: datetime
    name: str = ""
    score: float | None = None
    first_score: float | None = None
    scored_at: datetime | None = None
    owner_email: str | None = None
    url: str | None = None
    facts: tuple[tuple[str, str], ...] = ()
    outcome: str = ""
    outcome_at: datetime | None = None
    amount: float | None = None
    absorbed: tuple[str, ...] = ()
    merged_into: str = ""
    gone: bool = False


@dataclass(frozen=True)
class Page:
    """Some records, where the next page begins, and whether there is one now."""

    records: tuple[Record, ...]
    cursor: str
    more: bool


@dataclass(frozen=True)
class Reading:
    """How records are read: the connection's name, the score's scale, what the prior is called, and what is posted."""

    name: str
    scale: Scale
    horizon_days: int
    model: str
    post_since: datetime


@dataclass
class Sorted:
    """A page's records by what becomes of them."""

    fresh: list[LeadIn] = field(default_factory=list)
    past: list[Past] = field(default_factory=list)
    left: int = 0
    unscored: int = 0
    refused: list[tuple[str, list[str]]] = field(default_factory=list)


def lead_id(name: str, record: str) -> str:
    """The id under which a connection's record is known here."""
    return f"{name}:{record}"


def not_after(value: datetime, now: datetime) -> datetime:
    """A CRM's time for what has happened, or ours where its clock runs ahead, or a planned day was left standing."""
    return min(value, now)


def lead_of(record: Record, how: Reading, score: float, scored_at: datetime) -> LeadIn:
    """The record as a lead with this score as its prior. Raises BadRow with what is wrong, field by field."""
    number = score / 100 if how.scale == "percent" else score
    prior: dict[str, Any] = {
        "points" if how.scale == "points" else "probability": number,
        "horizon_days": how.horizon_days,
        "model": how.model,
        "scored_at": scored_at,
    }
    item: dict[str, Any] = {"lead_id": lead_id(how.name, record.id), "name": record.name[:200], "prior": prior}
    if record.url:
        item["url"] = record.url
    if record.owner_email:
        item["owner"] = {"email": record.owner_email}
    item["facts"] = [{"label": label[:60], "value": value[:200]} for label, value in record.facts if value.strip()]
    try:
        return LEAD.validate_python(item)
    except ValidationError as failure:
        raise BadRow(problems(failure)) from None


def outcome_of(record: Record, known_as: str, now: datetime) -> OutcomeIn | None:
    """What became of it, under the id by which the lead is known. Raises BadRow."""
    if not record.outcome:
        return None
    at = not_after(record.outcome_at or record.changed_at, now)
    # A credit or a slip of the pen is no reason not to know how it ended.
    amount = record.amount if record.amount is not None and 0 <= record.amount <= MOST else None
    item = {"lead_id": known_as, "outcome": record.outcome, "at": at, "amount": amount}
    try:
        return OUTCOME.validate_python(item)
    except ValidationError as failure:
        raise BadRow([f"outcome_{sentence}" for sentence in problems(failure)]) from None


def sort_new(records: list[Record], how: Reading, now: datetime) -> Sorted:
    """What becomes of records that are not known yet.

    Open ones that were created since connecting are posted. Older ones are history, and count in the tool's record,
    where the CRM tells when they were scored and that was before they ended. The others are left alone: a score that
    is read after a lead has ended has often seen the end, and a record made of such scores would flatter the tool.
    """
    found = Sorted()
    for record in records:
        if record.gone or record.merged_into:
            continue
        if record.score is None:
            found.unscored += 1
            continue
        try:
            if not record.outcome and record.created_at >= how.post_since:
                found.fresh.append(lead_of(record, how, record.score, not_after(record.changed_at, now)))
                continue
            past = _past(record, how, now)
        except BadRow as refusal:
            found.refused.append((record.id, refusal.reasons))
            continue
        if past is None:
            found.left += 1
        else:
            found.past.append(past)
    return found


def _past(record: Record, how: Reading, now: datetime) -> Past | None:
    if record.first_score is None or record.scored_at is None or record.scored_at > now:
        return None
    outcome = outcome_of(record, lead_id(how.name, record.id), now)
    if outcome is not None and record.scored_at >= outcome.at:
        return None
    return Past(lead_of(record, how, record.first_score, record.scored_at), record.scored_at, outcome, None)
