"""What the model's owners read: ids of leads, counts, and how to get the lines."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.wording import day, escape, fit, foreign, one_line, plural
from bot.views.digest import QUOTED
from bot.views.kit import Json, context, header, section

# Ids in a section: each takes up to eighty characters.
NAMED = 30
# As many as a message of Slack's takes.
CHARTS = 2
ALARMS = 10


def problems(lead_ids: list[str]) -> Json:
    """Leads whose data a rep has called wrong, each by its id: as many as are told of at once."""
    head = f"{plural(len(lead_ids), 'lead')} with data that may be wrong, as the people who work them say."
    parts = [lead_ids[start : start + NAMED] for start in range(0, len(lead_ids), NAMED)]
    lists = [section(", ".join(f"`{fit(one_line(one, 80), 80)}`" for one in part)) for part in parts]
    note = "Please look at the data, not at who said so: these are reports, and nobody is to be asked about them."
    return {"text": escape(head), "blocks": [section(head), *lists, context(note)]}


@dataclass(frozen=True)
class OwnerPart:
    """What a model's owner was told of: lead ids and when, newest first; and alarms as line, days, leads, when."""

    zone: str
    problems: list[tuple[str, datetime]]
    alarms: list[tuple[str, int, int, datetime]]


def owner_blocks(part: OwnerPart) -> list[Json]:
    """Her part of Home."""
    intro = (
        "Leads whose data reps have called wrong come to you as a message, once a day at the most; once a month there "
        "is a note on how the tool does. Neither names a rep or quotes one."
    )
    by_day: dict[str, list[str]] = {}
    for lead, at in part.problems:
        by_day.setdefault(day(at, part.zone), []).append(f"`{fit(one_line(lead, 80), 80)}`")
    reports = [f"• {on}: {', '.join(ids)}" for on, ids in by_day.items()]
    rang = [
        f"• {foreign(line, 100)}, {days} days: it rang on {day(at, part.zone)}, over {plural(leads, 'lead')}."
        for line, days, leads, at in part.alarms
    ]
    return [
        header("For the model's owners"),
        section(intro),
        section("\n".join(["*Data that may be wrong*", *(reports or ["Nothing was reported these three months."])])),
        section("\n".join(["*Drift*", *(rang[:ALARMS] or ["The alarm has not rung within a year."])])),
    ]


def drift(line: str, days: int, leads: int, won: int, expected: float) -> Json:
    """The tool's numbers and what happens have parted company."""
    text = (
        f"The tool's numbers ({line}, {days} days) and what happens have parted company: of "
        f"{plural(leads, 'lead')} since this was last told, {won:,} closed; the numbers had pointed to about "
        f"{expected:,.0f}. It may need a new fit. Suggestions lead with the record where it contradicts the number."
    )
    return {"text": escape(text), "blocks": [section(escape(text))]}


def from_manager(name: str, opening: list[Json], blocks: list[Json]) -> Json:
    """A digest's headline, of its `opening` blocks, and its released figures, passed on by its manager. Quotes were
    agreed to for a digest, so they stay there.
    """
    head = f"{foreign(name, 60)} passes on what a digest says. These are released figures of groups."
    place = next((place for place, block in enumerate(opening) if block["type"] == "section"), None)
    # What stands before it says that the data are made up; what follows in it is for the manager.
    marks = opening[:place] if place is not None else []
    headline = [section(opening[place]["text"]["text"].split("\n")[0])] if place is not None else []
    kept = [block for block in blocks if QUOTED not in str(block.get("text", ""))]
    return {"text": head, "blocks": [*marks, section(head), *headline, *kept[:40]]}


@dataclass(frozen=True)
class Fit:
    """How a model line's numbers compare with what happened, over the newest of a year's leads.

    `off` is CORP's miscalibration and `by_chance` its mean were every number right; both are Brier points, in [0, 1],
    as is `apart`, its discrimination. `points` are the reliability diagram's: the tool's number, what happened, leads.
    Where there are too few for these, `bands` have for each band its label, how many were won, and of how many.
    """

    line: str
    days: int
    leads: int
    off: float
    by_chance: float
    apart: float
    points: list[tuple[float, float, int]]
    bands: list[tuple[str, int, int]] = field(default_factory=list)


def month(lines: list[tuple[str, int, int]], fits: list[Fit], sets: int, calls: int) -> Json:
    """The monthly note."""
    parts = ["What there is to learn from, this past month:"]
    parts += [
        f"• {foreign(name, 100)}, {days} days: {plural(many, 'lead')} reached their day." for name, days, many in lines
    ]
    if not lines:
        parts.append("• No lead reached its day.")
    if sets:
        parts.append(f"• Released: {plural(sets, 'set')} of answers, {plural(calls, 'call')} of more or less likely.")
    parts.append("`GET /v1/export` with a key of scope `export` has the lines. Overrides are opinions, not labels.")
    text = "\n".join(parts)
    judged = [_judged(one) for one in fits]
    charts = [_reliability(one) for one in fits if one.points][:CHARTS]
    blocks = [section(text), *([section("\n".join(judged))] if judged else []), *charts]
    return {"text": "\n".join([text.replace("`", ""), *judged]), "blocks": blocks}


def _judged(fit: Fit) -> str:
    """CORP in a sentence, never without what chance alone would show; below what it needs, the record by band."""
    if not fit.points:
        bands = "; ".join(f"{label} in 100: {won:,} of {leads:,} closed" for label, won, leads in fit.bands)
        return (
            f"{foreign(fit.line, 100)}, {fit.days} days: {plural(fit.leads, 'lead')} of a year, too few to judge the "
            f"fit. By the tool's number: {bands}."
        )
    return (
        f"{foreign(fit.line, 100)}, {fit.days} days, the newest {plural(fit.leads, 'lead')} of a year. "
        f"How far its numbers were from what happened: {fit.off:.4f}, where numbers that are right show "
        f"{fit.by_chance:.4f} by chance alone. How well they told leads apart: {fit.apart:.4f}, where 0 is not at all. "
        "(Brier points.)"
    )


def _reliability(fit: Fit) -> Json:
    """The tool's number against what happened; beside it the line on which both would be the same."""
    labels = [f"{100 * p:.1f}" for p, _, _ in fit.points]
    if len(set(labels)) < len(labels):
        labels = [f"{n}: {label}" for n, label in enumerate(labels, 1)]
    said = [{"label": label, "value": round(100 * p, 1)} for label, (p, _, _) in zip(labels, fit.points, strict=True)]
    came = [{"label": label, "value": round(100 * y, 1)} for label, (_, y, _) in zip(labels, fit.points, strict=True)]
    return {
        "type": "data_visualization",
        "title": f"What the tool said and what came, {fit.days} days"[:50],
        "chart": {
            "type": "line",
            "series": [{"name": "Came", "data": came}, {"name": "The tool said", "data": said}],
            "axis_config": {"categories": labels, "x_label": "Leads, by the tool's number of 100", "y_label": "Of 100"},
        },
    }
