"""A channel that others read: nobody learns what she said, and she alone is told."""

import json
from typing import Any

from storage.tables import Response
from tests.world import MONA, RIA, ROB, World, labels, people_file, words

DEALS = "C0DEALS"


def shared(make_world: Any, **more: Any) -> World:
    world: World = make_world()
    world.add_people(people_file(shared={RIA: DEALS}, **more))
    return world


def test_the_message_does_not_change_and_she_alone_gets_a_confirmation(make_world: Any) -> None:
    world = shared(make_world)
    world.lead()
    message = world.see(ROB, "Acme Ltd", DEALS)
    world.override(RIA, message, "less", "They are only shopping around", DEALS)
    told = world.see(RIA, "Saved. Thank you.", DEALS)
    assert labels(told) == ["Add details", "Change", "Withdraw"]
    world.quiet()
    assert world.see(ROB, "Acme Ltd", DEALS)["blocks"] == message["blocks"]
    for user in (ROB, MONA):
        assert "shopping" not in json.dumps(world.sim.messages(user, DEALS))
        assert "Saved" not in json.dumps(world.sim.messages(user, DEALS))
    assert world.sim.calls("chat.update") == []


def test_the_confirmation_s_buttons_work_and_only_for_her(make_world: Any) -> None:
    world = shared(make_world)
    world.lead()
    world.override(RIA, world.see(RIA, "Acme Ltd", DEALS), "less", "Only shopping around", DEALS)
    told = world.see(RIA, "Saved. Thank you.", DEALS)
    world.press(RIA, "Change", told, DEALS)
    assert "Only shopping around" in json.dumps(world.form(RIA))
    world.press(RIA, "Withdraw", told, DEALS)
    world.see(RIA, "Withdrawn.", DEALS)
    assert [kind for kind, _, _ in world.responses()] == ["overridden", "withdrawn"]


def test_a_colleague_who_presses_gets_a_private_sentence(make_world: Any) -> None:
    world = shared(make_world)
    world.lead()
    message = world.see(ROB, "Acme Ltd", DEALS)
    for label in ("Noted", "I see something else", "Why this number?"):
        assert world.press(ROB, label, message, DEALS)["acked"]
    assert world.sim.views(ROB) == []
    world.see(ROB, "Only the rep this lead is with can answer here.", DEALS)
    assert "Only the rep" not in json.dumps(world.sim.messages(RIA, DEALS))
    assert world.responses() == []


def test_a_forged_form_is_refused_in_the_form(make_world: Any) -> None:
    world = shared(make_world)
    world.lead()
    world.lead("crm:2", rep=ROB, name="Borealis")
    world.see(RIA, "Acme Ltd", DEALS)
    hers = next(c for c in world.sim.calls("chat.postMessage") if "Acme" in c["args"]["text"])
    value = next(b for b in hers["args"]["blocks"] if b["type"] == "actions")["elements"][0]["value"]
    world.press(ROB, "I see something else", world.see(ROB, "Borealis"), forged={"value": value})
    assert world.sim.views(ROB) == []
    world.see(ROB, "Only the rep this lead is with")


def test_after_the_outcome_everyone_sees_it_and_only_she_her_words(make_world: Any) -> None:
    world = shared(make_world)
    world.lead()
    world.override(RIA, world.see(RIA, "Acme Ltd", DEALS), "more", "Budget is there", DEALS)
    world.outcome(outcome="won")
    message = world.see(ROB, "Won on", DEALS)
    assert labels(message) == ["What I said"]
    assert "more likely" not in words(message)
    world.press(ROB, "What I said", message, DEALS)
    assert world.sim.views(ROB) == []
    world.see(ROB, "only the author sees", DEALS)
    world.press(RIA, "What I said", message, DEALS)
    assert "Budget is there" in json.dumps(world.form(RIA))


def test_whether_she_answered_can_not_be_told_from_the_closed_message(make_world: Any) -> None:
    world = shared(make_world)
    world.lead("crm:1", name="Answered")
    world.lead("crm:2", name="Silent")
    world.override(RIA, world.see(RIA, "Answered", DEALS), "more", "Budget", DEALS)
    for lead in ("crm:1", "crm:2"):
        world.outcome(lead)
    world.quiet()
    both = [labels(world.see(ROB, name, DEALS)) for name in ("Answered", "Silent")]
    assert both[0] == both[1] == ["What I said"]


def test_a_rep_who_asks_for_the_number_sees_it_when_she_asks(make_world: Any) -> None:
    world: World = make_world()
    world.add_people(people_file(when_asked=(RIA,)))
    world.lead()
    message = world.see(RIA, "Acme Ltd")
    assert "12" not in json.dumps(message["blocks"][0]) + message["text"]
    assert labels(message) == ["Noted", "I see something else", "Show the tool's number"]
    world.press(RIA, "Noted", message)
    world.press(RIA, "Show the tool's number", world.see(RIA, "Noted."))
    world.see(RIA, "about *12*")
    world.override(RIA, world.see(RIA, "about *12*"), "more", "Budget")
    assert [row["number_visible"] for row in world.rows(Response)] == [False, True]


def test_in_a_shared_channel_the_number_is_shown_to_her_alone(make_world: Any) -> None:
    world = shared(make_world, when_asked=(RIA,))
    world.lead()
    world.press(RIA, "Show the tool's number", world.see(RIA, "Acme Ltd", DEALS), DEALS)
    world.see(RIA, "about 12 close", DEALS)
    assert "about 12" not in json.dumps(world.sim.messages(ROB, DEALS))
    world.lead(name="Acme Limited")
    renamed = world.see(ROB, "Acme Limited", DEALS)
    assert "about 12" not in json.dumps(renamed), "an edit of the message tells nobody else either"
    assert labels(renamed) == ["Noted", "I see something else", "Show the tool's number"]
    world.press(RIA, "Noted", renamed, DEALS)
    world.quiet()
    assert [row["number_visible"] for row in world.rows(Response)] == [True], "what she had seen is kept"
