"""The blind-first sample: told before, asked now and then, skipped freely, locked until it is full."""

import json
from typing import Any

import pytest

from bot import jobs, sampling
from bot.domain.sampling import ASKED, BLIND, SHARES, USUAL
from bot.views.kit import Ref
from storage import sampling as kept
from storage.tables import Person, Sample, Sampled, Suggestion
from storage.tables import Response as Answer
from tests.world import ADA, LEADS, MONA, REPS, RIA, ROB, World, labels, lead_item, people_file, words

NOTICED = 2.01


def names(world: World, arm: str, many: int = 1) -> list[str]:
    """Ids that fall into an arm."""
    found: list[str] = []
    number = 0
    while len(found) < many:
        number += 1
        if world.deps.draw.arm("anchor-1", f"crm:{number}", SHARES) == arm:
            found.append(f"crm:{number}")
    return found


def begin(world: World) -> None:
    """`blind on`, and two days later."""
    world.command(ADA, "blind on")
    world.shift(days=NOTICED)


def sampled(world: World) -> list[dict[str, Any]]:
    return world.rows(Sampled)


def say(world: World, user: str, message: dict[str, Any], number: str) -> dict[str, Any]:
    world.press(user, "Say my number", message)
    return world.sim.act("submit", user, view=world.form(user)["id"], values={"estimate": number})


def test_reps_are_told_and_can_stay_out_before_anything_is_drawn(shifted_world: World) -> None:
    world = shifted_world
    assert "The blind-first sample is off." in words(world.command(ADA, "blind status"))
    assert "each can stay out" in words(world.command(ADA, "blind on"))
    assert "on already" in words(world.command(ADA, "blind on"))
    notice = world.see(RIA, "A comparison begins in two days.")
    world.see(ROB, "A comparison begins in two days.")
    (blind,) = names(world, BLIND)
    world.lead(blind, name="Too Early Ltd")
    assert "about *12* close" in words(world.see(RIA, "Too Early Ltd"))
    assert sampled(world) == []
    world.press(ROB, "Leave me out", world.see(ROB, "A comparison begins"))
    world.see(ROB, "You are left out")
    world.shift(days=NOTICED)
    second = names(world, BLIND, 3)
    world.lead(second[1], rep=ROB, name="Rob's Ltd")
    assert "about *12* close" in words(world.see(ROB, "Rob's Ltd"))
    world.lead(second[2], name="Asked Ltd")
    assert "Yours first" in words(world.see(RIA, "Asked Ltd"))
    assert [row["arm"] for row in sampled(world)] == [BLIND]
    world.quiet()
    assert len([m for m in world.sim.messages(RIA) if "A comparison begins" in json.dumps(m)]) == 1
    assert labels(notice) == ["Leave me out"]


def test_a_hidden_number_comes_with_hers(shifted_world: World) -> None:
    world = shifted_world
    begin(world)
    (name,) = names(world, BLIND)
    world.lead(name, probability=0.37)
    message = world.see(RIA, "Yours first")
    assert labels(message) == ["Say my number", "Show the tool's number"]
    assert "37" not in json.dumps(message["blocks"])
    assert "37" not in message["text"]
    told = say(world, RIA, message, "55")
    assert told["acked"]
    answered = world.see(RIA, "Your number: 55 in 100.")
    assert "about *37* close within 90 days" in words(answered)
    assert labels(answered) == ["Noted", "I see something else", "Why this number?"]
    (row,) = sampled(world)
    assert (row["arm"], row["propensity"], row["estimate"], row["revealed_by"]) == (BLIND, 0.1, 0.55, "answer")
    assert row["key_id"] == world.deps.draw.id
    assert row["revealed_at"] == row["answered_at"] >= row["at"]
    assert world.rows(Answer) == [], "a number is no answer: nothing of it is in any figure"


def test_a_second_number_changes_nothing(shifted_world: World) -> None:
    world = shifted_world
    begin(world)
    world.lead(names(world, BLIND)[0])
    message = world.see(RIA, "Yours first")
    world.press(RIA, "Say my number", message)
    view = world.form(RIA)["id"]
    for number in ("55", "80"):
        world.sim.act("submit", RIA, view=view, values={"estimate": number})
    world.see(RIA, "Your number: 55 in 100.")
    assert [row["estimate"] for row in sampled(world)] == [0.55]


@pytest.mark.parametrize("number", ["", "101", "-3", "12.5", "٣", "many"])
def test_what_is_no_number_is_refused_in_the_form(number: str, shifted_world: World) -> None:
    world = shifted_world
    begin(world)
    world.lead(names(world, BLIND)[0])
    told = say(world, RIA, world.see(RIA, "Yours first"), number)
    assert "number" in json.dumps(told) or told.get("blocked") == ["estimate"], "Slack itself keeps an empty one"
    assert world.sim.views(RIA), "the form stays"
    assert [row["estimate"] for row in sampled(world)] == [None]


def test_a_skip_shows_it_and_so_do_ten_minutes(shifted_world: World) -> None:
    world = shifted_world
    begin(world)
    first, second = names(world, BLIND, 2)
    world.lead(first, name="Skipped Ltd")
    world.lead(second, name="Forgotten Ltd")
    world.press(RIA, "Show the tool's number", world.see(RIA, "Skipped Ltd"))
    skipped = world.sim.until(lambda: "about *12* close" in words(world.see(RIA, "Skipped Ltd")))
    assert skipped
    world.quiet()
    world.shift(minutes=9)
    jobs.look_after_sample(world.deps)
    world.quiet()
    assert "Yours first" in words(world.see(RIA, "Forgotten Ltd"))
    world.shift(minutes=2)
    jobs.look_after_sample(world.deps)
    world.quiet()
    shown = world.see(RIA, "Forgotten Ltd")
    assert "about *12* close" in words(shown)
    assert labels(shown) == ["Noted", "I see something else", "Why this number?"]
    assert [row["revealed_by"] for row in sampled(world)] == ["skip", "time"]


def test_a_number_typed_while_the_tool_s_came_is_kept_and_not_compared(shifted_world: World) -> None:
    world = shifted_world
    begin(world)
    world.lead(names(world, BLIND)[0])
    world.press(RIA, "Say my number", world.see(RIA, "Yours first"))
    world.quiet()
    world.shift(minutes=11)
    jobs.look_after_sample(world.deps)
    world.sim.act("submit", RIA, view=world.form(RIA)["id"], values={"estimate": "20"})
    world.see(RIA, "Your number: 20 in 100.")
    world.shift(days=7)
    with world.deps.db.reading() as session:
        assert kept.numbers(session, 1, world.deps.clock.now()) == []


def test_with_the_number_in_sight_she_is_asked_beside_the_usual(shifted_world: World) -> None:
    world = shifted_world
    begin(world)
    world.lead(names(world, ASKED)[0], probability=0.37)
    message = world.see(RIA, "what would *your* number be?")
    assert "about *37* close" in words(message)
    assert labels(message) == ["Noted", "I see something else", "Why this number?", "Say my number"]
    world.press(RIA, "Noted", message)
    noted = world.see(RIA, "Noted.")
    say(world, RIA, noted, "30")
    assert "Say my number" not in labels(world.see(RIA, "Your number: 30 in 100."))


def test_who_shares_a_channel_or_hides_the_number_is_never_drawn(make_world: Any, tmp_path: Any) -> None:
    clock = tmp_path / "clock"
    clock.write_text("0")
    world: World = make_world(otherwise_clock_file=clock)
    world.add_people(people_file(shared={RIA: "C0DEALS"}, when_asked=(ROB,)))
    begin(world)
    first, second, third = names(world, BLIND, 3)
    world.lead(first, name="Shared Ltd")
    world.lead(second, rep=ROB, name="Hidden Ltd")
    world.lead(third, rep=REPS[3], name="Points Ltd", prior={"probability": None, "points": 40.0})
    assert "about *12* close" in words(world.see(MONA, "Shared Ltd", "C0DEALS"))
    assert "You chose to see it" in words(world.see(ROB, "Hidden Ltd"))
    world.see(REPS[3], "Points Ltd")
    assert sampled(world) == []
    assert "A comparison" not in json.dumps(world.sim.messages(RIA))


def test_a_new_owner_reads_the_usual_message_and_nobody_else_can_say_a_number(shifted_world: World) -> None:
    world = shifted_world
    begin(world)
    (name,) = names(world, BLIND)
    world.lead(name)
    message = world.see(RIA, "Yours first")
    value = {"value": json.dumps({"lead": 1, "prior": 1})}
    world.press(ROB, "Leave me out", world.see(ROB, "A comparison begins"), forged=value)
    assert world.sim.views(ROB) == []
    world.lead(name, rep=ROB, prior={"scored_at": "2026-11-21T09:00:00Z"})
    assert "about *12* close" in words(world.see(ROB, "Acme Ltd"))
    world.quiet()
    world.press(RIA, "Say my number", message)
    assert world.sim.views(RIA) == []
    world.shift(minutes=11)
    jobs.look_after_sample(world.deps)
    world.quiet()
    assert "about *12* close" in words(world.see(ROB, "Acme Ltd"))
    assert [row["arm"] for row in world.rows(Suggestion)] == [BLIND, ""]


def fill(world: World, reps: list[str], each: int, pull: float) -> None:
    """Every rep says `each` numbers in either arm, nearer to the tool's by `pull` when it is in sight."""
    blind, asked = names(world, BLIND, each * len(reps)), names(world, ASKED, each * len(reps))
    place = 0
    for n in range(each):
        for rep in reps:
            for arm, ids in ((BLIND, blind), (ASKED, asked)):
                world.send(LEADS, lead_item(ids[place], rep, 0.30))
                row = sampled(world)[-1]
                off = 0.20 + 0.02 * (n % 3) - (pull if arm == ASKED else 0)
                ref, at = Ref(lead=row["lead_id"], prior=row["prior_id"]), world.deps.clock.moment()
                _say_number(world, ref, rep, 0.30 + off, at)
            place += 1
    world.quiet()


def _say_number(world: World, ref: Ref, rep: str, estimate: float, at: Any) -> None:
    world.deps.db.write(lambda s: sampling.say_number(s, ref, rep, estimate, at))


def plan(world: World, many: int) -> None:
    """Let the sample be full with fewer numbers than a real one."""
    from sqlalchemy import update

    from storage.tables import table

    world.deps.db.write(lambda s: s.execute(update(table(Sample)).values(planned=many)) and None)


def test_locked_until_full_then_told_once_and_over(shifted_world: World) -> None:
    world = shifted_world
    begin(world)
    plan(world, 40)
    fill(world, REPS[:5], each=4, pull=0.12)
    locked = words(world.command(ADA, "blind status"))
    assert "Fewer than 10 of 40 numbers" in locked, "this week's are not counted yet"
    jobs.look_after_sample(world.deps)
    assert world.rows(Sample)[0]["result"] is None
    world.shift(days=7)
    assert "40 of 40" in words(world.command(ADA, "blind status"))
    jobs.look_after_sample(world.deps)
    told = words(world.command(ADA, "blind status"))
    assert "21.5 points" in told
    assert "9.5 points" in told
    assert "12.0 points" in told
    assert "With it in sight they come nearer to it" in told
    assert "40 numbers of 5 reps; asked before, 20 of 20 said one, and 20 of 20 with it in sight." in told
    for rep in REPS[:5]:
        assert rep not in told
    world.see(RIA, "The comparison of your numbers with the tool's is off.")
    assert {row["sample_told"] for row in world.rows(Person)} == {0}
    jobs.look_after_sample(world.deps)
    world.quiet()
    assert sum("is off" in json.dumps(m) for m in world.sim.messages(RIA)) == 1
    world.lead(names(world, BLIND, 40)[-1], name="After Ltd")
    assert "about *12* close" in words(world.see(RIA, "After Ltd"))


def test_a_few_reps_make_no_result_however_many_numbers_they_say(shifted_world: World) -> None:
    world = shifted_world
    begin(world)
    plan(world, 24)
    fill(world, REPS[:3], each=4, pull=0.0)
    world.shift(days=7)
    jobs.look_after_sample(world.deps)
    assert "24 of 24" not in words(world.command(ADA, "blind status"))
    assert "20 of 24" in words(world.command(ADA, "blind status"))
    assert world.rows(Sample)[0]["result"] is None


def test_off_tells_reps_and_shows_what_was_hidden_and_undo_brings_it_back(shifted_world: World) -> None:
    world = shifted_world
    begin(world)
    world.lead(names(world, BLIND)[0])
    world.see(RIA, "Yours first")
    world.command(ADA, "blind off")
    world.see(RIA, "The comparison of your numbers with the tool's is off.")
    world.quiet()
    world.shift(minutes=11)
    jobs.look_after_sample(world.deps)
    world.see(RIA, "about *12* close")
    assert "off already" in words(world.command(ADA, "blind off"))
    world.command(ADA, "undo")
    jobs.look_after_sample(world.deps)
    assert "Fewer than 10 of 400" in words(world.command(ADA, "blind status"))
    person = next(row for row in world.rows(Person) if row["slack_id"] == RIA)
    assert person["sample_told"] == 1
    world.quiet()
    assert sum("A comparison begins" in json.dumps(m) for m in world.sim.messages(RIA)) == 2
    world.lead(names(world, BLIND, 2)[1], name="Notice Ltd")
    assert "about *12* close" in words(world.see(RIA, "Notice Ltd")), "two days from the word again"


def test_home_has_the_switch_and_forgetting_takes_the_number(shifted_world: World) -> None:
    world = shifted_world
    assert "Leave me out" not in json.dumps(world.home(RIA))
    begin(world)
    world.lead(names(world, BLIND)[0])
    say(world, RIA, world.see(RIA, "Yours first"), "55")
    home = world.home(RIA)
    assert "1 row of what you pressed" in json.dumps(home)
    world.press_in(RIA, home, "Leave me out")
    assert "You are left out of comparisons" in json.dumps(world.home(RIA))
    world.press_in(RIA, world.home(RIA), "Forget me …")
    world.sim.act("submit", RIA, view=world.form(RIA)["id"], values={})
    assert [row["estimate"] for row in sampled(world)] == [None]


def test_old_numbers_go_when_the_sample_is_over(shifted_world: World) -> None:
    world = shifted_world
    begin(world)
    world.lead(names(world, BLIND)[0])
    say(world, RIA, world.see(RIA, "Yours first"), "55")
    message = world.command(ADA, "retention 30")
    world.press(ADA, "Keep 30 days", message, "C0GENERAL")
    world.shift(days=31)
    jobs.tidy(world.deps)
    assert [row["estimate"] for row in sampled(world)] == [0.55], "a sample that runs needs it"
    world.command(ADA, "blind off")
    jobs.tidy(world.deps)
    assert [row["estimate"] for row in sampled(world)] == [None]


def test_usual_leads_are_logged_too(shifted_world: World) -> None:
    world = shifted_world
    begin(world)
    world.lead(names(world, USUAL)[0])
    assert labels(world.see(RIA, "about *12* close")) == ["Noted", "I see something else", "Why this number?"]
    assert [(row["arm"], row["propensity"]) for row in sampled(world)] == [(USUAL, 0.8)]
