"""How large a group must be: an admin may lower it in the sight of every rep, and no manager may at all."""

import json
from datetime import timedelta
from typing import Any

from bot import jobs
from bot.released import rules_of
from storage.tables import Person, Workspace
from tests.world import ADA, MONA, RIA, ROB, World, words


def rules(world: World, days: float = 0) -> tuple[int, int]:
    with world.deps.db.reading() as session:
        found = rules_of(session, world.deps.clock.now() + timedelta(days=days))
    return found.leads, found.reps


def test_lowering_is_told_to_every_rep_and_begins_a_week_later(world: World) -> None:
    answer = words(world.command(ADA, "privacy leads 8 reps 4"))
    assert "All 24 reps are told now." in answer
    for rep in (RIA, ROB):
        assert "groups of at least 8 leads and 4 reps" in words(world.see(rep, "A change in what managers read"))
    assert rules(world) == (10, 5)
    assert rules(world, 6.9) == (10, 5)
    assert rules(world, 7.1) == (8, 4)
    assert "at least 10 leads and 5 reps" in json.dumps(world.home(RIA)), "what holds now"
    world.command(ADA, "undo")
    assert rules(world, 8) == (10, 5)
    for rep in (RIA, ROB):
        assert "was taken back" in words(world.see(rep, "at least 10 leads and 5 reps"))


def test_a_second_lowering_that_is_taken_back_leaves_none(world: World) -> None:
    world.command(ADA, "privacy leads 8 reps 5")
    world.command(ADA, "privacy leads 9 reps 5")
    assert "on 9 and 5)." in words(world.command(ADA, "privacy"))
    assert rules(world, 8) == (9, 5)
    world.command(ADA, "undo")
    world.see(RIA, "at least 10 leads and 5 reps")
    assert rules(world, 8) == (10, 5)


def test_raising_holds_at_once_and_is_not_taken_back_by_an_undo(world: World) -> None:
    assert "from the next digest" in words(world.command(ADA, "privacy leads 20 reps 6"))
    assert rules(world) == (20, 6)
    assert "no change that could be undone" in words(world.command(ADA, "undo"))
    assert "All 24 reps" in words(world.command(ADA, "privacy leads 10 reps 6"))
    assert rules(world) == (20, 6)


def test_who_manages_a_team_can_t_admin_or_not(world: World) -> None:
    world.command(ADA, "admin add @mona")
    before = world.rows(Workspace)
    assert "is for an admin who manages nobody" in words(world.command(MONA, "privacy leads 5 reps 4"))
    assert world.rows(Workspace) == before
    world.command(ADA, "team North manager @ada")
    assert "You manage a team here, or did lately" in words(world.command(ADA, "privacy leads 5 reps 4"))


def test_nobody_steps_out_of_managing_for_a_moment(world: World) -> None:
    world.command(ADA, "admin add @mona")
    world.command(MONA, "team North manager @rob")
    for text in ("privacy leads 5 reps 4", "export joined on", "export", "stand-in @ria @rosa until 2099-01-01"):
        reply = words(world.command(MONA, text))
        assert "manages nobody" in reply or "within a year" in reply, (text, reply)
    assert "manages a team or did lately" in words(world.command(MONA, "modelowner add @mona"))
    day = (world.deps.clock.now() + timedelta(days=2)).date().isoformat()
    assert "can't name who answers" in words(world.command(MONA, f"stand-in @ria @rosa until {day}"))


def test_being_forgotten_makes_no_manager_a_stranger_to_her_team(shifted_world: World) -> None:
    world = shifted_world
    world.command(ADA, "team North manager @ada")
    world.press(ADA, "Forget", world.command(ADA, "forget @ada"), "C0GENERAL")
    world.quiet()
    for text in ("privacy leads 5 reps 4", "export joined on"):
        assert "manages nobody" in words(world.command(ADA, text))
    (mark,) = [row["managed_mark"] for row in world.rows(Person) if row["managed_mark"]]
    assert ADA not in mark
    world.shift(days=91)
    jobs.tidy(world.deps)
    assert not [row for row in world.rows(Person) if row["managed_mark"]]
    assert "The joined export is on" in words(world.command(ADA, "export joined on"))


def test_a_lowering_that_a_raising_takes_back_is_told_to_be_so(world: World) -> None:
    world.command(ADA, "privacy leads 8 reps 4")
    world.command(ADA, "privacy leads 10 reps 5")
    assert rules(world, 8) == (10, 5)
    assert "was taken back" in words(world.see(RIA, "at least 10 leads and 5 reps"))


def test_a_rep_of_a_small_team_reads_what_holds_for_it(make_world: Any) -> None:
    world: World = make_world()
    world.command(ADA, "team add Few")
    for name in ("ria", "rob", "rosa", "remy", "ruth"):
        world.command(ADA, f"rep add @{name}")
        world.command(ADA, f"team Few reps add @{name}")
    assert "at least 10 leads and 4 reps" in json.dumps(world.home(RIA))
    world.command(ADA, "rep add @raj")
    world.command(ADA, "team Few reps add @raj")
    assert "at least 10 leads and 5 reps" in json.dumps(world.home(RIA))


def test_whoever_becomes_a_manager_is_no_model_owner_any_more(world: World) -> None:
    world.command(ADA, "modelowner add @suki")
    world.command(ADA, "team North manager @suki")
    world.command(ADA, "team North manager @mona")
    world.lead("crm:1")
    world.override(RIA, world.see(RIA, "Acme Ltd"), "data", "wrong number")
    jobs.give_back(world.deps)
    world.quiet()
    assert "may be wrong" not in str(world.sim.messages("U0REP15"))
