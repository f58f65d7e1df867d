"""The integrator's page typed to a running bot, and the example that reads an export held against a digest."""

import doctest
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from standardwebhooks.webhooks import Webhook

from bot import jobs, keys
from bot.domain.webhook import RETRIES
from tests.sim import ROOT
from tests.stories.test_digest import pledge
from tests.stories.test_evidence import past
from tests.stories.test_webhooks import Receiver, hook, receiver, sending
from tests.test_docs import blocks
from tests.world import MONA, World

__all__ = ["past", "receiver", "sending"]  # fixtures
EXAMPLE = ROOT / "docs" / "examples" / "read_export.py"


def test_the_integrator_s_page_is_true_as_it_stands(world: World) -> None:
    now = world.deps.clock.now()
    export = world.deps.db.write(lambda s: keys.make_key(s, "export", ["export"], now))
    found = doctest.testfile(
        str(ROOT / "docs" / "api.md"),
        module_relative=False,
        globs={"BASE": str(world.http.base_url).rstrip("/"), "KEY": world.key, "EXPORT_KEY": export},
        report=True,
        optionflags=doctest.NORMALIZE_WHITESPACE,
    )
    assert found.attempted > 15
    assert found.failed == 0


def test_the_example_says_of_an_export_what_the_digest_says(past: Any, tmp_path: Path) -> None:
    world: World = past(dealt=False, one_manager=True)
    pledge(world)
    jobs.queue_digests(world.deps)
    message = world.see(MONA, "Same reps, same four weeks")
    file = tmp_path / "leads.ndjson"
    environment = {"DATABASE_URL": world.settings.database_url, "OTHERWISE_HASH_KEY": "a key of the test's own"}
    environment["OTHERWISE_CLOCK_FILE"] = str(world.settings.otherwise_clock_file)
    command = [sys.executable, "-m", "bot", "export", str(file)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=60)
    told = subprocess.run(
        [sys.executable, "-I", str(EXAMPLE), str(file)], check=True, capture_output=True, text=True, timeout=60
    ).stdout
    said = re.findall(r"Called (more|less) likely: (\d+)\. (?:Of the first \d+, )?[Ww]on: (\d+)", message["text"])
    assert said, message["text"]
    for which, leads, won in said:
        assert re.search(rf"Called {which} likely: {leads}\. Won: {won}", told), told
    bands = [line for line in re.findall(r"The tool's [^.]+\.", message["text"]) if "closed" in line]
    assert bands, message["text"]
    for line in bands:
        assert line in told, f"{line} is not in {told}"


def test_the_webhook_page_s_receiver_and_its_waits(sending: World, receiver: Receiver) -> None:
    secret = hook(sending, "add", "warehouse", f"{receiver.base}/hook").splitlines()[0]
    (code,) = blocks("webhooks.md", "python")
    room: dict[str, Any] = {"Webhook": Webhook}
    exec(code, room)  # noqa: S102  # the page's own words
    headers, body = receiver.got[0]
    assert room["lines_of"](secret, body, headers) == []
    page = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    assert "after 5 seconds, 5 and 30 minutes, then 2, 5, 10, 14, 20 and 24 hours" in page
    assert [int(one.total_seconds()) for one in RETRIES] == [
        5, 300, 1800, *(3600 * hours for hours in (2, 5, 10, 14, 20, 24))
    ]  # fmt: skip
