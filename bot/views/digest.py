"""The digest's message, and the pledge before the first one. Counts of groups; never a ranking of people."""

import math
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.bands import wilson
from bot.domain.evidence import ALARM, LEANING, Conditional
from bot.domain.evidence import words as in_words
from bot.domain.release import CELLS, FEW, LESS, MORE, NEITHER, Cell, Told
from bot.domain.wording import cut, day, few, listed, plural
from bot.views import ids
from bot.views.kit import TEXT_LIMIT, Json, actions, button, context, plain_context, section

FOOTER = (
    "Reps choose what to override and may work those leads differently; "
    "this says what went together, not what caused it."
)
PLEDGE = (
    "Before your first weekly digest, one question: “I won't use this tool's numbers or anyone's answers "
    "to rate people.” Your digests start once you agree, and your reps can see that you did."
)
MADE_UP = "Made-up data."
CALLED = {MORE: "More likely", LESS: "Less likely", NEITHER: "Neither"}
BAND_NEEDED = 30
RANGES_HOLD = "These ranges hold however often you look; one that holds 1.0 leaves it open."


@dataclass(frozen=True)
class HorizonFigures:
    """Released cells of one horizon in days."""

    days: int
    told: Told
    settled_early: int
    data_problems: int
    # Of closed cohorts; none before the first of them.
    evidence: Conditional | None = None

    def shown(self) -> dict[str, Cell]:
        """The cells as far as their wins may be told."""
        return self.told.cells | {LESS: self.told.less}


@dataclass(frozen=True)
class ToolBand:
    """The tool's record in one band: how many of its leads closed in time."""

    line: str
    days: int
    label: str
    wins: int
    leads: int


@dataclass(frozen=True)
class Access:
    """How many hard leads there were, how many reached the pool, the aim in 100, and how often beside all leads."""

    hard: int
    reached: int
    aim: int
    ratio: float | None
    shut_out: float


@dataclass(frozen=True)
class Figures:
    """All that a digest may use. `newer` have not matured, `held` have and wait for a larger set; `news` since last."""

    week: int
    zone: str
    late: bool
    due_at: datetime
    small_team: bool
    made_up: bool
    newer: int
    next_matures: datetime | None
    held: int
    news: bool
    landmark_hours: int = 72
    # Other teams that hers are counted together with, and whether this is a look ahead that tries nothing.
    joined: list[str] = field(default_factory=list)
    looking: bool = False
    horizons: list[HorizonFigures] = field(default_factory=list)
    bands: list[ToolBand] = field(default_factory=list)
    access: Access | None = None


def pledge() -> Json:
    """The question that comes before the first digest."""
    return {"text": PLEDGE, "blocks": [section(PLEDGE), actions(button("I agree", ids.PLEDGE, "pledge"))]}


def pledged(at: datetime, zone: str) -> Json:
    """The question, answered."""
    text = f"You agreed on {day(at, zone)}: “I won't use this tool's numbers or anyone's answers to rate people.”"
    return {"text": text, "blocks": [section(text)]}


def digest(figures: Figures) -> tuple[str, Json]:
    """The headline's name (waiting, quiet or too early) and the message."""
    name, headline = _headline(figures)
    lines = [headline]
    if figures.small_team:
        lines.append(
            "Your team is smaller than six, so you won't see who answered what. "
            "What you can use: how the tool itself has done. What came of overrides is told once a quarter, from "
            "10 of them by 4 reps on."
        )
    elif figures.joined:
        lines.append(
            f"A team under six is counted together with others: this is also about {listed(figures.joined[:5])}."
        )
    blocks: list[Json] = [section("\n".join(lines))]
    spoken = list(lines)
    for horizon in figures.horizons:
        said = _statements(horizon, figures.landmark_hours)
        spoken += said
        blocks.append(section("\n".join(said)))
        blocks += [*_chart(horizon), _table(horizon)]
    bands = [band for band in figures.bands if band.leads >= BAND_NEEDED]
    if bands:
        said = [_band_line(band) for band in bands[:5]]
        spoken += said
        blocks.append(plain_context("\n".join(said)))
    if figures.access is not None:
        line = _access(figures.access)
        spoken.append(line)
        blocks.append(plain_context(line))
    ending = _ending(figures)
    if ending:
        spoken.append(ending)
        blocks.append(plain_context(ending))
    if figures.horizons:
        spoken.append(FOOTER)
        blocks.append(context(FOOTER))
    if figures.made_up:
        spoken.insert(0, MADE_UP)
        blocks.insert(0, context(f"*{MADE_UP}*"))
    return name, {"text": cut(" ".join(spoken), TEXT_LIMIT), "blocks": blocks}


def _headline(figures: Figures) -> tuple[str, str]:
    matured = figures.horizons or figures.held or figures.bands
    if not matured:
        when = f" First ones: {day(figures.next_matures, figures.zone)}." if figures.next_matures else ""
        so_far = f" So far {plural(figures.newer, 'lead')}." if figures.newer else " No lead has been posted yet."
        return "waiting", (
            f"Week {figures.week}. No results yet: a lead counts when its time is up.{when}{so_far} "
            "Nothing to do this week."
        )
    if figures.looking and figures.held:
        return "quiet", (
            f"Week {figures.week}. {plural(figures.held, 'lead')} {'is' if figures.held == 1 else 'are'} ready. What "
            "they say is worked out when the digest is sent, so that two looks can't be held against each other."
        )
    if not figures.news:
        held = ""
        if figures.held and not figures.small_team:
            held = (
                f" {plural(figures.held, 'lead')} {'is' if figures.held == 1 else 'are'} ready and "
                "will be shown when the group is large enough to name nobody."
            )
        return "quiet", f"Week {figures.week}. Nothing new to count this week.{held} Nothing to do."
    return _settled(figures)


def _settled(figures: Figures) -> tuple[str, str]:
    """The headline over results, by the evidence of closed cohorts, and what to do about it."""
    known = [one.evidence for one in figures.horizons if one.evidence is not None]
    # The mean of e-values is an e-value: several horizons are not several chances.
    e = sum(one.e_value() for one in known) / len(known) if known else 1.0
    if e >= ALARM:
        return "clear", (
            f"Week {figures.week}. What reps saw went with what happened, clearly more than chance would have it. "
            "Worth doing: ask them what the tool can't see, and tell the model's owners."
        )
    if known and all(one.odds_ratio()[1] < 1 for one in known):
        return "clear", f"Week {figures.week}. On average the tool came closer here. Ask what misled us, not who."
    if e >= LEANING:
        return "leaning", (
            f"Week {figures.week}. What reps saw leans towards what happened; it is not settled. Nothing to change."
        )
    return "too early", (
        f"Week {figures.week}. New results are in. Whether reps saw something that the tool lacks is "
        "not settled. Nothing to change."
    )


def _statements(horizon: HorizonFigures, landmark_hours: int) -> list[str]:
    more, less, neither = (horizon.told.cells[name] for name in CELLS)
    told, total = horizon.told.less, more.leads + less.leads + neither.leads
    first = "" if told.leads == less.leads else f"Of the first {told.leads}, "
    ranges = _ranges(horizon)
    early = ""
    if horizon.settled_early:
        early = f" ({horizon.settled_early} more were settled within {landmark_hours} hours and left out)"
    lines = [
        f"{plural(total, 'lead is', 'leads are')} past {plural(horizon.days, 'day')}{early}.",
        f"Reps called {more.leads} of them more likely than the tool did, and {less.leads} less likely.",
        f"Called more likely: {more.leads}. Won: {few(more.won, more.leads)}; "
        f"the tool's numbers had pointed to {_about(more.expected)}{ranges[MORE]}.",
        f"Called less likely: {less.leads}. {first}{'won' if first else 'Won'}: {few(told.won, told.leads)}; "
        f"{_about(told.expected)} expected{ranges[LESS]}.",
        f"Leads nobody called more or less likely, same period: {few(neither.won, neither.leads)} won "
        f"of {neither.leads}, {_about(neither.expected)} expected{ranges[NEITHER]}.",
    ]
    if any(ranges.values()):
        lines.append(RANGES_HOLD)
    if horizon.evidence is not None:
        lines.append(_evidence(horizon.evidence, shown=all(ranges.values())))
    if horizon.told.unanswered is not None:
        unanswered, of = horizon.told.unanswered
        which = f"the {of}" if of == more.leads else f"the first {of} called more likely"
        lines.append(f"{unanswered} of {which} had no outcome at day {horizon.days}; they count as not won by then.")
    if horizon.data_problems >= FEW:
        lines.append(f"{horizon.data_problems} were disqualified with a data problem and left out.")
    return lines


def _evidence(found: Conditional, *, shown: bool) -> str:
    """Statement 7: each rep beside herself within four weeks, so neither skill nor the tool's level passes for it."""
    line = f"Same reps, same four weeks: what they saw went with what happened: {in_words(found.e_value())}."
    if not shown:
        return line
    low, high = found.odds_ratio()
    return f"{line} (Odds {low:.1f}–{high:.1f} times.)"


def _ranges(horizon: HorizonFigures) -> dict[str, str]:
    """The always-valid range of won over expected for each group, as words in brackets.

    None beside a masked count, which it would give back; and none at all without that of the leads nobody called, since
    the tool's own miscalibration would then pass for something the reps saw (STATISTICS §1b).
    """
    found = {}
    for name in CELLS:
        cell = horizon.shown()[name]
        shown = few(cell.won, cell.leads) == str(cell.won)
        found[name] = ""
        if cell.tilt is not None and shown and cell.expected > 0:
            low, high = cell.tilt.ratio()
            found[name] = f" ({low:.1f}–{high:.1f} times)"
    return found if found[NEITHER] else dict.fromkeys(CELLS, "")


def _about(expected: float) -> str:
    return "fewer than 1" if expected < 1 else f"about {_rounded(expected)}"


def _rounded(expected: float) -> float:
    """One way of rounding for words and bars: halves up, and a bar below 1 keeps a decimal so that it can be seen."""
    return math.floor(expected + 0.5) if expected >= 1 else round(expected, 1)


def _chart(horizon: HorizonFigures) -> list[Json]:
    """Won beside expected; left out where a bar would give away a figure that the words hold back."""
    cells = horizon.shown()
    if any(few(cells[name].won, cells[name].leads) != str(cells[name].won) for name in CELLS):
        return []
    labels = [CALLED[name] for name in CELLS]
    won = [{"label": CALLED[name], "value": cells[name].won} for name in CELLS]
    expected = [{"label": CALLED[name], "value": _rounded(cells[name].expected)} for name in CELLS]
    return [
        {
            "type": "data_visualization",
            "title": "Won, beside what the tool expected",
            "chart": {
                "type": "bar",
                "series": [{"name": "Won", "data": won}, {"name": "Expected", "data": expected}],
                "axis_config": {"categories": labels, "x_label": "What the rep said", "y_label": "Leads"},
            },
        }
    ]


def _table(horizon: HorizonFigures) -> Json:
    rows = [[_cell(title) for title in ("Reps said", "Leads", "Won", "Expected")]]
    for name in CELLS:
        cell = horizon.shown()[name]
        rows.append(
            [
                _cell(CALLED[name].lower()),
                _number(cell.leads),
                _number(cell.won) if few(cell.won, cell.leads) == str(cell.won) else _cell(few(cell.won, cell.leads)),
                _cell(_about(cell.expected)),
            ]
        )
    return {
        "type": "data_table",
        "caption": f"Leads past {plural(horizon.days, 'day')}",
        "page_size": 10,
        "row_header_column_index": 0,
        "rows": rows,
    }


def _cell(text: str) -> Json:
    return {"type": "raw_text", "text": text}


def _number(value: int) -> Json:
    return {"type": "raw_number", "value": value, "text": str(value)}


def _band_line(band: ToolBand) -> str:
    low, high = wilson(band.wins, band.leads)
    what = band.label if "points" in band.label else f"{band.label} in 100"
    return (
        f"The tool's {what} ({band.days} days): {band.wins:,} of {band.leads:,} closed, "
        f"{round(100 * band.wins / band.leads)} in 100 ({round(100 * low)}–{round(100 * high)})."
    )


def _access(found: Access) -> str:
    often = f"; they reach it {found.ratio:.1f} times as often as all leads" if found.ratio is not None else ""
    line = (
        f"{found.reached} of {found.hard} hard leads reached the pool (aim: {found.aim} in 100 of the unowned){often}."
    )
    if found.shut_out >= ALARM:
        line += " That is clearly less often. `/otherwise routing` shows where they went."
    return line


def _ending(figures: Figures) -> str:
    parts = []
    if figures.newer and (figures.horizons or figures.bands):
        by = f"; the next on {day(figures.next_matures, figures.zone)}" if figures.next_matures else ""
        parts.append(f"{plural(figures.newer, 'newer lead is', 'newer leads are')} not counted yet{by}.")
    if figures.late:
        parts.append(f"This was due on {day(figures.due_at, figures.zone)} and comes late.")
    return " ".join(parts)
