"""What the workspace holds: people, channels, messages, views. In memory, changed only on the server's one loop."""

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

TEAM_ID = "T0LOCAL"
TEAM_DOMAIN = "local-workspace"
APP_ID = "A0OTHERWISE"
BOT_ID = "B0OTHERWISE"
BOT_USER = "U0OTHERWISE"
BOT_TOKEN = "xoxb-local-workspace-not-a-secret"
APP_TOKEN = "xapp-local-workspace-not-a-secret"
TRIGGER_SECONDS = 3.0
RESPONSE_URL_SECONDS = 1800.0
RESPONSE_URL_USES = 5
ACK_SECONDS = 3.0


class SlackError(Exception):
    """An answer with `ok: false`; `more` is merged into it."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code, self.more = code, more


@dataclass
class User:
    """Somebody in the workspace."""

    id: str
    name: str
    real_name: str
    email: str
    tz: str = "Europe/London"
    deleted: bool = False
    is_bot: bool = False
    is_admin: bool = False


@dataclass
class Message:
    """A message, or an ephemeral one when `only_for` names its reader."""

    ts: str
    user: str
    text: str
    blocks: list[Json]
    thread_ts: str = ""
    metadata: Json | None = None
    edited: bool = False
    only_for: str = ""
    client_msg_id: str = ""
    files: list[Json] = field(default_factory=list)

    def as_slack(self, *, with_metadata: bool = False) -> Json:
        """The message as Slack puts it into answers and payloads."""
        out: Json = {"type": "message", "ts": self.ts, "user": self.user, "text": self.text, "team": TEAM_ID}
        if self.user == BOT_USER:
            out |= {"bot_id": BOT_ID, "app_id": APP_ID}
        if self.blocks:
            out["blocks"] = self.blocks
        if self.thread_ts:
            out["thread_ts"] = self.thread_ts
        if self.edited:
            out["edited"] = {"user": self.user, "ts": self.ts}
        if self.metadata and with_metadata:
            out["metadata"] = self.metadata
        if self.client_msg_id:
            out["client_msg_id"] = self.client_msg_id
        if self.files:
            out["files"] = self.files
        return out


@dataclass
class Channel:
    """A channel or, with `dm_with`, the bot's DM with one person."""

    id: str
    name: str
    members: set[str] = field(default_factory=set)
    private: bool = False
    archived: bool = False
    dm_with: str = ""
    messages: list[Message] = field(default_factory=list)
    ephemerals: list[Message] = field(default_factory=list)

    def find(self, ts: str) -> Message | None:
        """The message with this ts, ephemeral ones included."""
        return next((m for m in reversed(self.messages + self.ephemerals) if m.ts == ts), None)


@dataclass
class View:
    """A modal or a Home, as Slack keeps it."""

    id: str
    user: str
    body: Json
    hash: str
    root: str
    previous: str | None = None
    errors: dict[str, str] = field(default_factory=dict)

    def as_slack(self, values: Json | None = None) -> Json:
        """The whole view as Slack sends it; `values` are what the person has typed."""
        body = self.body
        return {
            "id": self.id,
            "team_id": TEAM_ID,
            "type": body["type"],
            "blocks": body["blocks"],
            "private_metadata": body.get("private_metadata", ""),
            "callback_id": body.get("callback_id", ""),
            "state": {"values": values or {}},
            "hash": self.hash,
            "title": body.get("title", {"type": "plain_text", "text": "Otherwise", "emoji": True}),
            "clear_on_close": body.get("clear_on_close", False),
            "notify_on_close": body.get("notify_on_close", False),
            "close": body.get("close"),
            "submit": body.get("submit"),
            "previous_view_id": self.previous,
            "root_view_id": self.root,
            "app_id": APP_ID,
            "external_id": body.get("external_id", ""),
            "app_installed_team_id": TEAM_ID,
            "bot_id": BOT_ID,
        }


@dataclass
class Trigger:
    """What lets the bot open a modal once, for three seconds."""

    user: str
    at: float
    used: bool = False


@dataclass
class ResponseUrl:
    """Where a click or command may be answered: five times, for half an hour."""

    user: str
    channel: str
    ts: str
    at: float
    uses: int = 0


class Workspace:
    """All state. `scopes` are what the bot's token may do."""

    def __init__(self, scopes: set[str], *, messages_tab: bool) -> None:
        self.scopes, self.messages_tab = scopes, messages_tab
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        # When the app's clock was moved, and to how many seconds ahead: the page dates messages by it.
        self.moves: list[tuple[float, float]] = []
        self.views: dict[str, View] = {}
        self.stacks: dict[str, list[str]] = {}
        self.homes: dict[str, View] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.uploads: dict[str, Json] = {}
        self._last_ts = 0.0

    def ts(self) -> str:
        """A fresh message ts: the real time, never twice the same."""
        self._last_ts = max(time.time(), self._last_ts + 0.000002)
        return f"{self._last_ts:.6f}"

    def user(self, user_id: str) -> User:
        """The person. Raises SlackError user_not_found."""
        if user_id not in self.users:
            raise SlackError("user_not_found")
        return self.users[user_id]

    def dm(self, user_id: str) -> Channel:
        """The bot's DM with this person, opened when there is none."""
        for channel in self.channels.values():
            if channel.dm_with == user_id:
                return channel
        channel = Channel("D" + user_id[1:], "directmessage", {BOT_USER, user_id}, dm_with=user_id)
        self.channels[channel.id] = channel
        return channel

    def channel(self, channel_id: str) -> Channel:
        """A channel the bot can see. Raises SlackError channel_not_found, as Slack does for private ones too."""
        channel = self.channels.get(channel_id)
        if channel is None or (channel.private and BOT_USER not in channel.members):
            raise SlackError("channel_not_found")
        return channel

    def new_trigger(self, user: str) -> str:
        """A trigger id for something that `user` has just done."""
        trigger = f"{time.time_ns()}.{secrets.token_hex(8)}"
        self.triggers[trigger] = Trigger(user, time.monotonic())
        if len(self.triggers) > 5000:
            for old in list(self.triggers)[:2500]:
                del self.triggers[old]
        return trigger

    def use_trigger(self, trigger_id: str) -> str:
        """Who pressed; the trigger is used up. Raises SlackError for an old, used or unknown one."""
        trigger = self.triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if time.monotonic() - trigger.at > TRIGGER_SECONDS:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger.user
