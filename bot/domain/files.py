"""Reading leads and people from files, a row at a time: CSV or JSON lines, gzip or not."""

import csv
import gzip
import io
import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from bot.domain.errors import ImportRefused

FIELD_LIMIT = 1_000_000


@dataclass(frozen=True)
class Row:
    """One row of a file: where it ends in it (in bytes, for progress), its line and its cells; or why it has none."""

    line: int
    end: int
    cells: dict[str, Any]
    problem: str = ""


def rows(path: Path) -> Generator[Row, None, None]:
    """The rows of a `.csv` or `.jsonl` file, with `.gz` behind it or not. Raises ImportRefused for another or none."""
    name = path.name.lower().removesuffix(".gz")
    if not name.endswith((".csv", ".jsonl", ".ndjson")):
        raise ImportRefused(f"{path.name} is neither .csv nor .jsonl (with .gz behind it or not).")
    try:
        with path.open("rb") as raw:
            packed: Any = gzip.GzipFile(fileobj=raw) if path.name.lower().endswith(".gz") else raw
            text = io.TextIOWrapper(packed, encoding="utf-8-sig", newline="")
            yield from _csv(text, raw) if name.endswith(".csv") else _jsonl(text, raw)
    except FileNotFoundError:
        raise ImportRefused(f"There is no file {path.name} here.") from None
    except (OSError, EOFError, UnicodeDecodeError) as failure:
        kind = "text in UTF-8" if isinstance(failure, UnicodeDecodeError) else "a whole file"
        raise ImportRefused(
            f"{path.name} could not be read to its end: it is not {kind}. What came before it is kept."
        ) from failure


def _csv(text: io.TextIOWrapper, raw: BinaryIO) -> Iterator[Row]:
    csv.field_size_limit(FIELD_LIMIT)
    reader = csv.DictReader(text, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as failure:
            yield Row(reader.line_num, raw.tell(), {}, f"not readable as CSV: {failure}")
            continue
        if None in cells or None in cells.values():
            shown = {key: value for key, value in cells.items() if key is not None and value is not None}
            yield Row(reader.line_num, raw.tell(), shown, "has more or fewer cells than the header")
        else:
            yield Row(reader.line_num, raw.tell(), dict(cells))


def _jsonl(text: io.TextIOWrapper, raw: BinaryIO) -> Iterator[Row]:
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            cells = json.loads(line)
        except (ValueError, RecursionError):
            yield Row(number, raw.tell(), {}, "is not JSON")
            continue
        if isinstance(cells, dict):
            yield Row(number, raw.tell(), cells)
        else:
            yield Row(number, raw.tell(), {}, "is not a JSON object")
