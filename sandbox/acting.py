"""Acting as a person: what she sees and presses becomes the payload that Slack would send."""

import re
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

from sandbox import views
from sandbox.blocks import check_blocks, give_ids
from sandbox.sockets import Ack
from sandbox.workspace import (
    APP_ID,
    BOT_USER,
    TEAM_DOMAIN,
    TEAM_ID,
    Channel,
    Json,
    Message,
    ResponseUrl,
    SlackError,
    View,
    Workspace,
)

CHOICES = {
    "static_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "multi_static_select": "selected_options",
    "checkboxes": "selected_options",
    "plain_text_input": "value",
    "number_input": "value",
    "datepicker": "selected_date",
    "users_select": "selected_user",
    "multi_users_select": "selected_users",
    "conversations_select": "selected_conversation",
}
INITIAL = {
    "selected_option": "initial_option",
    "selected_options": "initial_options",
    "value": "initial_value",
    "selected_date": "initial_date",
    "selected_user": "initial_user",
    "selected_users": "initial_users",
    "selected_conversation": "initial_conversation",
}


NAMED = re.compile(r"(?<![\w@#])([@#])([\w.-]+)(?<![.-])")


Deliver = Callable[..., Awaitable[Ack]]


class Refused(Exception):
    """The person could not have done this: no such button, no such channel, a required field is empty."""


class Actor:
    """People's hands. Each verb sends what Slack would send, and says how the app answered."""

    def __init__(self, ws: Workspace, deliver: Deliver, base: str, commands: list[Json]) -> None:
        self._ws, self._deliver, self._base = ws, deliver, base
        self._commands = {one["command"]: one for one in commands}

    async def click(
        self, user: str, channel_id: str, ts: str, action_id: str, forged: Json | None = None, block_id: str = ""
    ) -> Json:
        """Press a button on a message: the first of its name, or a block's. `forged` sends what is not there."""
        channel = self._visible(user, channel_id)
        message = channel.find(ts)
        if message is None or message.only_for not in ("", user):
            raise Refused("no such message")
        block, element = _find(message.blocks, action_id, forged, block_id)
        payload = self._common("block_actions", user) | {
            "container": {
                "type": "message",
                "message_ts": message.ts,
                "channel_id": channel.id,
                "is_ephemeral": bool(message.only_for),
            },
            "channel": {"id": channel.id, "name": channel.name},
            "message": message.as_slack(),
            "state": {"values": {}},
            "response_url": self._response_url(user, channel.id, message.ts),
            "actions": [_action(block, element)],
        }
        return _told(await self._deliver("interactive", payload))

    async def click_in_view(
        self, user: str, view_id: str, action_id: str, values: Json, forged: Json | None = None, block_id: str = ""
    ) -> Json:
        """Press a button inside a modal or Home."""
        view = self._view(user, view_id)
        block, element = _find(view.body["blocks"], action_id, forged, block_id)
        state = state_values(view, values)
        payload = self._common("block_actions", user) | {
            "container": {"type": "view", "view_id": view.id},
            "view": view.as_slack(state),
            "actions": [_action(block, element)],
        }
        return _told(await self._deliver("interactive", payload))

    async def submit(self, user: str, view_id: str, values: Json, *, force: bool = False) -> Json:
        """Send a form. Slack's own client stops an empty required field, unless `force`."""
        view = self._view(user, view_id)
        state = state_values(view, values)
        if not force and (missing := _missing(view, state)):
            return {"acked": False, "blocked": missing}
        payload = self._common("view_submission", user) | {"view": view.as_slack(state), "response_urls": []}
        ack = await self._deliver("interactive", payload)
        return _told(ack) | self._after_submit(view, ack)

    async def submit_forged(self, user: str, view: Json) -> Json:
        """Send a form that nobody was shown, for tests of whoever takes it: `view` as a payload would hold it."""
        shown = {"type": "modal", "id": f"V0{user}FORGED", "team_id": TEAM_ID, "app_id": APP_ID, "blocks": []}
        payload = self._common("view_submission", user) | {"view": shown | view, "response_urls": []}
        return _told(await self._deliver("interactive", payload))

    async def close(self, user: str, view_id: str) -> Json:
        """Close a modal by its x; the app hears of it only when it asked to."""
        view = self._view(user, view_id)
        views.close(self._ws, user)
        if not view.body.get("notify_on_close"):
            return {"acked": True}
        payload = self._common("view_closed", user) | {"view": view.as_slack(), "is_cleared": False}
        payload.pop("trigger_id")
        return _told(await self._deliver("interactive", payload))

    async def command(self, user: str, channel_id: str, command: str, text: str) -> Json:
        """Type a slash command; an answer in the ack is shown to the person alone."""
        channel = self._visible(user, channel_id)
        if command == "/invite":
            return self._invite(user, channel, text)
        if command not in self._commands:
            raise Refused(f"{command} is not a valid command")
        if self._commands[command].get("should_escape"):
            text = self._escaped(user, text)
        payload = {
            "token": "local",
            "team_id": TEAM_ID,
            "team_domain": TEAM_DOMAIN,
            "channel_id": channel.id,
            "channel_name": channel.name,
            "user_id": user,
            "user_name": self._ws.user(user).name,
            "command": command,
            "text": text,
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            "response_url": self._response_url(user, channel.id, ""),
            "trigger_id": self._ws.new_trigger(user),
        }
        ack = await self._deliver("slash_commands", payload)
        if ack.acked and ack.payload:
            answer = ack.payload if isinstance(ack.payload, dict) else {"text": str(ack.payload)}
            if problems := check_blocks(answer.get("blocks") or [], "message"):
                return _told(ack) | {"trouble": problems}
            say(self._ws, channel, answer, user)
        return _told(ack)

    def _invite(self, user: str, channel: Channel, text: str) -> Json:
        """Slack's own command: bring people, or the app, into the channel."""
        people = {person.name: person for person in self._ws.users.values() if not person.deleted}
        guests = [people.get(name.lower()) for name in re.findall(r"@([\w.-]+)", text)]
        found = [guest for guest in guests if guest is not None]
        if channel.dm_with or not found or len(found) < len(guests):
            raise Refused("/invite needs a channel, and names of people here: /invite @otherwise")
        channel.members |= {guest.id for guest in found}
        names = ", ".join(guest.real_name for guest in found)
        channel.messages.append(Message(self._ws.ts(), user, escape(f"has brought {names} into #{channel.name}."), []))
        return {"acked": True}

    async def message(self, user: str, channel_id: str, text: str) -> Json:
        """Write a message like anybody; the app does not listen to these."""
        channel = self._visible(user, channel_id)
        if channel.dm_with:
            raise Refused("sending messages to this app is turned off")
        channel.messages.append(Message(self._ws.ts(), user, escape(text), []))
        return {"acked": True}

    def _escaped(self, user: str, text: str) -> str:
        """Names as Slack sends them on: `@ria` is `<@U0REP00|ria>`, `#deals` is `<#C0DEALS|deals>`."""
        people = {person.name: person for person in self._ws.users.values()}
        channels = {channel.name: channel for channel in self._ws.channels.values() if user in channel.members}

        def known(match: re.Match[str]) -> str:
            kind, name = match.group(1), match.group(2)
            if kind == "@" and name.lower() in people:
                person = people[name.lower()]
                return f"<@{person.id}|{person.name}>"
            if kind == "#" and name.lower() in channels:
                return f"<#{channels[name.lower()].id}|{channels[name.lower()].name}>"
            return match.group(0)

        return NAMED.sub(known, escape(text) if "<@" not in text and "<#" not in text else text)

    async def event(self, event: Json) -> Json:
        """Something happened that the app listens for."""
        payload = {
            "token": "local",
            "team_id": TEAM_ID,
            "api_app_id": APP_ID,
            "event": event | {"event_ts": self._ws.ts()},
            "type": "event_callback",
            "event_id": "Ev" + secrets.token_hex(5).upper(),
            "event_time": int(time.time()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": TEAM_ID,
                    "user_id": BOT_USER,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
        }
        return _told(await self._deliver("events_api", payload, accepts_response=False))

    def _common(self, kind: str, user: str) -> Json:
        person = self._ws.user(user)
        return {
            "type": kind,
            "user": {"id": user, "username": person.name, "name": person.name, "team_id": TEAM_ID},
            "api_app_id": APP_ID,
            "token": "local",
            "trigger_id": self._ws.new_trigger(user),
            "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _visible(self, user: str, channel_id: str) -> Channel:
        channel = self._ws.channels.get(channel_id)
        if channel is None or user not in channel.members:
            raise Refused("this person does not see the channel")
        return channel

    def _view(self, user: str, view_id: str) -> View:
        view = self._ws.views.get(view_id)
        if view is None or view.user != user:
            raise Refused("this person has no such view open")
        return view

    def _response_url(self, user: str, channel: str, ts: str) -> str:
        token = secrets.token_urlsafe(12)
        self._ws.response_urls[token] = ResponseUrl(user, channel, ts, time.monotonic())
        return f"{self._base}respond/{token}"

    def _after_submit(self, view: View, ack: Ack) -> Json:
        if not ack.acked:
            return {"view": view.as_slack()}  # Slack keeps the form open
        answer = ack.payload if isinstance(ack.payload, dict) else {}
        action = answer.get("response_action")
        if action == "errors":
            unknown = [key for key in answer["errors"] if key not in {b["block_id"] for b in view.body["blocks"]}]
            if unknown or not answer["errors"]:
                return {"trouble": f"errors for unknown blocks: {unknown}"}
            view.errors = dict(answer["errors"])
            return {"errors": view.errors, "view": view.as_slack()}
        try:
            if action == "update":
                views.replace(view, views.checked(answer["view"]))
                return {"view": view.as_slack()}
            if action == "push":
                return {"view": views.push(self._ws, view.user, views.checked(answer["view"])).as_slack()}
        except SlackError as failure:
            return {"trouble": failure.code, "messages": failure.more}
        views.close(self._ws, view.user, every=action == "clear")
        return {"closed": True}


def say(ws: Workspace, channel: Channel, answer: Json, user: str) -> Message:
    """Show an answer from a command's ack or a response_url."""
    from_methods = Message(ws.ts(), BOT_USER, str(answer.get("text", "")), answer.get("blocks") or [])
    from_methods.blocks = give_ids(from_methods.blocks)
    if answer.get("response_type") == "in_channel":
        channel.messages.append(from_methods)
    else:
        from_methods.only_for = user
        channel.ephemerals.append(from_methods)
    return from_methods


def escape(text: str) -> str:
    """What a person types is text, not markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def state_values(view: View, values: Json) -> Json:
    """`state.values` with the key each element has at Slack; `values` are by block_id, options by their value."""
    state: Json = {}
    for block in view.body["blocks"]:
        for element in _inputs(block):
            key = CHOICES[element["type"]]
            typed = values.get(block["block_id"], element.get(INITIAL[key]))
            if key in ("selected_option", "selected_options") and block["block_id"] in values:
                typed = _chosen(element, values[block["block_id"]], many=key == "selected_options")
            if key in ("selected_options", "selected_users") and typed is None:
                typed = []
            state.setdefault(block["block_id"], {})[element.get("action_id", "")] = {
                "type": element["type"],
                key: typed,
            }
    return state


def _inputs(block: Json) -> list[Json]:
    if block["type"] == "input":
        return [block["element"]]
    return [one for one in block.get("elements", []) if isinstance(one, dict) and one.get("type") in CHOICES]


def _chosen(element: Json, wanted: Any, *, many: bool) -> Any:
    options = {option["value"]: option for option in element["options"]}
    picked = [options[one] for one in (wanted if isinstance(wanted, list) else [wanted]) if one in options]
    return picked if many else (picked[0] if picked else None)


def _missing(view: View, state: Json) -> list[str]:
    """Required inputs that Slack's own client would not let through."""
    missing = []
    for block in view.body["blocks"]:
        if block["type"] == "input" and not block.get("optional"):
            (given,) = state[block["block_id"]].values()
            if not given[CHOICES[given["type"]]]:
                missing.append(block["block_id"])
    return missing


def _find(blocks: list[Json], action_id: str, forged: Json | None, block_id: str) -> tuple[Json, Json]:
    for block in blocks:
        if block_id and block["block_id"] != block_id:
            continue
        for element in [*block.get("elements", []), block.get("accessory") or {}, block.get("element") or {}]:
            if isinstance(element, dict) and element.get("action_id") == action_id:
                return block, element | (forged or {})
    if forged is not None:
        return {"block_id": "forged"}, {"type": "button", "action_id": action_id, "value": ""} | forged
    raise Refused(f"no button {action_id!r} on this screen")


def _action(block: Json, element: Json) -> Json:
    keep = {key: element[key] for key in ("action_id", "text", "value", "style", "type") if key in element}
    return keep | {"block_id": block["block_id"], "action_ts": f"{time.time():.6f}"}


def _told(ack: Ack) -> Json:
    return {"acked": ack.acked, "seconds": ack.seconds, "payload": ack.payload}
