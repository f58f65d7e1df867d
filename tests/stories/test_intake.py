"""A CRM sends leads and outcomes: one answer an item, the same item twice changes nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bot import keys
from storage.tables import Lead, Letter, Prior, Suggestion
from tests.world import ADA, LEADS, OUTCOMES, REPS, RIA, ROB, World, labels, lead_item, words


def results(answers: list[dict[str, Any]]) -> list[str]:
    return [answer["result"] for answer in answers]


def test_each_item_gets_its_own_answer_in_order(world: World) -> None:
    items: list[Any] = [
        lead_item("a", RIA, 0.2),
        lead_item("b", RIA, 1.2),
        "no object",
        lead_item("c", ROB, 0.3),
        lead_item("a", RIA, 0.2),
        lead_item("d", RIA, 0.2, name="x" * 201),
        lead_item("e", RIA, 0.2, prior={"scored_at": "2026-11-20T09:00:00"}),
        lead_item("f", RIA, 0.2, facts="many"),
    ]
    answers = world.send(LEADS, items)
    assert results(answers) == [
        "created", "rejected", "rejected", "created", "unchanged", "rejected", "rejected", "rejected",
    ]  # fmt: skip
    fields = [answer["errors"][0].split(":")[0] for answer in answers if answer["result"] == "rejected"]
    assert fields == ["prior.probability", "item", "name", "prior.scored_at", "facts"]


def test_the_same_lead_a_hundred_times_at_once_is_one_message(world: World) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: world.lead()["result"], range(100)))
    assert sorted(set(answers)) == ["created", "unchanged"]
    assert answers.count("created") == 1
    world.see(RIA, "Acme Ltd")
    world.quiet()
    assert len([m for m in world.sim.messages(RIA) if "Acme Ltd" in m["text"]]) == 1


def test_a_rescore_edits_the_message_and_a_new_band_adds_one_line_in_the_thread(world: World) -> None:
    world.lead(probability=0.12)
    world.see(RIA, "about *12*")
    later = {"scored_at": "2026-11-21T09:00:00Z"}
    assert world.lead(probability=0.14, prior=later)["result"] == "rescored"
    message = world.see(RIA, "about *14*")
    later = {"scored_at": "2026-11-22T09:00:00Z"}
    assert world.lead(probability=0.4, prior=later)["result"] == "rescored"
    world.see(RIA, "about *40*")
    world.see(RIA, "has changed.")
    world.quiet()
    lines = [m for m in world.sim.messages(RIA) if m.get("thread_ts") == message["ts"]]
    assert len(lines) == 1
    assert not any(character.isdigit() for character in lines[0]["text"])


def test_a_rescore_that_takes_its_flag_back_is_hard_by_its_new_number(world: World) -> None:
    world.command(ADA, "budget 1")
    for name, number, flag in (("first", 0.5, False), ("waits", 0.5, True)):
        world.lead(name, RIA, number, hard=flag)
    assert world.rows(Lead)[1]["waiting"] == "later"
    later = (datetime.now(UTC) + timedelta(seconds=30)).isoformat()
    world.lead("waits", RIA, 0.05, hard=False, prior={"scored_at": later})
    row = world.rows(Lead)[1]
    assert (row["probability"], row["flagged_hard"], row["hard"]) == (0.05, False, True)


def test_after_an_answer_a_rescore_is_stored_and_not_shown(world: World) -> None:
    world.lead(probability=0.12)
    world.press(RIA, "Noted", world.see(RIA, "Acme Ltd"))
    world.see(RIA, "Noted.")
    later = {"scored_at": "2026-11-21T09:00:00Z"}
    assert world.lead(probability=0.4, prior=later)["result"] == "rescored"
    world.quiet()
    assert "about *12*" in words(world.see(RIA, "Acme Ltd"))
    assert len(world.rows(Prior)) == 2
    assert world.rows(Lead)[0]["probability"] == 0.12


def test_a_prior_that_is_older_changes_nothing_and_two_numbers_for_one_moment_are_refused(world: World) -> None:
    world.lead()
    older = {"scored_at": "2026-11-01T09:00:00Z"}
    assert world.lead(probability=0.5, prior=older)["result"] == "unchanged"
    told = world.lead(probability=0.5)
    assert told["result"] == "rejected"
    assert told["errors"][0].startswith("prior.probability")


def test_a_new_owner_closes_the_old_message_and_keeps_what_was_said(world: World) -> None:
    world.lead()
    world.override(RIA, world.see(RIA, "Acme Ltd"), "more", "New budget")
    world.see(RIA, "New budget")
    assert world.lead(rep=ROB)["result"] == "updated"
    old = world.see(RIA, "Passed on")
    assert labels(old) == []
    new = world.see(ROB, "Acme Ltd")
    assert "New budget" not in words(new)
    assert labels(new) == ["Noted", "I see something else", "Why this number?"]
    assert world.responses() == [("overridden", "more", "New budget")]


def test_an_owner_nobody_has_added_is_waited_for(make_world: Any) -> None:
    world: World = make_world()
    assert world.lead()["warnings"] == ["owner"]
    assert world.rows(Letter) == []
    world.add_people()
    world.see(RIA, "Acme Ltd")
    assert world.rows(Lead)[0]["waiting"] == ""


def test_a_lead_without_an_owner_is_kept_and_waits_while_nobody_is_there(make_world: Any) -> None:
    world: World = make_world()
    told = world.send(LEADS, lead_item("crm:9", None, 0.2))[0]
    assert (told["result"], told["warnings"]) == ("created", ["owner"])
    assert world.rows(Suggestion) == []


def test_facts_that_are_a_second_verdict_are_dropped(world: World) -> None:
    facts = [{"label": "Lead score", "value": "A"}, {"label": "Source", "value": "inbound"}]
    world.lead(facts=facts)
    assert "A" not in words(world.see(RIA, "Acme Ltd")).split(" · ")
    assert world.rows(Lead)[0]["dropped_facts"] == ["Lead score"]


def test_points_are_never_a_chance(world: World) -> None:
    item = lead_item("p", RIA, 0.5, name="Pointy")
    item["prior"].pop("probability")
    item["prior"]["points"] = 80
    assert world.send(LEADS, item)[0]["result"] == "created"
    said = words(world.see(RIA, "Pointy"))
    assert "The tool gives points, not a chance." in said
    assert "80" not in said.replace("80 staff", "")


def test_hostile_text_is_shown_as_text_and_stored_as_it_came(world: World) -> None:
    name = "<!channel> <https://evil.example|bank> & Söhne \u202eexe\u200b 👩‍👩‍👧"
    world.lead(name=name)
    message = world.see(RIA, "bank")
    for shown in (words(message), message["text"]):
        assert "<!channel>" not in shown
        assert "&lt;!channel&gt;" in shown
        assert "\u202e" not in shown
    assert world.rows(Lead)[0]["name"] == name


def test_outcomes_correct_each_other_by_their_time(world: World) -> None:
    world.lead()
    assert world.outcome(outcome="won", at="2026-11-20T10:00:00Z")["result"] == "created"
    assert world.outcome(outcome="won", at="2026-11-20T10:00:00Z")["result"] == "unchanged"
    assert world.outcome(outcome="lost", at="2026-11-19T10:00:00Z")["result"] == "created"
    assert world.rows(Lead)[0]["outcome"] == "won"
    assert world.outcome(outcome="reopened", at="2026-11-21T10:00:00Z")["result"] == "created"
    assert world.rows(Lead)[0]["outcome"] == "reopened"


def test_an_outcome_of_an_unknown_lead_or_of_tomorrow_is_refused(world: World) -> None:
    world.lead()
    assert world.outcome("nobody:1")["errors"][0].startswith("lead_id")
    assert world.outcome(at="2099-01-01T00:00:00Z")["errors"][0].startswith("at")


@pytest.mark.parametrize(
    ("header", "status"), [("", 401), ("Bearer ow_00000000_x", 401), ("Basic abc", 401), ("Bearer \u00e9", 401)]
)
def test_a_wrong_key_is_refused_before_anything_is_read(world: World, header: str, status: int) -> None:
    base = str(world.http.base_url)
    answer = httpx.post(base + "/v1/leads", content=b"{not json", headers={"Authorization": header.encode()})
    assert answer.status_code == status
    assert "key" in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b"3", 400), (b"[" * 100_000, 400), (b'{"a": NaN}', 400), (b"x" * 9_000_000, 413)],
)
def test_a_body_that_is_none_gets_a_sentence(world: World, body: bytes, status: int) -> None:
    answer = world.http.post(LEADS, content=body)
    assert answer.status_code == status
    assert answer.json()["error"].endswith(".")


def test_more_than_a_thousand_items_are_refused_whole(world: World) -> None:
    answer = world.http.post(OUTCOMES, json=[{}] * 1001)
    assert answer.status_code == 413


def test_a_batch_goes_to_many_reps(world: World) -> None:
    items = [lead_item(f"b:{n}", REPS[n % 24], 0.1 + n / 200, name=f"Firm {n}") for n in range(100)]
    assert set(results(world.send(LEADS, items))) == {"created"}
    world.quiet()
    assert len([c for c in world.sim.calls("chat.postMessage") if c["ok"]]) == 100 + 24


def test_health_and_readiness_tell_the_truth(world: World) -> None:
    assert world.http.get("/healthz").json() == {"ok": True}
    assert world.http.get("/readyz").json() == {"ok": True, "database": True, "slack": True}
    schema = world.http.get("/openapi.json").json()
    body = schema["paths"]["/v1/leads"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["anyOf"][1]["maxItems"] == 1000
    assert "probability" in body["anyOf"][0]["properties"]["prior"]["properties"]
    assert world.http.get("/docs").status_code == 200


@pytest.mark.parametrize(("host", "status"), [("127.0.0.1", 200), ("localhost", 200), ("0.0.0.0", 404)])  # noqa: S104  # that is the point
def test_the_pages_that_describe_the_intake_are_on_loopback_alone(host: str, status: int, make_world: Any) -> None:
    world = make_world(otherwise_http_host=host)
    assert [world.http.get(path).status_code for path in ("/docs", "/openapi.json")] == [status, status]
    assert world.http.get("/healthz").status_code == 200


def test_a_key_that_sends_too_fast_is_told_to_wait_and_others_are_not(make_world: Any) -> None:
    world = make_world(otherwise_intake_per_minute=1)
    first, second = (world.http.post(LEADS, json=lead_item(f"fast:{n}", None, 0.2)) for n in range(2))
    assert first.status_code == 200
    assert second.status_code == 429
    assert 1 <= int(second.headers["retry-after"]) <= 60
    assert [row["lead_id"] for row in world.rows(Lead)] == ["fast:0"]
    other = world.deps.db.write(lambda s: keys.make_key(s, "other", ["intake"], world.deps.clock.now()))
    told = world.http.post(LEADS, json=lead_item("o", None, 0.2), headers={"Authorization": f"Bearer {other}"})
    assert told.status_code == 200
