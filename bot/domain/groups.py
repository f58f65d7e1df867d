"""Which teams are counted together, so that no figure is about fewer than six people (STATISTICS §5, rule 5).

Every team is in exactly one group and every lead is counted for one group: were a small team's leads in two groups'
figures, the difference of the two would tell about the small team alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

TEAM_NEEDED = 6


@dataclass(frozen=True)
class TeamNode:
    """A team with its place in the tree, who manages it, and how many reps are in it itself."""

    id: int
    parent: int | None
    manager: int | None
    reps: int


@dataclass(frozen=True)
class Group:
    """Teams that are counted together. `large` says that they have enough people to be counted at all."""

    teams: frozenset[int]
    reps: int

    @property
    def large(self) -> bool:
        """Whether weekly results may be told of it."""
        return self.reps >= TEAM_NEEDED


def group(teams: Iterable[TeamNode]) -> list[Group]:
    """Put every team with reps into one group.

    From the leaves up: a team with what came up to it is a group once it has six people; until then it goes up. What is
    left at the top joins the smallest group under the same top, else others left over that have the same manager.
    """
    nodes = {team.id: team for team in teams}
    children: dict[int | None, list[int]] = defaultdict(list)
    for team in nodes.values():
        children[team.parent if team.parent in nodes else None].append(team.id)
    done: list[Group] = []
    over: dict[int | None, Group] = {}
    for top in sorted(children[None]):
        formed, rest = _from(top, nodes, children)
        if rest.reps and formed:
            smallest = min(formed, key=lambda one: (one.reps, sorted(one.teams)))
            formed.remove(smallest)
            formed.append(Group(smallest.teams | rest.teams, smallest.reps + rest.reps))
        elif rest.reps:
            # Nothing larger above it: with others of the same manager, or by itself.
            key = nodes[top].manager if nodes[top].manager is not None else -top
            before = over.get(key, Group(frozenset(), 0))
            over[key] = Group(before.teams | rest.teams, before.reps + rest.reps)
        done += formed
    return done + list(over.values())


def _from(
    team: int, nodes: Mapping[int, TeamNode], children: Mapping[int | None, list[int]]
) -> tuple[list[Group], Group]:
    """The groups in a team's subtree, and what goes up from it."""
    formed: list[Group] = []
    pool = Group(frozenset({team}) if nodes[team].reps else frozenset(), nodes[team].reps)
    for child in sorted(children.get(team, [])):
        below, rest = _from(child, nodes, children)
        formed += below
        pool = Group(pool.teams | rest.teams, pool.reps + rest.reps)
    return ([*formed, pool], Group(frozenset(), 0)) if pool.large else (formed, pool)


def under(teams: Iterable[TeamNode], manager: int) -> frozenset[int]:
    """The teams that somebody manages, and all that stand under them."""
    nodes = list(teams)
    found = {team.id for team in nodes if team.manager == manager}
    grown = True
    while grown:
        more = {team.id for team in nodes if team.parent in found} - found
        found |= more
        grown = bool(more)
    return frozenset(found)
