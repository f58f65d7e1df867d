"""A rep on her phone: she reads, disagrees in one tap and one line, changes her mind, and learns how it ended."""

import json
from datetime import timedelta
from typing import Any

import pytest

from storage.tables import Lead, Letter, Response
from tests.world import RIA, ROB, World, labels, people_file, words

ASKED = ["Noted", "I see something else", "Why this number?"]


def test_a_lead_becomes_a_suggestion_in_her_own_dm(world: World) -> None:
    assert world.lead() == {"lead_id": "crm:1", "result": "created"}
    message = world.see(RIA, "Acme Ltd")
    assert labels(message) == ASKED
    assert words(message).splitlines() == [
        "*Acme Ltd* · inbound · 80 staff",
        "A starting point: of 100 leads like this, about *12* close within 90 days.",
        "Untested here: 0 leads so far. Hasn't seen: calls, budget.",
        "For learning, not reviews. Your manager sees groups only.",
    ]
    assert not any(character.isdigit() for character in message["text"].replace("80 staff", "")[:150])
    assert "about 12 close within 90 days" in message["text"]


def test_her_very_first_message_comes_once_and_before_the_first_lead(world: World) -> None:
    world.lead("crm:1")
    world.lead("crm:2", name="Borealis")
    world.see(RIA, "Borealis")
    texts = [message["text"] for message in world.sim.messages(RIA)]
    assert texts[0].startswith("Hello, this is Otherwise.")
    assert sum(text.startswith("Hello, this is Otherwise.") for text in texts) == 1


def test_one_tap_and_one_line_are_stored_and_shown_to_her(world: World) -> None:
    world.lead()
    done = world.override(RIA, world.see(RIA, "Acme Ltd"), "more", "Their CFO asked for a contract <today> & budget")
    assert done["closed"]
    assert world.responses() == [("overridden", "more", "Their CFO asked for a contract <today> & budget")]
    message = world.see(RIA, "You see something else")
    assert labels(message) == ["Add details", "Change", "Withdraw", "Why this number?"]
    assert "> Their CFO asked for a contract &lt;today&gt; &amp; budget" in words(message)


def test_the_form_speaks_of_the_lead_and_never_of_the_number(world: World) -> None:
    world.lead()
    world.press(RIA, "I see something else", world.see(RIA, "Acme Ltd"))
    view = world.form(RIA)
    assert view["title"]["text"] == "I see something else"
    assert "Acme Ltd" in json.dumps(view["blocks"][0])
    assert "12" not in json.dumps(view["blocks"])
    direction = view["blocks"][1]
    assert (direction["block_id"], direction["element"]["action_id"]) == ("direction", "direction")
    assert "initial_option" not in direction["element"]


def test_an_empty_line_is_asked_for_and_what_she_chose_stays(world: World) -> None:
    world.lead()
    world.press(RIA, "I see something else", world.see(RIA, "Acme Ltd"))
    view = world.form(RIA)
    told = world.sim.act("submit", RIA, view=view["id"], values={"direction": "less", "reason": "  "}, force=True)
    assert told["errors"] == {"reason": "Please say in a few words what you see."}
    assert world.sim.views(RIA)[-1]["id"] == view["id"]
    assert world.responses() == []


def test_noted_is_undone_by_one_press_and_can_still_become_something_else(world: World) -> None:
    world.lead()
    world.press(RIA, "Noted", world.see(RIA, "Acme Ltd"))
    message = world.see(RIA, "Noted.")
    assert labels(message) == ["Undo", "I see something else", "Why this number?"]
    world.press(RIA, "Undo", message)
    world.sim.until(lambda: labels(world.see(RIA, "Acme Ltd")) == ASKED)
    world.press(RIA, "Noted", world.see(RIA, "Acme Ltd"))
    world.override(RIA, world.see(RIA, "Noted."), "other", "Different buyer")
    world.see(RIA, "different, can't say")
    assert [kind for kind, _, _ in world.responses()] == ["noted", "withdrawn", "noted", "overridden"]


def test_change_starts_from_her_words_and_adds_a_row(world: World) -> None:
    world.lead()
    world.override(RIA, world.see(RIA, "Acme Ltd"), "more", "New budget")
    world.press(RIA, "Change", world.see(RIA, "You see something else"))
    view = world.form(RIA)
    inputs = {block.get("block_id"): block.get("element") for block in view["blocks"]}
    assert inputs["reason"]["initial_value"] == "New budget"
    assert inputs["direction"]["initial_option"]["value"] == "more"
    world.sim.act("submit", RIA, view=view["id"], values={"direction": "less", "reason": "Budget withdrawn"})
    world.see(RIA, "Budget withdrawn")
    assert world.responses() == [("overridden", "more", "New budget"), ("overridden", "less", "Budget withdrawn")]
    assert world.rows(Lead)[0]["landmark_direction"] == "less"


def test_withdraw_brings_the_question_back_and_keeps_the_rows(world: World) -> None:
    world.lead()
    world.override(RIA, world.see(RIA, "Acme Ltd"), "more", "New budget")
    world.press(RIA, "Withdraw", world.see(RIA, "You see something else"))
    world.sim.until(lambda: labels(world.see(RIA, "Acme Ltd")) == ASKED)
    assert [kind for kind, _, _ in world.responses()] == ["overridden", "withdrawn"]
    assert world.rows(Lead)[0]["landmark_direction"] == ""


@pytest.mark.parametrize(("direction", "wrong", "right"), [("more", "5", "12"), ("less", "40", "12")])
def test_a_number_that_says_the_contrary_is_asked_about_and_the_form_stays(
    world: World, direction: str, wrong: str, right: str
) -> None:
    world.lead()
    world.override(RIA, world.see(RIA, "Acme Ltd"), direction, "New budget")
    world.press(RIA, "Add details", world.see(RIA, "You see something else"))
    view = world.form(RIA)
    told = world.sim.act("submit", RIA, view=view["id"], values={"estimate": wrong})
    assert "this number says the contrary" in str(told["errors"]["estimate"])
    assert "12" not in str(told["errors"]), "the form speaks no number of the tool's"
    assert world.sim.act("submit", RIA, view=view["id"], values={"estimate": right})["closed"]


def test_where_the_tool_s_number_is_hidden_no_question_tells_where_it_lies(make_world: Any) -> None:
    world: World = make_world()
    world.add_people(people_file(when_asked=(RIA,)))
    world.lead()
    world.override(RIA, world.see(RIA, "Acme Ltd"), "more", "New budget")
    world.press(RIA, "Add details", world.see(RIA, "You see something else"))
    assert world.sim.act("submit", RIA, view=world.form(RIA)["id"], values={"estimate": "5"})["closed"]


def test_other_words_for_the_same_keep_what_was_added(world: World) -> None:
    world.lead()
    world.override(RIA, world.see(RIA, "Acme Ltd"), "more", "They called back.")
    world.press(RIA, "Add details", world.see(RIA, "You see something else"))
    added = {"estimate": "40", "cues": ["timing"], "quote": ["yes"]}
    assert world.sim.act("submit", RIA, view=world.form(RIA)["id"], values=added)["closed"]
    for direction, reason, kept in (
        ("more", "They called back twice.", (0.4, ["timing"])),
        ("less", "No.", (None, [])),
    ):
        world.press(RIA, "Change", world.see(RIA, "You see something else"))
        values = {"direction": direction, "reason": reason}
        assert world.sim.act("submit", RIA, view=world.form(RIA)["id"], values=values)["closed"]
        world.see(RIA, reason)
        row = world.rows(Response)[-1]
        assert (row["estimate"], row["cues"] or []) == kept
        assert not row["quote"], "these words may not be quoted yet"


def test_details_are_optional_and_add_a_row_with_the_same_words(world: World) -> None:
    world.lead()
    world.override(RIA, world.see(RIA, "Acme Ltd"), "more", "New budget")
    world.press(RIA, "Add details", world.see(RIA, "You see something else"))
    view = world.form(RIA)
    values = {"estimate": "35", "cues": ["timing", "new information"], "quote": ["yes"]}
    assert world.sim.act("submit", RIA, view=view["id"], values=values)["closed"]
    row = world.rows(Response)[-1]
    assert (row["estimate"], row["cues"], row["quote"], row["reason"]) == (
        0.35,
        ["timing", "new information"],
        True,
        "New budget",
    )
    details = "Your number: 35 of 100. Mostly: timing and new information. May be quoted without your name."
    shown = world.see(RIA, details)
    assert "New budget" in words(shown)
    world.outcome("crm:1")
    world.press(RIA, "What I said", world.see(RIA, "Won on"))
    said = json.dumps(world.form(RIA), ensure_ascii=False)
    assert said.count("New budget") == 1
    assert details in said


def test_only_her_own_lead_can_be_answered(world: World) -> None:
    world.lead()
    message = world.see(RIA, "Acme Ltd")
    world.lead("crm:2", rep=ROB, name="Borealis")
    hers = next(one for one in message["blocks"] if one["type"] == "actions")["elements"][0]["value"]
    told = world.press(ROB, "Noted", world.see(ROB, "Borealis"), forged={"value": hers})
    assert told["acked"]
    world.see(ROB, "Only the rep this lead is with can answer here.")
    assert world.responses() == []


def test_a_double_click_and_a_redelivery_are_one_answer(world: World) -> None:
    world.lead()
    message = world.see(RIA, "Acme Ltd")
    world.sim.fault("socket", "twice")
    world.press(RIA, "Noted", message)
    world.press(RIA, "Noted", message)
    world.press(RIA, "I see something else", message)
    view = world.form(RIA)
    world.sim.fault("socket", "twice")
    world.sim.act("submit", RIA, view=view["id"], values={"direction": "more", "reason": "Budget"})
    assert [kind for kind, _, _ in world.responses()] == ["noted", "overridden"]


def test_a_lost_answer_keeps_the_form_and_a_second_press_stores_once(world: World) -> None:
    world.lead()
    world.press(RIA, "I see something else", world.see(RIA, "Acme Ltd"))
    view = world.form(RIA)
    world.sim.fault("socket", "drop_ack")
    typed = {"direction": "more", "reason": "Budget"}
    assert not world.sim.act("submit", RIA, view=view["id"], values=typed)["acked"]
    assert world.sim.views(RIA)[-1]["id"] == view["id"]
    assert world.sim.act("submit", RIA, view=view["id"], values=typed)["closed"]
    assert world.responses() == [("overridden", "more", "Budget")]


def test_after_the_outcome_the_buttons_go_and_she_reads_both_numbers(world: World) -> None:
    world.lead()
    world.override(RIA, world.see(RIA, "Acme Ltd"), "more", "New budget")
    world.see(RIA, "You see something else")
    assert world.outcome(outcome="lost")["result"] == "created"
    message = world.see(RIA, "One lead settles nothing.")
    assert labels(message) == ["What I said"]
    assert "You had said more likely; the tool, about 12 in 100. One lead settles nothing." in words(message)
    world.press(RIA, "What I said", message)
    assert "New budget" in json.dumps(world.form(RIA))


def test_what_she_says_after_the_outcome_is_kept_and_marked_late(world: World) -> None:
    world.lead()
    message = world.see(RIA, "Acme Ltd")
    world.press(RIA, "I see something else", message)
    view = world.form(RIA)
    world.outcome(outcome="won")
    world.see(RIA, "Won on")
    assert world.sim.act("submit", RIA, view=view["id"], values={"direction": "more", "reason": "Knew it"})["closed"]
    assert [row["late"] for row in world.rows(Response)] == [True]
    assert world.rows(Lead)[0]["landmark_direction"] == ""


def test_why_this_number_shows_reasons_reference_class_and_model(world: World) -> None:
    world.lead()
    world.press(RIA, "Why this number?", world.see(RIA, "Acme Ltd"))
    shown = json.dumps(world.form(RIA), ensure_ascii=False)
    for part in ("inbound, 50–200 staff", "Opened no mail in 30 days (lowers it)", "leadscore", "2026-10"):
        assert part in shown


def test_a_button_of_no_version_gets_a_sentence(world: World) -> None:
    world.lead()
    message = world.see(RIA, "Acme Ltd")
    told = world.sim.act(
        "click", RIA, channel="D0REP00", ts=message["ts"], action_id="button_1", forged={"type": "button"}
    )
    assert told["acked"]
    world.see(RIA, "another version of Otherwise")


def test_no_words_stay_in_notifications(world: World) -> None:
    world.lead()
    world.override(RIA, world.see(RIA, "Acme Ltd"), "more", "a very secret reason")
    world.see(RIA, "a very secret reason")
    assert all("secret" not in str(row["payload"].get("text")) for row in world.rows(Letter))


def test_each_answers_to_the_number_on_her_own_message(world: World) -> None:
    world.lead("crm:1")
    world.press(RIA, "Noted", world.see(RIA, "Acme Ltd"))
    later = (world.deps.clock.now() + timedelta(seconds=1)).isoformat()
    world.lead("crm:1", ROB, 0.4, prior={"scored_at": later})
    message = world.see(ROB, "Acme Ltd")
    (lead,) = world.rows(Lead)
    assert lead["seen_probability"] is None, "Ria has answered to the posted one"
    world.override(ROB, message, "more", "They have money now.")
    confirmed = world.see(ROB, "They have money now.")
    (lead,) = world.rows(Lead)
    assert (lead["probability"], lead["seen_probability"]) == (0.12, 0.4)
    world.press(ROB, "Add details", confirmed)
    details = {"estimate": "20"}
    refused = world.sim.act("submit", ROB, view=world.form(ROB)["id"], values=details)
    assert not refused.get("closed"), "20 is less than the 40 that she saw"
    assert world.sim.act("submit", ROB, view=world.form(ROB)["id"], values={"estimate": "60"})["closed"]
    assert "The tool had said about 40 in 100" not in words(world.home(ROB)), "it is still open"
    world.outcome("crm:1", "won")
    world.quiet()
    assert "The tool had said about 40 in 100" in words(world.home(ROB))
    assert "The tool had said about 12 in 100" in words(world.home(RIA))
