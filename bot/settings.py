"""Settings from the environment or `.env`: frozen, read once at the start, never at import."""

import os
import re
from pathlib import Path
from typing import Annotated, Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.domain.assignment import Draw
from bot.domain.errors import SettingsError

SLACK_ID = re.compile(r"[UW][A-Z0-9]{2,20}")


class Settings(BaseSettings):
    """What the process needs to know before it can ask the database for the rest. `docs/settings.md` lists them."""

    model_config = SettingsConfigDict(env_file=".env", frozen=True, extra="ignore", str_strip_whitespace=True)

    slack_bot_token: SecretStr = Field(default=SecretStr(""), description="Bot token, `xoxb-…`: Slack app page, OAuth.")
    slack_app_token: SecretStr = Field(
        default=SecretStr(""), description="App-level token, `xapp-…`, scope `connections:write`, for Socket Mode."
    )
    slack_signing_secret: SecretStr = Field(
        default=SecretStr(""),
        description="Signing secret (Slack app page, Basic Information) for HTTP mode; used without an app token.",
    )
    slack_api_url: str = Field(
        default="https://slack.com/api/", description="Where Slack's Web API is; the local workspace's while trying."
    )
    database_url: str = Field(
        default="sqlite:///otherwise.db", description="`sqlite:///file.db`, or `postgresql://user:password@host/name`."
    )
    otherwise_http_host: str = Field(
        default="127.0.0.1", description="Address that intake listens on; `/docs` is served on loopback alone."
    )
    otherwise_http_port: int = Field(default=8080, ge=0, le=65535, description="Port of intake; 0 takes any free one.")
    otherwise_intake_per_minute: int = Field(
        default=3000,
        ge=1,
        le=1_000_000,
        description="Requests a minute that each key may send to intake; one request takes up to 1,000 items.",
    )
    otherwise_admins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Slack ids of further admins, separated by commas."
    )
    otherwise_hash_key: SecretStr = Field(
        default=SecretStr(""),
        description="Secret behind random assignment and hashed lead ids; made from the bot token when empty.",
    )
    otherwise_clock_file: Path | None = Field(
        default=None, description="Rehearsals only: a file with an offset in seconds that the bot's clock obeys."
    )
    otherwise_post_interval: float = Field(
        default=1.0, ge=0, le=60, description="Seconds between two new messages in one channel; Slack allows 1."
    )
    otherwise_updates_per_minute: int = Field(
        default=50,
        ge=1,
        le=1_000_000,
        description="Edits of messages a minute in the whole workspace; Slack allows 50.",
    )
    otherwise_heartbeat: int = Field(
        default=30, ge=1, le=300, description="Seconds between two looks at which digests are due."
    )
    otherwise_poll: int = Field(default=60, ge=1, le=3600, description="Seconds between two looks at a connected CRM.")
    otherwise_webhooks_inside: bool = Field(
        default=False,
        description="Whether webhooks may go to private addresses and without https; for trying them out.",
    )
    otherwise_log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="How much to log: `debug`, `info`, `warning` or `error`."
    )
    otherwise_log_format: Literal["json", "text"] = Field(
        default="json", description="`json`, a line an event, or `text` for reading at a terminal."
    )

    @property
    def http_mode(self) -> bool:
        """Whether Slack sends requests to us, instead of our holding a connection open."""
        return bool(self.slack_signing_secret.get_secret_value()) and not self.slack_app_token.get_secret_value()

    def draw(self) -> Draw:
        """Where chance comes from: the key in these settings, or one made from the bot token."""
        own = self.otherwise_hash_key.get_secret_value()
        return Draw(own.encode() if own else b"bot token\x1f" + self.slack_bot_token.get_secret_value().encode())

    @field_validator("otherwise_admins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("otherwise_admins")
    @classmethod
    def _slack_ids(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if wrong := [part for part in value if not SLACK_ID.fullmatch(part)]:
            raise ValueError(f"{wrong[0][:30]!r} is not a Slack member id such as U012ABCDEF")
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _ends_in_slash(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("it must start with https:// (or http:// for the local workspace)")
        return value.rstrip("/") + "/"

    @field_validator("otherwise_clock_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value or None

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
            raise ValueError("it must start with sqlite:/// or postgresql://")
        if value in ("sqlite:///", "sqlite:///:memory:"):
            raise ValueError("it must name a file; a database in memory would forget what people said")
        return value

    @field_validator("slack_bot_token", "slack_app_token")
    @classmethod
    def _looks_right(cls, value: SecretStr, info: object) -> SecretStr:
        field = getattr(info, "field_name", "")
        prefix = "xoxb-" if field == "slack_bot_token" else "xapp-"
        if value.get_secret_value() and not value.get_secret_value().startswith(prefix):
            raise ValueError(f"it should start with {prefix}; the other token may have been pasted here")
        return value


def read_settings(**override: object) -> Settings:
    """Read the settings. Raises SettingsError with one sentence that names the setting and what to do about it."""
    try:
        return Settings(**override)  # type: ignore[arg-type]  # values are validated by the model itself
    except ValidationError as failure:
        first = failure.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "settings"
        raise SettingsError(f"{name}: {first['msg'].removeprefix('Value error, ')}. Mend it in .env.") from None


def read_secret(name: str) -> str:
    """A connector's secret, from the environment or `.env`. Raises SettingsError when it is not there.

    Which there are depends on what is connected, so that they are no fields of Settings.
    """
    found = os.environ.get(name) or dotenv_values(".env").get(name) or ""
    if not found.strip():
        raise SettingsError(f"{name} is missing. Put it in .env, and start Otherwise again.")
    return found.strip()


def need_tokens(settings: Settings) -> None:
    """Raise SettingsError unless the bot token is there, and what Socket Mode or HTTP mode needs beside it."""
    for name in ("slack_bot_token",) if settings.http_mode else ("slack_bot_token", "slack_app_token"):
        if not getattr(settings, name).get_secret_value():
            raise SettingsError(f"{name.upper()} is missing. Run `otherwise setup`, or put it in .env.")
