"""Goal 8: how long a start takes beside the bare imports, what an idle bot holds, and what it has not loaded."""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.ready import until_answers
from bot.settings import Settings
from storage.migrate import upgrade
from tests.sim import Sim, free_port
from tests.world import settings_for

ROUNDS = 5
# What any bot made of these libraries loads, and nothing of ours.
BARE = (
    "import slack_bolt, slack_bolt.adapter.socket_mode, sqlmodel, alembic.command, fastapi, uvicorn, httpx, structlog, "
    "apscheduler.schedulers.background, pydantic_settings, numpy, prometheus_client, typer"
)


def surroundings(settings: Settings, port: int) -> dict[str, str]:
    """What a bot of these settings finds in its environment, as a process of its own."""
    return os.environ | {
        "DATABASE_URL": settings.database_url,
        "SLACK_API_URL": settings.slack_api_url,
        "SLACK_BOT_TOKEN": settings.slack_bot_token.get_secret_value(),
        "SLACK_APP_TOKEN": settings.slack_app_token.get_secret_value(),
        "OTHERWISE_HTTP_PORT": str(port),
        "OTHERWISE_INTAKE_PER_MINUTE": "1000000",
    }


def process(sim: Sim, folder: Path) -> tuple[float, float, float, bool]:
    """Seconds until an ordinary start answers, seconds of the bare imports, idle megabytes, matplotlib loaded."""
    bare = statistics.median(_timed([sys.executable, "-c", BARE]) for _ in range(ROUNDS))
    url = f"sqlite:///{folder}/start.db"
    upgrade(url)
    settings = settings_for(sim, url)
    starts, held, loaded = [], [], False
    for _ in range(ROUNDS):
        port = free_port()
        environment = surroundings(settings, port)
        began = time.perf_counter()
        bot = subprocess.Popen([sys.executable, "-m", "bot", "run"], env=environment, stderr=subprocess.DEVNULL)
        try:
            until_answers(f"http://127.0.0.1:{port}/healthz", ok=True)
            starts.append(time.perf_counter() - began)
            until_answers(f"http://127.0.0.1:{port}/readyz", ok=True)
            pages = int(Path(f"/proc/{bot.pid}/statm").read_text().split()[1])
            held.append(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)
            loaded = loaded or "matplotlib" in Path(f"/proc/{bot.pid}/maps").read_text()
        finally:
            bot.terminate()
            bot.wait(30)
    return statistics.median(starts), bare, statistics.median(held), loaded


def _timed(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - began
