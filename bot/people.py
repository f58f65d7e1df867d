"""Reps, teams, managers and their channels from a file: what it would change, and then the change."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot.domain.operands import wrong_team_name
from bot.domain.schedule import WEEKDAYS, known_zone, parse_schedule
from storage import people

COLUMNS = ("email", "slack_id", "name", "team", "manages", "channel", "zone", "digest", "number")
CHANNEL = re.compile(r"[CG][A-Z0-9]{2,20}")
NUMBER = {"": None, "at once": True, "when asked": False}


@dataclass(frozen=True)
class Member:
    """Somebody as Slack knows her."""

    slack_id: str
    name: str
    zone: str


@dataclass(frozen=True)
class Wanted:
    """One line of the file, checked. None means that the file says nothing about it."""

    slack_id: str
    email: str | None
    name: str
    zone: str | None
    team: str | None
    manages: list[str]
    channel: str | None
    digest: tuple[int, int] | None
    number_at_once: bool | None


@dataclass
class Plan:
    """What the file would change, a sentence each, and what in it is wrong."""

    changes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    wanted: list[Wanted] = field(default_factory=list)


def read_people(rows: list[tuple[int, Mapping[str, str]]], members: dict[str, Member]) -> Plan:
    """Check the file's rows, given as (line, cells). `members` are Slack's people by email and by id."""
    plan, seen = Plan(), set()
    for line, raw in rows:
        cells = {key.strip().lower(): (value or "").strip() for key, value in raw.items() if key}
        try:
            one = _wanted(cells, members)
            if one.slack_id in seen:
                raise ValueError(f"{one.slack_id} stands in the file twice")
            seen.add(one.slack_id)
            plan.wanted.append(one)
        except ValueError as failure:
            plan.problems.append(f"line {line}: {failure}")
    return plan


def _wanted(cells: Mapping[str, str], members: dict[str, Member]) -> Wanted:
    if unknown := sorted(set(cells) - set(COLUMNS)):
        raise ValueError(f"unknown column {unknown[0]!r}; known: {', '.join(COLUMNS)}")
    email, slack_id = cells.get("email", "").lower(), cells.get("slack_id", "")
    member = members.get(slack_id or email)
    if member is None and members:
        raise ValueError(f"nobody in the workspace has the {'id ' + slack_id if slack_id else 'email ' + email}")
    if member is None and not slack_id:
        raise ValueError("needs a slack_id, since Slack could not be asked")
    if not cells.get("team") and not cells.get("manages"):
        raise ValueError("needs a team (for a rep) or manages (for a manager)")
    manages = [part.strip() for part in cells.get("manages", "").split(";") if part.strip()]
    if wrong := next(filter(None, map(wrong_team_name, [cells.get("team") or "", *manages])), ""):
        raise ValueError(wrong)
    channel, zone, number = cells.get("channel", ""), cells.get("zone", ""), cells.get("number", "").lower()
    if channel and not CHANNEL.fullmatch(channel):
        raise ValueError(f"channel {channel!r} is not a channel id such as C012ABCDEF (names can change)")
    if zone and not known_zone(zone):
        raise ValueError(f"zone {zone!r} is not known; write it like Europe/Berlin")
    if number not in NUMBER:
        raise ValueError(f"number {number!r} is neither 'at once' nor 'when asked'")
    return Wanted(
        slack_id=member.slack_id if member else slack_id,
        email=email or None,
        name=cells.get("name") or (member.name if member else slack_id),
        zone=zone or (member.zone if member else None),
        team=cells.get("team") or None,
        manages=manages,
        channel=channel or None,
        digest=parse_schedule(cells["digest"]) if cells.get("digest") else None,
        number_at_once=NUMBER[number],
    )


def plan_changes(session: Session, plan: Plan) -> Plan:
    """Say what the file would change beside what is stored, and what of it can't be."""
    plan.wanted = _named_as_known(plan.wanted, people.all_teams(session))
    teams = {row.name: row for row in people.all_teams(session)}
    known = {row.slack_id: row for row in people.everybody(session)}
    ids = {row.id: row for row in known.values()}
    named = {team for one in plan.wanted for team in [one.team, *one.manages] if team}
    plan.changes += [f"add team {name}" for name in sorted(named - set(teams))]
    names = {row.id: row.name for row in teams.values()}
    for one, holder in _holders(plan.wanted, known.values()):
        if people.has_role(session, holder):
            plan.problems.append(
                f"{one.email} is {holder.name}'s ({holder.slack_id}) here. If that is an account of the past: "
                f"`/otherwise rep remove` it first; otherwise give another email for {one.slack_id}."
            )
        else:
            plan.changes.append(f"take {one.email} from {holder.name} ({holder.slack_id}), who is no rep any more")
    for one in plan.wanted:
        person = known.get(one.slack_id)
        if person is None:
            plan.changes.append(f"add {one.name} ({one.slack_id}){' as rep in ' + one.team if one.team else ''}")
        else:
            plan.changes += [
                f"change {one.name}'s {key} from {_shown(key, getattr(person, key), names)} "
                f"to {_shown(key, value, names)}"
                for key, value in _values(one, {name: row.id for name, row in teams.items()}, person).items()
            ]
        for name in one.manages:
            manager = ids.get(teams[name].manager_id) if name in teams else None
            if manager is None or manager.slack_id != one.slack_id:
                before = f" instead of {manager.name}" if manager is not None else ""
                plan.changes.append(f"let {one.name} manage {name}{before}")
    return plan


def _named_as_known(wanted: list[Wanted], teams: Sequence[Row[Any]]) -> list[Wanted]:
    """Teams by the names that they have here, whatever their case in the file, as commands take them."""
    names = [team.name for team in teams]
    spelt = {name.lower(): name for one in reversed(wanted) for name in [*one.manages, one.team or ""]}
    spelt |= {name.lower(): name for name in names}

    def known(name: str) -> str:
        return name if name in names else spelt[name.lower()]

    return [
        replace(one, team=known(one.team) if one.team else None, manages=[known(name) for name in one.manages])
        for one in wanted
    ]


def _holders(wanted: list[Wanted], everybody: Iterable[Row[Any]]) -> list[tuple[Wanted, Row[Any]]]:
    """Who has an email here that the file gives to somebody else, and does not give another one in turn."""
    given = {one.slack_id: one.email for one in wanted}
    has = {row.email: row for row in everybody if row.email and given.get(row.slack_id, row.email) == row.email}
    return [(one, has[one.email]) for one in wanted if one.email in has and has[one.email].slack_id != one.slack_id]


def apply_plan(session: Session, plan: Plan, now: datetime) -> list[int]:
    """Make the changes; the ids of reps who are new as reps, for whom leads may be waiting."""
    plan.wanted = _named_as_known(plan.wanted, people.all_teams(session))
    for _, holder in _holders(plan.wanted, people.everybody(session)):
        people.change(session, holder.id, email=None)
    teams = {row.name: row.id for row in people.all_teams(session)}
    for name in sorted({t for one in plan.wanted for t in [one.team, *one.manages] if t} - set(teams)):
        teams[name] = people.add_team(session, name)
    fresh = []
    for one in plan.wanted:
        person = people.by_slack_id(session, one.slack_id)
        if person is None:
            people.add(session, {"slack_id": one.slack_id, "name": one.name, "added_at": now})
            person = people.by_slack_id(session, one.slack_id)
        if person is None:
            raise LookupError("a person who was just added")
        if one.team and not person.is_rep:
            fresh.append(person.id)
        if values := _values(one, teams, person):
            people.change(session, person.id, **values)
        for name in one.manages:
            people.set_manager(session, teams[name], person.id, now)
    return fresh


def _values(one: Wanted, teams: Mapping[str, int], person: Row[Any]) -> dict[str, Any]:
    """The columns that the file changes on this person."""
    wanted: dict[str, Any] = {
        "name": one.name,
        "email": one.email,
        "zone": one.zone,
        "channel_id": one.channel,
        "number_at_once": one.number_at_once,
    }
    if one.team:
        wanted |= {"is_rep": True, "team_id": teams.get(one.team, one.team)}
    if one.digest:
        wanted |= {"digest_weekday": one.digest[0], "digest_minute": one.digest[1]}
    if one.manages:
        wanted["digest_zone"] = one.zone
    return {key: value for key, value in wanted.items() if value is not None and getattr(person, key) != value}


def _shown(key: str, value: Any, teams: Mapping[int, str]) -> str:
    if key == "team_id":
        return teams.get(value, str(value)) if value is not None else "no team"
    if key == "digest_weekday":
        return WEEKDAYS[value]
    if key == "digest_minute":
        return f"{value // 60:02}:{value % 60:02}"
    return "nothing" if value is None else str(value)
