"""A receiver of webhooks that keeps what it is sent, and what a test does with one."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import update

from storage import webhooks as kept
from storage.tables import Letter, table
from tests.crms.server import Answer, Asked, Crm
from tests.sim import ROOT
from tests.world import RIA, World, lead_item

KEY = "a key of its own, for these tests"


class Receiver(Crm):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[tuple[dict[str, str], bytes]] = []
        # So many messages more are taken, and answered as if they were not.
        self.take_and_fail = 0
        self.route("POST", "/hook", self._take)

    def _take(self, asked: Asked) -> Answer:
        body = json.dumps(asked.body, ensure_ascii=False).encode()
        self.got.append(({key.lower(): value for key, value in asked.headers.items()}, body))
        if self.take_and_fail and asked.body["type"] != "test":
            self.take_and_fail -= 1
            return Answer(500, {})
        return Answer(204, None)

    def lines(self) -> list[dict[str, Any]]:
        """All lines of all messages, in order."""
        every = [json.loads(body) for _, body in self.got]
        return [line for one in every if one["type"] == "export.lines" for line in one["data"]["lines"]]


def hook(world: World, *typed: str, code: int = 0, **more: str) -> str:
    """Type `otherwise webhooks …`; what it said, the secret's line first."""
    environment = {
        "DATABASE_URL": world.settings.database_url,
        "OTHERWISE_HASH_KEY": KEY,
        "OTHERWISE_WEBHOOKS_INSIDE": "true",
        "OTHERWISE_CLOCK_FILE": str(world.settings.otherwise_clock_file),
    }
    done = subprocess.run(
        [sys.executable, "-m", "bot", "webhooks", *typed],
        cwd=ROOT,
        env=os.environ | environment | more,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def matured(world: World, many: int, start: int = 0) -> None:
    """Leads that came, ended and are past their horizon."""
    world.send("/v1/leads", [lead_item(f"crm:{n}", RIA, 0.2, name=f"Firm {n}") for n in range(start, start + many)])
    world.quiet()
    world.shift(days=91)


def letter(world: World, name: str = "warehouse") -> Any:
    """What is queued for a receiver, or was given up."""
    with world.deps.db.reading() as session:
        row = kept.by_name(session, name)
        assert row is not None
        found = kept.unsent(session).get(kept.lane(row.id))
    return found or SimpleNamespace(attempt=0, fix="", state="none")


def at_once(world: World, **values: Any) -> None:
    """Wait no longer."""
    table_, free = table(Letter), {"next_at": datetime.now(UTC)} | values
    world.deps.db.write(lambda s: s.execute(update(table_).where(table_.c.state == "pending").values(**free)) and None)
