"""What a digest may state: the thirteen of STATISTICS §6, the cues that 1e keeps, and data problems; no others.

Each stands there only where its figures are released.
"""

from bot.domain.bands import wilson
from bot.domain.evidence import ALARM, Conditional
from bot.domain.evidence import words as in_words
from bot.domain.release import CELLS, FEW, LESS, MORE, NEITHER
from bot.domain.wording import few, plural
from bot.views.digest_charts import about
from bot.views.digest_figures import Access, Aspects, HorizonFigures, ToolBand

RANGES_HOLD = (
    "Times as many as expected: these ranges hold however often you look. One that holds 1.0 leaves open whether the "
    "tool's level was right for that group."
)
NUMBERS_NEEDED = 50


def counted(horizon: HorizonFigures, landmark_hours: int) -> list[str]:
    """1 and 2: how many leads count, and how many reps saw otherwise."""
    more, less, neither = (horizon.told.cells[name] for name in CELLS)
    total = more.leads + less.leads + neither.leads
    early = ""
    if horizon.settled_early:
        early = f" ({horizon.settled_early} more were settled within {landmark_hours} hours and left out)"
    return [
        f"{plural(total, 'lead is', 'leads are')} past {plural(horizon.days, 'day')}{early}.",
        f"Reps called {more.leads} of them more likely than the tool did, and {less.leads} less likely.",
    ]


def called_more(horizon: HorizonFigures) -> str:
    """3 and 4."""
    more = horizon.told.cells[MORE]
    return (
        f"Called more likely: {more.leads}. Won: {few(more.won, more.leads)}; "
        f"the tool's numbers had pointed to {about(more.expected)}{ranges_of(horizon)[MORE]}."
    )


def called_nothing(horizon: HorizonFigures) -> str:
    """5, which always stands with 3 and 4."""
    cell = horizon.told.cells[NEITHER]
    return (
        f"Leads nobody called more or less likely, same period: {few(cell.won, cell.leads)} won "
        f"of {cell.leads}, {about(cell.expected)} expected{ranges_of(horizon)[NEITHER]}."
    )


def called_less(horizon: HorizonFigures) -> str:
    """6, as far as its wins may be told."""
    less, told = horizon.told.cells[LESS], horizon.told.less
    first = "" if told.leads == less.leads else f"Of the first {told.leads}, "
    return (
        f"Called less likely: {less.leads}. {first}{'won' if first else 'Won'}: {few(told.won, told.leads)}; "
        f"{about(told.expected)} expected{ranges_of(horizon)[LESS]}."
    )


def statements(horizon: HorizonFigures, landmark_hours: int, *, leads_on: bool = True) -> list[str]:
    """1 to 8 for one horizon, in order; `leads_on` where the headline is about them."""
    more, ranges = horizon.told.cells[MORE], ranges_of(horizon)
    lines = [
        *counted(horizon, landmark_hours),
        called_more(horizon),
        called_less(horizon),
        called_nothing(horizon),
    ]
    if any(ranges.values()):
        lines.append(RANGES_HOLD)
    if horizon.evidence is not None:
        lines.append(_evidence(horizon.evidence, shown=all(ranges.values()), leads_on=leads_on))
    if horizon.told.unanswered is not None:
        unanswered, of = horizon.told.unanswered
        which = f"the {of}" if of == more.leads else f"the first {of} called more likely"
        lines.append(f"{unanswered} of {which} had no outcome at day {horizon.days}; they count as not won by then.")
    if horizon.data_problems >= FEW:
        lines.append(f"{horizon.data_problems} were disqualified with a data problem and left out.")
    return lines


def beside(found: Aspects) -> list[str]:
    """9, 10 and 13: reps' own numbers, what they mention, and the hard leads."""
    lines = []
    if found.numbers is not None and found.numbers[0] >= NUMBERS_NEEDED:
        many, word = found.numbers
        open_ = word == "no telling yet"
        said = (
            "there is no telling yet whether it was nearer than the tool's"
            if open_
            else f"it was {word} than the tool's"
        )
        lines.append(f"On {many} overrides with a rep's number, {said}.")
    if found.cues:
        cue, many = found.cues[0]
        lines.append(f"Mentioned most: {cue} ({many}).")
    if found.clear_cues:
        lines.append(f"Where they named {' or '.join(found.clear_cues)}, what they saw went with what happened: clear.")
    if found.hard:
        more, rest = found.hard["more_hard"], found.hard["neither_hard"]
        lines.append(
            f"Of {more.leads} hard leads called more likely, {few(more.won, more.leads)} were won; the tool's numbers "
            f"had pointed to {about(more.expected)}. Hard leads nobody called more or less likely: "
            f"{few(rest.won, rest.leads)} won of {rest.leads}, {about(rest.expected)} expected."
        )
    return lines


def _evidence(found: Conditional, *, shown: bool, leads_on: bool) -> str:
    """Statement 7: each rep beside herself within four weeks, so neither skill nor the tool's level passes for it."""
    line = f"Same reps, same four weeks: what they saw went with what happened: {in_words(found.e_value())}."
    if leads_on:
        line += " The headline rests on this."
    if not shown:
        return line
    low, high = found.odds_ratio()
    return f"{line} (Odds {low:.1f}–{high:.1f} times a step, from less likely over nothing said to more likely.)"


def ranges_of(horizon: HorizonFigures) -> dict[str, str]:
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
            found[name] = f" ({low:.1f}–{high:.1f} times as many)"
    return found if found[NEITHER] else dict.fromkeys(CELLS, "")


def band_line(band: ToolBand) -> str:
    """Statement 12: the tool's own record in a band."""
    low, high = wilson(band.wins, band.leads)
    what = band.label if "points" in band.label else f"{band.label} in 100"
    return (
        f"The tool's {what} ({band.days} days): {band.wins:,} of {band.leads:,} closed, "
        f"{round(100 * band.wins / band.leads)} in 100 ({round(100 * low)}–{round(100 * high)})."
    )


def access_line(found: Access) -> str:
    """Statement 11: how many hard leads reached the pool."""
    often = f"; they reach it {found.ratio:.1f} times as often as all leads" if found.ratio is not None else ""
    line = (
        f"{found.reached} of {found.hard} hard leads reached the pool (aim: {found.aim} in 100 of the unowned){often}."
    )
    if found.shut_out >= ALARM:
        line += " That is clearly less often."
    return line
