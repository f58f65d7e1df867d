"""About whom a manager's digest is: her teams, those under them, and those they are counted together with."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.domain.groups import Group, TeamNode, group, under
from storage import people, stats

# How long somebody who managed a team can't reach what would expose one.
STAYS_A_MANAGER = timedelta(days=90)


@dataclass(frozen=True)
class Scope:
    """`groups` hold her reps; `teams` are whose leads the digest is about.

    `hers` names those among them that she manages, or that stand under one of hers, and `joined` the others.
    """

    groups: list[Group]
    teams: frozenset[int]
    hers: list[str]
    joined: list[str]

    @property
    def small(self) -> bool:
        """Whether there is nobody whose results may be told week by week."""
        return not any(one.large for one in self.groups)


def scope_of(session: Session, manager: int) -> Scope:
    """Look at all teams as they are now."""
    teams, nodes = people.all_teams(session), _nodes(session)
    hers = under(nodes, manager)
    groups = [one for one in group(nodes) if one.teams & hers]
    covered = hers.union(*(one.teams for one in groups if one.large))
    names = {team.id: team.name for team in sorted(teams, key=lambda team: team.name) if team.id in covered}
    return Scope(
        groups,
        covered,
        [name for team, name in names.items() if team in hers],
        [name for team, name in names.items() if team not in hers],
    )


def in_a_large_one(session: Session, team: int | None) -> bool:
    """Whether results of this team's reps may be told week by week, alone or together with other teams'."""
    return any(one.large for one in group(_nodes(session)) if team in one.teams)


def _nodes(session: Session) -> list[TeamNode]:
    sizes, teams = stats.team_sizes(session), people.all_teams(session)
    return [TeamNode(team.id, team.parent_id, team.manager_id, sizes.get(team.id, 0)) for team in teams]


def stands_under(session: Session, team: int, other: int) -> bool:
    """Whether `team` is `other` or stands somewhere under it."""
    above = {row.id: row.parent_id for row in people.all_teams(session)}
    up: int | None = team
    seen: set[int] = set()
    while up is not None and up not in seen:
        if up == other:
            return True
        seen.add(up)
        up = above.get(up)
    return False


def manages_or_did(session: Session, slack_id: str, now: datetime) -> bool:
    """Whether somebody manages a team, or did within three months: nobody steps out of it for a moment."""
    since = now - STAYS_A_MANAGER
    # Being forgotten makes nobody a stranger to the teams she managed.
    if any(_is_of(mark, slack_id) for mark in people.managed_marks(session, since)):
        return True
    person = people.by_slack_id(session, slack_id)
    if person is None:
        return False
    lately = person.managed_until is not None and person.managed_until > since
    return lately or person.id in {row.id for row in people.managers(session)}


def mark(slack_id: str) -> str:
    """What is kept of a Slack id by which it is known again and not read: a salted hash."""
    salt = secrets.token_hex(16)
    return f"{salt}:{_hashed(salt, slack_id)}"


def _is_of(mark: str, slack_id: str) -> bool:
    salt, _, kept = mark.partition(":")
    return secrets.compare_digest(_hashed(salt, slack_id), kept)


def _hashed(salt: str, slack_id: str) -> str:
    return hashlib.sha256(f"{salt}{slack_id}".encode()).hexdigest()
