"""Sets of matured leads that may be told of together now, or that were tried and must wait (STATISTICS §5).

When a set is released is itself news: were each new lead tried by itself, the one that tipped the balance would be
known for what was said about it. So what failed is tried again only with a batch that is large and mixed enough by
itself, whatever was said in it, and only a digest tries; a preview tells of sets that were released before.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot.domain.cohorts import EARLY, PROBLEM, cohort_of
from bot.domain.groups import Group
from bot.domain.release import (
    CELLS,
    FEW,
    MORE,
    NEITHER,
    REPS_NEEDED,
    SMALL_REPS,
    Cell,
    Rules,
    frozen,
    may_release,
    may_show,
    views,
)
from bot.groups import STAYS_A_MANAGER, Scope
from storage import people, stats, workspace
from storage.digests import Told

# So many changed outcomes join one set at the most, one more for so many leads: each asks for more company.
CORRECTIONS, LEADS_A_CORRECTION = 5, 40


@dataclass(frozen=True)
class NewSet:
    """Leads that may be released together now."""

    horizon_days: int
    teams: frozenset[int]
    cells: dict[str, Any]
    settled_early: int
    data_problems: int
    # Its leads by the cell they are told of in, or why in none, and if as won.
    members: dict[Told, list[int]]
    # Those of earlier sets that are corrected with it, by whether they are won now.
    corrected: dict[bool, list[int]]


@dataclass
class Ready:
    """What may be released now, and what waits for company: how many, of which cohorts; `tried` in vain just now."""

    sets: list[NewSet] = field(default_factory=list)
    held: int = 0
    made_up: bool = False
    leads: dict[int, list[Any]] = field(default_factory=lambda: defaultdict(list))
    waiting: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    tried: list[int] = field(default_factory=list)


def rules_of(session: Session, now: datetime) -> Rules:
    """How large a group must be today: a change by an admin begins a week after it was made."""
    row = workspace.read(session)
    ahead = row.privacy_next
    if ahead and now >= datetime.fromisoformat(ahead["from"]):
        return Rules(ahead["leads"], ahead["reps"])
    return Rules(row.privacy_leads, row.privacy_reps)


def small_rules(rules: Rules) -> Rules:
    """The same for a group under six people: four reps will do, unless an admin asks for more than the usual five."""
    return Rules(rules.leads, SMALL_REPS if rules.reps <= REPS_NEEDED else rules.reps)


def gather(session: Session, scope: Scope, now: datetime, *, trying: bool, new_quarter: bool) -> Ready:
    """Look at every group of the scope. Without `trying`, all that is not released waits.

    A group under six people is tried in the first digest of a quarter alone.
    """
    rules, ready = rules_of(session, now), Ready()
    readers = people.readers(session, now - STAYS_A_MANAGER)
    for one in scope.groups:
        _group(session, one, rules, now, ready, readers, trying=trying and (one.large or new_quarter))
    return ready


def _group(
    session: Session, one: Group, rules: Rules, now: datetime, ready: Ready, readers: frozenset[int], *, trying: bool
) -> None:
    need = rules if one.large else small_rules(rules)
    by_horizon: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in stats.unreleased(session, one.teams, now):
        by_horizon[row.horizon_days].append(row)
        ready.made_up |= row.made_up
    for horizon, rows in sorted(by_horizon.items()):
        new = Counter(row.by_id for row in rows if not row.considered)
        found = _cells(rows) if trying and may_show(new.values(), need) else None
        changed = _corrections(session, one, horizon, found[0]) if found is not None else []
        if found is not None and _may_be_told(rows, found[0], need, readers, changed):
            cells, left_out = found
            members: dict[Told, list[int]] = defaultdict(list)
            for row, place in zip(rows, _places(rows), strict=True):
                members[place, bool(row.won)].append(row.id)
            corrected = {won: [row.id for row in changed if row.won_now == won] for won in (True, False)}
            left = left_out[EARLY], left_out[PROBLEM]
            ready.sets.append(NewSet(horizon, one.teams, frozen(cells), *left, members, corrected))
            ready.leads[horizon] += rows
            continue
        if found is not None:
            ready.tried += [row.id for row in rows if not row.considered]
        ready.held += sum(row.place != EARLY for row in rows)
        ready.waiting[horizon] |= {cohort_of(row.posted_at) for row in rows}


def _may_be_told(
    rows: list[Row[Any]], cells: dict[str, Cell], need: Rules, readers: frozenset[int], corrections: list[Row[Any]]
) -> bool:
    """Whether the set may be published: as it is, and to each who reads it beside her own leads in it.

    The corrections are counted in, here too: `cells` have them afterwards.
    """
    without = [[row for row in rows if row.by_id not in view] for view in views((r.by_id for r in rows), readers)]
    told = [cells, *(_cells(left)[0] for left in without)]
    for one in told:
        for row in corrections:
            one[row.place].correct(row.probability, 1 if row.won_now else -1)
    return all(may_release(one, need, len(corrections)) for one in told)


def _corrections(session: Session, group: Group, horizon: int, cells: dict[str, Cell]) -> list[Row[Any]]:
    """Outcomes that have changed since they were told, as many as join this set. What was told is not touched.

    How many depends on sizes that are told, and on nothing in them. They join whenever the set is told: were it told
    now with them and now without, that would show in which cell they are.
    """
    found = [row for row in stats.corrected(session, group.teams) if row.horizon_days == horizon]
    room = 1 + min(cells[MORE].leads, cells[NEITHER].leads) // LEADS_A_CORRECTION
    return found[: min(room, CORRECTIONS)]


def _cells(rows: list[Row[Any]]) -> tuple[dict[str, Cell], Counter[str]]:
    """The cells of a set, and how many leads are left out of them, by why."""
    cells = {name: Cell() for name in CELLS}
    left_out: Counter[str] = Counter()
    for row, place in zip(rows, _places(rows), strict=True):
        if place in cells:
            cells[place].add(row.by_id, row.probability, won=bool(row.won), unanswered=bool(row.open))
        else:
            left_out[place] += 1
    return cells, left_out


def _places(rows: list[Row[Any]]) -> list[str]:
    """Where each lead of a set counts.

    Leads with a data problem are left out where three others were disqualified without one. Else the gap would tell
    which lead's data a rep has called wrong, and they count like any other that was not won.
    """
    disqualified = sum(row.disqualified for row in rows)
    return [NEITHER if row.place == PROBLEM and disqualified < FEW else row.place for row in rows]
