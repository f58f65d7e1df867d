"""What a rep can rely on: not too much, not at night, nothing without her, and out again when she wants."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bot import jobs
from bot.domain.past import Mapped
from bot.importing import Import
from storage.tables import Friday, Lead, Letter, Person, Response, Suggestion
from tests.world import ADA, LEADS, MONA, REPS, RIA, ROB, ROSA, World, buttons, labels, lead_item, words

# Of Ria's zone.
RUTH = REPS[4]


def send_many(world: World, many: int, rep: str = RIA, start: int = 0) -> None:
    world.send(LEADS, [lead_item(f"n:{rep}:{n}", rep, 0.3, name=f"Firm {n}") for n in range(start, start + many)])


def lead(world: World, number: int) -> dict[str, Any]:
    return next(row for row in world.rows(Lead) if row["lead_id"].endswith(f":{number}"))


def test_beyond_the_day_s_budget_leads_wait_in_one_message_until_she_opens_it(shifted_world: World) -> None:
    world = shifted_world
    world.command(ADA, "budget 3")
    send_many(world, 8)
    jobs.look_after_reps(world.deps)
    message = world.see(RIA, "more leads")
    assert words(message).startswith("*5 more leads*: Firm 3, Firm 4, Firm 5, Firm 6, Firm 7.")
    assert "30" not in json.dumps(message["blocks"]), "no number of the tool's"
    assert lead(world, 7)["posted_at"] is None, "it counts from when she could see it"
    send_many(world, 2, start=8)
    jobs.look_after_reps(world.deps)
    grown = world.see(RIA, "7 more leads")
    assert grown["ts"] == message["ts"], "one message, which grows"
    world.press(RIA, "Open", grown)
    world.see(RIA, "*Firm 9*")
    world.quiet()
    assert all(row["posted_at"] is not None for row in world.rows(Lead))
    assert labels(world.see(RIA, "These leads are open now")) == []
    assert "waits" not in words(world.command(ADA, "status"))
    world.shift(days=1)
    send_many(world, 1, start=20)
    world.see(RIA, "*Firm 20*")


def test_in_quiet_hours_nothing_comes_and_in_the_morning_one_message(shifted_world: World) -> None:
    world = shifted_world
    now = world.deps.clock.now()  # Ria's zone is London: in November it is UTC
    evening = (now + timedelta(days=1)).replace(hour=21, minute=0)
    world.shift(seconds=(evening - now).total_seconds())
    world.command(ADA, "quiet 18:00-08:00")
    send_many(world, 3)
    jobs.look_after_reps(world.deps)
    world.quiet()
    assert world.sim.messages(RIA) == []
    world.shift(hours=11.5)
    jobs.look_after_reps(world.deps)
    assert "3 more leads" in words(world.see(RIA, "more leads"))
    assert len(world.sim.messages(RIA)) == 1
    send_many(world, 1, start=5)
    world.see(RIA, "*Firm 5*")


def test_a_lead_that_is_sent_again_still_waits_and_a_new_owner_gets_it(world: World) -> None:
    world.command(ADA, "budget 1")
    send_many(world, 2)
    send_many(world, 2)
    assert [row["waiting"] for row in world.rows(Lead)] == ["", "later"]
    world.send(LEADS, [lead_item(f"n:{RIA}:1", ROB, 0.3, name="Firm 1")])
    world.see(ROB, "*Firm 1*")
    assert [row["waiting"] for row in world.rows(Lead)] == ["", ""]


def test_a_lead_that_is_passed_on_obeys_the_new_owner_s_budget(world: World) -> None:
    world.command(ADA, "budget 1")
    send_many(world, 1, RIA)
    send_many(world, 1, ROB)
    world.see(RIA, "*Firm 0*")
    world.send(LEADS, [lead_item(f"n:{RIA}:0", ROB, 0.3, name="Passed Ltd")])
    world.see(RIA, "Passed on: this lead is with somebody else now.")
    jobs.look_after_reps(world.deps)
    waits = world.see(ROB, "1 more lead")
    assert "Passed Ltd" in words(waits)
    assert "*Passed Ltd*" not in str(world.sim.messages(ROB)).replace("1 more lead", "")
    world.press(ROB, "Open", waits)
    world.see(ROB, "*Passed Ltd*")


def test_what_muting_costs_is_said(world: World) -> None:
    world.lead()
    world.see(RIA, "Acme Ltd")
    assert "After 7 days they are not posted any more." in words(world.command(RIA, "mute"))
    assert "after 7 days they are not posted any more" in words(world.home(RIA))


def test_mute_is_hers_alone_and_brings_back_what_waited(world: World) -> None:
    assert "Muted" in words(world.command(RIA, "mute"))
    send_many(world, 2)
    world.quiet()
    assert "Firm" not in str(world.sim.messages(RIA))
    assert "who has muted the app" in words(world.command(ADA, "status"))
    home = world.home(RIA)
    assert world.press_in(RIA, home, "Unmute")["acked"]
    world.see(RIA, "*Firm 1*")
    assert "You get messages again" in words(world.command(RIA, "mute off"))
    assert "nothing to switch" in words(world.command(ADA, "mute"))


def test_a_stand_in_answers_new_leads_and_never_sees_what_was_said_before(shifted_world: World) -> None:
    world = shifted_world
    send_many(world, 1)
    world.override(RIA, world.see(RIA, "*Firm 0*"), "more", "her own secret words")
    until = (world.deps.clock.now() + timedelta(days=2)).date().isoformat()
    assert "Rob Sand stands in for Ria Holt" in words(world.command(RIA, f"stand-in @ria @rob until {until}"))
    world.see(ROB, "You stand in for Ria Holt")
    send_many(world, 1, start=1)
    message = world.see(ROB, "*Firm 1*")
    assert world.override(ROB, message, "less", "seen in her place")["closed"]
    assert world.rows(Response)[-1]["reason"] == "seen in her place"
    assert lead(world, 1)["rep_id"] == lead(world, 0)["rep_id"], "it stays her lead"
    assert lead(world, 1)["landmark_direction"] == "less"
    world.see(ROB, "seen in her place")
    assert "secret" not in str(world.sim.messages(ROB))
    assert "secret" not in json.dumps(world.home(ROB))
    hers = world.rows(Suggestion)[0]
    forged = {"type": "button", "value": json.dumps({"lead": hers["lead_id"], "prior": hers["prior_id"]})}
    for action in ("response.see", "override.edit"):
        world.sim.act("click", ROB, channel="D" + ROB[1:], ts=message["ts"], action_id=action, forged=forged)
        assert "secret" not in json.dumps(world.sim.views(ROB))
    assert "answers your new leads until" in json.dumps(world.home(RIA))
    world.shift(days=3)
    jobs.look_after_reps(world.deps)
    send_many(world, 1, start=2)
    world.see(RIA, "*Firm 2*")
    world.sim.act("click", ROB, channel="D" + ROB[1:], ts=message["ts"], action_id="override.open", forged=forged)
    assert len(world.rows(Response)) == 2


def test_what_waits_in_a_stand_in_s_days_is_opened_by_the_stand_in(shifted_world: World) -> None:
    world = shifted_world
    world.command(ADA, "budget 1")
    on = (world.deps.clock.now() + timedelta(days=2)).date()
    reply = words(world.command(RIA, f"stand-in @ria @rob until {on.isoformat()}"))
    last = reply.split("until ")[1].split(":")[0]
    assert f"answers your new leads until {last}." in json.dumps(world.home(RIA), ensure_ascii=False)
    send_many(world, 4)
    jobs.look_after_reps(world.deps)
    message = world.see(ROB, "3 more leads")
    assert words(message).startswith("*3 more leads* of Ria Holt's: Firm 1, Firm 2, Firm 3.")
    assert "more lead" not in str(world.sim.messages(RIA))
    forged = {"type": "button", "value": next(b["value"] for b in buttons(message))}
    world.sim.act("click", ROSA, channel="D" + ROSA[1:], ts=message["ts"], action_id="later.open", forged=forged)
    assert [row["waiting"] for row in world.rows(Lead)] == ["", "later", "later", "later"]
    world.press(ROB, "Open", message)
    world.see(ROB, "*Firm 3*")
    world.see(ROB, "you find them among your messages")
    world.quiet()
    assert "Posted to Rob Sand in place of Ria Holt" in words(world.command(ADA, f"lead n:{RIA}:3"))


def test_who_may_name_a_stand_in(world: World) -> None:
    day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    assert "Only that rep or an admin" in words(world.command(ROB, f"stand-in @ria @rosa until {day}"))
    assert "can't name who answers" in words(world.command(MONA, f"stand-in @ria @rosa until {day}"))
    world.command(ADA, "admin add @mona")
    assert "can't name who answers" in words(world.command(MONA, f"stand-in @ria @rosa until {day}"))
    assert "stands in" in words(world.command(ADA, f"stand-in @ria @rosa until {day}"))
    told = words(world.see(RIA, "has named Rosa Lind"))
    assert "Ada Admin has named Rosa Lind to answer your new leads" in told
    assert "has a stand-in too" in words(world.command(ROB, f"stand-in @rob @ria until {day}"))
    assert "Nobody stands in for Ria Holt any more" in words(world.command(RIA, "stand-in @ria off"))
    world.see(ROSA, "You no longer stand in for Ria Holt")
    world.command(ADA, "stand-in @ria @rosa until tomorrow")
    world.command(ADA, "stand-in @ria @rob until 5 Dec")
    world.see(ROB, "You stand in for Ria Holt until 5 Dec")
    world.sim.until(lambda: str(world.sim.messages(ROSA)).count("'You no longer stand in for Ria Holt") >= 2)
    world.command(ADA, "stand-in @ria off")
    world.see(RIA, "Ada Admin has ended your stand-in")


def friday(world: World) -> None:
    """Friday, eleven o'clock in London."""
    now = world.deps.clock.now()
    ahead = (4 - now.weekday()) % 7 or 7
    target = (now + timedelta(days=ahead)).replace(hour=11, minute=0)
    world.shift(seconds=(target - now).total_seconds())
    jobs.look_after_reps(world.deps)


def test_on_fridays_she_is_asked_once_reminded_once_and_then_left_alone(shifted_world: World) -> None:
    world = shifted_world
    # From a Monday on: whatever day it is today, the next Friday is less than five days away.
    friday(world)
    world.shift(days=3)
    now = world.deps.clock.now().isoformat()
    prior = {"horizon_days": 5, "scored_at": now}
    world.send(LEADS, [lead_item(f"f:{n}", RIA, 0.3, name=f"Firm {n}", prior=prior) for n in range(3)])
    world.quiet()
    friday(world)
    assert world.rows(Friday) == [], "nothing has matured"
    friday(world)
    question = world.see(RIA, "3 leads reached day 5. Did any of them close?")
    jobs.look_after_reps(world.deps)
    friday(world)
    world.see(RIA, "This is the last time I ask about these.")
    for _ in range(3):
        friday(world)
    world.quiet()
    assert len(world.rows(Friday)) == 2
    world.press(RIA, "Go through them", question)
    form = world.form(RIA)
    chosen = {f"lead_{row['id']}": word for row, word in zip(world.rows(Lead), ("won", "lost"), strict=False)}
    assert world.sim.act("submit", RIA, view=form["id"], values=chosen)["closed"]
    world.see(RIA, "Thank you: 2 outcomes saved.")
    rows = world.rows(Lead)
    assert [row["outcome"] for row in rows] == ["won", "lost", ""]
    assert rows[0]["outcome_at"] == rows[0]["matures_at"], "won within its days"


def test_nobody_is_asked_where_a_system_tells_or_who_has_turned_it_off(shifted_world: World) -> None:
    world = shifted_world
    now = world.deps.clock.now().isoformat()
    prior = {"horizon_days": 10, "scored_at": now}
    world.send(LEADS, [lead_item(f"f:{rep}", rep, 0.3, prior=prior) for rep in (RIA, RUTH)])
    world.quiet()
    home = world.home(RIA)
    forged = {"type": "button", "value": "asks_outcomes:off"}
    world.sim.act("view_click", RIA, view=home["id"], action_id="home.switch", forged=forged)
    world.shift(days=11)
    world.lead("crm:x", rep=ROSA)
    world.quiet()
    # An admin's word for one lead is no feed of outcomes.
    world.command(ADA, "outcome crm:x lost")
    friday(world)
    ids = {row["id"]: row["slack_id"] for row in world.rows(Person)}
    assert [ids[row["person_id"]] for row in world.rows(Friday)] == [RUTH]


def test_a_crm_that_tells_outcomes_means_no_question(shifted_world: World) -> None:
    world = shifted_world
    prior = {"horizon_days": 10, "scored_at": world.deps.clock.now().isoformat()}
    world.send(LEADS, [lead_item(f"f:{n}", RIA, 0.3, prior=prior) for n in range(2)])
    world.quiet()
    world.shift(days=11)
    world.outcome("f:0", "lost")
    friday(world)
    assert world.rows(Friday) == []


def test_forgotten_is_forgotten_everywhere_but_in_counts(world: World, tmp_path: Path) -> None:
    send_many(world, 1)
    world.override(RIA, world.see(RIA, "*Firm 0*"), "more", "a very particular secret")
    world.press(RIA, "Add details", world.see(RIA, "a very particular secret"))
    world.sim.act(
        "submit", RIA, view=world.form(RIA)["id"], values={"estimate": "40", "cues": ["timing"], "quote": ["yes"]}
    )
    world.see(RIA, "Your number: 40 of 100.")
    world.quiet()
    asked = world.command(ADA, "forget @ria")
    assert "Deletes all that Ria Holt wrote here" in words(asked)
    assert world.rows(Response)[0]["reason"] is not None, "asked first"
    world.press(ADA, "Forget", asked, "C0GENERAL")
    world.see(ADA, "Forgotten: all that was written", "C0GENERAL")
    world.quiet()
    kept = json.dumps([world.rows(model) for model in (Response, Letter, Person, Suggestion)], default=str)
    assert [(row["owner_email"], row["owner_slack_id"]) for row in world.rows(Lead)] == [(None, None)]
    for gone in ("secret", "timing", RIA, "Ria Holt", "ria@example.com"):
        assert gone not in kept, gone
    assert world.sim.messages(RIA) == [], "deleted in Slack too"
    world.outcome(str(world.rows(Lead)[0]["lead_id"]), "won")
    world.quiet()
    assert {row["state"] for row in world.rows(Letter)} == {"sent"}, "nothing is edited that is gone"
    assert [row["landmark_direction"] for row in world.rows(Lead)] == ["more"], "counts stay"
    assert "secret" not in world.settings.database_url


def test_she_may_be_forgotten_by_herself_and_is_asked_first(world: World) -> None:
    send_many(world, 1)
    world.override(RIA, world.see(RIA, "*Firm 0*"), "less", "quite another secret")
    world.quiet()
    home = world.home(RIA)
    world.press_in(RIA, home, "Forget me …")
    form = world.form(RIA)
    assert "can't be undone" in words(form)
    world.sim.act("submit", RIA, view=form["id"], values={})
    world.quiet()
    assert "secret" not in json.dumps(world.rows(Response) + world.rows(Letter), default=str)
    assert "Nothing here for you yet" in json.dumps(world.home(RIA))


def test_words_are_kept_as_long_as_an_admin_says(shifted_world: World) -> None:
    world = shifted_world
    send_many(world, 1)
    message = world.see(RIA, "*Firm 0*")
    world.override(RIA, message, "less", "an old secret")
    world.quiet()
    world.sim.fault("chat.update", "error", error="edit_window_closed", times=1)
    world.press(RIA, "Change", world.see(RIA, "an old secret"))
    values = {"direction": "more", "reason": "another old secret"}
    assert world.sim.act("submit", RIA, view=world.form(RIA)["id"], values=values)["closed"]
    world.quiet()
    assert "another old secret" in json.dumps(
        [row for row in world.rows(Letter) if row["state"] == "dead"], default=str
    )
    world.shift(days=60)
    asked = world.command(ADA, "retention 30")
    assert "older than 30 days will be deleted" in words(asked)
    jobs.tidy(world.deps)
    assert world.rows(Response)[0]["reason"] == "an old secret", "asked first"
    world.press(ADA, "Keep 30 days", asked, "C0GENERAL")
    world.see(ADA, "Words are kept for 30 days", "C0GENERAL")
    jobs.tidy(world.deps)
    world.quiet()
    assert {row["reason"] for row in world.rows(Response)} == {None}
    assert "old secret" not in str(world.sim.messages(RIA))
    unsent = [row for row in world.rows(Letter) if row["state"] != "sent"]
    assert "old secret" not in json.dumps(unsent, default=str)


@pytest.mark.parametrize("action", ["admin.forget", "admin.retain"])
def test_only_an_admin_presses_what_can_t_be_undone(action: str, world: World) -> None:
    send_many(world, 1)
    world.override(RIA, world.see(RIA, "*Firm 0*"), "less", "still here")
    for user in (RIA, MONA):
        answer = world.command(user, "help")
        forged = {"type": "button", "value": "30" if action == "admin.retain" else str(world.rows(Person)[0]["id"])}
        world.sim.act("click", user, channel="C0GENERAL", ts=answer["ts"], action_id=action, forged=forged)
    assert world.rows(Response)[0]["reason"] == "still here"
    assert world.rows(Person)[0]["name"] == "Ria Holt"


def test_a_stand_in_who_is_replaced_or_gone_leaves_her_leads_with_her(world: World) -> None:
    day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    world.command(RIA, f"stand-in @ria @rob until {day}")
    world.command(RIA, f"stand-in @ria @rosa until {day}")
    send_many(world, 1)
    world.see(ROSA, "*Firm 0*")
    world.command(ADA, "rep pause @rosa")
    send_many(world, 1, start=1)
    world.see(RIA, "*Firm 1*")
    world.command(ADA, "rep resume @rosa")
    world.press(ADA, "Forget", world.command(ADA, "forget @rosa"), "C0GENERAL")
    send_many(world, 1, start=2)
    world.see(RIA, "*Firm 2*")


def test_a_stand_in_who_goes_away_in_turn_leaves_her_leads_with_her(world: World) -> None:
    day = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    world.command(RIA, f"stand-in @ria @rob until {day}")
    world.command(ROB, f"stand-in @rob @rosa until {day}")
    send_many(world, 1)
    world.see(RIA, "*Firm 0*")
    assert "Nobody stands in for Rob Sand any more" in words(world.command(ROB, "stand-in @rob @rosa until off"))
    send_many(world, 1, start=1)
    world.see(ROB, "*Firm 1*")


def test_a_new_owner_s_noted_takes_nothing_from_what_was_seen_before(world: World) -> None:
    send_many(world, 1)
    world.override(RIA, world.see(RIA, "*Firm 0*"), "more", "they called back")
    world.send(LEADS, [lead_item(f"n:{RIA}:0", ROB, 0.3, name="Firm 0")])
    his = world.see(ROB, "*Firm 0*")
    world.press(ROB, "Noted", his)
    world.see(ROB, "Noted.")
    assert lead(world, 0)["landmark_direction"] == "more"
    world.press(ROB, "Undo", world.see(ROB, "Noted."))
    world.quiet()
    assert (lead(world, 0)["landmark_direction"], lead(world, 0)["response_kind"]) == ("more", "overridden")
    assert "called back" not in str(world.sim.messages(ROB))


def test_consent_to_be_quoted_is_taken_back_after_the_outcome_too(world: World) -> None:
    send_many(world, 1)
    world.override(RIA, world.see(RIA, "*Firm 0*"), "more", "they called back")
    world.press(RIA, "Add details", world.see(RIA, "they called back"))
    world.sim.act("submit", RIA, view=world.form(RIA)["id"], values={"quote": ["yes"]})
    world.outcome(f"n:{RIA}:0", "won")
    closed = world.see(RIA, "Won on")
    world.press(RIA, "What I said", closed)
    assert world.press_in(RIA, world.form(RIA), "Don't quote me")["acked"]
    rows = world.rows(Response)
    assert [row["quote"] for row in rows][-2:] == [True, False]
    assert lead(world, 0)["landmark_direction"] == "more"


def test_a_lead_that_comes_back_to_her_under_another_email_is_posted_again(world: World) -> None:
    send_many(world, 1)
    first = world.see(RIA, "*Firm 0*")
    item = lead_item(f"n:{RIA}:0", None, 0.3, name="Firm 0") | {"owner": {"email": "ria.new@example.com"}}
    world.send(LEADS, [item])
    world.quiet()
    assert "on the way" in words(world.command(ADA, "rep add @ria ria.new@example.com"))
    world.sim.until(lambda: len([m for m in world.sim.messages(RIA) if "*Firm 0*" in words(m)]) == 2)
    assert first["ts"] != world.see(RIA, "*Firm 0*")["ts"]


def test_leads_opened_later_carry_the_tool_s_record(shifted_world: World, tmp_path: Path) -> None:
    world = shifted_world
    now = world.deps.clock.now()
    rows = [
        {"lead_id": f"h:{n}", "name": f"Old {n}", "probability": 0.3, "horizon_days": 90, "model": "leadscore",
         "model_line": "3", "posted_at": (now - timedelta(days=150)).isoformat(), "outcome": "lost"}
        for n in range(40)
    ]  # fmt: skip
    file = tmp_path / "past.jsonl"
    file.write_text("\n".join(json.dumps(row) for row in rows))
    at = world.deps.clock.moment()
    Import(file, Mapped(), post=False, database=world.deps.db, at=at, draw=world.deps.draw).all(Console(quiet=True))
    world.command(ADA, "budget 1")
    send_many(world, 3)
    jobs.look_after_reps(world.deps)
    world.press(RIA, "Open", world.see(RIA, "more leads"))
    assert "closed (0 of 40)" in words(world.see(RIA, "*Firm 2*"))


def test_new_leads_that_wait_are_told_of_even_when_as_many_have_closed(world: World) -> None:
    world.command(ADA, "budget 1")
    send_many(world, 3)
    jobs.look_after_reps(world.deps)
    world.see(RIA, "2 more leads")
    for n in (1, 2):
        world.outcome(f"n:{RIA}:{n}", "lost")
    send_many(world, 2, start=5)
    jobs.look_after_reps(world.deps)
    assert "Firm 5, Firm 6." in words(world.see(RIA, "*2 more leads*: Firm 5"))
