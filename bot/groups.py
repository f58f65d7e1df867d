"""About whom a manager's digest is: her teams, those under them, and those they are counted together with."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot.domain.groups import Group, TeamNode, group, under
from storage import people, stats


@dataclass(frozen=True)
class Scope:
    """`groups` hold her reps; `teams` are whose leads the digest is about; `joined` names those that are not hers."""

    groups: list[Group]
    teams: frozenset[int]
    joined: list[str]

    @property
    def small(self) -> bool:
        """Whether there is nobody whose results may be told week by week."""
        return not any(one.large for one in self.groups)


def scope_of(session: Session, manager: int) -> Scope:
    """Look at all teams as they are now."""
    sizes, teams = stats.team_sizes(session), people.all_teams(session)
    nodes = [TeamNode(team.id, team.parent_id, team.manager_id, sizes.get(team.id, 0)) for team in teams]
    hers = under(nodes, manager)
    groups = [one for one in group(nodes) if one.teams & hers]
    covered = hers.union(*(one.teams for one in groups if one.large))
    return Scope(groups, covered, sorted(team.name for team in teams if team.id in covered - hers))


def manages(session: Session, slack_id: str, rep: Row[Any]) -> bool:
    """Whether somebody manages the rep's team, or one above it."""
    teams, above = {team.id: team for team in people.all_teams(session)}, rep.team_id
    person, seen = people.by_slack_id(session, slack_id), set[int]()
    while person is not None and above in teams and above not in seen:
        seen.add(above)
        if teams[above].manager_id == person.id:
            return True
        above = teams[above].parent_id
    return False
