"""What the HTTP intake and the files accept: plain pydantic models, validated once at the edge and trusted after.

Limits stand in the schema, so that `/docs` shows them. Unknown fields are ignored: a CRM may send more than we read.
"""

import math
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

BATCH_LIMIT = 1000
BODY_LIMIT = 8 * 1024 * 1024
# Labels under which a second verdict would slip in beside the prior (PRODUCT §1).
VERDICTS = frozenset({"score", "grade", "rating", "rank", "ranking", "tier", "priority", "likelihood"})


def _no_controls(text: str) -> str:
    if any((ord(c) < 32 and c not in "\t\n\r") or ord(c) == 127 or 0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise ValueError("must not contain control characters")
    return text


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


def _not_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


def _utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the years that can be stored") from None


# The limit stands before the other check, so that its sentence speaks of characters.
_PLAIN = AfterValidator(_no_controls)
Long = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), _PLAIN]
Middle = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), _PLAIN]
Short = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60), _PLAIN]
Number = Annotated[float, BeforeValidator(_not_bool), AfterValidator(_finite)]
Moment = Annotated[AwareDatetime, AfterValidator(_utc)]


class _Inbound(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


Email = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[^@\s]+@[^@\s]+$"), _PLAIN]


class Owner(_Inbound):
    """The rep whom the lead is with, by email or Slack id."""

    email: Email | None = Field(default=None, max_length=254)
    slack_id: Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]{2,20}$")] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if not self.email and not self.slack_id:
            raise ValueError("needs an email or a slack_id")
        return self


class Fact(_Inbound):
    """One thing known about the lead; at most two are shown on the suggestion, the rest behind a button."""

    label: Short
    value: Long


class Reason(_Inbound):
    """Why the tool says so, in its own words, and which way it pulls."""

    text: Long
    effect: Literal["raises", "lowers"]


class PriorIn(_Inbound):
    """The tool's close probability, or points (never turned into a chance)."""

    probability: Annotated[Number, Field(ge=0, le=1)] | None = None
    points: Annotated[Number, Field(ge=0, le=1000)] | None = None
    horizon_days: Annotated[int, BeforeValidator(_not_bool), Field(ge=1, le=730)] = 60
    model: Middle
    model_line: Middle | None = None
    model_version: Middle | None = None
    reference_class: Long | None = None
    scored_at: Moment
    reasons: list[Reason] = Field(default_factory=list, max_length=20)
    not_seen: list[Short] = Field(default_factory=list, max_length=20)

    @model_validator(mode="after")
    def _one_number(self) -> Self:
        if (self.probability is None) == (self.points is None):
            raise ValueError("needs either probability or points")
        return self

    @property
    def line(self) -> str:
        """Which priors share a record: the model's line within its model, or the model's name."""
        return self.model if self.model_line is None else f"{self.model} {self.model_line}"


class LeadIn(_Inbound):
    """One lead with its prior."""

    lead_id: Long
    name: Long
    owner: Owner | None = None
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>|]+$", max_length=2000), _PLAIN] | None = None
    facts: list[Fact] = Field(default_factory=list, max_length=20)
    hard: bool = False
    prior: PriorIn


class OutcomeIn(_Inbound):
    """What became of a lead. Corrections are sent as further ones; the latest by `at` counts."""

    lead_id: Long
    outcome: Literal["won", "lost", "disqualified", "reopened"]
    at: Moment
    amount: Annotated[Number, Field(ge=0, le=1e15)] | None = None


def is_verdict(label: str) -> bool:
    """Whether a fact's label announces a score by another name."""
    return any(word.strip(".:()") in VERDICTS for word in label.lower().replace("_", " ").replace("-", " ").split())


LEAD = TypeAdapter(LeadIn)
OUTCOME = TypeAdapter(OutcomeIn)


def problems(failure: ValidationError) -> list[str]:
    """One sentence for each refused field, the field's name first; never the value, which may be personal."""
    found = []
    for error in failure.errors(include_input=False, include_url=False, include_context=False):
        where = ".".join(str(part) for part in error["loc"]) or "item"
        found.append(f"{where}: {error['msg'].removeprefix('Value error, ')}")
    return found
