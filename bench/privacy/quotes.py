"""What a digest's quotes tell, whatever is in them: that this many people of the block said something about some lead.

The attacker is granted which sets a block holds, who had leads in it, and for each lead the chance that it was called.
He does not know who is quoted; each who may be is as likely as the other. A rep who must be among them and had one
lead there is certain; for the others he guesses whether the lead was called. What the words themselves give away is
their author's to weigh, whom the form asks.
"""

from collections import defaultdict
from collections.abc import Sequence
from math import prod

from bench.privacy.cues import Guessed, ReleasedSet
from bench.privacy.floor import Known, Seen
from bot.domain.release import NEITHER


def against_quotes(seen: Sequence[Seen], sets: Sequence[ReleasedSet]) -> Guessed:
    """Read the quotes in order; other words are of a new block."""
    found, before, pending = Guessed(), tuple[str, ...](), list(sets)
    for one in seen:
        if not one.quotes or one.quotes == before:
            continue
        before = one.quotes
        block = [each for each in pending if each.told_at <= one.at]
        pending = [each for each in pending if each.told_at > one.at]
        _guess(found, block, len(before))
    return found


def _guess(found: Guessed, block: Sequence[ReleasedSet], quoted: int) -> None:
    hers: dict[int, list[tuple[Known, float]]] = defaultdict(list)
    for each in block:
        for k in each.members:
            hers[k.rep].append((k, 1.0 - each.chance[k.id][NEITHER]))
    if not hers:
        return
    # That she called any of hers, and so may be quoted at all.
    could = {rep: 1.0 - prod(1.0 - called for _, called in mine) for rep, mine in hers.items()}
    everybody = sum(could.values()) or 1.0
    for rep, mine in hers.items():
        is_quoted = min(1.0, quoted * could[rep] / everybody)
        for k, called in mine:
            given = min(1.0, called / could[rep]) if could[rep] > 0 else called
            likely = is_quoted * given + (1.0 - is_quoted) * called
            found.leads += 1
            found.certain += len(mine) == 1 and quoted >= len(hers)
            found.right += (likely > 0.5) == (k.said != NEITHER)
            found.base_right += (called > 0.5) == (k.said != NEITHER)
