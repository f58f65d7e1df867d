"""Letters reach Slack in order, at its pace, once; what can't be delivered is kept with its fix."""

import time
from typing import Any

import pytest

from bench.checker import check_history
from storage.tables import Lead, Letter, Response, Suggestion
from tests.faults import no_writes
from tests.world import ADA, LEADS, REPS, RIA, ROB, World, labels, lead_item, people_file


def verdict(world: World) -> Any:
    rows = [world.rows(model) for model in (Letter, Response, Suggestion, Lead)]
    return check_history(world.sim.log(), *rows)


def test_a_refused_second_is_waited_out_and_others_go_on(world: World) -> None:
    world.lead("warm:1", RIA)
    world.lead("warm:2", ROB, name="Warm")
    world.see(RIA, "Acme")
    world.see(ROB, "Warm")
    world.sim.fault("chat.postMessage", "429", retry_after=2, channel="D0REP00")
    began = time.time()
    world.lead("slow:1", RIA, name="Slow")
    world.lead("slow:2", RIA, name="Slower")
    world.lead("fast", ROB, name="Fast")
    world.see(ROB, "Fast")
    world.see(RIA, "Slower")
    posted = {c["args"]["text"].split(".")[0]: c["at"] for c in world.sim.calls("chat.postMessage") if c["ok"]}
    at = {
        name: next(t for text, t in posted.items() if text.startswith(f"New lead: {name} "))
        for name in ("Slow", "Slower", "Fast")
    }
    assert at["Slow"] - began >= 2.0
    assert at["Slow"] < at["Slower"]
    assert at["Fast"] < at["Slow"]
    world.quiet()
    assert verdict(world).clean()


@pytest.mark.parametrize("kind", ["500", "lose_answer", "half_answer", "cut_answer"])
def test_an_answer_that_is_lost_is_repeated_at_most_once(world: World, kind: str, monkeypatch: Any) -> None:
    from datetime import timedelta

    from bot.domain import retry

    # Twenty seconds in earnest: longer than any late copy of the first could take.
    monkeypatch.setattr(retry, "SETTLE", timedelta(seconds=0.2))
    world.lead("warm", RIA, name="Warm")
    world.see(RIA, "Warm")
    world.sim.fault("chat.postMessage", kind)
    world.lead()
    world.see(RIA, "Acme")
    world.quiet()
    found = verdict(world)
    doubles = 0 if kind == "500" else 1
    assert found.clean(doubles=doubles), str(found)
    assert len(found.doubled) == doubles
    assert "Acme" not in str([row["error"] for row in world.rows(Letter)]), "a piece of an answer is no error code"


def test_where_history_can_be_read_nothing_is_said_twice(make_world: Any, sim: Any, monkeypatch: Any) -> None:
    from datetime import timedelta

    from bot.domain import retry

    monkeypatch.setattr(retry, "SETTLE", timedelta(seconds=0.2))
    sim.post("scopes", grant=["im:history"])
    world: World = make_world()
    world.add_people()
    world.lead("warm", RIA, name="Warm")
    world.see(RIA, "Warm")
    world.sim.fault("chat.postMessage", "lose_answer", times=1)
    world.lead()
    world.see(RIA, "Acme")
    world.quiet()
    assert verdict(world).clean()


def test_an_answer_lost_twice_is_given_up_visibly(world: World, monkeypatch: Any) -> None:
    from datetime import timedelta

    from bot.domain import retry

    monkeypatch.setattr(retry, "SETTLE", timedelta(seconds=0.1))
    world.lead("warm", RIA, name="Warm")
    world.see(RIA, "Warm")
    world.sim.fault("chat.postMessage", "lose_answer", times=2)
    world.lead()
    world.sim.until(lambda: world.rows(Letter)[-1]["state"] == "dead")
    assert "lost twice" in world.rows(Letter)[-1]["fix"]
    assert len(verdict(world).doubled) == 1


def test_a_channel_that_is_archived_is_a_dead_letter_with_its_fix(make_world: Any) -> None:
    world: World = make_world()
    world.add_people(people_file(shared={RIA: "C0OLD"}))
    world.lead()
    world.lead("other", ROB, name="Borealis")
    world.see(ROB, "Borealis")
    world.sim.until(lambda: [row for row in world.rows(Letter) if row["state"] == "dead"])
    (dead,) = [row for row in world.rows(Letter) if row["state"] == "dead"]
    assert dead["fix"].startswith("The channel is archived")


def test_what_was_to_be_done_to_a_dead_message_is_done_once_it_is_tried_again(make_world: Any) -> None:
    world: World = make_world()
    world.sim.post("channels", id="C0OLD", name="old", archived=True, add=[ADA, RIA, "U0OTHERWISE"])
    world.add_people(people_file(shared={RIA: "C0OLD"}))
    world.lead()
    world.sim.until(lambda: [row for row in world.rows(Letter) if row["state"] == "dead"])
    world.outcome(outcome="won")
    world.sim.until(lambda: len([row for row in world.rows(Letter) if row["state"] == "dead"]) == 2)
    world.sim.post("channels", id="C0OLD", archived=False)
    world.press_in(ADA, world.home(ADA), "Try again")
    world.see(RIA, "Won on", "C0OLD")
    world.quiet()
    assert {row["state"] for row in world.rows(Letter)} == {"sent"}
    assert labels(world.sim.messages(RIA, "C0OLD")[-1]) == ["What I said"], "no live buttons on what is decided"


def test_slack_away_for_a_while_loses_nothing_and_keeps_order(world: World) -> None:
    world.lead("warm", RIA, name="Warm")
    world.see(RIA, "Warm")
    world.sim.fault("chat.postMessage", "error", error="service_unavailable", times=3)
    world.send(LEADS, [lead_item(f"q:{n}", RIA, 0.2, name=f"Firm {n}") for n in range(30)])
    world.see(RIA, "Firm 29")
    world.quiet()
    assert verdict(world).clean()


def test_edits_coalesce_to_the_newest(world: World) -> None:
    world.lead()
    world.see(RIA, "Acme Ltd")
    world.sim.fault("chat.update", "429", retry_after=1)
    for name in ("One", "Two", "Three", "Four"):
        world.lead(name=name)
    world.see(RIA, "Four")
    world.quiet()
    assert len([c for c in world.sim.calls("chat.update") if c["ok"]]) <= 2
    assert verdict(world).clean()


def test_pace_is_kept_with_slacks_limits_on(make_world: Any, sim: Any) -> None:
    sim.post("limits", on=True)
    world: World = make_world(otherwise_post_interval=1.0, otherwise_updates_per_minute=50)
    world.add_people()
    world.send(LEADS, [lead_item(f"p:{n}", REPS[n % 6], 0.2, name=f"Firm {n}") for n in range(24)])
    world.quiet()
    assert not [c for c in sim.calls("chat.postMessage") if c.get("error") == "ratelimited"]
    assert verdict(world).clean()


def test_what_a_stopped_bot_left_open_goes_out_after_the_start(world: World) -> None:
    world.sim.fault("chat.postMessage", "429", retry_after=3, times=50)
    world.send(LEADS, [lead_item(f"r:{n}", REPS[n], 0.2, name=f"Firm {n}") for n in range(12)])
    world.sim.until(lambda: world.sim.calls("chat.postMessage"))
    world.sim.post("faults")
    world.restart()
    world.quiet()
    assert verdict(world).clean()


def test_a_refreshed_connection_is_taken_up_again(world: World) -> None:
    world.lead()
    message = world.see(RIA, "Acme Ltd")
    world.sim.post("disconnect", reason="refresh_requested")
    world.sim.until(lambda: world.sim.state()["connections"] == 1, 30)
    world.sim.until(lambda: world.press(RIA, "Noted", message)["acked"], 30)
    assert [kind for kind, _, _ in world.responses()] == ["noted"]


def test_the_database_away_keeps_her_words_in_the_form(world: World, database: str) -> None:
    world.lead()
    world.press(RIA, "I see something else", world.see(RIA, "Acme Ltd"))
    view = world.form(RIA)
    typed = {"direction": "more", "reason": "x" * 3000}
    with no_writes(database):
        told = world.sim.act("submit", RIA, view=view["id"], values=typed)
        answer = world.http.post(LEADS, json=lead_item("other", RIA, 0.2))
    assert "nothing was stored" in told["errors"]["reason"]
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert world.sim.act("submit", RIA, view=view["id"], values=typed)["closed"]
    assert world.responses() == [("overridden", "more", "x" * 3000)]
