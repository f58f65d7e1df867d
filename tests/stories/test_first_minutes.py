"""The first minutes with real Slack, as far as the local workspace can play it: setup, check, and what they say."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.__main__ import app
from bot.check import look
from bot.first_setup import set_up
from bot.settings import read_settings
from tests.sim import Sim
from tests.world import APP_TOKEN, BOT_TOKEN, RIA, World, people_file, settings_for


@pytest.fixture
def bare(sim: Sim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with nothing in it, and a Slack to ask; the tests' own `.env` is not read."""
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SLACK_API_URL", f"{sim.base}/api/")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sim.post("scopes", grant=["chat:write", "commands"])


def answers(*lines: str) -> Any:
    """Somebody at the terminal, who has only so much to say."""
    left = list(lines)
    return lambda _question, _secret: left.pop(0)


def test_setup_asks_tries_and_writes_and_keeps_the_rest_of_the_file(bare: Path) -> None:
    file = bare / ".env"
    file.write_text("# ours\nOTHERWISE_HTTP_PORT=9999\nexport SLACK_BOT_TOKEN=xoxb-old\nSLACK_BOT_TOKEN=xoxb-older\n")
    said: list[str] = []
    set_up(file, answers(BOT_TOKEN, APP_TOKEN, ""), said.append)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    lines = file.read_text().splitlines()
    assert lines[:2] == ["# ours", "OTHERWISE_HTTP_PORT=9999"]
    assert sum("SLACK_BOT_TOKEN" in line for line in lines) == 1
    settings = read_settings()
    assert settings.slack_bot_token.get_secret_value() == BOT_TOKEN
    assert settings.otherwise_http_port == 9999
    assert "not yet on real Slack" in said[-1]
    assert not any(BOT_TOKEN in line or APP_TOKEN in line for line in said)
    before = file.read_text()
    set_up(file, answers("", "", ""), said.append)
    assert file.read_text() == before, "Enter keeps what is there"


def test_setup_names_what_is_wrong_with_each_answer_and_asks_again(bare: Path, sim: Sim) -> None:
    sim.post("scopes", revoke=["commands"])
    said: list[str] = []

    def mend(question: str, secret: bool) -> str:
        answer = left.pop(0)
        if answer == "mended":
            sim.post("scopes", grant=["commands"])
            return BOT_TOKEN
        return answer

    left = ["", "xapp-swapped", "xoxb-unknown", BOT_TOKEN, "mended", "xapp-unknown", APP_TOKEN]
    left += [
        "mysql://x",
        "sqlite:///no/such/folder/x.db",
        "postgresql://nobody:secret@127.0.0.1:1/x",
        "sqlite:///it's #1.db",
    ]
    set_up(bare / ".env", mend, said.append)
    heard = "\n".join(said)
    for sentence in (
        "There is no bot token yet",
        "the other token may have been pasted here",
        "does not accept SLACK_BOT_TOKEN (invalid_auth)",
        "it lacks commands",
        "does not accept SLACK_APP_TOKEN",
        "must start with sqlite:/// or postgresql://",
        "There is no folder",
        "Nothing answers at that address",
    ):
        assert sentence in heard, sentence
    assert "secret" not in heard
    assert read_settings().database_url == "sqlite:///it's #1.db"


def test_setup_is_a_command_that_shows_nothing_that_is_typed(bare: Path) -> None:
    told = CliRunner().invoke(app, ["setup"], input=f"{BOT_TOKEN}\n{APP_TOKEN}\n\n")
    assert told.exit_code == 0, told.output
    assert BOT_TOKEN not in told.output
    assert "Written to .env" in told.output


def test_check_names_each_missing_scope_each_wrong_token_and_each_channel(
    bare: Path, sim: Sim, make_world: Any, database: str
) -> None:
    fresh = [line.text for line in look(settings_for(sim, f"sqlite:///{bare}/none.db"))]
    assert "No database yet: the first `otherwise run` makes it." in fresh
    world: World = make_world()
    world.add_people(people_file({RIA: "C0POOL"}))
    sim.post("scopes", revoke=["chat:write", "commands"])
    lines = [line.text for line in look(settings_for(sim, database)) if not line.good]
    assert [line for line in lines if "scope" in line] == [
        f"The scope {scope} is missing: add it on the app's page, then install the app again."
        for scope in ("chat:write", "commands")
    ]
    assert "The bot is not in #pool: type /invite @Otherwise there." in lines
    wrong = settings_for(sim, database, slack_bot_token="xoxb-wrong", slack_app_token="xapp-wrong")
    lines = [line.text for line in look(wrong) if not line.good]
    assert any("SLACK_BOT_TOKEN" in line for line in lines)
    assert any("SLACK_APP_TOKEN" in line for line in lines), "one wrong token does not hide the other"
    none = [line.text for line in look(settings_for(sim, database, slack_bot_token="")) if not line.good]
    assert none[0].endswith("Run `otherwise setup`, or put it in .env.")
