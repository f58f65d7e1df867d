"""What leaves the house, a page at a time, by what a key may see; and who is told that it was read."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot.domain.assignment import Draw
from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError
from bot.domain.feedback import BadCursor, Cursor, joined, plain_prior, plain_responses
from bot.domain.release import CELLS, NEITHER
from storage import export, forgetting, workspace

PAGE = 1000
JOINING = {"export:joined", "export:text"}
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class SwitchedOff(OtherwiseError):
    """This part of the export is off. An admin who manages nobody can switch it on: `/otherwise export` says which."""


@dataclass(frozen=True)
class Page:
    """Some lines, where to go on, and whose leads or answers (`words`: her words) were read: rep to how many."""

    lines: list[dict[str, Any]]
    cursor: Cursor
    more: bool
    read: dict[int, int] = field(default_factory=dict)
    words: bool = False


def page(
    session: Session,
    scopes: set[str],
    cursor: Cursor,
    draw: Draw,
    at: Moment,
    limit: int = PAGE,
    until: Cursor | None = None,
) -> Page:
    """The next lines for a key with these scopes, none behind `until`.

    Raises SwitchedOff for a scope that is switched off here, BadCursor for a place that is none.
    """
    mode = workspace.read(session)
    if not scopes & JOINING:
        return _plain(session, cursor, draw, at, limit, until)
    words = "export:text" in scopes
    if is_off(mode, scopes):
        raise SwitchedOff
    rows = _leads(session, cursor, at, limit, until)
    numbers = [row.id for row in rows]
    said, routes, arms = (
        export.answers(session, numbers),
        export.routes(session, numbers),
        export.arms(session, numbers),
    )
    lines = [joined(row, said.get(row.id), routes.get(row.id), arms.get(row.id, ""), words=words) for row in rows]
    # That somebody has not answered is told too: whose lead it is, she is read.
    whose = [{row.rep_id, said[row.id].person_id if row.id in said else None} for row in rows]
    read = Counter(person for people in whose for person in people if person is not None)
    after = replace(cursor, lead=rows[-1].id) if rows else cursor
    return Page(lines, after, len(rows) == limit, dict(read), words)


def is_off(mode: Row[Any], scopes: set[str]) -> bool:
    """Whether the workspace has not switched on what a key with these scopes would read."""
    return bool(scopes & JOINING) and (not mode.joined_on or ("export:text" in scopes and not mode.text_on))


def tell_readings(session: Session, page: Page, reader: str, at: Moment) -> None:
    """Let each rep see in her Home that her answers were read, by whom and how."""
    how = "an export with words" if page.words else "an export of answers"
    rows = [
        {"person_id": person, "reader": reader, "how": how, "many": many, "at": at.now}
        for person, many in sorted(page.read.items())
    ]
    if rows:
        forgetting.keep_reading(session, rows)


def _leads(session: Session, cursor: Cursor, at: Moment, limit: int, until: Cursor | None) -> list[Any]:
    rows = export.matured(session, placed(session, cursor), at.now, limit)
    last = placed(session, until) if until is not None else None
    return [row for row in rows if last is None or (row.matures_at, row.id) <= last]


def placed(session: Session, cursor: Cursor) -> tuple[datetime, int]:
    """Where a cursor's lead stands in the order of maturing. Raises BadCursor for a lead that is not there."""
    if not cursor.lead:
        return BEGINNING, 0
    matured_at = export.matured_at(session, cursor.lead)
    if matured_at is None:
        raise BadCursor
    return matured_at, cursor.lead


def _plain(session: Session, cursor: Cursor, draw: Draw, at: Moment, limit: int, until: Cursor | None) -> Page:
    rows = _leads(session, cursor, at, limit, until)
    lines = [plain_prior(row, draw.hashed(row.lead_id)) for row in rows]
    sets = [
        one for one in export.released_after(session, cursor.release, 10) if until is None or one.id <= until.release
    ]
    for one in sets:
        lines += plain_responses(one, _counted(session, one))
    release = sets[-1].id if sets else cursor.release
    after = Cursor(rows[-1].id if rows else cursor.lead, release)
    return Page(lines, after, len(rows) == limit or len(sets) == 10)


def _counted(session: Session, release: Any) -> list[tuple[str, bool]]:
    """What was said of how many, as the set was frozen: later corrections don't move it."""
    if all(name in release.cells for name in CELLS):
        return [
            (name, won)
            for name in CELLS
            for won in [True] * release.cells[name]["won"]
            + [False] * (release.cells[name]["leads"] - release.cells[name]["won"])
        ]
    return [
        (row.place if row.place in CELLS else NEITHER, bool(row.won)) for row in export.members(session, release.id)
    ]
