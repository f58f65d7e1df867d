"""Who the tokens are and what they may do, asked at the start and by `otherwise check`."""

from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.domain.errors import SettingsError
from bot.settings import Settings, need_tokens
from bot.slack_failures import SLACK_FAILURES

# What this version calls. manifest.yml asks for the same; a test holds them together.
NEEDED_SCOPES = frozenset({"chat:write", "im:write", "users:read", "users:read.email", "channels:read", "commands"})


@dataclass(frozen=True)
class Identity:
    """The bot as Slack knows it, with its granted scopes."""

    team_id: str
    user_id: str
    bot_id: str
    scopes: set[str]


def identify(slack: WebClient, settings: Settings) -> Identity:
    """Ask Slack who the bot is, and whether Socket Mode, where used, is open to it. Raises SettingsError."""
    need_tokens(settings)
    identity = who_is(slack, settings)
    if not settings.http_mode:
        need_socket_mode(slack, settings)
    return identity


def who_is(slack: WebClient, settings: Settings) -> Identity:
    """Ask Slack whose bot token this is. Raises SettingsError."""
    try:
        who = slack.auth_test()
    except (*SLACK_FAILURES, ValueError) as failure:
        raise SettingsError(_sentence(failure, "SLACK_BOT_TOKEN", settings)) from None
    headers: Any = who.headers
    granted = next((value for key, value in headers.items() if key.lower() == "x-oauth-scopes"), "")
    scopes = {scope.strip() for scope in granted.split(",") if scope.strip()}
    return Identity(str(who["team_id"]), str(who["user_id"]), str(who.get("bot_id") or ""), scopes)


def need_socket_mode(slack: WebClient, settings: Settings) -> None:
    """Ask Slack whether the app token opens Socket Mode. Raises SettingsError."""
    try:
        slack.apps_connections_open(app_token=settings.slack_app_token.get_secret_value())
    except (*SLACK_FAILURES, ValueError) as failure:
        raise SettingsError(_sentence(failure, "SLACK_APP_TOKEN", settings)) from None


def _sentence(failure: Exception, name: str, settings: Settings) -> str:
    if isinstance(failure, SlackApiError) and not isinstance(failure.response, dict):
        code = failure.response.get("error", "")
        if code in ("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"):
            return f"Slack does not accept {name} ({code}). Copy it again from the app's page into .env."
        if code in ("missing_scope", "not_allowed_token_type"):
            return f"{name} lacks a scope ({code}). For SLACK_APP_TOKEN that is `connections:write`."
        return f"Slack refused {name} ({code}). See docs/operations.md."
    return f"Slack can't be reached at {settings.slack_api_url}. Check the network and SLACK_API_URL, then start again."
