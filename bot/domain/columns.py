"""Which column of a CRM's export is which field, by the names that HubSpot, Salesforce, Pipedrive and others give them.

A guess is shown and asked about, never just taken: a number that looks like a chance may be something else.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bot.domain.dates import SLASHED
from bot.domain.past import FIELDS, OUTCOMES, Mapped

# By field, the likeliest first; compared without case, spaces and signs.
NAMES: dict[str, tuple[str, ...]] = {
    "lead_id": ("record id", "deal id", "lead id", "contact id", "opportunity id", "deal - id", "case safe id", "id"),
    "name": (
        "company name", "company / account", "company", "account name", "deal name", "deal - title",
        "deal - organization", "opportunity name", "organization", "title", "full name", "lead name", "name",
    ),
    "owner": (
        "owner email", "contact owner email", "deal owner email", "lead owner email", "opportunity owner email",
        "contact owner", "deal owner", "deal - owner", "lead owner", "opportunity owner", "owner", "assigned to",
    ),
    "posted_at": (
        "create date", "created date", "date created", "deal - deal created", "creation date", "created at",
        "created time", "created", "add time",
    ),
    "probability": (
        "likelihood to close", "predictive contact score", "close probability", "win probability",
        "predicted probability", "predicted chance", "chance",
    ),
    "points": ("hubspot score", "lead score", "contact score", "einstein lead score", "score", "points"),
    "outcome": (
        "outcome", "deal stage", "deal - status", "stage", "lifecycle stage", "lead status", "status", "closed won",
        "is won", "won",
    ),
    "outcome_at": (
        "close date", "closed date", "deal - deal closed on", "closed on", "won time", "became a customer date",
        "date closed", "converted date",
    ),
    "amount": ("amount", "deal - value", "deal value", "value"),
    "url": ("record url", "link", "url"),
}  # fmt: skip
# A stage's chance is that of its stage: it is 100 or 0 as soon as the deal is closed.
STAGE_CHANCE = ("probability", "probability (%)", "deal probability", "deal - probability", "weighted probability")
FACTS = ("lead source", "original source", "original traffic source", "source", "industry", "job title", "country")
NEEDED = ("lead_id", "name", "posted_at")
NUMBER = "probability or points"
NO_YES = frozenset({"0", "1", "true", "false", "yes", "no"})
MOST_FACTS = 4
# What must be read as it is, or the row would be refused for something that it could go without.
PARSED = {
    "owner": re.compile(r"[^@\s]+@[^@\s]+|[UW][A-Z0-9]{2,20}"),
    "amount": re.compile(r"\d+(\.\d+)?"),
    "url": re.compile(r"https?://[^\s<>|]+"),
}


@dataclass(frozen=True)
class Guess:
    """What the columns seem to be; `missing` are fields without which no lead can be read, `notes` are sentences."""

    how: Mapped
    found: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def plain(name: str) -> str:
    """A column's name as it is compared."""
    return " ".join(re.sub(r"[^\w()%/-]+", " ", name.lower()).split())


def lacking(columns: Collection[str], how: Mapped, *, post: bool) -> list[str]:
    """The fields without which no lead can be read; new ones, that are to be posted, need no time of their own."""
    missing = [one for one in NEEDED if how.columns.get(one, one) not in columns and not (post and one == "posted_at")]
    numbered = any(how.columns.get(one, one) in columns for one in ("probability", "points"))
    return missing if numbered else [*missing, NUMBER]


def guess(columns: Sequence[str], sample: Sequence[Mapping[str, Any]], given: Mapped, *, post: bool) -> Guess:
    """What a file's columns seem to be, from their names and some of its rows; what was `given` stands."""
    by_name = {plain(one): one for one in columns if one}
    taken = {given.columns.get(name, name) for name in FIELDS if given.columns.get(name, name) in columns}
    found: dict[str, str] = {}
    notes: list[str] = []
    has_number = any(given.columns.get(name, name) in columns for name in ("probability", "points"))
    for name, names in NAMES.items():
        if given.columns.get(name, name) in columns or (name in ("probability", "points") and has_number):
            continue
        there = [by_name[one] for one in names if one in by_name and by_name[one] not in taken]
        first = there[0] if there else None
        column = next((one for one in there if name == "outcome" and _tells_wins(one, sample)), first)
        if column is not None:
            found[name] = column
            taken.add(column)
            has_number = has_number or name in ("probability", "points")
    for name, reads in PARSED.items():
        cells = [str(row.get(found[name], "")).strip() for row in sample] if name in found else []
        named = name == "owner" and given.owner_format != "{}"
        if not named and any(cell and not reads.fullmatch(cell) for cell in cells):
            notes.append(f"{found.pop(name)!r} can't be read as {name}, and is left out.")
    facts = [by_name[one] for one in FACTS if one in by_name and by_name[one] not in taken][:MOST_FACTS]
    how = replace(given, columns=found | given.columns, facts=given.facts or tuple(facts))
    how = _percent(how, sample, found, notes)
    how = _dates(how, sample, notes)
    how = _ends(how, sample, found, notes)
    missing = lacking(columns, how, post=post)
    if NUMBER in missing:
        if any(one in by_name for one in STAGE_CHANCE):
            notes.append("The column of the stage's chance is no prior: it is 100 or 0 as soon as a deal is closed.")
    elif found.keys() & {"probability", "points"}:
        notes.append("The number has to be the one from before a lead ended; many exports hold today's.")
    return Guess(how, found, tuple(missing), tuple(notes))


def _tells_wins(column: str, sample: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a lead of the sample was won by this column: many exports have several that speak of a lead's state."""
    return any(OUTCOMES.get(str(row.get(column, "")).strip().lower()) == "won" for row in sample)


def _cells(sample: Sequence[Mapping[str, Any]], how: Mapped, name: str) -> list[str]:
    return [text for row in sample if (text := str(how.cell(row, name)).strip())]


def _percent(how: Mapped, sample: Sequence[Mapping[str, Any]], found: Mapping[str, str], notes: list[str]) -> Mapped:
    cells = _cells(sample, how, "probability") if "probability" in found else []
    if how.percent or not cells:
        return how
    numbers = [float(one.rstrip(" %")) for one in cells if re.fullmatch(r"\d+(\.\d+)?\s*%?", one)]
    if any("%" in one for one in cells) or any(number > 1 for number in numbers):
        notes.append("Chances are read as percent.")
        return replace(how, percent=True)
    return how


def _dates(how: Mapped, sample: Sequence[Mapping[str, Any]], notes: list[str]) -> Mapped:
    cells = [one for name in ("posted_at", "outcome_at", "scored_at") for one in _cells(sample, how, name)]
    parts = [(int(one[1]), int(one[2])) for cell in cells if (one := SLASHED.match(cell))]
    if how.dates == "iso" and parts:
        first, second = max(one for one, _ in parts), max(one for _, one in parts)
        # Where no day is over 12 the file itself does not tell; a dot is how the day comes first.
        day_first = first > 12 or (second <= 12 and "." in cells[0])
        how = replace(how, dates="dmy" if day_first else "mdy")
        sure = first > 12 or second > 12
        notes.append(
            f"Dates are read as {'day, month, year' if day_first else 'month, day, year'}"
            + ("." if sure else ", which no date in the first rows proves (--dates dmy or mdy).")
        )
    if any(not re.search(r"\d:\d\d.*(Z|[+-]\d\d:?\d\d)$", cell) for cell in cells):
        how = replace(how, zone=how.zone or "UTC")
        notes.append(f"Times without a zone are taken as {how.zone} (--zone).")
    return how


def _ends(how: Mapped, sample: Sequence[Mapping[str, Any]], found: Mapping[str, str], notes: list[str]) -> Mapped:
    if "outcome" not in found:
        return how
    flags = {one.lower() for one in _cells(sample, how, "outcome")}
    if flags and flags <= NO_YES:
        notes.append(f"{found['outcome']!r} is yes or no, and no is read as lost: leave out leads that are still open.")
    others = sorted({one for one in _cells(sample, how, "outcome") if one.lower() not in OUTCOMES})
    if others:
        shown = ", ".join(others[:5]) + (" and others" if len(others) > 5 else "")
        notes.append(f"Taken as still open: {shown}.")
    return replace(how, others_open=True)
