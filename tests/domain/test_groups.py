"""Who is counted together: never fewer than six people, every team once."""

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.groups import TEAM_NEEDED, Group, TeamNode, group, under


def test_a_small_team_goes_up_until_there_are_six() -> None:
    teams = [TeamNode(1, None, 9, 0), TeamNode(2, 1, 8, 4), TeamNode(3, 1, 7, 3), TeamNode(4, 1, 6, 12)]
    assert set(group(teams)) == {Group(frozenset({2, 3}), 7), Group(frozenset({4}), 12)}


def test_what_is_left_at_the_top_joins_the_smallest_group_under_it() -> None:
    teams = [TeamNode(1, None, 9, 0), TeamNode(2, 1, 8, 4), TeamNode(3, 1, 7, 12), TeamNode(4, 1, 6, 8)]
    assert set(group(teams)) == {Group(frozenset({2, 4}), 12), Group(frozenset({3}), 12)}


def test_without_anything_larger_it_stays_small_and_two_of_one_manager_are_together() -> None:
    assert group([TeamNode(1, None, 9, 5)]) == [Group(frozenset({1}), 5)]
    assert not group([TeamNode(1, None, 9, 5)])[0].large
    assert group([TeamNode(1, None, 9, 3), TeamNode(2, None, 9, 4)]) == [Group(frozenset({1, 2}), 7)]


def test_a_head_reads_of_every_team_under_her() -> None:
    teams = [TeamNode(1, None, 9, 0), TeamNode(2, 1, 8, 7), TeamNode(3, 2, 7, 7), TeamNode(4, None, 6, 7)]
    assert under(teams, 9) == {1, 2, 3}
    assert under(teams, 7) == {3}
    assert under(teams, 5) == set()


@given(st.lists(st.tuples(st.integers(-1, 12), st.integers(1, 4), st.integers(0, 15)), max_size=12))
def test_every_team_with_reps_is_in_one_group_and_small_ones_have_nothing_larger(
    shape: list[tuple[int, int, int]],
) -> None:
    # A parent always comes before its child, as in a tree.
    teams = [
        TeamNode(n, parent if 0 <= parent < n else None, manager, reps)
        for n, (parent, manager, reps) in enumerate(shape)
    ]
    groups = group(teams)
    counted = sorted(team for one in groups for team in one.teams)
    assert counted == [team.id for team in teams if team.reps]
    assert sum(one.reps for one in groups) == sum(team.reps for team in teams)
    tops = {team.id: team.id if team.parent is None else -1 for team in teams}
    for team in teams:
        if team.parent is not None:
            tops[team.id] = tops[team.parent]
    for one in groups:
        assert one.large == (one.reps >= TEAM_NEEDED)
        if not one.large:
            above = {tops[team] for team in one.teams}
            assert not [other for other in groups if other.large and {tops[t] for t in other.teams} & above]
