"""`otherwise export`: the lines of `/v1/export` into a file or a pipe, page by page, as NDJSON or Parquet."""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from bot import export
from bot.domain.assignment import Draw
from bot.domain.clock import Moment
from bot.domain.feedback import Cursor, cursor_of
from storage.database import Database

Write = Callable[[list[dict[str, Any]]], None]


@contextlib.contextmanager
def writer_to(file: Path | None) -> Iterator[Write]:
    """What takes lines: standard output, a file of NDJSON, or one of Parquet by its name's ending.

    Raises OtherwiseError for Parquet where pyarrow is not installed.
    """
    if file is not None and file.suffix == ".parquet":
        from bot.parquet import parquet_to  # brings pyarrow, which most never need

        with parquet_to(file) as write:
            yield write
        return
    with file.open("w", encoding="utf-8") if file is not None else contextlib.nullcontext(sys.stdout) as out:

        def write_lines(lines: list[dict[str, Any]]) -> None:
            out.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)

        yield write_lines


def write_export(
    database: Database, write: Write, scopes: set[str], since: str, draw: Draw, at: Moment
) -> tuple[int, Cursor]:
    """Write all there is behind a cursor; how many lines, and where to go on. Raises SwitchedOff or BadCursor.

    Each page's readings are kept before the page is written, as over HTTP: the command line is no way around it.
    """
    cursor, written = cursor_of(since), 0
    while True:
        with database.reading() as session:
            page = export.page(session, scopes, cursor, draw, at)
        if page.read:
            database.write(partial(_tell, page=page, at=at), key="export")
        write(page.lines)
        written, cursor = written + len(page.lines), page.cursor
        if not page.more:
            return written, cursor


def _tell(session: Any, page: export.Page, at: Moment) -> None:
    export.tell_readings(session, page, "the server's command line", at)
