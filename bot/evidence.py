"""What a manager's released leads say about overrides, cohort by cohort: counted once, when a cohort is closed."""

import base64
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from sqlmodel import Session

from bot.domain.cohorts import cohort_of, last_closed, place_of
from bot.domain.evidence import Conditional, logit, recalibration
from bot.domain.release import LESS, MORE, NEITHER
from storage import evidence

SIGNS = {MORE: 1.0, LESS: -1.0, NEITHER: 0.0}


@dataclass(frozen=True)
class Found:
    """The evidence of one horizon so far, and the cohorts of it that are new. `cohorts` counts all of them."""

    total: Conditional
    cohorts: int
    fresh: list[dict[str, Any]] = field(default_factory=list)


def gather(
    session: Session,
    manager: int,
    teams: frozenset[int],
    new_leads: dict[int, list[Any]],
    waiting: dict[int, set[int]],
    now: datetime,
) -> dict[int, Found]:
    """The evidence by horizon in days.

    `new_leads` are released with the digest that is being made; `waiting` names cohorts of which matured leads are
    not released yet: such a cohort is not counted, since what can't be shown must not be told by its sum either.
    """
    kept: dict[int, list[Any]] = defaultdict(list)
    for row in evidence.of_manager(session, manager):
        kept[row.horizon_days].append(row)
    return {
        horizon: _horizon(session, manager, teams, horizon, kept[horizon], new_leads.get(horizon, []), waiting, now)
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
) -> Found:
    total = Conditional(sum((_unpacked(row.gain) for row in kept), Conditional.nothing().gain))
    done, newest = {row.cohort for row in kept}, last_closed(now, horizon)
    if newest in done:
        return Found(total, len(kept))
    counted = _by_cohort([*evidence.released(session, manager, teams, horizon), *new_leads])
    fresh: list[dict[str, Any]] = []
    for cohort in sorted(counted):
        if cohort in done or cohort > newest or cohort in waiting.get(horizon, set()):
            continue
        earlier = [row for before, rows in counted.items() if before < cohort for row in rows]
        level, slope = recalibration(_numbers(row.probability for row in earlier), _numbers(row.won for row in earlier))
        one = _cohort(counted[cohort], level, slope)
        total = Conditional(total.gain + one.gain)
        fresh.append(
            {
                "manager_id": manager,
                "horizon_days": horizon,
                "cohort": cohort,
                "leads": len(counted[cohort]),
                "level": level,
                "slope": slope,
                "gain": _packed(one.gain),
            }
        )
    return Found(total, len(kept) + len(fresh), fresh)


def _by_cohort(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        if place_of(row) in SIGNS:
            found[cohort_of(row.posted_at)].append(row)
    return found


def _cohort(rows: list[Any], level: float, slope: float) -> Conditional:
    """A stratum a rep: reps are compared with themselves, and their names end here."""
    strata: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        strata[row.rep_id].append(row)
    found = Conditional.nothing()
    for members in strata.values():
        offset = level + slope * logit(_numbers(row.probability for row in members))
        z, y = _numbers(SIGNS[place_of(row)] for row in members), _numbers(row.won for row in members)
        found = found.with_stratum(offset, z, y)
    return found


def _numbers(values: Iterable[float]) -> "np.ndarray[Any, np.dtype[np.float64]]":
    return np.fromiter(values, dtype=np.float64)


def _packed(curve: "np.ndarray[Any, np.dtype[np.float64]]") -> str:
    return base64.b64encode(curve.astype("<f8").tobytes()).decode()


def _unpacked(text: str) -> "np.ndarray[Any, np.dtype[np.float64]]":
    return np.frombuffer(base64.b64decode(text), dtype="<f8").astype(np.float64)
