"""The demo's folder: what it keeps between two starts, and the settings of the bot that runs in it."""

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

# The local workspace's own, printed in its source: they open nothing else.
TOKENS = {
    "SLACK_BOT_TOKEN": "xoxb-local-workspace-not-a-secret",
    "SLACK_APP_TOKEN": "xapp-local-workspace-not-a-secret",
}


@dataclass(frozen=True)
class Place:
    """Files under one folder."""

    folder: Path

    @property
    def clock(self) -> Path:
        """The bot's clock file."""
        return self.folder / "clock"

    @property
    def bot_log(self) -> Path:
        """What the bot logs."""
        return self.folder / "bot.log"

    @property
    def outcomes(self) -> Path:
        """Outcomes that are told when the clock comes to them, a JSON line each."""
        return self.folder / "outcomes.jsonl"

    def settings(self, slack: str, port: int) -> dict[str, str]:
        """The bot's environment: this machine's, without any Slack or Otherwise of its owner's."""
        mine = ("SLACK_", "OTHERWISE_", "DATABASE_URL")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(mine)}
        return kept | {
            **TOKENS,
            "SLACK_API_URL": f"{slack}/api/",
            "DATABASE_URL": f"sqlite:///{self.folder}/otherwise.db",
            "OTHERWISE_CLOCK_FILE": str(self.clock),
            # The clock jumps over weeks while somebody looks on.
            "OTHERWISE_HEARTBEAT": "1",
            "OTHERWISE_HTTP_PORT": str(port),
        }

    def now(self) -> datetime:
        """What time the bot takes it to be."""
        return datetime.now(UTC) + timedelta(seconds=self.offset())

    def offset(self) -> float:
        """By how many seconds the bot's clock is ahead."""
        return float(self.clock.read_text()) if self.clock.exists() else 0.0

    def read(self, name: str) -> Any:
        """Something kept as JSON; None where nothing is."""
        file = self.folder / name
        return json.loads(file.read_text()) if file.exists() else None

    def keep(self, name: str, what: Any) -> None:
        """Keep something as JSON, whole or not at all, for this user alone."""
        fresh = self.folder / f"{name}.new"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            json.dump(what, out)
        fresh.replace(self.folder / name)

    def will_end(self, lead_id: str, outcome: str, at: datetime) -> None:
        """Remember how a lead will end."""
        with self.outcomes.open("a") as out:
            out.write(json.dumps({"lead_id": lead_id, "outcome": outcome, "at": at.isoformat()}) + "\n")
