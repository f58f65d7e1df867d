"""Read an export (NDJSON) and print what a digest says of it. Nothing but Python is needed.

    otherwise export leads.ndjson
    python3 read_export.py leads.ndjson

It reads the lines that nothing joins: priors with what became of them, and what was said in released sets.
"""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from math import sqrt
from typing import Any

EDGES = (0.05, 0.15, 0.30, 0.50)
LABELS = ("0–5", "5–15", "15–30", "30–50", "50–100")
THIN = 30
Line = dict[str, Any]


def wilson(wins: int, leads: int, z: float = 1.959964) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927): it stays within 0 and 1, and is fair for few."""
    share, width = wins / leads, z * z / leads
    middle = (share + width / 2) / (1 + width)
    half = z / (1 + width) * sqrt(share * (1 - share) / leads + width / (4 * leads))
    return middle - half, middle + half


def tool_record(priors: Iterable[Line]) -> Iterator[str]:
    """How the tool has done, band by band, and its Brier score beside that of saying the base rate to everybody."""
    by_line: dict[tuple[str, int], list[tuple[float, bool]]] = defaultdict(list)
    for one in priors:
        if "probability" in one:
            name = " ".join(filter(None, [one["model"], one["model_line"]])).strip()
            by_line[name, one["horizon_days"]].append((one["probability"], one["won"]))
    for (name, days), leads in sorted(by_line.items()):
        rate = sum(won for _, won in leads) / len(leads)
        brier = sum((chance - won) ** 2 for chance, won in leads) / len(leads)
        yield f"{name}, {days} days: {len(leads):,} leads, {100 * rate:.1f} in 100 closed."
        yield f"Brier score {brier:.4f}; saying {100 * rate:.1f} to everybody scores {rate * (1 - rate):.4f}."
        bands: dict[int, list[bool]] = defaultdict(list)
        for chance, won in leads:
            bands[sum(chance >= edge for edge in EDGES)].append(won)
        for band, won_ in sorted(bands.items()):
            wins, many = sum(won_), len(won_)
            low, high = wilson(wins, many)
            thin = "; too few to say" if many < THIN else ""
            yield (
                f"The tool's {LABELS[band]} in 100 ({days} days): {wins:,} of {many:,} closed, "
                f"{round(100 * wins / many)} in 100 ({round(100 * low)}–{round(100 * high)}){thin}."
            )


def what_was_said(responses: Iterable[Line]) -> Iterator[str]:
    """Won by what reps had said, over all released sets; a set that may not tell an answer's wins is counted apart."""
    leads: Counter[tuple[int, str]] = Counter()
    won: Counter[tuple[int, str]] = Counter()
    untold: Counter[tuple[int, str]] = Counter()
    for one in responses:
        key = one["horizon_days"], one["response"]
        leads[key] += 1
        won[key] += bool(one.get("won"))
        untold[key] += "won" not in one
    words = {"more": "Called more likely", "less": "Called less likely", "neither": "Called neither"}
    for days in sorted({days for days, _ in leads}):
        yield f"After {days} days, in released sets:"
        for said, word in words.items():
            key = days, said
            rest = f" ({untold[key]} of them in sets too small to tell)" if untold[key] else ""
            yield f"{word}: {leads[key]}. Won: {won[key]}{rest}."


def read(lines: Iterable[str]) -> list[str]:
    """Everything there is to say of an export's lines."""
    every = [json.loads(line) for line in lines if line.strip()]
    versions = {one["schema_version"] for one in every}
    if versions - {"1"}:
        raise SystemExit(f"This reads schema_version 1, and the file has {', '.join(sorted(versions))}.")
    priors = [one for one in every if one["kind"] == "prior"]
    responses = [one for one in every if one["kind"] == "response"]
    return [*tool_record(priors), *what_was_said(responses)]


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        print("\n".join(read(file)))
