"""Digests by command: a look at the next one, the next one now, and when they come."""

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlmodel import Session

from bot import digests, pledges
from bot.domain.accounts import Account, Ask, Change, Done
from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError
from bot.domain.schedule import clock_words, next_week
from bot.domain.wording import day, foreign, listed, one_line
from bot.views.digest import whole
from bot.views.kit import Json
from storage import digests as kept
from storage import people

# A digest can be sent early by a week at the most: each uses up its own week.
WEEK = timedelta(days=7)


def preview(session: Session, ask: Ask) -> tuple[str, Json]:
    """Whose next digest and how it would look today. Sends nothing and shows no more than the digest would.

    For its manager and for admins. Raises OtherwiseError for anybody else.
    """
    manager = _manager(session, ask)
    if not ask.in_charge and manager.slack_id != ask.actor.slack_id:
        raise OtherwiseError("A digest is for its manager; only that manager and admins look at it before it is sent.")
    pledges.demand(manager, mine=manager.slack_id == ask.actor.slack_id)
    due = digests.coming(session, manager, ask.at.now)
    made = digests.draft(session, manager.id, due, ask.at, looking=True)
    reader = "you" if manager.slack_id == ask.actor.slack_id else foreign(manager.name, 60)
    blocks = whole(made.payload["blocks"], made.details)
    said = f"This is what stands for {reader} today; what is new is told when the digest comes. Nothing was sent."
    return said, made.payload | {"blocks": blocks}


def agree(session: Session, slack_id: str, at: Moment) -> None:
    """A manager's pledge, and when her first digest comes. Raises OtherwiseError for anybody else."""
    pledges.agree(session, slack_id, _first(session, slack_id, at), at)


def _first(session: Session, slack_id: str, at: Moment) -> str:
    manager = next((row for row in people.managers(session) if row.slack_id == slack_id), None)
    if manager is None:
        return ""
    if any(number == manager.id for number, _ in digests.due_managers(session, at.now)):
        return "Your first digest is on its way."
    due = digests.coming(session, manager, at.now)
    local = due.at.astimezone(ZoneInfo(digests.schedule_of(manager, due.at)[2]))
    return f"Your first digest comes on {local:%A} {local.day} {local:%B} at {local:%H:%M}."


def prepare(session: Session, ask: Ask) -> digests.Draft | None:
    """The manager's next digest, to be sent now, read in a reading session; None while the pledge is missing.

    Raises OtherwiseError when this week's was sent already.
    """
    manager = _manager(session, ask)
    if manager.pledged_at is None:
        return None
    due = digests.coming(session, manager, ask.at.now)
    if due.at > ask.at.now + WEEK:
        name = one_line(manager.name, 60)
        there = f"{name}'s next digest has been sent already; the one after it is due on {day(due.at, ask.actor.zone)}."
        raise OtherwiseError(there)
    return digests.draft(session, manager.id, due, ask.at)


def send_now(session: Session, ask: Ask, ready: digests.Draft | None) -> Done:
    """`digest now`: the next due one, early; it uses up its week. Without the manager's pledge she is asked for it."""
    manager = _manager(session, ask)
    name = foreign(manager.name, 60)
    if ready is None:
        asked = pledges.ask(session, manager.id, manager.slack_id, ask.at)
        was = "has just been asked for the pledge" if asked else "was asked for the pledge and hasn't answered yet"
        return Done(f"{name} {was}; no digest before it.", final=asked)
    digests.queue_digest(session, ready, ask.at)
    local = ready.due.at.astimezone(ZoneInfo(digests.schedule_of(manager, ready.due.at)[2]))
    return Done(
        f"{name}'s digest is on its way. It stands for that of {local:%A} {local.day} {local:%B}; "
        "the next comes a week after that.",
        final=True,
    )


def move(session: Session, ask: Ask) -> Done:
    """`digest schedule`: from next week on, or at once when she has had none yet."""
    manager, wanted = _manager(session, ask), ask.command.schedule
    if wanted is None:
        raise LookupError("a schedule without a time")
    now, before = ask.at.now, digests.schedule_of(manager, ask.at.now)
    after = (*wanted, ask.command.zone or before[2])
    name = foreign(manager.name, 60)
    if after == before and not manager.digest_next:
        return Done(f"{name}'s digest comes {_words(before)}; nothing had to be changed.")
    new: dict[str, Any]
    if kept.last_due(session, manager.id) is None:
        new = {"digest_weekday": after[0], "digest_minute": after[1], "digest_zone": after[2], "digest_next": None}
        since = "from now on"
    else:
        begins = next_week(now, before[2])
        new = {"digest_weekday": before[0], "digest_minute": before[1], "digest_zone": before[2]}
        moved = {"weekday": after[0], "minute": after[1], "zone": after[2], "from": begins.isoformat()}
        new |= {"digest_next": moved}
        since = f"from the week of {begins.astimezone(ZoneInfo(before[2])):%-d %B} on"
    old = {key: getattr(manager, key) for key in new}
    people.change(session, manager.id, **new)
    sentence = f"{name}'s digest comes {_words(after)} {since} (it was {_words(before)})."
    return Done(sentence, (Change("person", manager.id, old, new),))


def _words(schedule: tuple[int, int, str]) -> str:
    return f"{clock_words(schedule[0], schedule[1])} ({schedule[2]})"


def _manager(session: Session, ask: Ask) -> Row[Any]:
    """Whom it is about: the one named, oneself, or the only manager there is."""
    managers = {row.slack_id: row for row in people.managers(session)}
    if ask.command.people:
        named: Account = ask.first
        if named.slack_id not in managers:
            raise OtherwiseError(
                f"{one_line(named.name, 60)} manages no team. `/otherwise team NAME manager @user` makes a manager."
            )
        return managers[named.slack_id]
    if ask.actor.slack_id in managers:
        return managers[ask.actor.slack_id]
    if len(managers) == 1 and ask.in_charge:
        return next(iter(managers.values()))
    if not ask.in_charge:
        raise OtherwiseError("A digest is for managers of a team, and you manage none here.")
    if not managers:
        raise OtherwiseError("There is no manager yet. `/otherwise team NAME manager @user` makes one.")
    names = [one_line(row.name, 40) for row in managers.values()]
    shown = listed([*names[:5], f"{len(names) - 5} more"] if len(names) > 5 else names)
    raise OtherwiseError(f"Whose? Managers are {shown}: `/otherwise digest … @manager`.")
