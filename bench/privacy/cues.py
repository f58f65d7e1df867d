"""What the line on cues tells of each lead: how often one cue was named, over blocks of released sets.

The attacker is granted which sets a block holds, and for each lead the chance that it was called at all. The digest
says how many of a block's called leads named the cue, so each called lead named it with that share. A lead of which it
is certain, because all in the block must have named it, is counted; for the others he guesses the likelier.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bench.privacy.floor import Known, Seen
from bot.domain.release import LESS, MORE, NEITHER

_MOST = re.compile(r"Mentioned most: ([^(.]+) \((\d+)\)\.")


class ReleasedSet(Protocol):
    """A released set as the attacker knows it: its leads, the chance of each answer, when a digest told of it."""

    members: list[Known]
    chance: dict[int, dict[str, float]]
    size: dict[str, int]
    told_at: datetime


@dataclass
class Guessed:
    """Over `leads` in blocks: how many are certain, and how many guesses on whether the cue was named are right."""

    leads: int = 0
    certain: int = 0
    right: int = 0
    base_right: int = 0


def against_cues(seen: Sequence[Seen], sets: Sequence[ReleasedSet]) -> Guessed:
    """Read the cue's counts in order; a count that moves tells of a new block."""
    found, before, pending = Guessed(), dict[str, int](), list(sets)
    for one in seen:
        line = _MOST.search(one.text)
        if line is None or before.get(line[1]) == int(line[2]):
            continue
        cue, many = line[1], int(line[2])
        block = [each for each in pending if each.told_at <= one.at]
        pending = [each for each in pending if each.told_at > one.at]
        if cue in before or not before:
            _guess(found, block, cue, many - before.get(cue, 0))
        before[cue] = many
    return found


def _guess(found: Guessed, block: Sequence[ReleasedSet], cue: str, named: int) -> None:
    members = [(k, each.chance[k.id]) for each in block for k in each.members]
    called = sum(each.size[MORE] + each.size[LESS] for each in block)
    share = min(1.0, named / max(1, called))
    truth = [cue in k.cues for k, _ in members]
    commonest = 2 * sum(truth) > len(truth)
    found.leads += len(members)
    for (_, chance), is_named in zip(members, truth, strict=True):
        likely = (1.0 - chance[NEITHER]) * share
        found.certain += likely >= 1.0
        found.right += (likely > 0.5) == is_named
        found.base_right += commonest == is_named
