"""The instrument itself, tried by clients that are not ours: slack_sdk's and Bolt's, sync and async."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler as AiohttpHandler
from slack_bolt.adapter.socket_mode.websockets import AsyncSocketModeHandler as WebsocketsHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.sim import Sim
from tests.world import ADA, APP_TOKEN, BOT_TOKEN, RIA, ROB

SAMPLES = Path(__file__).parents[3] / "shared" / "reference" / "slack-samples"
BUTTON = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "Hi"}},
    {
        "type": "actions",
        "elements": [{"type": "button", "action_id": "go", "value": "1", "text": {"type": "plain_text", "text": "Go"}}],
    },
]
FORM = {
    "type": "modal",
    "callback_id": "form",
    "title": {"type": "plain_text", "text": "Form"},
    "submit": {"type": "plain_text", "text": "OK"},
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": {"type": "plain_text", "text": "Why"},
            "element": {"type": "plain_text_input", "action_id": "why"},
        }
    ],
}


@pytest.fixture
def client(sim: Sim) -> WebClient:
    return WebClient(BOT_TOKEN, base_url=f"{sim.base}/api/", retry_handlers=[])


def refusal(call: Any, **args: Any) -> str:
    """Slack's code for a call that must not succeed."""
    with pytest.raises(SlackApiError) as refused:
        call(**args)
    return str(refused.value.response["error"])


def test_a_message_is_posted_edited_and_deleted(client: WebClient, sim: Sim) -> None:
    posted = client.chat_postMessage(
        channel="C0GENERAL", text="hello", blocks=BUTTON, metadata={"event_type": "t", "event_payload": {"a": 1}}
    )
    assert client.chat_update(channel="C0GENERAL", ts=posted["ts"], text="edited")["ok"]
    assert sim.messages(RIA, "C0GENERAL")[0]["text"] == "edited"
    assert client.chat_getPermalink(channel="C0GENERAL", message_ts=posted["ts"])["permalink"]
    assert client.chat_delete(channel="C0GENERAL", ts=posted["ts"])["ok"]
    assert sim.messages(RIA, "C0GENERAL") == []


def test_the_app_is_brought_into_a_channel(client: WebClient, sim: Sim) -> None:
    def invite(text: str, channel: str = "C0POOL") -> dict[str, Any]:
        return sim.act("command", ADA, channel=channel, command="/invite", text=text)

    assert "needs a channel" in str(invite("@nobody"))
    assert refusal(client.chat_postMessage, channel="C0POOL", text="x") == "not_in_channel"
    assert invite("@Otherwise")["acked"]
    assert client.chat_postMessage(channel="C0POOL", text="x")["ok"]
    assert "has brought Otherwise into #pool" in sim.messages(ADA, "C0POOL")[0]["text"]


def test_an_ephemeral_is_seen_by_one(client: WebClient, sim: Sim) -> None:
    client.chat_postEphemeral(channel="C0GENERAL", user=RIA, text="for you")
    assert len(sim.messages(RIA, "C0GENERAL")) == 1
    assert sim.messages(ROB, "C0GENERAL") == []


def test_slack_s_own_codes(client: WebClient, sim: Sim) -> None:
    post = client.chat_postMessage
    assert refusal(post, channel="C0NOWHERE", text="x") == "channel_not_found"
    assert refusal(post, channel="C0SECRET", text="x") == "channel_not_found"
    assert refusal(post, channel="C0OLD", text="x") == "is_archived"
    assert refusal(post, channel="C0POOL", text="x") == "not_in_channel"
    assert refusal(post, channel="C0GENERAL", text="x" * 40_001) == "msg_too_long"
    empty = {"channel": "C0GENERAL", "text": ""}
    assert refusal(client.api_call, api_method="chat.postMessage", json=empty) == "no_text"
    assert refusal(post, channel="C0GENERAL", text="x", blocks=[{"type": "carrousel"}]) == "invalid_blocks"
    assert refusal(post, channel="C0GENERAL", text="x", colour="red") == "invalid_arguments"
    assert refusal(client.conversations_open, users="U0GONE") == "user_disabled"
    assert refusal(client.conversations_open, users="U0NOBODY") == "user_not_found"
    assert refusal(client.users_lookupByEmail, email="no@example.com") == "users_not_found"
    assert refusal(client.conversations_history, channel="C0GENERAL") == "missing_scope"
    assert refusal(client.chat_update, channel="C0GENERAL", ts="1.1", text="x") == "message_not_found"
    assert refusal(client.views_open, trigger_id="x", view=FORM) == "invalid_trigger_id"
    assert refusal(client.api_call, api_method="chat.teleport") == "unknown_method"
    sim.post("scopes", messages_tab=False)
    assert refusal(post, channel=RIA, text="x") == "messages_tab_disabled"
    assert refusal(WebClient("xoxb-wrong", base_url=f"{sim.base}/api/").auth_test) == "invalid_auth"
    assert refusal(WebClient("", base_url=f"{sim.base}/api/").auth_test) == "not_authed"


def test_rate_limits_are_slack_s(client: WebClient, sim: Sim) -> None:
    sim.post("limits", on=True)
    answers = []
    for _ in range(6):
        try:
            client.chat_postMessage(channel="C0GENERAL", text="x")
            answers.append("ok")
        except SlackApiError as failure:
            assert failure.response.status_code == 429
            assert int(failure.response.headers["Retry-After"]) >= 1
            answers.append("limited")
    assert answers[:3] == ["ok"] * 3
    assert "limited" in answers
    assert client.chat_postMessage(channel="C0DEALS", text="another channel is free")["ok"]


def test_reading_the_workspace(client: WebClient) -> None:
    assert client.auth_test()["user_id"] == "U0OTHERWISE"
    assert "chat:write" in client.auth_test().headers["x-oauth-scopes"]
    members = [m for page in client.users_list(limit=10) for m in page["members"]]
    assert len(members) == 30
    assert client.users_info(user=RIA)["user"]["tz"] == "Europe/London"
    assert client.users_lookupByEmail(email="ria@example.com")["user"]["id"] == RIA
    assert client.conversations_info(channel="C0GENERAL", include_num_members=True)["channel"]["num_members"] > 20
    assert {c["id"] for c in client.conversations_list()["channels"]} == {"C0GENERAL", "C0DEALS", "C0POOL", "C0OLD"}
    assert RIA in client.conversations_members(channel="C0GENERAL")["members"]


def test_a_file_goes_up_in_slack_s_three_steps(client: WebClient, sim: Sim) -> None:
    assert refusal(client.files_getUploadURLExternal, filename="a", length=1) == "missing_scope"
    sim.post("scopes", grant=["files:write"])
    client.files_upload_v2(channel="C0GENERAL", content="hello", filename="a.txt", title="A")
    assert sim.messages(RIA, "C0GENERAL")[0]["files"][0]["title"] == "A"


def test_the_async_client_is_understood_too(sim: Sim) -> None:
    async def go() -> str:
        client = AsyncWebClient(BOT_TOKEN, base_url=f"{sim.base}/api/")
        posted = await client.chat_postMessage(channel="C0GENERAL", text="async", blocks=BUTTON)
        await client.conversations_open(users=RIA)
        return str((await client.chat_update(channel="C0GENERAL", ts=posted["ts"], text="edited"))["text"])

    assert asyncio.run(go()) == "edited"


def sync_bot(sim: Sim, seen: dict[str, Any]) -> SocketModeHandler:
    """A small bot in the shape that most have: acks first, calls after."""
    app = App(client=WebClient(BOT_TOKEN, base_url=f"{sim.base}/api/"))

    @app.action("go")
    def go(ack: Any, body: Any, client: WebClient) -> None:
        ack()
        seen["action"] = body
        client.views_open(trigger_id=body["trigger_id"], view=FORM)

    @app.view("form")
    def form(ack: Any, body: Any) -> None:
        why = body["view"]["state"]["values"]["why"]["why"]["value"]
        if why == "no":
            ack(response_action="errors", errors={"why": "Not no"})
        elif why == "more":
            ack(response_action="push", view=FORM)
        else:
            ack()
        seen["form"] = body

    @app.command("/otherwise")
    def hello(ack: Any, body: Any, respond: Any) -> None:
        ack("hello yourself")
        seen["command"] = body
        respond("and again")

    @app.event("app_home_opened")
    def home(body: Any, client: WebClient) -> None:
        seen["home"] = body
        client.views_publish(user_id=body["event"]["user"], view={"type": "home", "blocks": BUTTON})

    handler = SocketModeHandler(app, APP_TOKEN)
    handler.connect()
    return handler


@pytest.fixture
def bot(sim: Sim) -> Iterator[dict[str, Any]]:
    seen: dict[str, Any] = {}
    handler = sync_bot(sim, seen)
    sim.until(lambda: sim.state()["connections"])
    yield seen
    handler.client.auto_reconnect_enabled = False
    handler.client.current_session.sock.shutdown(2)
    handler.close()


def test_a_click_opens_a_form_and_the_form_answers(sim: Sim, client: WebClient, bot: dict[str, Any]) -> None:
    client.chat_postMessage(channel="C0GENERAL", text="press", blocks=BUTTON)
    ts = sim.messages(RIA, "C0GENERAL")[0]["ts"]
    assert sim.act("click", RIA, channel="C0GENERAL", ts=ts, action_id="go")["acked"]
    view = sim.until(lambda: sim.views(RIA))[-1]
    assert sim.act("submit", RIA, view=view["id"], values={})["blocked"] == ["why"]
    assert sim.act("submit", RIA, view=view["id"], values={"why": "no"})["errors"] == {"why": "Not no"}
    assert sim.act("submit", RIA, view=view["id"], values={"why": "more"})["view"]["previous_view_id"] == view["id"]
    assert len(sim.views(RIA)) == 2
    top = sim.views(RIA)[-1]
    assert sim.act("submit", RIA, view=top["id"], values={"why": "yes"})["closed"]
    assert len(sim.views(RIA)) == 1
    assert sim.act("close", RIA, view=view["id"])["acked"]
    assert bot["action"]["actions"][0]["value"] == "1"


def test_a_trigger_is_used_once_and_for_three_seconds(sim: Sim, client: WebClient, bot: dict[str, Any]) -> None:
    client.chat_postMessage(channel="C0GENERAL", text="press", blocks=BUTTON)
    ts = sim.messages(RIA, "C0GENERAL")[0]["ts"]
    sim.act("click", RIA, channel="C0GENERAL", ts=ts, action_id="go")
    sim.until(lambda: sim.views(RIA))
    assert refusal(client.views_open, trigger_id=bot["action"]["trigger_id"], view=FORM) == "exchanged_trigger_id"
    sim.fault("views.open", "delay", seconds=3.2)
    sim.act("click", ROB, channel="C0GENERAL", ts=ts, action_id="go")
    late = sim.until(lambda: [c for c in sim.calls("views.open") if c.get("error") == "expired_trigger_id"])
    assert late


def test_commands_and_home(sim: Sim, bot: dict[str, Any]) -> None:
    assert sim.act("command", ADA, channel="C0GENERAL", command="/otherwise", text="you")["acked"]
    sim.until(lambda: len(sim.messages(ADA, "C0GENERAL")) == 2)
    assert sim.messages(ROB, "C0GENERAL") == []
    sim.act("home", ADA)
    sim.until(lambda: sim.http.get("/sim/views", params={"user": ADA}).json()["home"])


def test_nobody_can_press_what_he_does_not_see(sim: Sim, client: WebClient, bot: dict[str, Any]) -> None:
    client.chat_postMessage(channel=RIA, text="press", blocks=BUTTON)
    ts = sim.messages(RIA)[0]["ts"]
    assert sim.act("click", ROB, channel="D0REP00", ts=ts, action_id="go")["status"] == 409
    assert sim.act("click", RIA, channel="D0REP00", ts=ts, action_id="stop")["status"] == 409


@pytest.mark.skipif(not SAMPLES.exists(), reason="Slack's recorded samples are not beside this checkout")
def test_payloads_have_only_keys_that_slack_sends(sim: Sim, client: WebClient, bot: dict[str, Any]) -> None:
    client.chat_postMessage(channel="C0GENERAL", text="press", blocks=BUTTON)
    ts = sim.messages(RIA, "C0GENERAL")[0]["ts"]
    sim.act("click", RIA, channel="C0GENERAL", ts=ts, action_id="go")
    view = sim.until(lambda: sim.views(RIA))[-1]
    sim.act("submit", RIA, view=view["id"], values={"why": "yes"})
    sim.act("command", ADA, channel="C0GENERAL", command="/otherwise", text="you")
    sim.act("home", ADA)
    sim.until(lambda: "home" in bot)
    for ours, theirs in (
        (bot["action"], "app-backend/interactive-components/BlockActionPayload.json"),
        (bot["form"], "app-backend/views/ViewSubmissionPayload.json"),
        (bot["command"], "app-backend/slash-commands/SlashCommandPayload.json"),
        (bot["home"], "events/AppHomeOpenedPayload.json"),
    ):
        sample = json.loads((SAMPLES / theirs).read_text())
        allowed = set(sample) | {"response_urls", "state"}
        assert set(ours) <= allowed, (theirs, set(ours) - allowed)
        for key in ("user", "team", "view", "container", "channel"):
            if isinstance(ours.get(key), dict) and isinstance(sample.get(key), dict):
                assert set(ours[key]) <= set(sample[key]) | {"blocks"}, (theirs, key)


@pytest.mark.parametrize("kind", ["aiohttp", "websockets"])
def test_bolt_s_async_handlers_connect_and_answer(sim: Sim, client: WebClient, kind: str) -> None:
    seen = threading.Event()

    async def serve(stop: asyncio.Event) -> None:
        app = AsyncApp(client=AsyncWebClient(BOT_TOKEN, base_url=f"{sim.base}/api/"))

        @app.action("go")
        async def go(ack: Any) -> None:
            await ack()
            seen.set()

        handler: Any = (AiohttpHandler if kind == "aiohttp" else WebsocketsHandler)(app, APP_TOKEN)
        await handler.connect_async()
        await stop.wait()
        await handler.close_async()

    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(stop),))
    thread.start()
    try:
        sim.until(lambda: sim.state()["connections"])
        client.chat_postMessage(channel="C0GENERAL", text="press", blocks=BUTTON)
        ts = sim.messages(RIA, "C0GENERAL")[0]["ts"]
        assert sim.act("click", RIA, channel="C0GENERAL", ts=ts, action_id="go")["acked"]
        assert seen.is_set()
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()


def test_several_connections_share_the_envelopes(sim: Sim, client: WebClient) -> None:
    first: dict[str, Any] = {}
    second: dict[str, Any] = {}
    handlers = [sync_bot(sim, first), sync_bot(sim, second)]
    try:
        sim.until(lambda: sim.state()["connections"] == 2)
        for _ in range(4):
            assert sim.act("command", ADA, channel="C0GENERAL", command="/otherwise", text="")["acked"]
        assert first
        assert second
    finally:
        for handler in handlers:
            handler.client.auto_reconnect_enabled = False
            handler.client.current_session.sock.shutdown(2)
            handler.close()


def test_control_is_for_this_machine_s_own_pages(sim: Sim) -> None:
    assert sim.http.get("/sim/state", headers={"Host": "evil.example"}).status_code == 403
    assert sim.http.get("/sim/state", headers={"Origin": "https://evil.example"}).status_code == 403
    assert sim.http.get("/sim/state", headers={"Origin": "http://127.0.0.1:1"}).status_code == 200


def test_an_address_is_used_once(sim: Sim, client: WebClient) -> None:
    url = str(client.apps_connections_open(app_token=APP_TOKEN)["url"])

    async def open_twice() -> list[str]:
        found = []
        async with aiohttp.ClientSession() as session:
            first = await session.ws_connect(url)
            found.append(json.loads((await first.receive()).data)["type"])
            try:
                second = await session.ws_connect(url)
                found.append(str((await second.receive()).type))
            except aiohttp.WSServerHandshakeError as refused:
                found.append(str(refused.status))
            await first.close()
        return found

    assert asyncio.run(open_twice()) == ["hello", "403"]


def test_the_log_waits_for_news(sim: Sim, client: WebClient) -> None:
    before = len(sim.log())
    began = time.monotonic()
    threading.Timer(0.3, lambda: client.api_test()).start()
    assert sim.log(before, wait=10)
    assert time.monotonic() - began < 5
