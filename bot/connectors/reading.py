"""Reading a CRM's values: numbers and times as CRMs write them, and cursors."""

import json
import math
from datetime import UTC, datetime
from typing import Any

from bot.connectors.contract import Refused

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def number(value: Any) -> float | None:
    """A number, or None where there is none: nothing, an empty cell, a word."""
    if value is None or isinstance(value, bool):
        return None
    try:
        found = float(str(value).strip())
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def moment(value: Any) -> datetime | None:
    """A time with its zone: ISO 8601, a bare date (its first moment in UTC), or milliseconds since 1970."""
    if isinstance(value, int | float) or (isinstance(value, str) and value.isdigit()):
        try:
            return datetime.fromtimestamp(float(value) / 1000, UTC)
        except (OverflowError, ValueError, OSError):
            return None
    try:
        # Salesforce writes +0000, which fromisoformat reads from Python 3.11 on.
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def moment_or_first(value: Any) -> datetime:
    """The same; the first moment of 1970 where there is none."""
    return moment(value) or _LONG_AGO


def text(value: Any) -> str:
    """A value as one line."""
    return "" if value is None or isinstance(value, dict | list) else " ".join(str(value).split())


def state_of(cursor: str) -> dict[str, Any]:
    """What a cursor holds; nothing at the beginning. Raises Refused for one that is not ours."""
    if not cursor:
        return {}
    try:
        found = json.loads(cursor)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refused("The place in the CRM where reading stopped is lost: connect again.")
    return found


def cursor_of(state: dict[str, Any]) -> str:
    """A cursor that holds this."""
    return json.dumps(state, separators=(",", ":"))
