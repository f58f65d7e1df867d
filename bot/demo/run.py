"""Start the workspace and the bot as processes of their own, fill them once, and end both together."""

import json
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx

from bot.demo.floor import Crm
from bot.demo.guide import Guide
from bot.demo.past import MANAGERS, TEAMS, history
from bot.demo.place import Place
from bot.domain.errors import FileLocked, OtherwiseError
from storage.lock import holding

ROOT = Path(__file__).parent.parent.parent
PATIENCE_SECONDS = 30
READY, SET_UP = "ready.json", "set-up.json"
ADA, POOL_CHANNEL = "U0ADA", "C0POOL"
# What Ada types before anybody looks. Ria is in the pool, so nobody asks her in her tour whether the pool should look.
TYPED_BY_ADA = ("pool add @ria", "pool add @rosa", "pool add @rhea", "modelowner add @suki")


class DemoTrouble(OtherwiseError):
    """The demo could not start."""


def run(folder: Path, port: int, say: Callable[[str], None]) -> None:
    """Run the demo until it is told to stop. Raises DemoTrouble with a sentence that says what to do."""
    _need_free(port)
    folder.mkdir(parents=True, exist_ok=True)
    place, stop = Place(folder.resolve()), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    with ExitStack() as undo:
        _only_one(undo, place)
        if not place.clock.exists():
            place.clock.write_text("0")
        workspace = _workspace(undo, place, port)
        key, intake = _filled(place, workspace, say), _free_port()
        bot = _bot(undo, place, workspace, intake)
        _wait_until_ready(f"http://127.0.0.1:{intake}", bot, place)
        _set_up_by_ada(place, workspace)
        crm = Crm(place, f"http://127.0.0.1:{intake}", key)
        undo.callback(crm.stop)
        guide = Guide(place, workspace, crm)
        undo.callback(guide.stop)
        crm.tell_outcomes()
        guide.start()
        crm.start()
        say(f"Otherwise demo is ready at {workspace}")
        say("Ctrl-C ends it; `make demo-reset` forgets what happened in it.")
        _until(stop, bot, place)
    say("The demo has ended; nothing is running any more.")


def forget(folder: Path) -> None:
    """Remove the demo's folder. Raises DemoTrouble while a demo runs in it."""
    if not folder.exists():
        return
    with ExitStack() as undo:
        _only_one(undo, Place(folder.resolve()))
        shutil.rmtree(folder)


def _only_one(undo: ExitStack, place: Place) -> None:
    try:
        undo.enter_context(holding(f"sqlite:///{place.folder}/demo"))
    except FileLocked:
        raise DemoTrouble("A demo runs in this folder already. End it with Ctrl-C in its terminal first.") from None


def _need_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise DemoTrouble(f"Port {port} is taken. Choose another: make demo PORT={port + 1}") from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _child(undo: ExitStack, command: list[str], place: Place, env: dict[str, str], log: Path) -> subprocess.Popen[str]:
    """A process in a group of its own: Ctrl-C is ours, and we end them in order."""
    out = undo.enter_context(log.open("a"))
    process = subprocess.Popen(
        command, cwd=place.folder, env=env, stdout=out, stderr=out, text=True, start_new_session=True
    )
    undo.callback(_end, process)
    return process


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _workspace(undo: ExitStack, place: Place, port: int) -> str:
    base = f"http://127.0.0.1:{port}"
    options = ["--port", str(port), "--manifest", str(ROOT / "manifest.yml"), "--clock", str(place.clock)]
    options += ["--state", str(place.folder / "workspace.json")]
    env = place.settings(base, 0) | {"PYTHONPATH": str(ROOT)}
    log = place.folder / "workspace.log"
    process = _child(undo, [sys.executable, "-m", "sandbox", *options], place, env, log)
    _wait(lambda: bool(httpx.get(f"{base}/sim/app", timeout=5).is_success), process, "The workspace did not start", log)
    return base


def _filled(place: Place, workspace: str, say: Callable[[str], None]) -> str:
    """Bring in the people and their history with the very commands that an admin would use, once; the intake's key."""
    ready = place.read(READY)
    if ready is not None:
        return str(ready["key"])
    say("First start: making up two teams and 26 weeks of their leads.")
    began, env = datetime.now(UTC), place.settings(workspace, 0)
    people, past = place.folder / "people.csv", place.folder / "history.jsonl"
    people.write_text(_people())
    _history(place, past, began)
    _otherwise(env, place, "people", str(people))
    _otherwise(env, place, "import", str(past))
    key = _otherwise(env, place, "keys", "add", f"demo-{secrets.token_hex(3)}")
    place.keep(READY, {"key": key.strip(), "began": began.isoformat()})
    return key.strip()


def _set_up_by_ada(place: Place, workspace: str) -> None:
    """A pool for hard leads and somebody who keeps the model, once, by the commands that an admin types."""
    if place.read(SET_UP) is not None:
        return
    for text in TYPED_BY_ADA:
        typed = {"user": ADA, "channel": POOL_CHANNEL, "command": "/otherwise", "text": text}
        told = httpx.post(f"{workspace}/sim/act/command", json=typed, timeout=PATIENCE_SECONDS)
        if not told.is_success or not told.json().get("acked"):
            raise DemoTrouble(f"`/otherwise {text}` failed: {_last_line(place.bot_log)}")
    place.keep(SET_UP, {"typed": TYPED_BY_ADA})


def _people() -> str:
    lines = ["email,team,manages,digest"]
    lines += [f"{rep}@example.com,{team},," for team, reps in TEAMS.items() for rep in reps]
    lines += [f"{manager}@example.com,,{team},mon 09:00" for team, manager in MANAGERS.items()]
    return "\n".join(lines) + "\n"


def _history(place: Place, file: Path, began: datetime) -> None:
    place.outcomes.write_text("")
    with file.open("w") as out:
        for one in history(began):
            over = one.ends_at <= began
            ended = {"outcome": one.outcome, "outcome_at": one.ends_at.isoformat()} if over else {}
            out.write(json.dumps(one.row | ended, ensure_ascii=False) + "\n")
            if not over:
                place.will_end(one.row["lead_id"], one.outcome, one.ends_at)


def _otherwise(env: dict[str, str], place: Place, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "bot", *words], cwd=place.folder, env=env, capture_output=True, text=True
    )
    if done.returncode:
        raise DemoTrouble(f"`otherwise {words[0]}` failed: {done.stderr.strip()[-400:]}")
    return done.stdout


def _bot(undo: ExitStack, place: Place, workspace: str, port: int) -> subprocess.Popen[str]:
    return _child(undo, [sys.executable, "-m", "bot", "run"], place, place.settings(workspace, port), place.bot_log)


def _wait_until_ready(intake: str, bot: subprocess.Popen[str], place: Place) -> None:
    _wait(
        lambda: bool(httpx.get(f"{intake}/readyz", timeout=5).is_success), bot, "The bot did not start", place.bot_log
    )


def _wait(there: Callable[[], bool], process: subprocess.Popen[str], trouble: str, log: Path) -> None:
    """Ask until it is there: a process of its own has no other way to tell us. Raises DemoTrouble when it has ended."""
    pause, end = threading.Event(), time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with suppress(httpx.TransportError):
            if there():
                return
        pause.wait(0.05)
    raise DemoTrouble(f"{trouble}: {_last_line(log)}")


def _until(stop: threading.Event, bot: subprocess.Popen[str], place: Place) -> None:
    while not stop.wait(1.0):
        if bot.poll() is not None:
            raise DemoTrouble(f"The bot has ended: {_last_line(place.bot_log)}")


def _last_line(file: Path) -> str:
    lines = file.read_text().strip().splitlines() if file.exists() else []
    return lines[-1][-400:] if lines else f"{file} is empty."
