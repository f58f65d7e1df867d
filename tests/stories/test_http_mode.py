"""HTTP mode: the same people at the same buttons, by signed requests; and what is not signed gets no further."""

import json
import time
from typing import Any

import pytest
from slack_sdk.signature import SignatureVerifier

from tests.world import ADA, MONA, RIA, World

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


@pytest.fixture
def by_http(make_world: Any) -> World:
    """A bot without an app token, whose request address Slack knows."""
    world: World = make_world(slack_app_token="", slack_signing_secret=SECRET, otherwise_heartbeat=1)
    world.add_people()
    where = f"http://127.0.0.1:{world.running.port}/slack/events"
    assert world.sim.post("requests", url=where, secret=SECRET)["ok"]
    return world


def test_a_suggestion_is_answered_by_signed_requests(by_http: World) -> None:
    by_http.lead()
    message = by_http.see(RIA, "Acme Ltd")
    assert by_http.override(RIA, message, "more", "They called us.")["closed"]
    assert by_http.responses() == [("overridden", "more", "They called us.")]
    assert "status" in json.dumps(by_http.command(ADA, "help"))
    assert by_http.home(MONA)["blocks"]
    assert not [entry for entry in by_http.sim.log() if entry["kind"] == "socket" and entry["event"] == "hello"]


@pytest.mark.parametrize("trouble", ["unsigned", "stale", "altered"])
def test_a_request_that_slack_did_not_sign_just_now_is_refused_unread(by_http: World, trouble: str) -> None:
    by_http.lead()
    message = by_http.see(RIA, "Acme Ltd")
    by_http.sim.fault("socket", trouble)
    assert not by_http.press(RIA, "Noted", message)["acked"]
    assert by_http.responses() == []
    [told] = [entry for entry in by_http.sim.log() if entry["kind"] == "request"]
    assert told["status"] == 401
    by_http.press(RIA, "Noted", message)
    assert [kind for kind, _, _ in by_http.responses()] == ["noted"]


def test_with_another_secret_nothing_is_taken(by_http: World) -> None:
    where = f"http://127.0.0.1:{by_http.running.port}/slack/events"
    by_http.sim.post("requests", url=where, secret="not this one")
    assert not by_http.sim.act("home", RIA)["acked"]
    assert {entry["status"] for entry in by_http.sim.log() if entry["kind"] == "request"} == {401}


def test_a_form_sent_twice_is_stored_once_and_an_event_again_is_not_worked_on_again(by_http: World) -> None:
    by_http.lead()
    by_http.press(RIA, "I see something else", by_http.see(RIA, "Acme Ltd"))
    view = by_http.form(RIA)
    by_http.sim.fault("socket", "twice")
    by_http.sim.act("submit", RIA, view=view["id"], values={"direction": "less", "reason": "No budget."})
    assert by_http.responses() == [("overridden", "less", "No budget.")]
    by_http.sim.fault("socket", "twice")
    assert by_http.sim.act("home", RIA)["acked"]
    assert len(by_http.sim.calls("views.publish")) == 1


def test_an_event_that_failed_is_worked_on_when_slack_sends_it_again(by_http: World) -> None:
    by_http.sim.fault("views.publish", "error", error="internal_error")
    by_http.sim.act("home", RIA)
    by_http.sim.until(lambda: len(by_http.sim.calls("views.publish")) == 2)
    by_http.quiet()
    statuses = [entry["status"] for entry in by_http.sim.log() if entry["kind"] == "request"]
    assert statuses == [500, 200]
    assert [call["ok"] for call in by_http.sim.calls("views.publish")] == [False, True]


def test_the_address_is_proved_to_slack(by_http: World) -> None:
    body, at = json.dumps({"type": "url_verification", "challenge": "3eZbrw1a"}), str(int(time.time()))
    signature = SignatureVerifier(SECRET).generate_signature(timestamp=at, body=body)
    headers = {"X-Slack-Signature": str(signature), "X-Slack-Request-Timestamp": at, "Content-Type": "application/json"}
    assert by_http.http.post("/slack/events", content=body, headers=headers).json() == {"challenge": "3eZbrw1a"}


def test_a_signature_that_is_no_text_is_none(by_http: World) -> None:
    headers = {"X-Slack-Signature": "v0=é".encode(), "X-Slack-Request-Timestamp": str(int(time.time())).encode()}
    assert by_http.http.post("/slack/events", content=b"{}", headers=headers).status_code == 401


def test_a_cut_answer_is_no_end_of_asking(by_http: World) -> None:
    def ready() -> bool:
        return bool(by_http.http.get("/readyz").json()["slack"])

    by_http.sim.until(ready)
    by_http.sim.fault("auth.test", "cut_answer")
    by_http.sim.until(lambda: not ready())
    by_http.sim.until(ready)


def test_in_socket_mode_there_is_no_such_address(world: World) -> None:
    assert world.http.post("/slack/events", json={}).status_code == 404


def test_ready_says_when_slack_no_longer_takes_the_token(by_http: World) -> None:
    assert by_http.http.get("/readyz").json()["slack"] is True
    by_http.sim.fault("auth.test", "error", error="token_revoked", times=1000)
    by_http.sim.until(lambda: by_http.http.get("/readyz").status_code == 503, 20)
    by_http.sim.post("faults")
    by_http.sim.until(lambda: by_http.http.get("/readyz").status_code == 200, 20)
