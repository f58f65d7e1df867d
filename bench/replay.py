"""The long story: the whole file imported, its last leads replayed as new under random kills, and the digests of two
managers at the end. `python -m bench.replay telemarketing.csv.gz [--leads 500] [--kills 100]`.
"""

import argparse
import csv
import gzip
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from bench.checker import check_history
from bot.domain.retry import State
from storage.database import Database
from storage.tables import Digest, Lead, Letter, Response, Suggestion, table
from tests.sim import ROOT, Sim, free_port
from tests.world import (
    APP_TOKEN,
    BOT_TOKEN,
    MILO,
    MONA,
    REPS,
    buttons,
    people_file,
    write_offset,
)

HORIZON = 60
START = datetime(2010, 12, 1, 9, tzinfo=UTC)
MAPPING = ("owner=rep", "probability=prior", "outcome=won", "outcome_at=decided_at")


class Replay:
    """A bot process that may be killed at any moment, and the people and the CRM who go on regardless."""

    def __init__(self, folder: Path, file: Path, seed: int, *, history: bool) -> None:
        self.folder, self.file, self.random = folder, file, random.Random(seed)
        self.sim, self.port = Sim("--no-limits", *(("--grant", "im:history") if history else ())), free_port()
        self.clock = folder / "clock"
        self.process: subprocess.Popen[bytes] | None = None
        self.said: list[tuple[str, str]] = []
        self.killed: list[float] = []
        self.key = ""
        self.log = (folder / "bot.log").open("ab")

    def environment(self) -> dict[str, str]:
        """The bot's settings."""
        return os.environ | {
            "DATABASE_URL": f"sqlite:///{self.folder}/otherwise.db",
            "SLACK_API_URL": f"{self.sim.base}/api/",
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            "SLACK_APP_TOKEN": APP_TOKEN,
            "OTHERWISE_HTTP_PORT": str(self.port),
            "OTHERWISE_CLOCK_FILE": str(self.clock) if self.clock.exists() else "",
            "OTHERWISE_POST_INTERVAL": "0",
            "OTHERWISE_UPDATES_PER_MINUTE": "1000000",
        }

    def command(self, *words: str) -> str:
        """Run `otherwise …` and return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "bot", *words], cwd=ROOT, env=self.environment(), capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self) -> None:
        """Start the bot and wait until it is ready."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot", "run"], cwd=ROOT, env=self.environment(), stderr=self.log
        )
        end = time.monotonic() + 30
        while time.monotonic() < end:
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)  # another process, perhaps dead: `/readyz` is all there is to ask
        raise AssertionError("the bot did not become ready")

    def kill(self) -> None:
        """kill -9, wherever it is."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.killed.append(time.time())

    def send(self, path: str, items: list[Any]) -> None:
        """What a CRM does: send it again until it was taken."""
        while True:
            try:
                answer = httpx.post(
                    f"http://127.0.0.1:{self.port}{path}",
                    json=items,
                    headers={"Authorization": f"Bearer {self.key}"},
                    timeout=5,
                )
                if answer.status_code == 200:
                    assert all(one["result"] in ("created", "unchanged") for one in answer.json()["results"]), (
                        answer.text
                    )
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)  # as a CRM would: the bot may be dead just now, and nothing tells when it is back

    def answer(self, rep: str, name: str, choice: str) -> None:
        """What a rep does: press until it worked; the form stays open when it did not."""
        for _ in range(200):
            message = next((m for m in self.sim.messages(rep) if f"New lead: {name}." in m["text"]), None)
            if message is None or not self._try(rep, name, message, choice):
                time.sleep(0.05)  # as a person would press again: a killed bot sends no signal
                continue
            return
        raise AssertionError(f"{rep} could not answer {name}")

    def _try(self, rep: str, name: str, message: dict[str, Any], choice: str) -> bool:
        wanted = "suggestion.noted" if choice == "noted" else "override.open"
        there = {button["action_id"] for button in buttons(message)}
        place = {"channel": f"D{rep[1:]}", "ts": message["ts"]}
        if choice == "noted":
            return wanted not in there or bool(self.sim.act("click", rep, action_id=wanted, **place).get("acked"))
        if wanted not in there:
            return "override.withdraw" in there
        self.sim.act("click", rep, action_id=wanted, **place)
        stack = self.sim.views(rep)
        if not stack:
            return False
        reason = f"I see it in {name}, {choice}"
        told = self.sim.act("submit", rep, view=stack[-1]["id"], values={"direction": choice, "reason": reason})
        if told.get("closed"):
            self.said.append((choice, reason))
        return bool(told.get("closed"))

    def jump(self, to: datetime) -> None:
        """Move the bot's clock."""
        write_offset(self.clock, (to - datetime.now(UTC)).total_seconds())

    def rows(self, model: Any) -> list[dict[str, Any]]:
        """A table, read beside the bot."""
        database = Database(f"sqlite:///{self.folder}/otherwise.db")
        with database.reading() as session:
            found = [dict(row) for row in session.execute(select(table(model))).mappings()]
        database.close()
        return found

    def quiet(self) -> None:
        """Wait until the outbox is empty."""
        end = time.monotonic() + 120
        opens = {State.PENDING.value, State.SENDING.value, State.UNCERTAIN.value}
        while time.monotonic() < end:
            if not [row for row in self.rows(Letter) if row["state"] in opens]:
                return
            time.sleep(0.2)  # the database of a process that may be dead tells nobody that it changed
        raise AssertionError("the outbox did not empty")

    def close(self) -> None:
        """Stop everything."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        self.sim.close()
        self.log.close()


def run(file: Path, leads: int, kills: int, seed: int, *, history: bool, keep: Path | None) -> dict[str, Any]:
    """The whole story; its figures. `history` grants the scope with which nothing needs to be said twice."""
    with tempfile.TemporaryDirectory() as name:
        replay = Replay(Path(name), file, seed, history=history)
        try:
            return _story(replay, leads, kills)
        finally:
            replay.close()
            if keep is not None:
                shutil.copy(replay.folder / "bot.log", keep)


def _story(replay: Replay, count: int, kills: int) -> dict[str, Any]:
    figures = _import(replay)
    people = replay.folder / "people.csv"
    people.write_text(people_file())
    replay.jump(START)
    replay.command("people", str(people))
    replay.key = replay.command("keys", "add", "crm")
    with gzip.open(replay.file, "rt") as source:
        wanted = list(csv.DictReader(source))[-count:]
    replay.start()
    began = time.monotonic()
    chosen = _flow(replay, wanted, kills)
    replay.quiet()
    figures["seconds for the flow"] = round(time.monotonic() - began, 1)
    _outcomes(replay, wanted)
    replay.quiet()
    letters, responses = replay.rows(Letter), replay.rows(Response)
    leads = replay.rows(Lead)
    verdict = check_history(replay.sim.log(), letters, responses, replay.rows(Suggestion), leads)
    kept = {(row["direction"], row["reason"]) for row in responses}
    figures |= {
        "leads replayed": sum(not lead["history"] for lead in leads),
        "suggestions delivered": sum(
            row["kind"] == "post" and row["lead_id"] is not None for row in letters if row["state"] == "sent"
        ),
        "kills": kills,
        "answers given": dict(Counter(chosen.values())),
        "acknowledged overrides without their words": len([one for one in replay.said if one not in kept]),
        "checker": str(verdict),
        "clean": verdict.clean(doubles=kills),
    }
    figures |= _doubles(replay)
    figures["digests"] = _digests(replay)
    return figures


def _import(replay: Replay) -> dict[str, Any]:
    words = ["import", str(replay.file), *[w for pair in MAPPING for w in ("--map", pair)]]
    words += ["--fact", "job", "--fact", "age", "--owner-format", "{}@example.com", "--model", "tele"]
    began = time.monotonic()
    first = replay.command(*words)
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    second = replay.command(*words)
    stored = len(replay.rows(Lead))
    return {
        "import": first,
        "import again": second,
        "leads after both": stored,
        "letters after both": len(replay.rows(Letter)),
        "rows a second": round(stored / seconds),
        "peak memory of the import, MB": round(peak),
    }


def _flow(replay: Replay, wanted: list[dict[str, str]], kills: int) -> dict[str, str]:
    """Leads in small batches, answers to some, and a kill somewhere in each round."""
    rounds = max(kills, 1)
    size = -(-len(wanted) // rounds)
    chosen: dict[str, str] = {}
    for number in range(rounds):
        batch = wanted[number * size : (number + 1) * size]
        work = threading.Thread(target=_round, args=(replay, batch, chosen))
        work.start()
        if number < kills:
            # Not waiting for anything: it picks the random moment of the kill.
            time.sleep(replay.random.uniform(0.0, 0.35))
            replay.kill()
            replay.start()
        work.join()
    return chosen


def _round(replay: Replay, batch: list[dict[str, str]], chosen: dict[str, str]) -> None:
    scored = START.isoformat()
    items = []
    for row in batch:
        rep = REPS[int(row["rep"].split("-")[1])]
        prior = {"probability": float(row["prior"]), "horizon_days": HORIZON, "model": "tele", "scored_at": scored}
        items.append(
            {
                "lead_id": f"new:{row['lead_id']}",
                "name": f"Call {row['lead_id']}",
                "owner": {"slack_id": rep},
                "prior": prior,
            }
        )
    if items:
        replay.send("/v1/leads", items)
    for row in batch:
        draw = replay.random.random()
        choice = "more" if draw < 0.22 else "less" if draw < 0.40 else "noted" if draw < 0.55 else ""
        if choice:
            replay.answer(REPS[int(row["rep"].split("-")[1])], f"Call {row['lead_id']}", choice)
            chosen[row["lead_id"]] = choice


def _outcomes(replay: Replay, wanted: list[dict[str, str]]) -> None:
    """Ten weeks later all are closed, at the time after posting that the data give."""
    replay.jump(START + timedelta(weeks=18))
    items = []
    for row in wanted:
        took = datetime.fromisoformat(row["decided_at"]) - datetime.fromisoformat(row["posted_at"])
        at = START + max(took, timedelta(hours=1)) + timedelta(hours=1)
        items.append(
            {
                "lead_id": f"new:{row['lead_id']}",
                "outcome": "won" if row["won"] == "1" else "lost",
                "at": at.isoformat(),
            }
        )
    for start in range(0, len(items), 100):
        replay.send("/v1/outcomes", items[start : start + 100])


def _doubles(replay: Replay) -> dict[str, Any]:
    """What was said twice, by the kill before the second time, and whether the bot's log says so of each."""
    posts: dict[int, list[float]] = defaultdict(list)
    for entry in replay.sim.calls("chat.postMessage"):
        if entry.get("ok"):
            posts[entry["args"]["metadata"]["event_payload"]["letter"]].append(entry["at"])
    again = {letter: times[1:] for letter, times in posts.items() if len(times) > 1}
    replay.log.flush()
    logged = set()
    for line in (replay.folder / "bot.log").read_text().splitlines():
        if '"letter.again"' in line:
            logged.add(json.loads(line)["letter"])
    by_kill = Counter(max((k for k in replay.killed if k < at), default=0.0) for late in again.values() for at in late)
    return {
        "said twice": len(again),
        "kills with that many doubles": dict(Counter(by_kill.values())),
        "doubles the log does not name": sorted(set(again) - logged),
    }


def _digests(replay: Replay) -> list[str]:
    """Monday evening in Berlin: both managers are asked, agree, and get their digest."""
    monday = START + timedelta(weeks=18)
    monday += timedelta(days=(7 - monday.weekday()) % 7, hours=8)
    replay.jump(monday)
    texts = []
    for manager in (MONA, MILO):
        replay.sim.until(lambda m=manager: [x for x in replay.sim.messages(m) if "rate people" in x["text"]], 90)  # type: ignore[misc]
        question = replay.sim.messages(manager)[0]
        replay.sim.act("click", manager, channel=f"D{manager[1:]}", ts=question["ts"], action_id="pledge.agree")
    for manager in (MONA, MILO):
        found = replay.sim.until(lambda m=manager: [x for x in replay.sim.messages(m) if "Week" in x["text"]], 90)  # type: ignore[misc]
        texts.append(found[-1]["text"])
    assert len(replay.rows(Digest)) == 2
    return texts


def main() -> int:
    """Run it and print the figures as JSON; 1 when the checker found something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--leads", type=int, default=500)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--history", action="store_true", help="grant im:history, so that letters are looked for")
    parser.add_argument("--keep-log", type=Path, help="copy the bot's log to this file")
    options = parser.parse_args()
    figures = run(
        options.file.resolve(),
        options.leads,
        options.kills,
        options.seed,
        history=options.history,
        keep=options.keep_log,
    )
    print(json.dumps(figures, indent=2, ensure_ascii=False))
    good = figures["clean"] and not figures["acknowledged overrides without their words"]
    good = good and max(figures["kills with that many doubles"], default=0) <= 1
    good = good and not figures["doubles the log does not name"]
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
