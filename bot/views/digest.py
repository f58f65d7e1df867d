"""The digest's message: a headline and what to do by rule, two figures that belong together, a chart, and [Details]."""

from bot.domain.evidence import ALARM, LEANING
from bot.domain.wording import cut, day, escape, listed, one_line, plural
from bot.views import ids
from bot.views.digest_charts import chart, table
from bot.views.digest_figures import Figures
from bot.views.kit import TEXT_LIMIT, Json, actions, ask_first, button, context, plain_context, section
from bot.views.statements import access_line, band_line, beside, called_more, called_nothing, statements

FOOTER = (
    "Reps choose what to override and may work those leads differently; "
    "this says what went together, not what caused it."
)
MADE_UP = "Made-up data."
QUIET = "Nothing to do: what was told before stands."
FEW_ARRIVE = "Few of the leads that the tool thinks unlikely reach your pool."
QUOTED = "In reps' own words, with their consent:"
TEAMS_NAMED = 3
BAND_NEEDED, BANDS_SHOWN = 30, 5
SMALL = (
    "Your team is smaller than six, so you won't see who answered what. What you can use: how the tool itself "
    "has done. What came of overrides is told once a quarter, from {leads} of a kind by {reps} reps on."
)


def digest(figures: Figures) -> tuple[str, Json, list[Json]]:
    """The headline's name, the message, and what stands behind [Details]."""
    name, headline, todo = _headline(figures)
    if name != "clear" and few_arrive(figures):
        todo = FEW_ARRIVE
    lines = [headline, todo]
    if figures.small_team:
        lines.append(SMALL.format(leads=figures.small_needs.leads, reps=figures.small_needs.reps))
    elif figures.joined:
        lines.append(
            f"A team under six is counted together with others: this is also about {_names(figures.joined[:5])}."
        )
    blocks: list[Json] = [section("\n".join(line for line in (f"*{headline}*", *lines[1:]) if line))]
    told = max(figures.horizons, key=lambda one: one.told.cells["more"].leads, default=None)
    if told is not None:
        blocks.append(section(f"{called_more(told)}\n{called_nothing(told)}"))
        blocks += [*chart(told), table(told)]
    if figures.small_team and (lines_of_tool := [*_bands(figures), *_drift(figures)]):
        blocks.append(plain_context("\n".join(lines_of_tool)))
    more, spoken = _details(figures)
    if figures.late:
        lines.append(f"This was due on {day(figures.due_at, figures.zone)} and comes late.")
        blocks.append(plain_context(lines[-1]))
    blocks += _buttons(figures, name, more)
    if figures.horizons:
        blocks.append(context(FOOTER))
        spoken.append(FOOTER)
    said = [line for line in [*lines, *spoken] if line]
    if figures.made_up:
        said.insert(0, MADE_UP)
        blocks.insert(0, context(f"*{MADE_UP}*"))
    return name, {"text": cut(" ".join(said), TEXT_LIMIT), "blocks": blocks}, more


def without_quotes(blocks: list[Json], gone: set[str]) -> list[Json]:
    """A digest's blocks without these sentences, which their authors, or time, have taken back."""
    left = []
    for block in blocks:
        words = str(block["text"]["text"]) if block["type"] == "section" and "text" in block else ""
        if words.startswith(QUOTED):
            lines = [line for line in words.split("\n")[1:] if line not in {f"> {escape(one)}" for one in gone}]
            if lines:
                left.append(section("\n".join([QUOTED, *lines])))
        else:
            left.append(block)
    return left


def whole(blocks: list[Json], details: list[Json]) -> list[Json]:
    """A digest with its details in one, each thing once: for a preview."""
    if not details:
        return blocks
    first = next(place for place, block in enumerate(blocks) if block["type"] == "section")
    charts = [block for block in blocks if block["type"] == "data_visualization"]
    return [*blocks[: first + 1], *charts, *details]


def _details(figures: Figures) -> tuple[list[Json], list[str]]:
    """Everything that may be said, as blocks for a modal and as lines for the message's text."""
    blocks: list[Json] = []
    spoken: list[str] = []
    for horizon in figures.horizons:
        said = statements(horizon, figures.landmark_hours, leads_on=figures.news)
        spoken += said
        blocks += [section(_list(said)), table(horizon)]
    if said := beside(figures.aspects):
        spoken += said
        blocks.append(section(_list(said)))
    if figures.aspects.quotes:
        quoted = "\n".join(f"> {escape(one)}" for one in figures.aspects.quotes)
        blocks.append(section(f"{QUOTED}\n{quoted}"))
    for line in [
        *_bands(figures),
        *_drift(figures),
        *([access_line(figures.access)] if figures.access is not None else []),
    ]:
        spoken.append(line)
        blocks.append(plain_context(line))
    if ending := _ending(figures):
        spoken.append(ending)
        blocks.append(plain_context(ending))
    if blocks and figures.horizons:
        blocks.append(context(FOOTER))
    return blocks, spoken


def _list(lines: list[str]) -> str:
    return "\n".join(f"• {line}" for line in lines)


def _buttons(figures: Figures, name: str, details: list[Json]) -> list[Json]:
    if figures.looking:
        return []
    found = [button("Details", ids.DIGEST_DETAILS, figures.week_key)] if details else []
    if name == "clear" and figures.owners:
        found.append(_send(figures))
    if few_arrive(figures):
        found.append(button("See why", ids.DIGEST_WHY, "routing", label="See why: where hard leads went"))
    if figures.ask_monthly:
        found.append(
            button("Monthly", ids.MONTHLY, "monthly", label="Monthly: a digest a month until there are results")
        )
        found.append(button("Keep weekly", ids.WEEKLY, "weekly"))
    return [actions(*found)] if found else []


def few_arrive(figures: Figures) -> bool:
    """Whether hard leads reach the pool under its aim, or less often than others do."""
    return figures.access is not None and (figures.access.few or figures.access.shut_out >= ALARM)


def _send(figures: Figures) -> Json:
    """[Send to the model's owners], which says to whom before anything is sent."""
    names = listed(one_line(name, 60) for name in figures.owners)
    ask = ask_first(
        "Send these figures?",
        cut(f"What stands under Details goes to {names}, as a message that names you as its sender.", 300),
        "Send",
        "Don't send",
    )
    return button("Send to the model's owners", ids.DIGEST_SEND, figures.week_key, ask=ask)


def _headline(figures: Figures) -> tuple[str, str, str]:
    """The headline's name, the headline, and what to do about it, by rule."""
    week = _when(figures)
    if not (figures.horizons or figures.held or figures.bands):
        when = f" First ones: {day(figures.next_matures, figures.zone)}." if figures.next_matures else ""
        so_far = f" So far {plural(figures.newer, 'lead')}." if figures.newer else " No lead has been posted yet."
        todo = "Nothing to do this week."
        if figures.ask_monthly:
            todo += " Monthly until then?"
        return "waiting", f"{week} No results yet: a lead counts when its time is up.{when}{so_far}", todo
    if figures.looking and figures.held:
        return (
            "quiet",
            f"{week} {plural(figures.held, 'lead is', 'leads are')} ready. What they say is worked out when the digest "
            "is sent, so that two looks can't be held against each other.",
            "",
        )
    if not figures.news:
        held = ""
        if figures.held and not figures.small_team:
            held = (
                f" {plural(figures.held, 'lead is', 'leads are')} ready and "
                "will be shown when the group is large enough to name nobody."
            )
        return "quiet", f"{week} Nothing new to count this week.{held}", QUIET if figures.horizons else "Nothing to do."
    return _settled(figures, week)


def _when(figures: Figures) -> str:
    """Whom the digest is about, and which week it is since their first lead. Who has many teams knows them."""
    week = f"{_names(figures.teams)}: week" if 0 < len(figures.teams) <= TEAMS_NAMED else "Week"
    return f"{week} {figures.week} with Otherwise."


def _names(teams: list[str]) -> str:
    return listed(escape(name) for name in teams)


def _settled(figures: Figures, week: str) -> tuple[str, str, str]:
    """The headline over results, by the evidence of closed cohorts."""
    known = [one.evidence for one in figures.horizons if one.evidence is not None]
    # The mean of e-values is an e-value: several horizons are not several chances.
    e = sum(one.e_value() for one in known) / len(known) if known else 1.0
    if e >= ALARM:
        todo = "Worth doing: ask them what the tool can't see, and tell the model's owners."
        if figures.owners:
            todo = "Worth doing: show the model's owners what reps mention."
        return "clear", f"{week} Clear: what reps saw went with how leads ended, more than chance explains.", todo
    if known and all(one.odds_ratio()[1] < 1 for one in known):
        return "clear", f"{week} On average the tool came closer here.", "Ask what misled us, not who."
    waiting = "Nothing to change."
    if figures.newer and figures.all_matured is not None:
        more = plural(figures.newer, "more lead counts", "more leads count")
        waiting += f" {more} by {day(figures.all_matured, figures.zone)}."
    if e >= LEANING:
        return "leaning", f"{week} Leaning: what reps saw goes with how leads ended so far; it is not settled.", waiting
    return (
        "too early",
        f"{week} New results are in. Whether reps saw something that the tool lacks is not settled.",
        waiting,
    )


def _bands(figures: Figures) -> list[str]:
    """The tool's record a band, and how many leads stand in bands of which too few are there to say."""
    lines = [band_line(band) for band in figures.bands if band.leads >= BAND_NEEDED][:BANDS_SHOWN]
    thin = sum(band.leads for band in figures.bands if band.leads < BAND_NEEDED)
    if lines and thin:
        lines.append(f"{plural(thin, 'lead')} in bands with fewer than {BAND_NEEDED}: too few to say.")
    return lines


def _drift(figures: Figures) -> list[str]:
    """For a small team: whether the tool's numbers and what happens have parted company."""
    if not figures.small_team or not figures.bands:
        return []
    rang = [
        f"The tool's numbers ({one_line(line, 100)}, {days} days) and what happens parted company: the alarm rang on "
        f"{day(at, figures.zone)}."
        for line, days, at in figures.drift
    ]
    return rang or ["The alarm for the tool's numbers and what happens has not rung within a year."]


def _ending(figures: Figures) -> str:
    parts = []
    if figures.newer and (figures.horizons or figures.bands):
        by = f"; the next on {day(figures.next_matures, figures.zone)}" if figures.next_matures else ""
        parts.append(f"{plural(figures.newer, 'newer lead is', 'newer leads are')} not counted yet{by}.")
    return " ".join(parts)
