"""A row of history as a lead with its prior, its outcome and, where the file has it, its response."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.domain.dates import DATES, in_zone, read_date
from bot.domain.inbound import LEAD, OUTCOME, LeadIn, Moment, OutcomeIn, problems
from bot.domain.rules import AHEAD
from bot.domain.wording import CUES, DIRECTIONS

FIELDS = (
    "lead_id", "name", "owner", "url", "hard", "posted_at", "probability", "points", "horizon_days", "model",
    "model_line", "model_version", "reference_class", "scored_at", "reasons", "not_seen", "outcome", "outcome_at",
    "amount", "response", "direction", "reason", "responded_at", "estimate", "cues",
    "at_landmark",
)  # fmt: skip
RESPONSE_FIELDS = ("response", "direction")
OUTCOMES = {
    "1": "won", "true": "won", "yes": "won", "won": "won", "closed won": "won", "closedwon": "won", "customer": "won",
    "0": "lost", "false": "lost", "no": "lost", "lost": "lost", "closed lost": "lost", "closedlost": "lost",
    "disqualified": "disqualified", "unqualified": "disqualified", "closed - not converted": "disqualified",
    "": "", "open": "",
}  # fmt: skip
_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


@dataclass(frozen=True)
class Mapped:
    """How a file's columns become fields: `columns` by field, columns shown as facts, and what no column says."""

    columns: dict[str, str] = field(default_factory=dict)
    facts: tuple[str, ...] = ()
    owner_format: str = "{}"
    horizon_days: int = 60
    model: str = "imported"
    # Whether chances are of 100; how dates are written, and the zone of those that name none; whether an outcome that
    # is none of ours means that the lead is open.
    percent: bool = False
    dates: str = DATES[0]
    zone: str = ""
    others_open: bool = False

    def cell(self, cells: Mapping[str, Any], name: str) -> Any:
        """The row's value for a field; "" for none."""
        value = cells.get(self.columns.get(name, name), "")
        return "" if value is None else value.strip() if isinstance(value, str) else value


@dataclass(frozen=True)
class PastResponse:
    """What a rep had said, and when."""

    kind: str
    direction: str
    reason: str
    at: datetime
    estimate: float | None
    cues: list[str]


@dataclass(frozen=True)
class Past:
    """One row of history."""

    lead: LeadIn
    posted_at: datetime
    outcome: OutcomeIn | None
    response: PastResponse | None
    # The direction in force at the landmark, "" for none, where the file tells it; else it follows from the response.
    at_landmark: str | None = None


class BadRow(ValueError):
    """A row that can't be taken in; `reasons` has a sentence each."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


def parse_past(cells: Mapping[str, Any], how: Mapped, now: datetime) -> Past:
    """Read one row of history. Raises BadRow."""
    if not how.cell(cells, "posted_at"):
        raise BadRow(["posted_at: is needed for history"])
    posted_at = _moment(how.cell(cells, "posted_at"), "posted_at", how)
    if posted_at > now:
        raise BadRow(["posted_at: lies ahead of now"])
    lead = parse_lead(cells, how, scored_at=posted_at)
    response = _response(cells, how, posted_at)
    return Past(lead, posted_at, _outcome(cells, how, lead, posted_at, now), response, _at_landmark(cells, how))


def parse_lead(cells: Mapping[str, Any], how: Mapped, *, scored_at: datetime | None = None) -> LeadIn:
    """Read one row as a lead of today. Raises BadRow."""
    get = partial(how.cell, cells)
    prior = {
        "horizon_days": get("horizon_days") or how.horizon_days,
        "model": get("model") or how.model,
        "scored_at": _moment(get("scored_at"), "scored_at", how) if get("scored_at") else scored_at,
        "reasons": _reasons(get("reasons")),
        "not_seen": _list(get("not_seen"), ";"),
    }
    optional = ("probability", "points", "model_line", "model_version", "reference_class")
    prior |= {name: get(name) for name in optional if get(name) != ""}
    if how.percent and "probability" in prior:
        prior["probability"] = _hundredth(prior["probability"])
    item: dict[str, Any] = {"lead_id": get("lead_id"), "name": get("name"), "prior": prior}
    if get("url"):
        item["url"] = get("url")
    if get("hard") != "":
        item["hard"] = get("hard")
    if owner := str(get("owner")):
        named = how.owner_format.format(owner)
        item["owner"] = {"email": named} if "@" in named else {"slack_id": named}
    item["facts"] = [
        {"label": name, "value": str(cells[name])} for name in how.facts if cells.get(name) not in (None, "")
    ]
    try:
        return LEAD.validate_python(item)
    except ValidationError as failure:
        raise BadRow(problems(failure)) from None


def _outcome(
    cells: Mapping[str, Any], how: Mapped, lead: LeadIn, posted_at: datetime, now: datetime
) -> OutcomeIn | None:
    said = str(how.cell(cells, "outcome")).lower()
    if said not in OUTCOMES and how.others_open:
        return None
    if said not in OUTCOMES:
        raise BadRow([f"outcome: {said[:30]!r} is not won, lost or disqualified"])
    if not OUTCOMES[said]:
        return None
    at = how.cell(cells, "outcome_at")
    if not at:
        if OUTCOMES[said] == "won":
            raise BadRow(["outcome_at: is needed for a lead that was won"])
        # A lead that was lost at an unknown time was open at its horizon, which counts the same.
        at = min(now, posted_at + timedelta(days=lead.prior.horizon_days))
    else:
        at = _moment(at, "outcome_at", how)
        if at > now + AHEAD:
            # Many a CRM writes the day on which an open deal is hoped to close into the same column.
            raise BadRow(["outcome_at: lies ahead of now; a lead that is open has no outcome"])
    item = {"lead_id": lead.lead_id, "outcome": OUTCOMES[said], "at": at, "amount": how.cell(cells, "amount") or None}
    try:
        return OUTCOME.validate_python(item)
    except ValidationError as failure:
        raise BadRow([f"outcome_{sentence}" for sentence in problems(failure)]) from None


def _response(cells: Mapping[str, Any], how: Mapped, posted_at: datetime) -> PastResponse | None:
    direction = str(how.cell(cells, "direction")).lower()
    kind = str(how.cell(cells, "response")).lower() or ("overridden" if direction else "")
    if kind in ("", "none"):
        return None
    if kind not in ("noted", "overridden", "withdrawn"):
        raise BadRow([f"response: {kind[:30]!r} is not noted, overridden, withdrawn or none"])
    if kind == "overridden" and direction not in DIRECTIONS:
        raise BadRow([f"direction: {direction[:30]!r} is not more, less, other or data"])
    at = how.cell(cells, "responded_at")
    estimate, cues = how.cell(cells, "estimate"), _list(how.cell(cells, "cues"), ";")
    if any(cue not in CUES for cue in cues):
        raise BadRow(["cues: has one that is not known"])
    try:
        number = float(estimate) if estimate != "" else None
    except ValueError:
        raise BadRow(["estimate: is not a number"]) from None
    if number is not None and not 0 <= number <= 1:
        raise BadRow(["estimate: lies outside 0 to 1"])
    when = _moment(at, "responded_at", how) if at else posted_at
    reason = str(how.cell(cells, "reason"))[:3000]
    return PastResponse(kind, direction if kind == "overridden" else "", reason, when, number, cues)


def _at_landmark(cells: Mapping[str, Any], how: Mapped) -> str | None:
    if how.columns.get("at_landmark", "at_landmark") not in cells:
        return None
    direction = str(how.cell(cells, "at_landmark")).lower()
    if direction and direction not in DIRECTIONS:
        raise BadRow([f"at_landmark: {direction[:30]!r} is not more, less, other or data"])
    return direction


def _moment(value: Any, name: str, how: Mapped) -> datetime:
    if isinstance(value, str):
        try:
            value = in_zone(read_date(value, how.dates), how.zone)
        except ValueError:
            raise BadRow([f"{name}: is no date that can be read"]) from None
    try:
        return _MOMENT.validate_python(value)
    except ValidationError as failure:
        raise BadRow([f"{name}: {failure.errors(include_input=False, include_url=False)[0]['msg']}"]) from None


def _hundredth(value: Any) -> Any:
    """A number of 100, with its sign or without, as one of 1; what is none is refused with the rest."""
    text = str(value).rstrip(" %")
    try:
        return float(text) / 100
    except ValueError:
        return value


def _list(value: Any, separator: str) -> list[str]:
    parts = value if isinstance(value, list) else str(value).split(separator)
    return [str(part).strip() for part in parts if str(part).strip()]


def _reasons(value: Any) -> list[Any]:
    """Reasons as objects, or as "age: 44 (lowers); job (raises)"."""
    if isinstance(value, list):
        return value
    found = []
    for part in _list(value, ";"):
        text, _, effect = part.rpartition(" (")
        if effect not in ("raises)", "lowers)"):
            raise BadRow(["reasons: each needs (raises) or (lowers) behind it"])
        found.append({"text": text, "effect": effect.rstrip(")")})
    return found
