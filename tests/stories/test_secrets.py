"""Under load and in trouble, the log at its most talkative and the metrics hold no secret and nobody's words."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sim import ROOT, free_port
from tests.world import APP_TOKEN, BOT_TOKEN, EMAIL, LEADS, OUTCOMES, REPS, RIA, World, lead_item

NAME, FACT, REASON, NUMBER = "Quetzalcoatl Holdings", "a fact nobody else has", "she told me about her merger", "73"
TYPED = "stand-in for nobody at all please"


@pytest.fixture
def talkative(world: World, database: str, tmp_path: Path) -> Any:
    """The bot as a process of its own at log level debug; its address, and its log once it is stopped."""
    world.running.stop()
    port, log = free_port(), tmp_path / "log"
    environment = os.environ | {
        "DATABASE_URL": database,
        "SLACK_API_URL": f"{world.sim.base}/api/",
        "SLACK_BOT_TOKEN": BOT_TOKEN,
        "SLACK_APP_TOKEN": APP_TOKEN,
        "OTHERWISE_HTTP_PORT": str(port),
        "OTHERWISE_POST_INTERVAL": "0",
        "OTHERWISE_LOG_LEVEL": "debug",
        "OTHERWISE_HASH_KEY": "a hash key that is secret",
    }
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "run"], cwd=ROOT, env=environment, stdout=out, stderr=out
        )
    world.http.base_url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        try:
            return world.http.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def stop() -> str:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        return log.read_text()

    try:
        world.sim.until(ready)
        yield stop
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)


def test_no_secret_and_no_word_reaches_log_or_metrics(world: World, talkative: Any) -> None:
    facts = [{"label": "Note", "value": FACT}]
    for number in range(5):
        items = [lead_item(f"s:{number}:{rep}", rep, 0.2, name=f"{NAME} {number}", facts=facts) for rep in REPS[:8]]
        world.send(LEADS, [item | {"owner": {"email": EMAIL[item["owner"]["slack_id"]]}} for item in items])
    message = world.see(RIA, f"{NAME} 4")
    for kind in ("lose_answer", "500", "error"):
        world.sim.fault("chat.postMessage", kind)
        world.lead(f"trouble:{kind}", RIA, name=f"{NAME} {kind}")
    assert world.override(RIA, message, "more", REASON)["closed"]
    world.press(RIA, "Add details", world.see(RIA, REASON))
    view = world.form(RIA)
    world.sim.act("submit", RIA, view=view["id"], values={"estimate": NUMBER, "cues": ["timing"], "quote": []})
    # Trouble of every kind, with words in it.
    world.sim.fault("views.open", "error", error="expired_trigger_id")
    world.press(RIA, "Change", world.see(RIA, REASON))
    world.sim.fault("socket", "drop_ack")
    world.press(RIA, "Withdraw", world.see(RIA, REASON))
    world.sim.act(
        "click",
        RIA,
        channel="D0REP00",
        ts=message["ts"],
        action_id="unknown",
        forged={"type": "button", "value": REASON},
    )
    world.command(RIA, TYPED)
    world.send(LEADS, [{"lead_id": NAME, "name": NAME, "prior": {"probability": REASON}}])
    world.http.post(LEADS, content=f'{{"name": "{NAME}"')
    world.http.post(LEADS, json={}, headers={"Authorization": "Bearer ow_00000000_not-a-key"})
    world.http.post(OUTCOMES, json={"lead_id": "s:0:U0REP00", "outcome": REASON, "at": "never"})
    metrics = world.http.get("/metrics").text
    log = talkative()
    assert '"event": "stopped"' in log
    assert '"level": "debug"' in log
    secrets = [NAME, FACT, REASON, TYPED, "merger", "timing", *EMAIL.values(), "Ria Holt", "example.com"]
    secrets += [BOT_TOKEN, APP_TOKEN, world.key, world.key.split("_", 2)[2], "not-a-key", "a hash key that is secret"]
    for secret in secrets:
        assert secret not in metrics, f"{secret!r} is in the metrics"
        line = next((one for one in log.splitlines() if secret in one), "")
        assert not line, f"{secret!r} is in the log: {line[:300]}"
