"""The Home tab, for a rep, a manager and an admin: each part is there for whom it concerns."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from bot.domain.wording import day, foreign, plural
from bot.views import ids
from bot.views.health import Health, needs, runs, undelivered
from bot.views.kit import Json, actions, button, context, divider, header, plain, section
from bot.views.owners import OwnerPart, owner_blocks
from bot.views.rep_home import RepPart, rep_blocks

BLOCKS_LIMIT = 100
DEAD_SHOWN = 10
SECTION_ROOM = 2900
HEADLINES = {
    "waiting": "No results yet",
    "quiet": "Nothing new",
    "too early": "Not settled",
    "leaning": "Leaning, not settled",
    "clear": "Clear",
}


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
    gets_leads: bool = True
    owner: OwnerPart | None = None


def home_view(page: HomePage) -> Json:
    """The Home as `views.publish` takes it."""
    blocks: list[Json] = []
    if page.made_up:
        blocks.append(
            context("For trying out: this bot's clock can be moved, and what is made here is marked as made up.")
        )
    hers = rep_blocks(page.rep) if page.rep else []
    others = [_manager(page.manager) if page.manager else [], _admin(page.health) if page.health else []]
    # Who gets no leads, but once had a test's, finds first what this tab is opened for.
    for part in [hers, *others] if page.gets_leads else [*others, hers]:
        if part and blocks and blocks[-1]["type"] != "context":
            blocks.append(divider())
        blocks += part
    if page.owner:
        blocks += [*([divider()] if blocks else []), *owner_blocks(page.owner)]
    elif page.rep is None and page.manager is None and page.health is None:
        blocks.append(
            section(
                "Nothing here for you yet. Otherwise posts new leads to sales reps, with the scoring tool's number "
                "as a suggestion. If you should get leads or a digest, ask whoever runs this workspace to add you."
            )
        )
    return {"type": "home", "blocks": blocks[:BLOCKS_LIMIT]}


def digest_view(week: str, blocks: list[Json]) -> Json:
    """A digest of the past, as a modal."""
    shown = blocks or [section("Its words are no longer kept.")]
    return {
        "type": "modal",
        "title": plain(_week_of(week)),
        "close": plain("Close"),
        "blocks": shown[:BLOCKS_LIMIT],
    }


def _week_of(week: str) -> str:
    """A digest by its week's Monday, from the ISO week; 24 characters at the most."""
    year, _, number = week.partition("-W")
    monday = date.fromisocalendar(int(year), int(number), 1)
    return f"Digest, week of {monday.day} {monday:%b}"


def notice_view(text: str) -> Json:
    """A sentence where no message can carry it: mrkdwn, whose foreign parts are escaped already."""
    return {
        "type": "modal",
        "title": plain("Otherwise"),
        "close": plain("Close"),
        "blocks": [section(text)],
    }


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
    open_points = needs(replace(found, dead=[]))
    if open_points:
        blocks.append(section(_within("*Needs you*", [f"• {line}" for line in open_points])))
    elif not found.dead:
        blocks.append(section("Nothing needs you."))
    for place, dead in enumerate(found.dead[:DEAD_SHOWN]):
        again = button("Try again", ids.RETRY, str(dead.first), label=f"Try again: {dead.fix}"[:75])
        blocks.append(section(undelivered(dead)) | {"accessory": again, "block_id": f"dead.{place}"})
    for one in [one for one in found.waiting if one.why == "owner" and "@" in one.owner][:10]:
        words = f"{plural(one.many, 'lead waits', 'leads wait')} for {foreign(one.owner, 120)}"
        add = button("Add", ids.ADD_OWNER, one.owner[:200], label=f"Add {one.owner} as a rep")
        blocks.append(section(words) | {"accessory": add})
    blocks.append(section("\n".join(f"• {line}" for line in runs(found))))
    return [*blocks, context("`/otherwise help` lists the commands.")]


def _within(head: str, lines: list[str]) -> str:
    """A section of whole lines: what has no room is counted, and `status` has it."""
    shown = [head]
    for place, line in enumerate(lines):
        if sum(map(len, shown)) + len(shown) + len(line) > SECTION_ROOM:
            return "\n".join([*shown, f"• And {len(lines) - place} more: `/otherwise status`."])
        shown.append(line)
    return "\n".join(shown)
