"""`otherwise setup`: asks for what only a person has, tries each at once against Slack, and writes `.env`."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slack_sdk import WebClient
from sqlalchemy import make_url

from bot import env_file
from bot.domain.errors import OtherwiseError, SettingsError
from bot.domain.wording import listed
from bot.settings import Settings, read_settings
from bot.slack_check import NEEDED_SCOPES, need_socket_mode, who_is
from storage.database import Database
from storage.lock import database_file

Ask = Callable[[str, bool], str]
Say = Callable[[str], None]
BEGINNING = """Otherwise needs an app in your Slack, and two tokens of it.

  1. On Slack's page for apps (api.slack.com/apps): Create New App, From a manifest.
     Paste what `otherwise manifest` prints.
  2. Install App, to your workspace. The bot token is there: xoxb-…
  3. Basic Information, App-Level Tokens: make one with the scope connections:write. It is the app token: xapp-…

Nothing that you type is shown. Press Enter to keep what .env has already."""
ENDING = """Written to .env, which only you can read. Next:

  otherwise run          start it; keep it running
  /otherwise setup       in any channel in Slack: a team, its manager, the digest
  /otherwise test-lead   a marked lead, to see that all works

Otherwise has been tried on the local workspace and not yet on real Slack: please tell us what you see."""


def set_up(file: Path, ask: Ask, say: Say) -> None:
    """Ask, try and write. `ask(question, secret)` returns a line. Raises SettingsError when `.env` can't be read."""
    settings = read_settings()
    say(BEGINNING)
    bot = _token("bot token", "slack_bot_token", settings, ask, say, _try_bot)
    app = _token("app token", "slack_app_token", settings, ask, say, _try_app)
    database = _database(settings, ask, say)
    env_file.change(file, {"SLACK_BOT_TOKEN": bot, "SLACK_APP_TOKEN": app, "DATABASE_URL": database})
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "DATABASE_URL"):
        if name in os.environ:
            say(f"{name} is set in the environment too, and wins over .env: unset it there.")
    say(ENDING)


def _token(
    what: str, name: str, settings: Settings, ask: Ask, say: Say, trial: Callable[[WebClient, Settings], str]
) -> str:
    """Ask until Slack takes it."""
    kept: str = getattr(settings, name).get_secret_value()
    while True:
        typed = ask(f"The {what}", True).strip() or kept
        if not typed:
            say(f"There is no {what} yet, and it can't be left out.")
            continue
        try:
            given = read_settings(**{name: typed})
            say(trial(_client(given), given))
            return typed
        except SettingsError as failure:
            say(f"{failure} Try again, or stop with Ctrl-C; nothing is written yet.")


def _try_bot(slack: WebClient, settings: Settings) -> str:
    identity = who_is(slack, settings)
    missing = sorted(NEEDED_SCOPES - identity.scopes)
    if missing:
        raise SettingsError(
            f"Slack knows the bot, but it lacks {listed(missing)}. Add them under OAuth & Permissions, install again, "
            "and copy the token again."
        )
    return f"Good: Slack knows the bot as {identity.user_id}, with all scopes."


def _try_app(slack: WebClient, settings: Settings) -> str:
    need_socket_mode(slack, settings)
    return "Good: Socket Mode opens."


def _database(settings: Settings, ask: Ask, say: Say) -> str:
    while True:
        typed = ask(f"The database [{_shown(settings.database_url)}]", False).strip() or settings.database_url
        try:
            given = read_settings(database_url=typed)
            _try_database(given.database_url)
            return typed
        except SettingsError as failure:
            say(str(failure))


def _try_database(url: str) -> None:
    file = database_file(url)
    if file is not None:
        if not os.access(file.absolute().parent, os.W_OK):
            raise SettingsError(f"There is no folder {file.absolute().parent} that can be written to. Make it first.")
        return
    try:
        database: Any = Database(url)
    except Exception as failure:  # noqa: BLE001  # drivers raise what they like; the person needs the one sentence
        raise SettingsError(f"That address can't be used ({type(failure).__name__}). Check it and try again.") from None
    try:
        if not database.works():
            raise SettingsError("Nothing answers at that address. Is the server running, and the password right?")
    except OtherwiseError as failure:
        raise SettingsError(str(failure)) from None
    finally:
        database.close()


def _shown(url: str) -> str:
    """The address without its password."""
    return make_url(url).render_as_string(hide_password=True)


def _client(settings: Settings) -> WebClient:
    token = settings.slack_bot_token.get_secret_value()
    return WebClient(token, base_url=settings.slack_api_url, timeout=10, retry_handlers=[])
