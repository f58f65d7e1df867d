"""The numbers of a digest, read from its text as a person reads them."""

import re
from dataclasses import dataclass

from bot.domain.release import LESS, MORE, NEITHER

_TOTAL = re.compile(r"([\d,]+) leads? (?:is|are) past \d+ days?")
_CALLED = re.compile(r"Reps called (\d+) of them more likely than the tool did, and (\d+) less likely")
_MORE = re.compile(r"Called more likely: \d+\. Won: ([^;]+); the tool's numbers had pointed to (?:about ([\d.]+)|f)")
_NEITHER = re.compile(r"same period: ([^.]+?) won of \d+, (?:about ([\d.]+)|fewer than 1) expected")
_HARD = re.compile(
    r"Of (\d+) hard leads called more likely, ([^;]+?) were won; .*?"
    r"Hard leads nobody called more or less likely: ([^.]+?) won of (\d+)"
)
_LESS = re.compile(r"Called less likely: (\d+)\. (?:Of the first (\d+), )?[wW]on: ([^;]+); (?:about ([\d.]+)|f)")


@dataclass(frozen=True)
class Figures:
    """One digest's numbers. `won` where it is told, `expected` as rounded; what is held back is absent."""

    leads: dict[str, int]
    won: dict[str, int]
    expected: dict[str, float]
    # Of hard leads, (leads, won) called more likely, and neither; None before a block, or where a count is held back.
    hard: dict[str, tuple[int, int]] | None = None


def read(text: str) -> Figures | None:
    """The numbers of a digest; none where it has no results."""
    total, called = _TOTAL.search(text), _CALLED.search(text)
    if total is None or called is None:
        return None
    leads = {MORE: int(called[1]), LESS: int(called[2])}
    leads[NEITHER] = int(total[1].replace(",", "")) - leads[MORE] - leads[LESS]
    won: dict[str, int] = {}
    expected: dict[str, float] = {}
    for name, pattern in ((MORE, _MORE), (NEITHER, _NEITHER)):
        found = pattern.search(text)
        if found is None:
            raise ValueError(f"the digest's line on {name} is not as the attacker knows it")
        if found[1].isdigit():
            won[name] = int(found[1])
        if found[2]:
            expected[name] = float(found[2])
    return Figures(leads, won, expected, _read_hard(text))


def _read_hard(text: str) -> dict[str, tuple[int, int]] | None:
    found = _HARD.search(text)
    if found is None or not (found[2].isdigit() and found[3].isdigit()):
        return None
    return {MORE: (int(found[1]), int(found[2])), NEITHER: (int(found[4]), int(found[3]))}
