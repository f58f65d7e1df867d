"""The people file where it meets what is here already."""

from bot import people
from bot.check import members_of
from storage.tables import Person, Team
from tests.world import ADA, RIA, World

HEAD = "email,team,manages\n"


def planned(world: World, text: str) -> people.Plan:
    """What a file would change, and what of it can't be."""
    rows = [(number, dict(zip(HEAD.strip().split(","), line.split(","), strict=True)))
            for number, line in enumerate(text.strip().split("\n"), 2)]  # fmt: skip
    plan = people.read_people(rows, members_of(world.settings))
    with world.deps.db.reading() as session:
        return people.plan_changes(session, plan)


def test_a_team_is_the_same_in_any_case(make_world) -> None:  # type: ignore[no-untyped-def]
    world: World = make_world()
    world.add_people(HEAD + "ria@example.com,EMEA,\nrob@example.com,emea,\nmona@example.com,,Emea\n")
    (team,) = world.rows(Team)
    assert team["name"] == "EMEA"
    assert {row["team_id"] for row in world.rows(Person) if row["is_rep"]} == {team["id"]}
    world.add_people(HEAD + "rosa@example.com,eMEA,\n")
    assert len(world.rows(Team)) == 1


def test_who_is_hired_again_takes_her_email_along_once_the_old_account_is_no_rep(world: World) -> None:
    world.sim.post("people", id="U0AGAIN", name="ria2", real_name="Ria Holt", email="ria@example.com")
    world.sim.post("people", id=RIA, name="ria", real_name="Ria Holt", email="")
    line = "ria@example.com,North,\n"
    (problem,) = planned(world, line).problems
    assert "ria@example.com is Ria Holt's (U0REP00) here" in problem
    assert "`/otherwise rep remove` it first" in problem
    world.command(ADA, "rep remove @ria")
    assert planned(world, line).problems == []
    world.add_people(HEAD + line)
    emails = {row["slack_id"]: row["email"] for row in world.rows(Person)}
    assert (emails["U0AGAIN"], emails[RIA]) == ("ria@example.com", None)


def test_a_zone_that_nobody_here_knows_is_utc(make_world) -> None:  # type: ignore[no-untyped-def]
    world: World = make_world()
    world.sim.post("people", id="U0MARS", name="mars", real_name="Mars One", email="mars@example.com", tz="Mars/Base")
    world.add_people(HEAD + "mars@example.com,North,\n")
    (row,) = world.rows(Person)
    assert row["zone"] == "UTC"
    assert world.lead("crm:1", "U0MARS")["result"] == "created"
