"""The model's owners: data problems within a day, the drift alarm, and a note a month. No rep, no word of anybody's."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlmodel import Session

from bot.domain.bands import LABELS
from bot.domain.calibration import drift
from bot.domain.clock import Moment
from bot.domain.evidence import ALARM, Tilt
from bot.domain.pace import local_day
from bot.groups import manages_or_did
from bot.views import owners as views
from storage import export, outbox

LOOK_BACK = timedelta(days=90)
# An alarm counts leads since it last rang, and no further back than this.
DRIFT_DAYS = timedelta(days=365)
DRIFT_NEEDED = 50


def owners(session: Session, now: datetime) -> list[Any]:
    """Who is told: model owners who manage nobody and did not lately, as a data problem is an answer by a rep."""
    found = export.model_owners(session)
    return [row for row in found if row.forgotten_at is None and not manages_or_did(session, row.slack_id, now)]


def tell_problems(session: Session, at: Moment) -> int:
    """Tell the model's owners which leads' data reps have called wrong, once a day at the most; how many leads."""
    told = owners(session, at.now)
    found = export.untold_problems(session, at.now - LOOK_BACK) if told else []
    if not found or any(outbox.by_key(session, _key(row, at)) is not None for row in told):
        return 0
    payload = views.problems([row.lead_id for row in found])
    letters = [{"kind": "post", "lane": row.slack_id, "payload": payload, "dedupe_key": _key(row, at)} for row in told]
    outbox.add(session, letters, at.real)
    export.problems_told(session, [row.id for row in found], at.now)
    return len(found)


def _key(row: Any, at: Moment) -> str:
    return f"problems:{row.id}:{local_day(at.now, row.zone)}"


def drifting(session: Session, at: Moment) -> list[dict[str, Any]]:
    """Model lines whose numbers and outcomes part company, by leads that matured since the alarm last rang."""
    found = []
    for line in export.lines_since(session, at.now - DRIFT_DAYS, at.now):
        last = export.last_alarm(session, line.model_line, line.horizon_days)
        since = max(last.at, at.now - DRIFT_DAYS) if last is not None else at.now - DRIFT_DAYS
        rows = export.of_line(session, line.model_line, line.horizon_days, since, at.now)
        if len(rows) < DRIFT_NEEDED:
            continue
        tilts = []
        for band in range(len(LABELS)):
            mine = [row for row in rows if row.band == band]
            if mine:
                p = np.array([row.probability for row in mine])
                tilts.append(Tilt.of(p, np.array([float(row.won) for row in mine])))
        e = drift(tilts)
        if e >= ALARM:
            found.append(
                {
                    "model_line": line.model_line,
                    "horizon_days": line.horizon_days,
                    "e": min(e, 1e300),
                    "leads": len(rows),
                    "won": int(sum(row.won for row in rows)),
                    "expected": float(sum(row.probability for row in rows)),
                }
            )
    return found


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


def note(session: Session, at: Moment) -> int:
    """A note a month to each model owner: how much there is to learn from, and where; how many notes."""
    sent, month = 0, at.now.strftime("%Y-%m")
    for row in owners(session, at.now):
        key = f"note:{row.id}:{month}"
        if outbox.by_key(session, key) is not None:
            continue
        lines = export.lines_since(session, at.now - timedelta(days=31), at.now)
        sets = [
            one for one in export.released_after(session, 0, 10_000) if one.released_at > at.now - timedelta(days=31)
        ]
        calls = sum(one.cells[name]["leads"] for one in sets for name in ("more", "less"))
        payload = views.month([(one.model_line, one.horizon_days, int(one.many)) for one in lines], len(sets), calls)
        outbox.add(session, [{"kind": "post", "lane": row.slack_id, "payload": payload, "dedupe_key": key}], at.real)
        sent += 1
    return sent
