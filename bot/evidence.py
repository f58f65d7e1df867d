"""What a manager's released leads say about overrides, cohort by cohort: counted once, when a cohort is closed."""

import base64
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from sqlmodel import Session

from bot.domain.cohorts import began, cohort_of, last_closed, spans
from bot.domain.evidence import Conditional, Past, e_bh, logit, recalibration
from bot.domain.release import CELLS, LESS, MORE, NEITHER, Cell, Rules, may_release
from bot.domain.wording import CUES
from storage import aspects, evidence

SIGNS = {MORE: 1.0, LESS: -1.0, NEITHER: 0.0}


@dataclass(frozen=True)
class Found:
    """The evidence of one horizon so far, and the cohorts of it that are new. `cohorts` counts all of them."""

    total: Conditional
    cohorts: int
    # By cue: leads called by naming it, beside leads nobody called.
    cues: dict[str, Conditional] = field(default_factory=dict)
    fresh: list[dict[str, Any]] = field(default_factory=list)


def gather(
    session: Session,
    manager: int,
    teams: frozenset[int],
    new_leads: dict[int, list[Any]],
    waiting: dict[int, set[int]],
    now: datetime,
    need: Rules,
) -> dict[int, Found]:
    """The evidence by horizon in days.

    `new_leads` are released with the digest that is being made; `waiting` names cohorts of which matured leads are
    not released yet: such a cohort is not counted, since what can't be shown must not be told by its sum either. For
    the same reason cohorts are added together with later ones until they are as large and mixed as `need` has it: the
    odds of a handful of leads would tell their answers. An e-process may be looked at whenever one likes, so that
    waiting does not spoil it.
    """
    kept: dict[int, list[Any]] = defaultdict(list)
    for row in evidence.of_manager(session, manager):
        kept[row.horizon_days].append(row)
    return {
        horizon: _horizon(
            session, manager, teams, horizon, kept[horizon], new_leads.get(horizon, []), waiting, now, need
        )
        for horizon in sorted({*kept, *new_leads})
    }


def _horizon(
    session: Session,
    manager: int,
    teams: frozenset[int],
    horizon: int,
    kept: list[Any],
    new_leads: list[Any],
    waiting: dict[int, set[int]],
    now: datetime,
    need: Rules,
) -> Found:
    total = Conditional(sum((_unpacked(row.gain) for row in kept), Conditional.nothing().gain))
    cues: dict[str, Conditional] = defaultdict(Conditional.nothing)
    for row in kept:
        for cue, packed in (row.cues or {}).items():
            cues[cue] += Conditional(_unpacked(packed))
    done, newest = {row.cohort for row in kept}, last_closed(now, horizon)
    if newest in done:
        return Found(total, len(kept), dict(cues))
    sets, late = evidence.Sets(manager, teams, horizon), _by_cohort(new_leads)
    counted = _by_cohort([*evidence.posted_outside(session, sets, spans(done), began(newest + 1)), *new_leads])
    fresh: list[dict[str, Any]] = []
    held: list[tuple[Conditional, dict[str, Conditional], dict[str, Any]]] = []
    among = {name: Cell() for name in CELLS}
    past, since, before = _past([]), None, -math.inf
    for cohort in sorted(counted):
        if cohort in done or cohort > newest or cohort in waiting.get(horizon, set()):
            continue
        # What was posted since the cohort before is added up by the database, which knows it as released already.
        if since != began(cohort):
            past += Past(*evidence.by_number(session, sets, (since, began(cohort))).T)
        past += _past(row for earlier, rows in late.items() if before < earlier < cohort for row in rows)
        level, slope = recalibration(past.p, past.won, past.leads)
        past, since, before = past + _past(counted[cohort]), began(cohort + 1), cohort
        one = _cohort(counted[cohort], level, slope)
        by_cue = _by_cue(session, counted[cohort], level, slope)
        row = {
            "manager_id": manager,
            "horizon_days": horizon,
            "cohort": cohort,
            "leads": len(counted[cohort]),
            "level": level,
            "slope": slope,
            "gain": _packed(one.gain),
            "cues": {cue: _packed(found.gain) for cue, found in by_cue.items()},
        }
        held.append((one, by_cue, row))
        for lead in counted[cohort]:
            among[lead.place].add(lead.by_id, lead.probability, won=bool(lead.won), unanswered=False)
        if not may_release(among, need):
            continue
        for gain, by_named, kept_row in held:
            total += gain
            for cue, named_gain in by_named.items():
                cues[cue] += named_gain
            fresh.append(kept_row)
        held, among = [], {name: Cell() for name in CELLS}
    return Found(total, len(kept) + len(fresh), dict(cues), fresh)


def _by_cohort(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        if row.place in SIGNS:
            found[cohort_of(row.posted_at)].append(row)
    return found


def _past(rows: Iterable[Any]) -> Past:
    pairs = [(row.probability, row.won) for row in rows]
    return Past.of(_numbers(p for p, _ in pairs), _numbers(y for _, y in pairs))


def clear_cues(found: Iterable[Found]) -> list[str]:
    """Cues by which what reps saw went with what happened: e-BH over all cues at false discovery rate .1.

    A cue's e-values of several horizons are averaged, which gives one again however they hang together.
    """
    by_horizon = [one.cues for one in found]
    values = [
        float(np.mean([cues.get(cue, Conditional.nothing()).e_value() for cues in by_horizon])) if by_horizon else 1.0
        for cue in CUES
    ]
    names = list(CUES)
    return [names[place] for place in e_bh(values)]


def _by_cue(session: Session, rows: list[Any], level: float, slope: float) -> dict[str, Conditional]:
    """The same evidence for leads that were called by naming one cue, beside the cohort's leads that nobody called."""
    called = {row.id: row for row in rows if row.place != NEITHER}
    others, named = [row for row in rows if row.id not in called], defaultdict(list)
    for lead, cues in aspects.cues_of(session, list(called)).items():
        for cue in cues:
            named[cue].append(called[lead])
    return {cue: _cohort([*those, *others], level, slope) for cue, those in sorted(named.items()) if cue in CUES}


def _cohort(rows: list[Any], level: float, slope: float) -> Conditional:
    """A stratum a rep: reps are compared with themselves, and their names end here."""
    strata: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        strata[row.rep_id].append(row)
    found = Conditional.nothing()
    for members in strata.values():
        offset = level + slope * logit(_numbers(row.seen for row in members))
        z, y = _numbers(SIGNS[row.place] for row in members), _numbers(row.won for row in members)
        found = found.with_stratum(offset, z, y)
    return found


def _numbers(values: Iterable[float]) -> "np.ndarray[Any, np.dtype[np.float64]]":
    return np.fromiter(values, dtype=np.float64)


def _packed(curve: "np.ndarray[Any, np.dtype[np.float64]]") -> str:
    return base64.b64encode(curve.astype("<f8").tobytes()).decode()


def _unpacked(text: str) -> "np.ndarray[Any, np.dtype[np.float64]]":
    return np.frombuffer(base64.b64decode(text), dtype="<f8").astype(np.float64)
