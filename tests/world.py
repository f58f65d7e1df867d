"""The cast and their verbs: a running bot, its workspace, and what people do there."""

import csv
import io
import json
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi.dependencies import models
from sqlalchemy import select

from bot import keys, people, waiting
from bot.app import Running
from bot.settings import Settings
from storage import outbox
from storage.tables import Letter, Response, table
from tests.sim import Sim

ADA, MONA, MILO = "U0ADA", "U0MONA", "U0MILO"
REPS = [f"U0REP{number:02}" for number in range(24)]
RIA, ROB, ROSA = REPS[:3]
FIRST = [
    "ria",
    "rob",
    "rosa",
    "remy",
    "ruth",
    "raj",
    "rhea",
    "ravi",
    "rita",
    "ralf",
    "rena",
    "ross",
    "sam",
    "sina",
    "said",
    "suki",
    "sven",
    "sara",
    "seth",
    "shay",
    "sofia",
    "stan",
    "sue",
    "syd",
]
EMAIL = {slack_id: f"{first}@example.com" for slack_id, first in zip(REPS, FIRST, strict=True)}
BOT_TOKEN = "xoxb-local-workspace-not-a-secret"
APP_TOKEN = "xapp-local-workspace-not-a-secret"
LEADS, OUTCOMES = "/v1/leads", "/v1/outcomes"


def settings_for(sim: Sim, database: str, **more: Any) -> Settings:
    """Settings for a bot in this workspace, without the machine's own environment."""
    values: dict[str, Any] = {
        "slack_bot_token": BOT_TOKEN,
        "slack_app_token": APP_TOKEN,
        "slack_api_url": f"{sim.base}/api/",
        "database_url": database,
        "otherwise_http_port": 0,
        "otherwise_post_interval": 0.0,
        "otherwise_updates_per_minute": 1_000_000,
        "otherwise_intake_per_minute": 1_000_000,
    }
    return Settings(_env_file=None, **(values | more))  # type: ignore[call-arg]


def people_file(shared: dict[str, str] | None = None, when_asked: tuple[str, ...] = ()) -> str:
    """The cast as `otherwise people` reads it: two teams of twelve, a manager each."""
    out = io.StringIO()
    writer = csv.DictWriter(out, people.COLUMNS)
    writer.writeheader()
    for number, slack_id in enumerate(REPS):
        number_switch = "when asked" if slack_id in when_asked else ""
        row = {"email": EMAIL[slack_id], "team": "North" if number < 12 else "South", "number": number_switch}
        writer.writerow(row | {"channel": (shared or {}).get(slack_id, "")})
    writer.writerow({"email": "mona@example.com", "manages": "North", "digest": "mon 09:00"})
    writer.writerow({"email": "milo@example.com", "manages": "South", "digest": "mon 09:00"})
    return out.getvalue()


class World:
    """A bot that runs, the people around it, and what they see."""

    def __init__(self, sim: Sim, settings: Settings) -> None:
        self.sim, self.settings = sim, settings
        self.running = Running(settings).start()
        with ExitStack() as if_it_fails:
            # One that was left behind would answer in the tests that follow.
            if_it_fails.callback(self.running.stop)
            assert self.running.wait_until_connected(10)
            if_it_fails.pop_all()
        self.deps = self.running.deps
        self.key = self.deps.db.write(lambda s: keys.make_key(s, "tests", ["intake"], datetime.now(UTC)), timeout=30)
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{self.running.port}",
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=30,
        )

    def close(self) -> None:
        """Stop the bot."""
        self.http.close()
        self.running.stop()
        forget_routes()

    def restart(self) -> None:
        """Stop the bot and start it again on the same database."""
        self.running.stop()
        self.running = Running(self.settings).start()
        assert self.running.wait_until_connected(10)
        self.deps = self.running.deps
        self.http.base_url = f"http://127.0.0.1:{self.running.port}"

    def add_people(self, text: str | None = None) -> None:
        """Bring in the cast, as `otherwise people` does."""
        from bot.check import members_of

        rows = list(enumerate(csv.DictReader(io.StringIO(text or people_file())), 2))
        plan = people.read_people(rows, members_of(self.settings))
        assert not plan.problems, plan.problems
        at = self.deps.clock.moment()
        self.deps.db.write(lambda s: waiting.add_people(s, people.apply_plan(s, plan, at.now), at), timeout=30)

    def lead(self, lead_id: str = "crm:1", rep: str = RIA, probability: float = 0.12, **more: Any) -> dict[str, Any]:
        """Send one lead; its result."""
        return self.send(LEADS, lead_item(lead_id, rep, probability, **more))[0]

    def outcome(self, lead_id: str = "crm:1", outcome: str = "won", at: str | None = None) -> dict[str, Any]:
        """Send one outcome; its result."""
        when = at or self.deps.clock.now().isoformat()
        return self.send(OUTCOMES, {"lead_id": lead_id, "outcome": outcome, "at": when})[0]

    def send(self, path: str, body: Any) -> list[dict[str, Any]]:
        """Send items; their results."""
        answer = self.http.post(path, json=body)
        assert answer.status_code == 200, answer.text
        results: list[dict[str, Any]] = answer.json()["results"]
        return results

    def see(self, user: str, words: str, channel: str = "") -> dict[str, Any]:
        """The newest message that `user` reads with these words somewhere on it; waits for it."""

        def look() -> dict[str, Any] | None:
            found = [m for m in self.sim.messages(user, channel) if words in json.dumps(m, ensure_ascii=False)]
            return found[-1] if found else None

        return self.sim.until(look) or {}

    def press(self, user: str, label: str, message: dict[str, Any], channel: str = "", **more: Any) -> dict[str, Any]:
        """Press a button by what stands on it."""
        action_id = next((b["action_id"] for b in buttons(message) if b["text"]["text"] == label), None)
        assert action_id, f"no button {label!r} among {[b['text']['text'] for b in buttons(message)]}"
        target = {"channel": channel or "D" + user[1:], "ts": message["ts"], "action_id": action_id}
        return self.sim.act("click", user, **target, **more)

    def form(self, user: str) -> dict[str, Any]:
        """The modal that this person has in front of her; waits for it."""
        return self.sim.until(lambda: self.sim.views(user))[-1]

    def command(self, user: str, text: str, channel: str = "C0GENERAL") -> dict[str, Any]:
        """Type `/otherwise …`; the private answer."""
        before = {message["ts"] for message in self.sim.messages(user, channel)}
        told = self.sim.act("command", user, channel=channel, command="/otherwise", text=text)
        assert told.get("acked"), told
        assert "trouble" not in told, told
        fresh = [m for m in self.sim.messages(user, channel) if m["ts"] not in before]
        assert [message["ephemeral"] for message in fresh] == [True], fresh
        return fresh[0]

    def home(self, user: str) -> dict[str, Any]:
        """Open the app's Home; what stands there."""
        assert self.sim.act("home", user)["acked"]
        view: dict[str, Any] = self.sim.http.get("/sim/views", params={"user": user}).json()["home"]
        return view

    def press_in(self, user: str, view: dict[str, Any], label: str, **more: Any) -> dict[str, Any]:
        """Press a button in Home or a modal by what stands on it."""
        block, action_id = next(
            (block["block_id"], one["action_id"])
            for block in view["blocks"]
            for one in buttons({"blocks": [block]})
            if one["text"]["text"] == label
        )
        return self.sim.act("view_click", user, view=view["id"], action_id=action_id, block_id=block, **more)

    def override(self, user: str, message: dict[str, Any], direction: str, reason: str, channel: str = "") -> Any:
        """Press, choose, write a line, save."""
        assert self.press(user, "I see something else", message, channel)["acked"]
        view = self.form(user)
        return self.sim.act("submit", user, view=view["id"], values={"direction": direction, "reason": reason})

    def responses(self) -> list[tuple[str, str, str | None]]:
        """All responses: kind, direction, reason."""
        rows = table(Response)
        with self.deps.db.reading() as session:
            found = session.execute(select(rows.c.kind, rows.c.direction, rows.c.reason).order_by(rows.c.id)).all()
        return [(row[0], row[1], row[2]) for row in found]

    def rows(self, model: Any) -> list[dict[str, Any]]:
        """A whole table."""
        with self.deps.db.reading() as session:
            return [
                dict(row)
                for row in session.execute(select(table(model)).order_by(*table(model).primary_key)).mappings()
            ]

    def quiet(self) -> None:
        """Wait until no letter is open, as long as it goes on."""
        left = len(self.open_letters())
        while left:
            before = left
            with suppress(AssertionError):
                self.sim.until(lambda most=before: len(self.open_letters()) < most)  # type: ignore[misc]
            left = len(self.open_letters())
            assert left < before, f"letters stay open: {self.open_letters()}"

    def open_letters(self) -> list[tuple[Any, ...]]:
        """Letters to Slack that are neither sent nor given up: where each stands."""
        c = table(Letter).c
        columns = (c.id, c.kind, c.lane, c.state, c.attempt, c.next_at, c.error, c.claim)
        with self.deps.db.reading() as session:
            rows = session.execute(select(*columns).where(c.state.in_(outbox.OPEN), c.kind != outbox.WEBHOOK)).all()
        return [tuple(row) for row in rows]

    def shift(self, **by: float) -> None:
        """Move the bot's clock on, as a rehearsal does."""
        file = self.settings.otherwise_clock_file
        assert file is not None
        write_offset(file, float(file.read_text() or 0) + timedelta(**by).total_seconds())


def forget_routes() -> None:
    """Let go of a stopped bot: FastAPI keeps every route it has ever looked at, and with it all that the route holds.

    In one process that starts hundreds of bots, Python would soon take seconds to look through what they have left.
    """
    for kept in vars(models).values():
        if hasattr(kept, "cache_clear"):
            kept.cache_clear()


def write_offset(file: Path, seconds: float) -> None:
    """Set a clock file, whole or not at all."""
    fresh = file.with_suffix(".new")
    fresh.write_text(str(seconds))
    fresh.replace(file)


def buttons(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The buttons on a message, in order."""
    return [
        element
        for block in message.get("blocks", [])
        for element in [*block.get("elements", []), block.get("accessory") or {}]
        if element.get("type") == "button"
    ]


def labels(message: dict[str, Any]) -> list[str]:
    """What stands on the buttons."""
    return [button["text"]["text"] for button in buttons(message)]


def words(message: dict[str, Any]) -> str:
    """All that a reader sees in the message's blocks."""
    found = []
    for block in message.get("blocks", []):
        if "text" in block:
            found.append(block["text"]["text"])
        found += [e["text"] for e in block.get("elements", []) if isinstance(e.get("text"), str)]
    return "\n".join(found)


def lead_item(lead_id: str, rep: str | None, probability: float, **more: Any) -> dict[str, Any]:
    """A lead as a CRM would send it."""
    prior = {
        "probability": probability,
        "horizon_days": 90,
        "model": "leadscore",
        "model_line": "3",
        "model_version": "2026-10",
        "reference_class": "inbound, 50–200 staff",
        "scored_at": "2026-11-20T09:00:00Z",
        "reasons": [{"text": "Opened no mail in 30 days", "effect": "lowers"}],
        "not_seen": ["calls", "budget"],
    }
    item: dict[str, Any] = {
        "lead_id": lead_id,
        "name": "Acme Ltd",
        "facts": [{"label": "Source", "value": "inbound"}, {"label": "Size", "value": "80 staff"}],
        "prior": prior | more.pop("prior", {}),
    }
    if rep is not None:
        item["owner"] = {"slack_id": rep}
    return item | more
