"""What is told beside the three groups: hard leads, cues, reps' own numbers, quotes; block by block of whole sets.

A finer count than the three groups is released for several sets together, once each of its own cells is large and mixed
enough. Blocks of one kind never share a set, so two digests differ by whole blocks here too. They are formed a group of
teams at a time, from the sets of this digest and of earlier ones that no block of the kind holds yet.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, or_
from sqlmodel import Session

from bot.domain.evidence import normal_mixture
from bot.domain.groups import Group
from bot.domain.release import FEW, LESS, MORE, NEITHER, Cell, Rules, may_show, views
from bot.domain.wording import one_line
from bot.groups import STAYS_A_MANAGER, Scope
from bot.released import NewSet
from bot.views.digest_figures import Aspects
from storage import aspects, people, stats

HARD, CUES, NUMBERS, QUOTES = "hard", "cues", "numbers", "quotes"
HARD_CELLS = ("more_hard", "more_other", LESS, "neither_hard", "neither_other")
# Parts of firms' names that point at nobody, and up to which length a part is looked for as a word of its own.
NAME_NOBODY = frozenset({
    "a", "ab", "ag", "an", "and", "as", "at", "bv", "by", "co", "corp", "das", "de", "der", "die", "du", "el", "et",
    "for", "gmbh", "group", "in", "inc", "kg", "la", "le", "les", "limited", "llc", "ltd", "mbh", "of", "oy", "plc",
    "sa", "sas", "se", "spa", "srl", "the", "und", "y",
})  # fmt: skip
SHORT_NAME = 3
QUOTES_SHOWN, QUOTE_LENGTH, QUOTING_REPS = 3, 200, 3

Reader = Callable[[Session, ColumnElement[bool]], list[Any]]
# Cells, and how often whose words are quoted in them.
Made = tuple[dict[str, Any], dict[int, int]]
Maker = Callable[[list[Any], Rules], Made | None]


@dataclass(frozen=True)
class NewBlock:
    """Sets that may be told of together in one respect."""

    kind: str
    horizon_days: int
    cells: dict[str, Any]
    # Sets of earlier digests by their numbers, and of this one by their places in it.
    releases: list[int]
    fresh: list[int]
    # Whose words it quotes, and how often.
    quoted: dict[int, int]


def gather(session: Session, scope: Scope, rules: Rules, new: list[NewSet], now: datetime) -> list[NewBlock]:
    """The blocks that may be told from now on, of groups that are large enough for week by week.

    `new` are the sets that the digest which is being made releases.
    """
    found, readers = [], people.readers(session, now - STAYS_A_MANAGER)
    for one in scope.groups:
        if one.large:
            found += _of_group(session, one, rules, new, now, readers)
    return found


def told(kept: list[Any]) -> Aspects:
    """The sum of blocks: stored rows, or new ones."""
    by_kind: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for block in kept:
        by_kind[block.kind].append(block.cells)
    cues: Counter[str] = Counter()
    for cells in by_kind[CUES]:
        cues.update(cells)
    hard = {name: _sum([cells[name] for cells in by_kind[HARD]]) for name in HARD_CELLS} if by_kind[HARD] else {}
    return Aspects(
        hard=hard,
        cues=cues.most_common(),
        numbers=_nearer(by_kind[NUMBERS]),
        quotes=[one for cells in by_kind[QUOTES][-1:] for one in cells["quotes"]],
    )


def _of_group(
    session: Session, group: Group, rules: Rules, new: list[NewSet], now: datetime, readers: frozenset[int]
) -> list[NewBlock]:
    makers: dict[str, tuple[Reader, Maker]] = {
        HARD: (aspects.by_difficulty, _hard),
        CUES: (aspects.answered, _cues),
        NUMBERS: (aspects.answered, _numbers),
        QUOTES: (aspects.answered, _quotes),
    }
    fresh = {one.horizon_days: place for place, one in enumerate(new) if one.teams == group.teams}
    found = []
    for kind, (read, make) in makers.items():
        by_horizon: dict[int, list[int]] = defaultdict(list)
        for row in aspects.untold(session, kind, group.teams):
            by_horizon[row.horizon_days].append(row.id)
        for horizon in sorted({*by_horizon, *fresh}):
            releases, places = by_horizon[horizon], [fresh[horizon]] if horizon in fresh else []
            among = aspects.of_sets(releases)
            if places:
                among = or_(among, stats.to_release(group.teams, horizon, now))
            made = _made(make, read(session, among), rules, readers)
            if made is not None:
                found.append(NewBlock(kind, horizon, made[0], releases, places, made[1]))
    return found


def _made(make: Maker, rows: list[Any], rules: Rules, readers: frozenset[int]) -> Made | None:
    """What may be told of these, also to those who know their own leads among them."""
    made = make(rows, rules)
    for view in views({row.by_id for row in rows}, readers):
        left = make([row for row in rows if row.by_id not in view], rules)
        if made is None or left is None:
            return None
        made = {name: cell for name, cell in made[0].items() if name in left[0]}, made[1]
    return made if made is not None and made[0] else None


def _hard(rows: list[Any], rules: Rules) -> Made | None:
    """More and neither apart by hard and other: the essay's own claim."""
    cells = {name: Cell() for name in HARD_CELLS}
    for row in rows:
        name = LESS if row.place == LESS else f"{row.place}_{'hard' if row.hard else 'other'}"
        if name in cells:
            cells[name].add_together(row.by_id, row.leads, row.won, row.chances)
    mixed = all(
        min(cells[f"{place}_{kind}"].won, cells[f"{place}_{kind}"].leads - cells[f"{place}_{kind}"].won) >= FEW
        for place in (MORE, NEITHER)
        for kind in ("hard", "other")
    )
    if not mixed or not all(may_show(cell.reps.values(), rules) for cell in cells.values()):
        return None
    return {name: {"leads": c.leads, "won": c.won, "expected": c.expected} for name, c in cells.items()}, {}


def _cues(rows: list[Any], rules: Rules) -> Made | None:
    """How often each cue was mentioned, of those that enough reps have mentioned often enough."""
    by_cue: dict[str, Counter[int]] = defaultdict(Counter)
    for row in rows:
        for cue in row.cues or []:
            by_cue[cue][row.author_id] += 1
    shown = {cue: sum(reps.values()) for cue, reps in by_cue.items() if may_show(reps.values(), rules)}
    return (shown, {}) if shown else None


def _numbers(rows: list[Any], rules: Rules) -> Made | None:
    """Sums of the Brier gain of reps' own numbers, and of its variance."""
    given = [row for row in rows if row.estimate is not None]
    if not may_show(Counter(row.author_id for row in given).values(), rules):
        return None
    p, q, y = (np.array([float(getattr(row, name)) for row in given]) for name in ("seen", "estimate", "won"))
    gain = float(((p - y) ** 2 - (q - y) ** 2).sum())
    return {"many": len(given), "gain": gain, "variance": float(((q - p) ** 2).sum())}, {}


def _quotes(rows: list[Any], rules: Rules) -> Made | None:
    """A few sentences of those who agreed, three of them at the least, without the lead's name; one of each."""
    one_each: dict[int, str] = {}
    for row in sorted(rows, key=lambda row: len(row.reason or "")):
        if row.quote and row.reason and row.author_id not in one_each:
            words = nameless(row.reason, row.name)
            if words:
                one_each[row.author_id] = words
    # Of those who said anything no more than half are quoted, so that nobody must be among them.
    if len(one_each) < QUOTING_REPS or len({row.author_id for row in rows}) < 2 * QUOTES_SHOWN:
        return None
    # By their own letters, so that the order says nothing about who.
    chosen = sorted(one_each.items(), key=lambda pair: pair[1])[:QUOTES_SHOWN]
    # Whose each is stays beside it, for the day on which somebody is to be forgotten; no digest shows that.
    quotes, authors = [words for _, words in chosen], [rep for rep, _ in chosen]
    return {"quotes": quotes, "authors": authors}, dict.fromkeys(authors, 1)


def nameless(reason: str, name: str) -> str:
    """A reason without the lead's name or any word of it, whatever its case; legal forms and the like may stay."""
    words, whole = one_line(reason, QUOTE_LENGTH), one_line(name, 200)
    parts = {whole, *re.split(r"[\s,.;:/()&+-]+", whole)} - {""}
    for part in sorted(parts, key=len, reverse=True):
        if part != whole and part.lower() in NAME_NOBODY:
            continue
        # A short one stands inside of many words: alone it is the name.
        short = len(part) <= SHORT_NAME
        words = re.sub(
            rf"(?<!\w){re.escape(part)}(?!\w)" if short else re.escape(part), "…", words, flags=re.IGNORECASE
        )
    return words


def _nearer(blocks: list[dict[str, Any]]) -> tuple[int, str] | None:
    """Whether reps' numbers were nearer, by an always-valid bound on the mean Brier gain (STATISTICS §1d)."""
    many = sum(block["many"] for block in blocks)
    if not many:
        return None
    gain = sum(block["gain"] for block in blocks) / many
    width = normal_mixture(sum(block["variance"] for block in blocks)) / many
    return many, "nearer" if gain > width else "further" if gain < -width else "no telling yet"


def _sum(parts: list[dict[str, Any]]) -> Cell:
    return Cell(*(sum(part[name] for part in parts) for name in ("leads", "won", "expected")))
