"""Presses and forms as Bolt gets them, for the bot's own app and for a bare one."""

import time
from collections.abc import Callable
from typing import Any

from slack_bolt import App, BoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bench.load import at_once
from bot.views import forms, ids
from bot.views.kit import Ref
from tests.world import REPS


def bare_bolt(api: str) -> App:
    """Bolt with twelve listeners that open the same form or ack, and no thought of their own."""
    known = AuthorizeResult(enterprise_id=None, team_id="T", bot_token="xoxb-x", bot_id="B", bot_user_id="U")
    app = App(
        client=WebClient(base_url=api, timeout=2, retry_handlers=[]),
        authorize=lambda **_: known,
        process_before_response=True,
        request_verification_enabled=False,
        ignoring_self_events_enabled=False,
        url_verification_enabled=False,
        ssl_check_enabled=False,
    )

    def listen(ack: Any, body: Any, client: WebClient) -> None:
        client.views_open(trigger_id=body["trigger_id"], view=forms.override_form(Ref(lead=1, prior=1), "Acme Ltd"))
        ack()

    def form(ack: Any) -> None:
        ack()

    for action_id in ids.ACTIONS:
        app.action(action_id)(listen)
    for callback_id in ids.CALLBACKS:
        app.view(callback_id)(form)
    return app


def clicks(refs: list[Ref], number: int) -> list[dict[str, Any]]:
    """A press of [I see something else] on each lead."""
    return [
        _body(n)
        | {
            "type": "block_actions",
            "container": {"type": "message", "message_ts": f"{n}.{number}", "channel_id": "D1"},
            "actions": [
                {
                    "type": "button",
                    "action_id": ids.OPEN,
                    "block_id": "b",
                    "value": ref.model_dump_json(),
                    "action_ts": "1",
                }
            ],
        }
        for n, ref in enumerate(refs)
    ]


def submits(refs: list[Ref], number: int) -> list[dict[str, Any]]:
    """A form with a direction and a line for each lead."""
    made = []
    for n, ref in enumerate(refs):
        chosen = {"type": "radio_buttons", "selected_option": {"value": "more"}}
        values = {
            ids.DIRECTION: {ids.DIRECTION: chosen},
            ids.REASON: {ids.REASON: {"type": "plain_text_input", "value": "Their budget was approved yesterday"}},
        }
        view = {
            "id": f"V{number}-{n}",
            "type": "modal",
            "callback_id": ids.SUBMIT,
            "private_metadata": ref.model_dump_json(),
            "state": {"values": values},
            "blocks": [],
        }
        made.append(_body(n) | {"type": "view_submission", "view": view})
    return made


def _body(number: int) -> dict[str, Any]:
    user = REPS[number % 24]
    return {
        "user": {"id": user, "team_id": "T"},
        "team": {"id": "T"},
        "trigger_id": "t",
        "api_app_id": "A",
        "token": "x",
    }


def slowest(app: App, bodies: list[dict[str, Any]], in_flight: int) -> float:
    """Seconds that 99 of 100 presses stay under, with so many in flight at any time."""
    took: list[float] = []

    def share(part: list[dict[str, Any]]) -> Callable[[], None]:
        def work() -> None:
            for body in part:
                began = time.perf_counter()
                answer = app.dispatch(BoltRequest(mode="socket_mode", body=body))
                took.append(time.perf_counter() - began)
                assert answer.status == 200, answer.body

        return work

    at_once([share(bodies[n::in_flight]) for n in range(in_flight)], len(bodies))
    return sorted(took)[int(len(took) * 0.99)]


def dispatched(app: App, bodies: list[dict[str, Any]]) -> float:
    """Requests a second through `App.dispatch`, 16 in flight; every one must be answered with a 200."""

    def share(part: list[dict[str, Any]]) -> Callable[[], None]:
        def work() -> None:
            for body in part:
                answer = app.dispatch(BoltRequest(mode="socket_mode", body=body))
                assert answer.status == 200, answer.body
                assert "errors" not in (answer.body or ""), answer.body

        return work

    return at_once([share(bodies[n::16]) for n in range(16)], len(bodies))
