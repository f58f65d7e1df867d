"""The history checker: what the workspace saw, held against what the database says, item by item."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from bot.delivery import mark

Entry = Mapping[str, Any]
SPOKEN = ("post", "report", "thread")


@dataclass
class Verdict:
    """What the checker found: each list names letters, leads or forms."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    wordless: list[str] = field(default_factory=list)

    def clean(self, *, doubles: int = 0) -> bool:
        """Nothing wrong, but for at most `doubles` messages said twice."""
        rest = [self.lost, self.disordered, self.stale, self.open, self.wordless]
        return not any(rest) and len(self.doubled) <= doubles

    def __str__(self) -> str:
        counts = {name: len(found) for name, found in self.__dict__.items()}
        shown = [f"{name} {found[:5]}" for name, found in self.__dict__.items() if found]
        return f"{counts}{': ' + '; '.join(shown) if shown else ''}"


def check_history(
    log: Iterable[Entry],
    letters: Iterable[Entry],
    responses: Iterable[Entry],
    suggestions: Iterable[Entry] = (),
    leads: Iterable[Entry] = (),
) -> Verdict:
    """Compare the workspace's log with the database's rows, and report each item that does not match.

    lost: a letter marked sent that Slack never took, or a lead with a rep and no suggestion. doubled: a letter that was
    said more than once. disordered: two letters of one lane that came out of order. stale: a message whose last form
    is not the newest one. open: letters that are neither sent nor dead. wordless: a form that was acknowledged
    although its words are not stored.
    """
    log, letters, verdict = list(log), list(letters), Verdict()
    said, shown = _said(log, letters)
    by_id = {letter["id"]: letter for letter in letters}
    _letters(letters, said, verdict)
    _order(said, by_id, verdict)
    _newest(letters, shown, verdict)
    _forms(log, responses, verdict)
    told = {one["lead_id"] for one in suggestions}
    for lead in leads:
        if lead["rep_id"] is not None and not lead["waiting"] and not lead["history"] and lead["id"] not in told:
            verdict.lost.append(f"lead {lead['lead_id']} has no suggestion")
    return verdict


def _said(log: list[Entry], letters: list[Entry]) -> tuple[dict[int | str, list[Entry]], dict[str, Entry]]:
    """Successful posts by letter (by mark, where none has it), and what each message (by channel, ts) showed last."""
    numbers = {mark(letter): letter["id"] for letter in letters}
    said: dict[int | str, list[Entry]] = defaultdict(list)
    shown: dict[str, Entry] = {}
    for entry in log:
        if entry["kind"] != "call" or not entry.get("ok"):
            continue
        if entry["method"] == "chat.postMessage":
            carried = entry["args"]["metadata"]["event_payload"]["letter"]
            said[numbers.get(carried, carried)].append(entry)
        if entry["method"] in ("chat.postMessage", "chat.update"):
            shown[f"{entry['channel']} {entry['ts']}"] = entry
    return said, shown


def _letters(letters: list[Entry], said: dict[int | str, list[Entry]], verdict: Verdict) -> None:
    for letter in letters:
        times = len(said.get(letter["id"], []))
        if letter["state"] not in ("sent", "dead"):
            verdict.open.append(f"letter {letter['id']} is {letter['state']}")
        if letter["kind"] in SPOKEN:
            if letter["state"] == "sent" and times == 0:
                verdict.lost.append(f"letter {letter['id']}")
            if times > 1:
                verdict.doubled.append(f"letter {letter['id']} ({times} times, attempt {letter['attempt']})")


def _order(said: dict[int | str, list[Entry]], by_id: dict[int, Entry], verdict: Verdict) -> None:
    lanes: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for number, entries in said.items():
        if not isinstance(number, int) or number not in by_id:
            verdict.doubled.append(f"letter {number} is in Slack and not in the database")
            continue
        lanes[by_id[number]["lane"]].append((entries[0]["n"], number))
    for lane, seen in lanes.items():
        numbers = [number for _n, number in sorted(seen)]
        verdict.disordered += [
            f"{lane}: letter {second} before {first}" for second, first in pairwise(numbers) if second > first
        ]


def _newest(letters: list[Entry], shown: dict[str, Entry], verdict: Verdict) -> None:
    """The last form of each message is that of the newest letter that speaks of it."""
    newest: dict[int, Entry] = {}
    for letter in sorted(letters, key=lambda one: one["id"]):
        if letter["kind"] in ("post", "update") and letter["state"] == "sent":
            newest[letter["target_id"] or letter["id"]] = letter
    place = {letter["id"]: f"{letter['channel_id']} {letter['ts']}" for letter in letters if letter["ts"]}
    for target, letter in newest.items():
        last = shown.get(place.get(target, ""))
        if last is not None and last["args"].get("text") != letter["payload"].get("text"):
            verdict.stale.append(f"message of letter {target}")


def _forms(log: list[Entry], responses: Iterable[Entry], verdict: Verdict) -> None:
    kept = {(row["direction"], (row["reason"] or "").strip()) for row in responses}
    for entry in log:
        if entry["kind"] == "told" and entry["verb"] == "submit" and entry.get("closed"):
            values = entry["values"] or {}
            if "reason" in values and (values["direction"], values["reason"].strip()) not in kept:
                verdict.wordless.append(f"form {entry['view']}")
