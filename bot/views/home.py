"""The Home tab, for a rep, a manager and an admin: each part is there for whom it concerns."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.wording import DIRECTIONS, cut, day, escape, fact_in_words, foreign, in_hundred, plural
from bot.views import ids
from bot.views.health import Health, needs, runs
from bot.views.kit import Json, Ref, actions, button, context, divider, header, plain, section

BLOCKS_LIMIT = 100
WORDS_SHOWN = 200
HEADLINES = {
    "waiting": "No results yet",
    "quiet": "Nothing new",
    "too early": "Not settled",
    "leaning": "Leaning, not settled",
    "clear": "Clear",
}


@dataclass(frozen=True)
class OpenLead:
    """A lead that she has not answered."""

    ref: Ref
    name: str
    facts: list[dict[str, str]]
    posted_at: datetime


@dataclass(frozen=True)
class Answer:
    """What she said last about a lead, and what became of it. `probability` is the tool's, in [0, 1]."""

    ref: Ref
    name: str
    at: datetime
    kind: str
    direction: str
    reason: str
    outcome: str
    outcome_at: datetime | None
    probability: float | None
    trial: bool = False


@dataclass(frozen=True)
class Counts:
    """Her own calls that are past their day, and how many of them were won in time."""

    more: int
    more_won: int
    less: int
    less_won: int


@dataclass(frozen=True)
class Promise:
    """Whether one of her managers has made the pledge."""

    manager: str
    at: datetime | None


@dataclass(frozen=True)
class RepPart:
    """A rep's own part."""

    zone: str
    open_leads: list[OpenLead]
    more_open: bool
    answers: list[Answer]
    counts: Counts | None
    kept_rows: int
    promises: list[Promise]
    number_at_once: bool
    paused: bool


@dataclass(frozen=True)
class DigestLine:
    """A digest of the past."""

    id: int
    due_at: datetime
    headline: str
    made_up: bool


@dataclass(frozen=True)
class ManagerPart:
    """A manager's part; `latest` are the newest digest's blocks, without its charts."""

    zone: str
    pledged_at: datetime | None
    next_at: datetime
    digests: list[DigestLine] = field(default_factory=list)
    latest: list[Json] = field(default_factory=list)


@dataclass(frozen=True)
class HomePage:
    """All parts that somebody has."""

    zone: str
    rep: RepPart | None = None
    manager: ManagerPart | None = None
    health: Health | None = None
    made_up: bool = False


def home_view(page: HomePage) -> Json:
    """The Home as `views.publish` takes it."""
    blocks: list[Json] = []
    if page.made_up:
        blocks.append(
            context("A rehearsal: the clock of this bot can be moved, and what is made here is marked as made up.")
        )
    for part in (
        rep_blocks(page.rep) if page.rep else [],
        _manager(page.manager) if page.manager else [],
        _admin(page.health) if page.health else [],
    ):
        if part and blocks and blocks[-1]["type"] != "context":
            blocks.append(divider())
        blocks += part
    if page.rep is None and page.manager is None and page.health is None:
        blocks.append(
            section(
                "Nothing here for you yet. Otherwise posts new leads to sales reps, with the scoring tool's number "
                "as a suggestion. If you should get leads or a digest, ask whoever runs this workspace to add you."
            )
        )
    return {"type": "home", "blocks": blocks[:BLOCKS_LIMIT]}


def rep_blocks(rep: RepPart) -> list[Json]:
    """Open leads, answers and record, the switch, and what is kept."""
    blocks = [header("Leads you haven't answered")]
    if rep.paused:
        blocks.append(context("An admin has paused your leads; new ones wait until you are back."))
    for lead in rep.open_leads:
        facts = [foreign(fact_in_words(one["label"], one["value"]), 60) for one in lead.facts[:2]]
        words = " · ".join([f"*{foreign(lead.name, 120)}*", *facts, f"since {day(lead.posted_at, rep.zone)}"])
        value = lead.ref.model_dump_json()
        look = button("I see something else", ids.OPEN, value, label=f"I see something else in {lead.name}")
        blocks.append(section(words) | {"accessory": look})
    if not rep.open_leads:
        blocks.append(section("None. No answer is ever needed; you can always say something later."))
    if rep.more_open:
        blocks.append(context("Older ones stand in your messages."))
    blocks += record_blocks(rep)
    blocks += [header("Your switch"), _switch(rep)]
    blocks += [header("What is kept about you, and who can see it"), section(_kept(rep))]
    return blocks


def record_blocks(rep: RepPart) -> list[Json]:
    """Her answers and what became of them: a list, no rate below thirty, no comparison."""
    blocks = [header("Your record, for you alone")]
    if rep.counts is not None:
        one = rep.counts
        blocks.append(
            section(
                f"Past their day: you called {one.more} more likely, {one.more_won} closed; "
                f"{one.less} less likely, {one.less_won} closed."
            )
        )
    for answer in rep.answers:
        see = button("What I said", ids.SEE, answer.ref.model_dump_json(), label=f"What I said about {answer.name}")
        blocks.append(section(_answer(answer, rep.zone)) | {"accessory": see})
    if not rep.answers:
        blocks.append(section("You haven't answered any lead yet."))
    return [*blocks, context("Nobody may ask you to show this.")]


def digest_view(week: str, blocks: list[Json]) -> Json:
    """A digest of the past, as a modal."""
    shown = blocks or [section("Its words are no longer kept.")]
    return {
        "type": "modal",
        "title": plain(f"Digest {week}"[:24]),
        "close": plain("Close"),
        "blocks": shown[:BLOCKS_LIMIT],
    }


def notice_view(sentence: str) -> Json:
    """A sentence where no message can carry it."""
    return {
        "type": "modal",
        "title": plain("Otherwise"),
        "close": plain("Close"),
        "blocks": [section(escape(sentence))],
    }


def _answer(answer: Answer, zone: str) -> str:
    said = "Noted" if answer.kind == "noted" else f"*{DIRECTIONS.get(answer.direction, answer.direction)}*"
    words = f": {foreign(answer.reason, WORDS_SHOWN)}" if answer.reason else ""
    line = f"*{foreign(answer.name, 120)}* · {day(answer.at, zone)} · {said}{words}"
    if answer.trial:
        return f"{line}\nA test."
    if answer.outcome not in ("won", "lost", "disqualified"):
        return f"{line}\nStill open."
    on = f" on {day(answer.outcome_at, zone)}" if answer.outcome_at else ""
    tool = f" The tool had said {in_hundred(answer.probability)} in 100." if answer.probability is not None else ""
    return f"{line}\n{answer.outcome.capitalize()}{on}.{tool}"


def _switch(rep: RepPart) -> Json:
    if rep.number_at_once:
        words = "The tool's number stands on your suggestions at once."
        press = button("Show it when I ask", ids.NUMBER, "when_asked")
    else:
        words = "The tool's number stays hidden until you press [Show the tool's number]."
        press = button("Show it at once", ids.NUMBER, "at_once")
    return section(f"{words} A change is for suggestions that come after it.") | {"accessory": press}


def _kept(rep: RepPart) -> str:
    lines = [
        f"• Kept: your name, Slack id, email and time zone, and {plural(rep.kept_rows, 'row')} of what you pressed and "
        "wrote, each change beside what it changed.",
        "• Who looked at your words: nobody. In this version no command, digest or export shows them to anybody "
        "but you; whoever runs the server could read its database.",
        "• Digests count groups of at least 10 leads and 5 reps, never a person.",
    ]
    for promise in rep.promises:
        if promise.at is None:
            lines.append(f"• {foreign(promise.manager, 60)} gets no digest before agreeing not to rate people by this.")
        else:
            lines.append(
                f"• {foreign(promise.manager, 60)} agreed on {day(promise.at, rep.zone)}: “I won't use this tool's "
                "numbers or anyone's answers to rate people.”"
            )
    return "\n".join(lines)


def _manager(part: ManagerPart) -> list[Json]:
    blocks = [header("Your digests")]
    if part.pledged_at is None:
        return [
            *blocks,
            section(
                "Before the first one: “I won't use this tool's numbers or anyone's answers to rate people.” "
                "Your reps can see that you agreed."
            ),
            actions(button("I agree", ids.PLEDGE, "pledge")),
        ]
    blocks.append(
        context(
            f"You agreed on {day(part.pledged_at, part.zone)} not to rate people by this. "
            f"Next digest: {day(part.next_at, part.zone)}."
        )
    )
    blocks += part.latest[:40]
    for line in part.digests[1:] if part.latest else part.digests:
        words = HEADLINES.get(line.headline, line.headline.capitalize())
        made_up = " · made-up data" if line.made_up else ""
        open_it = button(
            "Open", ids.PAST_DIGEST, str(line.id), label=f"Open the digest of {day(line.due_at, part.zone)}"
        )
        blocks.append(section(f"*{day(line.due_at, part.zone)}* · {words}{made_up}") | {"accessory": open_it})
    if not part.digests:
        blocks.append(section("None yet. `/otherwise digest preview` shows what the next would say."))
    return blocks


def _admin(found: Health) -> list[Json]:
    blocks = [header("How it runs")]
    open_points = needs(found)
    if open_points:
        blocks.append(section("*Needs you*\n" + cut("\n".join(f"• {line}" for line in open_points), 2800)))
    else:
        blocks.append(section("Nothing needs you."))
    if found.dead:
        blocks.append(actions(button("Try these messages again", ids.RETRY, "dead")))
    for one in [one for one in found.waiting if one.why == "owner" and "@" in one.owner][:10]:
        words = f"{plural(one.many, 'lead waits', 'leads wait')} for {foreign(one.owner, 120)}"
        add = button("Add", ids.ADD_OWNER, one.owner[:200], label=f"Add {one.owner} as a rep")
        blocks.append(section(words) | {"accessory": add})
    blocks.append(section("\n".join(f"• {line}" for line in runs(found))))
    return [*blocks, context("`/otherwise help` lists the commands.")]
