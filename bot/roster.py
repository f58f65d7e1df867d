"""Reps and teams by command: added, removed, paused, put together; each says what changed and from what."""

import difflib
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot import waiting
from bot.domain.accounts import Account, Ask, Change, Channel, Done
from bot.domain.errors import OtherwiseError
from bot.domain.guard import POOL_NEEDED
from bot.domain.operands import wrong_team_name
from bot.domain.wording import foreign, listed, one_line, plural
from bot.groups import stands_under
from storage import people, workspace
from storage import routing as kept_routing
from storage import waiting as kept_waiting

# An admin who manages a team can't reach what would expose it.
MANAGES_AND_RUNS = (
    " Exports, `privacy`, model owners and others' stand-ins are for admins who manage nobody, nor did within 90 days: "
    "they are closed to this admin from now on."
)


def add_rep(session: Session, ask: Ask) -> Done:
    """`rep add`: from now on her leads come to her DM or to the channel; those that waited are sent."""
    account, channel = _usable(ask.first), postable(ask.channel)
    row = known_person(session, account, ask.at.now)
    # The CRM may know her by another address than Slack does: what was given once stays.
    email = ask.command.email or row.email or account.email.lower()
    taken = people.by_email(session, email) if email else None
    freed = None
    if taken is not None and taken.id != row.id:
        if people.has_role(session, taken):
            raise OtherwiseError(
                f"The email {email} is {one_line(taken.name, 60)}'s here. Give another one for this rep, or "
                "`/otherwise rep remove` that account first."
            )
        freed = changed(session, taken, {"email": None})
    wanted: dict[str, Any] = {"is_rep": True, "paused": False, "email": email or None}
    if channel is not None or not row.is_rep:
        wanted["channel_id"] = channel.id if channel else None
    change = changed(session, row, wanted)
    where = (
        f"to #{foreign(channel.name, 80)}, where {plural(channel.readers, 'person', 'people')} can read"
        if channel
        else (f"to <#{row.channel_id}>" if row.is_rep and row.channel_id else "to their own DM")
    )
    name = foreign(account.name, 60)
    if change is None:
        return Done(f"{name} is a rep already; leads go {where}. Nothing was changed.")
    fresh = people.by_id(session, row.id)
    sent = waiting.post_waiting(session, fresh, ask.at)
    waiting.adopt_past(session, fresh)
    said = f"{name} is a rep now" if not row.is_rep else f"{name} is changed"
    sentence = f"{said}: leads for {email or 'this Slack id'} go {where}."
    if channel:
        sentence += " What is answered never shows there."
    if sent:
        sentence += f" {plural(sent, 'waiting lead is', 'waiting leads are')} on the way."
    if fresh.team_id is None:
        sentence += " In no team yet: `/otherwise team NAME reps add @user`."
    return Done(sentence, (*_some(freed), change))


def pool_short(session: Session) -> str:
    """A sentence where there are some in the pool, and too few for it to work."""
    many = len(kept_routing.pool(session))
    if not 0 < many < POOL_NEEDED:
        return ""
    return f" {plural(many, 'person is', 'people are')} in the pool: it works from {POOL_NEEDED} on."


def remove_rep(session: Session, ask: Ask) -> Done:
    """`rep remove`: no more leads for her. What she said stays, and stays counted in her team's groups."""
    row = _rep(session, ask.first)
    change = changed(session, row, {"is_rep": False, "paused": False})
    kept_waiting.hand_back(session, row.id)
    name = foreign(row.name, 60)
    return Done(
        f"{name} gets no more leads; new ones with this owner wait. What was said is kept and counted in groups."
        f"{pool_short(session) if row.in_pool else ''}",
        _some(change),
    )


def pause_rep(session: Session, ask: Ask) -> Done:
    """`rep pause`: her new leads wait."""
    row = _rep(session, ask.first)
    change = changed(session, row, {"paused": True})
    name = foreign(row.name, 60)
    if change is None:
        return Done(f"{name} is paused already. `/otherwise rep resume @user` sends what waits.")
    return Done(f"{name} is paused: new leads wait. After 7 days they are not posted any more.", (change,))


def resume_rep(session: Session, ask: Ask) -> Done:
    """`rep resume`: she is back, and gets what waited."""
    row = _rep(session, ask.first)
    change = changed(session, row, {"paused": False})
    name = foreign(row.name, 60)
    if change is None:
        return Done(f"{name} was not paused. Nothing was changed.")
    sent = waiting.post_waiting(session, people.by_id(session, row.id), ask.at)
    on_the_way = f"{plural(sent, 'lead that waited is', 'leads that waited are')} on the way."
    return Done(f"{name} is back. {on_the_way if sent else 'Nothing was waiting.'}", (change,))


def list_reps(session: Session, ask: Ask) -> Done:
    """`rep list`: names, teams, channels. Nothing of what anybody answered."""
    teams = {team.id: team.name for team in people.all_teams(session)}
    reps = [person for person in people.everybody(session) if person.is_rep]
    if not reps:
        return Done("No reps yet. `/otherwise rep add @user` adds one, `/otherwise setup` goes through everything.")
    lines = []
    for rep in sorted(reps, key=lambda rep: (teams.get(rep.team_id, ""), rep.name)):
        where = f"<#{rep.channel_id}>" if rep.channel_id else "their DM"
        team = foreign(teams[rep.team_id], 60) if rep.team_id in teams else "no team"
        lines.append(f"• {foreign(rep.name, 60)} · {team} · {where}{' · paused' if rep.paused else ''}")
    return Done(f"{plural(len(reps), 'rep')}:\n" + "\n".join(lines))


def add_team(session: Session, ask: Ask) -> Done:
    """`team add`: a new, empty team."""
    name = ask.command.team
    if find_team(session, name) is not None:
        raise OtherwiseError(f"There is a team {one_line(name, 60)} already. Nothing was changed.")
    if wrong := wrong_team_name(name):
        raise OtherwiseError(f"{wrong} Nothing was changed.")
    number = people.add_team(session, name)
    return Done(
        f"Team {foreign(name, 60)} is there. Next: `/otherwise team {foreign(name, 60)} reps add @user …`, "
        f"then `… manager @user`.",
        (Change("team", number, None, {"name": name}),),
    )


def list_teams(session: Session, ask: Ask) -> Done:
    """`team list`."""
    teams, everybody = people.all_teams(session), people.everybody(session)
    if not teams:
        return Done("No teams yet. `/otherwise team add NAME` makes one.")
    names, persons = {team.id: team.name for team in teams}, {person.id: person for person in everybody}
    lines = []
    for team in teams:
        manager = persons.get(team.manager_id)
        led = f"{foreign(manager.name, 60)} gets the digest" if manager else "no manager yet"
        under = f" · in {foreign(names[team.parent_id], 60)}" if team.parent_id in names else ""
        reps = [foreign(one.name, 40) for one in everybody if one.team_id == team.id and one.is_rep]
        lines.append(
            f"• *{foreign(team.name, 60)}*{under} · {led} · {plural(len(reps), 'rep')}: {listed(reps) or 'none'}"
        )
    return Done("\n".join(lines))


def add_to_team(session: Session, ask: Ask) -> Done:
    """`team NAME reps add`: they must be reps already."""
    team = need_team(session, ask.command.team)
    rows = [_rep(session, ask.accounts[person]) for person in ask.command.people]
    teams = {row.id: row.name for row in people.all_teams(session)}
    changes = [change for row in rows if (change := changed(session, row, {"team_id": team.id}))]
    moved = [
        f"{foreign(row.name, 60)}" + (f" (was in {foreign(teams[row.team_id], 60)})" if row.team_id in teams else "")
        for row in rows
        if row.team_id != team.id
    ]
    if not changes:
        return Done(f"Everybody named is in {foreign(team.name, 60)} already. Nothing was changed.")
    return Done(f"Now in {foreign(team.name, 60)}: {listed(moved)}.", tuple(changes))


def take_from_team(session: Session, ask: Ask) -> Done:
    """`team NAME reps remove`."""
    team = need_team(session, ask.command.team)
    rows = [_rep(session, ask.accounts[person]) for person in ask.command.people]
    if out := [one_line(row.name, 60) for row in rows if row.team_id != team.id]:
        raise OtherwiseError(f"{listed(out)} {'is' if len(out) == 1 else 'are'} not in {one_line(team.name, 60)}.")
    changes = [change for row in rows if (change := changed(session, row, {"team_id": None}))]
    return Done(
        f"No longer in {foreign(team.name, 60)}: {listed(foreign(row.name, 60) for row in rows)}.", tuple(changes)
    )


def name_manager(session: Session, ask: Ask) -> Done:
    """`team NAME manager`: who gets the digest, after her pledge."""
    team, account = need_team(session, ask.command.team), _usable(ask.first)
    row = known_person(session, account, ask.at.now)
    if team.manager_id == row.id:
        return Done(f"{foreign(row.name, 60)} manages {foreign(team.name, 60)} already. Nothing was changed.")
    before = people.by_id(session, team.manager_id) if team.manager_id else None
    people.set_manager(session, team.id, row.id, ask.at.now)
    instead = f" instead of {foreign(before.name, 60)}" if before else ""
    pledge = "" if row.pledged_at else " Before the first digest comes the question for the pledge."
    closed = "" if not account.is_admin and not row.is_admin else MANAGES_AND_RUNS
    return Done(
        f"{foreign(row.name, 60)} manages {foreign(team.name, 60)} now{instead}.{pledge}{closed}",
        (Change("team", team.id, {"manager_id": team.manager_id}, {"manager_id": row.id}),),
    )


def put_team_in(session: Session, ask: Ask) -> Done:
    """`team NAME in PARENT`. A team can't come to stand under itself."""
    team, parent = need_team(session, ask.command.team), need_team(session, ask.command.other_team)
    if stands_under(session, parent.id, team.id):
        raise OtherwiseError(f"{one_line(parent.name, 60)} is {one_line(team.name, 60)} itself or stands under it.")
    people.change_team(session, team.id, parent_id=parent.id)
    return Done(
        f"{foreign(team.name, 60)} is in {foreign(parent.name, 60)} now.",
        (Change("team", team.id, {"parent_id": team.parent_id}, {"parent_id": parent.id}),),
    )


def known_person(session: Session, account: Account, now: Any) -> Row[Any]:
    """Our row for somebody, made when there is none: that alone makes nobody a rep."""
    row = people.by_slack_id(session, account.slack_id)
    if row is None:
        taken = people.by_email(session, account.email.lower()) if account.email else None
        email = account.email.lower() if account.email and taken is None else None
        values = {"slack_id": account.slack_id, "name": account.name, "zone": account.zone, "email": email}
        row = people.by_id(session, people.add(session, values | {"added_at": now}))
    return row


def changed(session: Session, row: Row[Any], wanted: dict[str, Any]) -> Change | None:
    """Set those columns of a person that differ; the change, if there is one."""
    before = {key: getattr(row, key) for key, value in wanted.items() if getattr(row, key) != value}
    if not before:
        return None
    after = {key: wanted[key] for key in before}
    people.change(session, row.id, **after)
    return Change("person", row.id, before, after)


def set_workspace(session: Session, **wanted: Any) -> Change | None:
    """Set some of what holds for everybody; the change, if there is one."""
    row = workspace.read(session)
    before = {key: getattr(row, key) for key, value in wanted.items() if getattr(row, key) != value}
    if not before:
        return None
    after = {key: wanted[key] for key in before}
    workspace.change(session, **after)
    return Change("workspace", workspace.THE_ROW, before, after)


def find_team(session: Session, name: str) -> Row[Any] | None:
    """A team by name, whatever its case."""
    teams = people.all_teams(session)
    return next((team for team in teams if team.name == name or team.name.lower() == name.lower()), None)


def need_team(session: Session, name: str) -> Row[Any]:
    """A team by name. Raises OtherwiseError with the nearest one."""
    team = find_team(session, name)
    if team is not None:
        return team
    known = [team.name for team in people.all_teams(session)]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"Did you mean {one_line(near[0], 60)}?" if near else f"`/otherwise team add {one_line(name, 60)}` makes it."
    raise OtherwiseError(f"There is no team {one_line(name, 60)}. {hint}")


def _rep(session: Session, account: Account) -> Row[Any]:
    row = people.by_slack_id(session, account.slack_id)
    if row is None or not row.is_rep:
        raise OtherwiseError(f"{one_line(account.name, 60)} is not a rep: `/otherwise rep add @user` first.")
    return row


def _usable(account: Account) -> Account:
    if account.is_bot:
        raise OtherwiseError(f"{one_line(account.name, 60)} is a bot; this needs a person.")
    if account.is_gone:
        raise OtherwiseError(
            f"{one_line(account.name, 60)}'s account is deactivated in Slack, so nothing would arrive."
        )
    return account


def postable(channel: Channel | None) -> Channel | None:
    """The channel, when it can be posted to. Raises OtherwiseError with what to do."""
    if channel is None:
        return None
    if not channel.found:
        raise OtherwiseError("I can't see that channel. If it is private, type `/invite @Otherwise` in it first.")
    if channel.archived:
        raise OtherwiseError(f"#{one_line(channel.name, 80)} is archived. Unarchive it, or choose another.")
    if not channel.has_bot:
        raise OtherwiseError(
            f"I am not in #{one_line(channel.name, 80)}: type `/invite @Otherwise` there, then try again."
        )
    return channel


def _some(change: Change | None) -> tuple[Change, ...]:
    return () if change is None else (change,)
