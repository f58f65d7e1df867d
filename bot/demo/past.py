"""A made-up history: 26 weeks of two teams' leads, a tool that is nearly calibrated, reps who sometimes see more.

Everything follows from the seed and the day on which the demo began, so a figure in it can be looked into again.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

SEED = 20_261_125
WEEKS, LEADS_A_WEEK, HORIZON_DAYS = 26, 60, 90
TEAMS = {
    "North": ("ria", "rob", "rosa", "remy", "ruth", "raj"),
    "South": ("rhea", "ravi", "rita", "ralf", "rena", "ross"),
}
MANAGERS = {"North": "mona", "South": "milo"}
MODEL = {"model": "leadscore", "model_line": "3", "model_version": "2026-10"}
# What a rep may see and the tool can't: in this share of leads, moving the odds by this, and seen so often.
CUE_SHARE, CUE_LOGIT, CUE_SEEN, NOISE = 0.24, 1.2, 0.65, 0.06
# How often a rep who sees something else gives a number of her own.
GIVES_NUMBER = 0.5
# The tool's numbers are a little too high here, as those of a tool that was fitted elsewhere often are.
LEVEL_OFF = -0.15

FIRST = (
    "Larkspur", "Copper", "Harbour", "Juniper", "Northgate", "Willow", "Saltmarsh", "Kestrel", "Amber", "Foxglove",
    "Granite", "Orchard", "Tidewater", "Meadow", "Sparrow", "Cobalt", "Birch", "Lantern", "Quarry", "Thistle",
)  # fmt: skip
SECOND = (
    "Joinery", "Logistics", "Foods", "Clinics", "Robotics", "Print", "Roofing", "Software", "Optics", "Textiles",
    "Brewing", "Hotels", "Freight", "Dental", "Energy",
)  # fmt: skip
SOURCES = ("inbound", "referral", "trade fair", "outbound", "partner")
SIZES = ("8 staff", "25 staff", "80 staff", "200 staff", "600 staff")
REASONS = (
    ("Opened no mail in 30 days", "lowers"), ("Asked for a price list", "raises"),
    ("Visited the pricing page twice", "raises"), ("No phone number", "lowers"),
)  # fmt: skip
# What a fact makes the tool say.
BY_FACT = {
    "8 staff": ("Small company", "lowers"),
    "25 staff": ("Small company", "lowers"),
    "referral": ("Came by referral", "raises"),
}
SAID = {
    "more": ("Called me back within the hour.", "Their contract elsewhere ends next month.", "The CFO sat in.",
             "Warm on the phone, only slow by mail.", "A colleague of theirs bought last year."),
    "less": ("Only wanted the slides.", "The budget is frozen till summer.", "My contact has left.",
             "They are comparing for somebody else.", "Polite, but no problem to solve."),
}  # fmt: skip
CUES = {
    "more": ("timing", "tone", "authority", "new information"),
    "less": ("reason behind the deflection", "fit", "timing", "contradiction"),
}


@dataclass(frozen=True)
class MadeUp:
    """One lead of the past, and how it goes on: `ends_at` may lie ahead of the day on which the demo began."""

    row: dict[str, Any]
    outcome: str
    ends_at: datetime


def history(began: datetime) -> Iterator[MadeUp]:
    """All leads, oldest first."""
    chance = random.Random(SEED)
    start = began - timedelta(weeks=WEEKS)
    reps = [(team, rep) for team, members in TEAMS.items() for rep in members]
    for number in range(WEEKS * LEADS_A_WEEK):
        week, _ = divmod(number, LEADS_A_WEEK)
        posted_at = start + timedelta(weeks=week, minutes=chance.uniform(0, 5 * 24 * 60))
        yield _lead(chance, number, posted_at, reps[number % len(reps)][1])


def new_lead(chance: random.Random, lead_id: str, rep: str, scored_at: datetime, **fixed: Any) -> dict[str, Any]:
    """A lead as a CRM sends it to the intake; `fixed` overrides its name, facts or probability."""
    prior = _prior(chance)
    name, facts = fixed.get("name") or _name(chance), fixed.get("facts") or _facts(chance)
    item: dict[str, Any] = {
        "lead_id": lead_id,
        "name": name,
        "owner": {"email": f"{rep}@example.com"},
        "facts": facts,
        "prior": {
            "probability": fixed.get("probability") or prior,
            "horizon_days": HORIZON_DAYS,
            "scored_at": scored_at.isoformat(),
            "reference_class": "new leads of all sources",
            "reasons": [{"text": text, "effect": effect} for text, effect in chance.sample(_reasons(facts), 3)],
            "not_seen": ["calls", "budget"],
            **MODEL,
        },
    }
    return item


def ending(chance: random.Random, probability: float, posted_at: datetime) -> tuple[str, datetime]:
    """How a lead ends, and when."""
    won = chance.random() < _shifted(probability, LEVEL_OFF)
    return "won" if won else "lost", posted_at + timedelta(days=_days(chance))


def _lead(chance: random.Random, number: int, posted_at: datetime, rep: str) -> MadeUp:
    probability = _prior(chance)
    cue = chance.choice((1, -1)) if chance.random() < CUE_SHARE else 0
    won = chance.random() < _shifted(probability, LEVEL_OFF + cue * CUE_LOGIT)
    outcome, ends_at = "won" if won else "lost", posted_at + timedelta(days=_days(chance))
    name, said = _name(chance), _response(chance, cue, posted_at)
    row: dict[str, Any] = {
        "lead_id": f"demo:past-{number}",
        "name": name,
        "owner": f"{rep}@example.com",
        "posted_at": posted_at.isoformat(),
        "probability": probability,
        "horizon_days": HORIZON_DAYS,
        "not_seen": ["calls", "budget"],
        **MODEL,
        **_own_number(random.Random(SEED + number), said, probability),
    }
    return MadeUp(row, outcome, ends_at)


def _response(chance: random.Random, cue: int, posted_at: datetime) -> dict[str, Any]:
    direction = ""
    if cue and chance.random() < CUE_SEEN:
        direction = "more" if cue > 0 else "less"
    elif chance.random() < NOISE:
        direction = chance.choice(("more", "less"))
    at = (posted_at + timedelta(hours=chance.uniform(0.1, 20))).isoformat()
    if direction:
        said = {"reason": chance.choice(SAID[direction]), "cues": [chance.choice(CUES[direction])]}
        return {"response": "overridden", "direction": direction, "responded_at": at, **said}
    return {"response": "noted", "responded_at": at} if chance.random() < 0.3 else {"response": "none"}


def _own_number(chance: random.Random, said: dict[str, Any], probability: float) -> dict[str, Any]:
    """What she said, now and then with a number of her own: the tool's, moved her way."""
    if said["response"] != "overridden" or chance.random() >= GIVES_NUMBER:
        return said
    by = CUE_LOGIT if said["direction"] == "more" else -CUE_LOGIT
    return said | {"estimate": round(_shifted(probability, by + chance.gauss(0, 0.3)), 2)}


def _prior(chance: random.Random) -> float:
    return round(min(0.85, max(0.01, 1 / (1 + math.exp(-chance.gauss(-1.7, 0.9))))), 3)


def _shifted(probability: float, by: float) -> float:
    """The chance whose log odds are moved by `by`."""
    return 1 / (1 + math.exp(-(math.log(probability / (1 - probability)) + by)))


def _days(chance: random.Random) -> float:
    """From posting to the end: half within five weeks, nearly all within the horizon, none in the first three days."""
    return min(88.0, 3.2 + chance.lognormvariate(3.4, 0.55))


def _name(chance: random.Random) -> str:
    return f"{chance.choice(FIRST)} {chance.choice(SECOND)}"


def _reasons(facts: list[dict[str, str]]) -> list[tuple[str, str]]:
    """What the tool may give as its reasons: nothing that the facts beside them contradict."""
    return [*REASONS, *(BY_FACT[fact["value"]] for fact in facts if fact["value"] in BY_FACT)]


def _facts(chance: random.Random) -> list[dict[str, str]]:
    return [
        {"label": "Source", "value": chance.choice(SOURCES)},
        {"label": "Size", "value": chance.choice(SIZES)},
    ]
