"""`otherwise export`: the lines of `/v1/export` into a file or a pipe, page by page."""

import json
from typing import Any, TextIO

from bot import export
from bot.domain.assignment import Draw
from bot.domain.clock import Moment
from bot.domain.feedback import Cursor, cursor_of
from storage.database import Database


def write_export(
    database: Database, out: TextIO, scopes: set[str], since: str, draw: Draw, at: Moment
) -> tuple[int, Cursor]:
    """Write all there is behind a cursor; how many lines, and where to go on. Raises SwitchedOff or BadCursor.

    Each page's readings are kept before the page is written, as over HTTP: the command line is no way around it.
    """
    cursor, written = cursor_of(since), 0
    while True:
        with database.reading() as session:
            page = export.page(session, scopes, cursor, draw, at)
        if page.read:
            database.write(lambda s, one=page: _tell(s, one, at), key="export")  # type: ignore[misc]
        for line in page.lines:
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
        written, cursor = written + len(page.lines), page.cursor
        if not page.more:
            return written, cursor


def _tell(session: Any, page: export.Page, at: Moment) -> None:
    export.tell_readings(session, page, "the server's command line", at)
