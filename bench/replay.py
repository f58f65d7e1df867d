"""The long story: the whole file imported, its last leads replayed as new under random kills, and the digests of two
managers at the end. `python -m bench.replay telemarketing.csv.gz [--leads 500] [--kills 100]`.
"""

import argparse
import csv
import gzip
import json
import resource
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from bench.checker import check_history
from bench.hands import Replay
from bot.delivery import mark
from storage.tables import Digest, Lead, Letter, Response, Suggestion
from tests.world import (
    MILO,
    MONA,
    REPS,
    people_file,
)

HORIZON = 60
START = datetime(2010, 12, 1, 9, tzinfo=UTC)
MAPPING = ("owner=rep", "probability=prior", "outcome=won", "outcome_at=decided_at")


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
    numbers = {mark(letter): letter["id"] for letter in replay.rows(Letter)}
    posts: dict[int, list[float]] = defaultdict(list)
    for entry in replay.sim.calls("chat.postMessage"):
        if entry.get("ok"):
            posts[numbers[entry["args"]["metadata"]["event_payload"]["letter"]]].append(entry["at"])
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
        replay.sim.until(partial(_read, replay, manager, "rate people"), 90)
        question = replay.sim.messages(manager)[0]
        replay.sim.act("click", manager, channel=f"D{manager[1:]}", ts=question["ts"], action_id="pledge.agree")
    for manager in (MONA, MILO):
        found = replay.sim.until(partial(_read, replay, manager, "Week"), 90)
        texts.append(found[-1]["text"])
    assert len(replay.rows(Digest)) == 2
    return texts


def _read(replay: Replay, user: str, words: str) -> list[dict[str, Any]]:
    return [message for message in replay.sim.messages(user) if words in message["text"]]


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
