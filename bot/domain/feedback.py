"""The lines that go back to the model: their fields, their version, and where a reader left off (PRODUCT §8).

A lead's owner is known to any CRM, so a line that joins a lead with what was said names the rep. The plain scope
therefore has two kinds of lines that nothing joins: leads with their prior and outcome, coarse in time, and what was
said in a released set, without a lead. Names follow the CDS Hooks feedback where they fit.
"""

import base64
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.errors import OtherwiseError
from bot.domain.release import FEW

SCHEMA_VERSION = "1"


class BadCursor(OtherwiseError):
    """This cursor is none of ours. Leave `since` out to begin at the beginning."""


@dataclass(frozen=True)
class Cursor:
    """Where a reader is: the last lead, by our own number, and the last released set.

    It names no moment: a plain export tells times to the week, and whoever reads on must not learn more.
    """

    lead: int = 0
    release: int = 0

    def text(self) -> str:
        """As it rides in `since`."""
        raw = json.dumps([self.lead, self.release]).encode()
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def cursor_of(text: str) -> Cursor:
    """Read one; the empty text is the beginning. Raises BadCursor."""
    if not text:
        return Cursor()
    try:
        # Those of earlier versions begin with the lead's moment.
        *_, lead, release = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not (0 <= int(lead) < 2**53 and 0 <= int(release) < 2**53):
            raise BadCursor
        return Cursor(int(lead), int(release))
    except (ValueError, TypeError, OverflowError):
        raise BadCursor from None


def week_of(moment: datetime) -> datetime:
    """The Monday, midnight UTC, of a moment's week: all that a plain export tells of when."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def plain_prior(row: Any, hashed: str) -> dict[str, Any]:
    """A lead with its prior and outcome: id hashed, times to the week, nothing of any answer.

    The prior is the first that was made: which one figures use can depend on when a rep answered.
    """
    posted = week_of(row.posted_at)
    ended: dict[str, Any] = {}
    if row.outcome in ("won", "lost", "disqualified") and row.outcome_at is not None:
        days = max(1, (row.outcome_at - row.posted_at) // timedelta(days=7) * 7)
        within = min(days, row.horizon_days) if row.won else days
        ended = {"outcome": row.outcome, "outcome_at": (posted + timedelta(days=within)).isoformat()}
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "prior",
        "lead_id": hashed,
        "name": f"Lead {hashed[:8]}",
        "posted_at": posted.isoformat(),
        **_prior(row),
        **ended,
        "won": bool(row.won),
        "made_up": row.made_up,
    }


def plain_responses(release: Any, counted: Iterable[tuple[str, bool]]) -> list[dict[str, Any]]:
    """What was said in a released set, a line a lead, without the lead; sorted, so that no order tells anything.

    An answer of which fewer than three were won, or were not, comes without `won`, as in a digest.
    """
    kept = sorted(counted)
    many = Counter(kept)
    told = {said for said, _ in kept if min(many[said, True], many[said, False]) >= FEW}
    return [
        {
            "schema_version": SCHEMA_VERSION,
            "kind": "response",
            "set": release.id,
            "released_at": week_of(release.released_at).isoformat(),
            "horizon_days": release.horizon_days,
            "response": said,
            **({"won": won} if said in told else {}),
            "made_up": release.made_up,
        }
        for said, won in kept
    ]


def joined(row: Any, said: Any | None, route: Any | None, arm: str, *, words: bool) -> dict[str, Any]:
    """A lead with everything but, unless `words`, what was written; `arm` is that of a blind-first sample, empty where
    it is in none. `import` reads the line back.
    """
    line = {
        "schema_version": SCHEMA_VERSION,
        "kind": "lead",
        "lead_id": row.lead_id,
        "name": row.name,
        "owner": _owner(row),
        "posted_at": row.posted_at.isoformat(),
        **_prior(row),
        "outcome": row.outcome if row.outcome in ("won", "lost", "disqualified") else "",
        "outcome_at": row.outcome_at.isoformat() if row.outcome_at is not None else "",
        "outcomeTimestamp": row.outcome_at.isoformat() if row.outcome_at is not None else None,
        "won": bool(row.won),
        "made_up": row.made_up,
        "response": "none" if said is None or said.kind == "withdrawn" else said.kind,
        "at_landmark": row.landmark_direction,
        "arm": arm,
    }
    if said is not None and said.kind != "withdrawn":
        line |= {
            "direction": said.direction,
            "responded_at": said.at.isoformat(),
            "estimate": said.estimate if said.estimate is not None else "",
            "cues": said.cues or [],
            "prior_visible": said.number_visible,
            "wording": said.wording,
        }
        if words:
            line |= {"reason": said.reason or "", "overrideReason": {"userComment": said.reason or ""}}
    if route is not None:
        kept = {name: getattr(route, name) for name in ("by", "hard", "propensity", "in_pool")}
        line["routing"] = kept | {name: _known(getattr(route, name)) for name in ("usual", "recommended", "actual")}
    return line


def _owner(row: Any) -> str:
    """Email or Slack id: the CRM's owner or, where it names none, the rep to whom the lead was given."""
    found = row.owner_email or row.owner_slack_id or row.rep_email or row.rep_slack_id or ""
    return _known(found)


def _known(person: str) -> str:
    return "" if person.startswith("forgotten:") else person


def _prior(row: Any) -> dict[str, Any]:
    numbers = {"probability": row.probability} if row.probability is not None else {"points": row.points}
    return {
        **numbers,
        "horizon_days": row.horizon_days,
        "model": row.model,
        # Empty where the model has one line only, as it came in.
        "model_line": "" if row.model_line == row.model else row.model_line.removeprefix(f"{row.model} "),
        "model_version": row.model_version or "",
        "hard": row.flagged_hard,
    }
