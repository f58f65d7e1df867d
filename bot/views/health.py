"""How it runs, in lines: for `/otherwise status` and the admin's Home."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.domain.guard import POOL_NEEDED
from bot.domain.wording import day, foreign, listed, plural


@dataclass(frozen=True)
class Dead:
    """Letters that could not be delivered, by what would mend it: the first one's number, and whom it was for."""

    fix: str
    many: int
    first: int = 0
    lane: str = ""


@dataclass(frozen=True)
class Waiting:
    """Leads that wait for somebody: `why` is owner, unowned, paused or held."""

    owner: str
    why: str
    many: int


@dataclass(frozen=True)
class Crm:
    """A CRM that is read: when it last was to its end, and what is wrong; `refused`: somebody has to mend it."""

    name: str
    read_at: datetime | None
    trouble: str
    refused: bool


@dataclass(frozen=True)
class Settings:
    """What admins have set: shares in 100, hours from midnight in minutes, days (0: for good)."""

    hard: int
    pool: int
    pool_share: int
    budget: int
    quiet: tuple[int, int] | None
    # How many leads of how many reps make a group, and what that will be from when on.
    groups: tuple[int, int]
    groups_ahead: tuple[int, int, datetime] | None
    retention_days: int
    landmark_hours: int


@dataclass(frozen=True)
class Health:
    """What an admin should know. Counts of leads and letters; nothing of what anybody said."""

    reps: int
    teams: int
    leads_today: int
    on_the_way: int
    last_sent: datetime | None
    paused: bool
    rehearsal: str
    landmark_hours: int
    # The wall's time, and how far the bot's clock is from it.
    real: datetime
    clock_offset: timedelta
    zone: str
    next_digests: list[tuple[str, datetime]] = field(default_factory=list)
    # Managers who have not pledged: not asked yet, and asked without an answer.
    unpledged: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    unmanaged: list[str] = field(default_factory=list)
    teamless: list[str] = field(default_factory=list)
    # Reps whom an admin has paused.
    away: list[str] = field(default_factory=list)
    dead: list[Dead] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)
    admins: list[str] = field(default_factory=list)
    # Model lines for which the drift alarm rang lately, and when.
    drift: list[tuple[str, datetime]] = field(default_factory=list)
    settings: Settings | None = None
    crms: list[Crm] = field(default_factory=list)
    # Webhooks that something keeps from being sent for now: name, what.
    webhooks: list[tuple[str, str]] = field(default_factory=list)


def lines(health: Health) -> list[str]:
    """All of it, what needs somebody first."""
    return [*needs(health), *runs(health)]


def needs(health: Health) -> list[str]:
    """What somebody should do something about, each with what to do."""
    found = [undelivered(dead) for dead in health.dead]
    found += [
        f"{foreign(one.name, 40)} can't be read. {foreign(one.trouble, 300)}" for one in health.crms if one.refused
    ]
    for name, trouble in health.webhooks:
        reason = foreign(trouble, 300)
        found.append(f"The webhook {foreign(name, 40)} is not delivered. {reason} It is tried again by itself.")
    found += [_waits(one) for one in health.waiting]
    if health.paused:
        found.append("Paused: nothing is posted until `/otherwise resume`.")
    if health.rehearsal:
        found.append(
            f"A rehearsal is on: {foreign(health.rehearsal, 60)} gets every new suggestion "
            "until `/otherwise rehearsal off`."
        )
    if not health.reps:
        found.append("No reps yet: `/otherwise rep add @user`, or `/otherwise setup` for everything.")
    if health.settings is not None and 0 < health.settings.pool < POOL_NEEDED:
        many = plural(health.settings.pool, "person is", "people are")
        found.append(f"{many} in the pool, which works from {POOL_NEEDED} on: `/otherwise pool add @user`.")
    if health.teamless:
        found.append(f"In no team: {_some(health.teamless)}. `/otherwise team NAME reps add @user`.")
    if health.unmanaged:
        found.append(f"Without a manager: {_some(health.unmanaged)}. `/otherwise team NAME manager @user`.")
    for line, at in health.drift:
        found.append(
            f"The tool's numbers ({foreign(line, 60)}) and what happens have parted company, as of "
            f"{day(at, health.zone)}: tell whoever keeps the model, or `/otherwise modelowner add @user`."
        )
    if health.unanswered:
        found.append(
            f"No digest before the pledge: ask {_some(health.unanswered)} to press [I agree] in the app's messages or "
            "Home."
        )
    return found


def undelivered(dead: Dead) -> str:
    """What could not be delivered, where to, and what would mend it."""
    where = ""
    if dead.lane:
        where = f" ({'' if dead.many == 1 else 'one of them '}for <{'#' if dead.lane[0] in 'CG' else '@'}{dead.lane}>)"
    return f"{plural(dead.many, 'message')} could not be delivered{where}. {foreign(dead.fix, 300)}"


def runs(health: Health) -> list[str]:
    """What is simply so."""
    last = "none yet" if health.last_sent is None else _when(health.last_sent, health)
    if health.last_sent is not None and abs(health.clock_offset) >= timedelta(seconds=5):
        last += " (real time)"
    found = [
        f"{plural(health.reps, 'rep')} in {plural(health.teams, 'team')}; "
        f"{plural(health.leads_today, 'lead')} came in within 24 hours.",
        f"Last message delivered: {last}. {plural(health.on_the_way, 'message')} on the way.",
        f"An answer counts when given within {health.landmark_hours} hours.",
    ]
    if health.away:
        found.insert(1, f"Paused: {_some(health.away)}. New leads for them wait until `/otherwise rep resume @user`.")
    if health.settings is not None:
        told = settings(health.settings, health.zone)
        found.append(f"Set: {'; '.join(told[name] for name in told if name != 'landmark')}.")
    found += [_read(one, health) for one in health.crms]
    if health.unpledged:
        found.append(
            f"No digest before the pledge: {_some(health.unpledged)} {_are(health.unpledged)} asked when it is due."
        )
    for name, at in health.next_digests[:5]:
        local = at.astimezone(ZoneInfo(health.zone))
        found.append(
            f"Next digest for {foreign(name, 60)}: {local:%a} {day(at, health.zone)}, {local:%H:%M} your time."
        )
    if abs(health.clock_offset) >= timedelta(seconds=5):
        found.append(
            f"The clock is moved by {plural(round(health.clock_offset.total_seconds() / 86400), 'day')}: "
            "everything made meanwhile is marked as made up."
        )
    if health.admins:
        found.append(f"Besides this workspace's admins, these run the commands: {_some(health.admins)}.")
    return found


def settings(now: Settings, zone: str) -> dict[str, str]:
    """What is set, by the command that changes it: a sentence without capital and full stop."""
    groups = "groups of {} leads and {} reps".format(*now.groups)
    if now.groups_ahead is not None:
        leads, reps, begins = now.groups_ahead
        groups += f" (from {day(begins, zone)} on {leads} and {reps})"
    pool = f"for {now.pool_share} in 100 of the hard leads that nobody owns"
    if now.pool < POOL_NEEDED:
        pool = f"which works from {POOL_NEEDED} on"
    quiet = "no quiet hours"
    if now.quiet is not None:
        begin, end = (f"{minutes // 60:02}:{minutes % 60:02}" for minutes in now.quiet)
        quiet = f"quiet from {begin} to {end}, in each rep's zone"
    return {
        "hard": f"hard is under {now.hard} in 100",
        "pool": f"{plural(now.pool, 'person is', 'people are')} in the pool, {pool}",
        "budget": f"at most {plural(now.budget, 'lead')} a rep a day",
        "quiet": quiet,
        "privacy": groups,
        "retention": f"words kept for {plural(now.retention_days, 'day')}" if now.retention_days else "words kept",
        "landmark": f"an answer counts when given within {now.landmark_hours} hours",
    }


def _when(at: datetime, health: Health) -> str:
    local = at.astimezone(ZoneInfo(health.zone))
    today = health.real.astimezone(ZoneInfo(health.zone)).date() == local.date()
    return f"{local:%H:%M}" if today else f"{day(local, health.zone)}, {local:%H:%M}"


def _read(one: Crm, health: Health) -> str:
    last = "never to the end yet" if one.read_at is None else _when(one.read_at, health)
    later = "" if one.refused or not one.trouble else f" {foreign(one.trouble, 300)} It is asked again by itself."
    return f"{foreign(one.name, 40)} was last read: {last}.{later}"


def _waits(one: Waiting) -> str:
    count = plural(one.many, "lead waits", "leads wait")
    owner = foreign(one.owner, 120)
    if one.why == "unowned":
        return f"{count} without an owner until a rep is there: all are paused, or none was added."
    if one.why == "paused":
        return f"{count} for {owner}, who is paused: `/otherwise rep resume @user`."
    if one.why == "muted":
        return f"{count} for {owner}, who has muted the app; only `mute off`, typed by its owner, brings them."
    if one.why == "held":
        return f"{count} for {owner} until `/otherwise resume`."
    return f"{count} for {owner}, who is no rep here: `/otherwise rep add @user`."


def _some(names: list[str]) -> str:
    shown = [foreign(name, 40) for name in names[:8]]
    return listed([*shown, f"{len(names) - 8} more"] if len(names) > 8 else shown)


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
