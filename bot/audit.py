"""Every change by a command is kept with what it was before, so that it can be read and taken back."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from bot import outcomes, privacy, waiting
from bot.domain.accounts import Account, Change, Done
from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError
from bot.domain.wording import day, foreign, plural
from bot.export_notice import tell_of_an_end
from bot.groups import stands_under
from bot.roster import pool_short
from storage import audit, people, responses, workspace
from storage import leads as kept_leads
from storage import waiting as kept_waiting

SHOWN = 20
# What was changed longer ago is not taken back unasked.
LATELY = timedelta(hours=12)


def keep(session: Session, actor: Account, command: str, done: Done, at: Moment) -> int:
    """Write down what was done; the row's number when it can be undone, else 0."""
    if not done.changes and not done.final:
        return 0
    row = {
        "actor_slack_id": actor.slack_id,
        "command": command,
        "sentence": done.sentence,
        "changes": [asdict(change) for change in done.changes] or None,
        "made_up": at.made_up,
        "at": at.now,
    }
    number = audit.add(session, row)
    return number if done.changes else 0


def undo(session: Session, number: int, actor: Account, at: Moment) -> Done:
    """Take a change back. Raises OtherwiseError when that was done already, or something changed it since."""
    row = audit.by_id(session, number)
    if row is None or not row.changes:
        raise OtherwiseError("There is nothing to undo here.")
    if row.undone_at is not None:
        raise OtherwiseError("This was undone already.")
    changes = [Change(**change) for change in row.changes]
    for change in changes:
        if not _stands(session, change):
            raise OtherwiseError(
                "This can't be undone by itself: something has changed it since. `/otherwise audit` shows what."
            )
        _refuse_what_its_command_would(session, change)
    for change in reversed(changes):
        _take_back(session, change, at)
    if row.command == "privacy":
        privacy.say_taken_back(session, at)
    for what in ("joined", "text"):
        if any(change.table == "workspace" and change.after.get(f"{what}_on") for change in changes):
            tell_of_an_end(session, what, at)
    sent = _send_what_waited(session, changes, at)
    audit.mark_undone(session, number, at.now)
    done = Done(f"Undone: “{row.sentence}” {_as_it_is(session, changes)}{sent}", final=True)
    keep(session, actor, "undo", done, at)
    return done


def _as_it_is(session: Session, changes: list[Change]) -> str:
    """What holds now, where "as before" would hide it."""
    before = [(change.table, change.before or {}) for change in changes]
    if any(table == "workspace" and row.get("paused") for table, row in before):
        return "Otherwise is paused again."
    said = "It is as it was before."
    if any(table == "team" and "manager_id" in row for table, row in before):
        said += " Whoever was a manager by it counts as one for 90 days: exports and `privacy` stay closed to them."
    if any(table == "person" and {"in_pool", "is_rep"} & set(row) for table, row in before):
        said += pool_short(session)
    return said


def undo_latest(session: Session, actor: Account, at: Moment) -> tuple[Done, int]:
    """Take back somebody's own newest change. Where that can't be, or is from before today, the newest one that can is
    only named, and its number goes with it. Raises OtherwiseError when there is none.
    """
    row = audit.newest_of(session, actor.slack_id)
    if row is None:
        raise OtherwiseError("You have made no change that could be undone. `/otherwise audit` shows all changes.")
    when = day(row.at, actor.zone)
    final = audit.final_since(session, actor.slack_id, row.id)
    if final is not None:
        said = (
            f"Your latest change can't be taken back: “{final.sentence}” The one before it, of {when}: “{row.sentence}”"
        )
        return Done(said), row.id
    if at.now - row.at > LATELY:
        return Done(f"Your latest change is of {when}: “{row.sentence}” Nothing was undone yet."), row.id
    return undo(session, row.id, actor, at), 0


def latest(session: Session, zone: str) -> list[str]:
    """The newest changes, a line each."""
    names = {person.slack_id: person.name for person in people.everybody(session)}
    return [
        f"{day(row.at, zone)}, {row.at.astimezone(ZoneInfo(zone)):%H:%M}, {_name(names, row.actor_slack_id)}: "
        f"{row.sentence}{' _(undone)_' if row.undone_at else ''}"
        for row in audit.latest(session, SHOWN)
    ]


def _name(names: dict[str, str], slack_id: str) -> str:
    return foreign(names[slack_id], 60) if names.get(slack_id) else f"<@{slack_id}>"


def _values(session: Session, change: Change) -> dict[str, Any] | None:
    if change.table == "workspace":
        return dict(workspace.read(session)._mapping)
    if change.table == "team":
        return next((dict(team._mapping) for team in people.all_teams(session) if team.id == change.row), None)
    return dict(people.by_id(session, change.row)._mapping)


def _stands(session: Session, change: Change) -> bool:
    """Whether the row is still as the change left it."""
    if change.table == "outcome":
        latest = responses.latest_outcome(session, change.row)
        return latest is not None and latest.id == change.after.get("told")
    now = _values(session, change)
    if now is None:
        return False
    if change.table == "team" and change.before is None:
        return not people.team_in_use(session, change.row)
    return all(now[key] == value for key, value in change.after.items())


def _refuse_what_its_command_would(session: Session, change: Change) -> None:
    """What has come since may forbid what was there before."""
    before = change.before or {}
    if change.table == "workspace" and "landmark_hours" in before and kept_leads.any_lead(session):
        raise OtherwiseError(
            "This can't be undone any more: leads are here, and figures by two landmarks can't be told apart."
        )
    parent = before.get("parent_id") if change.table == "team" else None
    if isinstance(parent, int) and stands_under(session, parent, change.row):
        raise OtherwiseError("This can't be undone by itself: the team that it was in stands under it now.")


def _take_back(session: Session, change: Change, at: Moment) -> None:
    if change.table == "outcome":
        outcomes.take_back(session, change.row, at)
    elif change.table == "workspace":
        workspace.change(session, **(change.before or {}))
    elif change.table == "team" and change.before is None:
        people.remove_team(session, change.row)
    elif change.table == "team":
        _restore_team(session, change.row, dict(change.before or {}), at)
    else:
        before = change.before or {}
        people.change(session, change.row, **before)
        if before.get("is_rep") is False:
            kept_waiting.hand_back(session, change.row)


def _restore_team(session: Session, team: int, before: dict[str, Any], at: Moment) -> None:
    if "manager_id" in before:
        people.set_manager(session, team, before.pop("manager_id"), at.now)
    if before:
        people.change_team(session, team, **before)


def _send_what_waited(session: Session, changes: list[Change], at: Moment) -> str:
    if not any(change.table in ("person", "workspace") for change in changes):
        return ""
    sent = waiting.post_all_waiting(session, at)
    return f" {plural(sent, 'lead that waited is', 'leads that waited are')} on the way." if sent else ""
