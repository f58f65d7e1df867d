"""What must say the same in two places does: ids and listeners, settings and docs, manifest and calls."""

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from bot.app import build_bolt
from bot.deps import Deps
from bot.domain.assignment import Draw
from bot.domain.clock import Clock
from bot.domain.commands import FORMS as COMMAND_FORMS
from bot.domain.commands import shown
from bot.settings import Settings
from bot.slack_check import NEEDED_SCOPES, Identity
from bot.views import ids
from handlers import ACTIONS, COMMANDS, EVENTS, FORMS
from sandbox.server import METHODS

ROOT = Path(__file__).parent.parent
SCHEMA = ROOT.parent / "shared" / "reference" / "manifest.schema.2.0.0.json"
FIXED = {
    "suggestion.noted", "override.open", "suggestion.why", "suggestion.reveal", "override.details",
    "override.withdraw", "override.edit", "response.see", "override.submit", "override.details.submit",
    "direction", "reason", "estimate", "cues", "quote",
}  # fmt: skip


def manifest() -> dict:  # type: ignore[type-arg]  # a manifest is whatever YAML holds
    found: dict = yaml.safe_load((ROOT / "manifest.yml").read_text())  # type: ignore[type-arg]
    return found


def test_every_id_has_its_listener_and_every_listener_its_id() -> None:
    assert set(ACTIONS) == set(ids.ACTIONS)
    assert set(FORMS) == set(ids.CALLBACKS)
    named = {value for key, value in vars(ids).items() if key.isupper() and isinstance(value, str)}
    assert named >= FIXED


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    assert set(re.findall(r"^\| `(\w+)`", text, re.M)) == {name.upper() for name in Settings.model_fields}
    for field in Settings.model_fields.values():
        assert field.description
        assert field.description in text


@pytest.mark.skipif(not SCHEMA.exists(), reason="Slack's manifest schema is not beside this checkout")
def test_the_manifest_is_valid() -> None:
    schema = json.loads(SCHEMA.read_text())
    # Slack's schema is written for draft 7 and says so only in its shape.
    errors = list(jsonschema.Draft7Validator(schema).iter_errors(manifest()))
    assert [error.message for error in errors] == []


def test_the_manifest_asks_for_what_the_code_calls_and_nothing_else() -> None:
    scopes = set(manifest()["oauth_config"]["scopes"]["bot"])
    assert scopes == NEEDED_SCOPES
    source = "".join(path.read_text() for room in ("bot", "handlers") for path in (ROOT / room).rglob("*.py"))
    called = {name for name in METHODS if re.search(rf"\.{name.replace('.', '_')}\b", _snake(source))}
    needed = {METHODS[name][1] for name in called} - {"", "history", "read"}
    assert needed <= scopes
    assert {"chat:write", "im:write", "users:read"} <= needed


def _snake(source: str) -> str:
    return source.replace("_lookupByEmail", "_lookup_by_email")


def test_the_manifest_listens_to_what_has_a_listener(tmp_path: Path) -> None:
    settings = manifest()["settings"]
    assert settings["interactivity"]["is_enabled"]
    assert settings["socket_mode_enabled"]
    deps = Deps(None, None, Clock(), Settings(_env_file=None, slack_bot_token="xoxb-x"), Draw(b""))  # type: ignore[arg-type,call-arg]
    app = build_bolt(deps, Identity("T", "U", "B", set()))
    assert len(app._listeners) == len(ACTIONS) + len(FORMS) + len(COMMANDS) + len(EVENTS)
    assert set(ACTIONS) == set(ids.ACTIONS)
    assert set(FORMS) == set(ids.CALLBACKS)
    assert settings["event_subscriptions"]["bot_events"] == list(EVENTS) == list(ids.EVENTS)
    commands = manifest()["features"]["slash_commands"]
    assert [one["command"] for one in commands] == list(COMMANDS) == list(ids.COMMANDS)
    assert all(one["should_escape"] for one in commands), "people and channels must come as ids"
    assert manifest()["features"]["app_home"]["home_tab_enabled"]


def test_the_manifest_as_json_and_the_slack_cli_s_hooks_say_the_same() -> None:
    assert json.loads((ROOT / "manifest.json").read_text()) == manifest(), "run `make manifest`"
    hooks = json.loads((ROOT / ".slack" / "hooks.json").read_text())["hooks"]
    assert set(hooks) == {"get-manifest", "start"}
    told = subprocess.run(hooks["get-manifest"].split(), cwd=ROOT, capture_output=True, check=True)
    assert json.loads(told.stdout) == manifest()
    assert (ROOT / hooks["start"].split()[-1]).exists()


def test_every_form_of_the_command_is_documented_where_admins_look() -> None:
    text = (ROOT / "docs" / "commands.md").read_text()
    for form in COMMAND_FORMS:
        row = f"`{shown(form)}`".replace("|", "\\|")
        assert row in text, row
        assert form.says.split(";")[0] in text


def test_the_readme_s_commands_exist() -> None:
    readme = (ROOT / "README.md").read_text()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"^make ([a-z]+)", readme, re.M)) <= targets
    from bot.__main__ import app as cli

    names = {one.name or one.callback.__name__ for one in cli.registered_commands if one.callback}
    names |= {one.name for one in cli.registered_groups}
    assert set(re.findall(r"(?<!/)otherwise ([a-z]+)", readme)) <= names | {"keys", "digest"}
    assert {"setup", "run", "demo", "check", "migrate", "import", "people", "keys", "digest"} <= names


def test_every_dependency_earns_its_line() -> None:
    patterns = (ROOT / "docs" / "patterns.md").read_text()
    wanted = (ROOT / "requirements.in").read_text() + (ROOT / "requirements-dev.in").read_text()
    names = {re.split(r"[~\[=]", line)[0] for line in wanted.split() if not line.startswith(("-", "requirements"))}
    missing = {name for name in names if name not in patterns and not name.startswith("types-")}
    assert missing == set()


def test_requirements_are_pinned_hashed_and_name_no_address() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-parquet.txt"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        assert "--index" not in text
        blocks = re.findall(r"^([a-z0-9.-]+)==[^ ]+ \\\n((?:    --hash=sha256:[0-9a-f]{64}.*\n)+)", text, re.M)
        assert len(blocks) == len(re.findall(r"^[a-z0-9.-]+==", text, re.M))


def test_the_bot_starts_without_what_only_pictures_need() -> None:
    look = "import sys; import bot.app; print('matplotlib' in sys.modules or 'PIL' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
