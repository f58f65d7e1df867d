"""The model's owners: data problems within a day, the drift alarm, and a note a month. No rep, no word of anybody's."""

from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import numpy as np
from sqlmodel import Session

from bot.domain.bands import LABELS
from bot.domain.calibration import WATCH, corp, diagram_may_show, drift, reliability, watch_began
from bot.domain.clock import Moment
from bot.domain.evidence import ALARM, Tilt
from bot.domain.pace import local_day
from bot.groups import STAYS_A_MANAGER, manages_or_did
from bot.views import owners as views
from bot.views.kit import Json
from bot.views.owners import Fit, OwnerPart
from storage import export, outbox

LOOK_BACK = timedelta(days=90)
DRIFT_NEEDED = 50
HOME_SHOWS = 20
# A month's note judges the tool by the newest of a year's leads: enough, and no more than a second's work.
YEAR, FIT_LEADS = timedelta(days=365), 20_000


def owners(session: Session, now: datetime) -> list[Any]:
    """Who is told: model owners who manage nobody and did not lately, as a data problem is an answer by a rep."""
    found = export.model_owners(session)
    return [row for row in found if row.forgotten_at is None and not manages_or_did(session, row.slack_id, now)]


def part(session: Session, slack_id: str, now: datetime) -> OwnerPart | None:
    """What stands in the Home of somebody who is told; None for anybody else.

    It holds what the messages held, and no report from before somebody who managed a team became an owner: it looks
    no further back than one stays a manager here. A report that was taken back stays, as its message does: that it
    was would be another answer.
    """
    mine = next((row for row in owners(session, now) if row.slack_id == slack_id), None)
    if mine is None:
        return None
    told = export.told_problems(session, now - min(LOOK_BACK, STAYS_A_MANAGER), HOME_SHOWS)
    alarms = [
        (row.model_line, row.horizon_days, row.leads, row.at) for row in export.alarms_since(session, now - WATCH)
    ]
    return OwnerPart(mine.zone, [(row.lead_id, row.problem_told_at) for row in told], alarms)


def rang(session: Session, now: datetime) -> list[tuple[str, int, datetime]]:
    """Where the alarm has rung within a year: model line, days, when. No response is in it."""
    return [(row.model_line, row.horizon_days, row.at) for row in export.alarms_since(session, now - WATCH)]


def problems(session: Session, at: Moment) -> list[Any]:
    """Leads whose data reps have called wrong and of which nobody was told; none when there was a letter today."""
    told = owners(session, at.now)
    if not told or any(outbox.by_key(session, _key(row, at)) is not None for row in told):
        return []
    return list(export.untold_problems(session, at.now - LOOK_BACK))


def tell_problems(session: Session, at: Moment) -> int:
    """Tell the model's owners which leads' data reps have called wrong, once a day at the most; how many leads."""
    told = owners(session, at.now)
    found = problems(session, at)
    if not found:
        return 0
    payload = views.problems([row.lead_id for row in found])
    # A report follows an answer, so it is counted nowhere.
    letters = [
        {"kind": "report", "lane": row.slack_id, "payload": payload, "dedupe_key": _key(row, at)} for row in told
    ]
    outbox.add(session, letters, at.real)
    export.problems_told(session, [row.id for row in found], at.now)
    return len(found)


def _key(row: Any, at: Moment) -> str:
    return f"problems:{row.id}:{local_day(at.now, row.zone)}"


def drifting(session: Session, at: Moment) -> list[dict[str, Any]]:
    """Model lines whose numbers and outcomes part company, by leads that matured since this watch began."""
    found = []
    for line in export.lines_since(session, at.now - WATCH, at.now):
        last = export.last_alarm(session, line.model_line, line.horizon_days)
        since = watch_began(last.at if last is not None else _just_before_first(session, line), at.now)
        rows = export.by_number(session, line.model_line, line.horizon_days, since, at.now)
        leads = sum(row.leads for row in rows)
        if leads < DRIFT_NEEDED:
            continue
        tilts = []
        for _, mine in groupby(rows, key=lambda row: row.band):
            p, many, won = np.array([(row.probability, row.leads, row.won) for row in mine]).T
            ends = np.column_stack([won, many - won]).astype(int).ravel()
            tilts.append(Tilt.of(np.repeat(np.repeat(p, 2), ends), np.repeat(np.tile([1.0, 0.0], len(p)), ends)))
        e = drift(tilts)
        if e >= ALARM:
            found.append(
                {
                    "model_line": line.model_line,
                    "horizon_days": line.horizon_days,
                    "e": min(e, 1e300),
                    "leads": leads,
                    "won": int(sum(row.won for row in rows)),
                    "expected": float(sum(row.probability * row.leads for row in rows)),
                }
            )
    return found


def _just_before_first(session: Session, line: Any) -> datetime:
    return export.first_matured(session, line.model_line, line.horizon_days) - timedelta(microseconds=1)


def ring(session: Session, alarm: dict[str, Any], admins: list[str], at: Moment) -> None:
    """Tell the model's owners and those who run Otherwise, and count anew from here."""
    payload = views.drift(alarm["model_line"], alarm["horizon_days"], alarm["leads"], alarm["won"], alarm["expected"])
    lanes = sorted({row.slack_id for row in owners(session, at.now)} | set(admins))
    kept = {key: alarm[key] for key in ("model_line", "horizon_days", "e", "leads")}
    export.ring(session, kept | {"made_up": at.made_up, "at": at.now})
    stamp = local_day(at.now, "UTC")
    for lane in lanes:
        key = f"drift:{alarm['model_line']}:{alarm['horizon_days']}:{stamp}:{lane}"
        outbox.add_once(session, {"kind": "post", "lane": lane, "payload": payload, "dedupe_key": key}, at.real)


def to_note(session: Session, at: Moment) -> list[Any]:
    """Model owners who have had no note this month."""
    return [row for row in owners(session, at.now) if outbox.by_key(session, _month_key(row, at)) is None]


def month(session: Session, at: Moment) -> Json:
    """The month's note: how much there is to learn from, how the tool has done over a year, and where the lines are.

    Read and computed outside of any write: the mean by chance takes 200 draws over a year's leads.
    """
    lines = export.lines_since(session, at.now - timedelta(days=31), at.now)
    sets = [one for one in export.released_after(session, 0, 10_000) if one.released_at > at.now - timedelta(days=31)]
    calls = sum(one.cells[name]["leads"] for one in sets for name in ("more", "less"))
    told = [(one.model_line, one.horizon_days, int(one.many)) for one in lines]
    fits = [_fit(session, one.model_line, one.horizon_days, at.now) for one in lines]
    return views.month(told, [one for one in fits if one is not None], len(sets), calls)


def note(session: Session, payload: Json, told: list[Any], at: Moment) -> int:
    """Queue it for each of them, once a month; how many."""
    letters = [
        {"kind": "post", "lane": row.slack_id, "payload": payload, "dedupe_key": _month_key(row, at)} for row in told
    ]
    return len([one for one in letters if outbox.add_once(session, one, at.real) is not None])


def _month_key(row: Any, at: Moment) -> str:
    return f"note:{row.id}:{at.now.strftime('%Y-%m')}"


def _fit(session: Session, line: str, horizon: int, now: datetime) -> Fit | None:
    rows = export.of_line(session, line, horizon, now - YEAR, now, limit=FIT_LEADS)
    p, y = (np.array([float(getattr(row, name)) for row in rows]) for name in ("probability", "won"))
    if not rows:
        return None
    if not diagram_may_show(y):
        by_band = [(label, [row.won for row in rows if row.band == band]) for band, label in enumerate(LABELS)]
        bands = [(label, sum(won), len(won)) for label, won in by_band if won]
        return Fit(line, horizon, len(rows), 0.0, 0.0, 0.0, [], bands)
    found = corp(p, y)
    return Fit(line, horizon, len(rows), found.miscalibration, found.by_chance, found.discrimination, reliability(p, y))
