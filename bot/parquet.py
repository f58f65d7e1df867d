"""The export's lines as Parquet: one table with a column for each field, whichever kind of line has it."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.domain.errors import OtherwiseError

try:
    import pyarrow as pa
    from pyarrow import parquet
except ImportError:
    raise OtherwiseError(
        "Parquet needs pyarrow: .venv/bin/pip install --require-hashes -r requirements-parquet.txt"
    ) from None

MOMENT = pa.timestamp("us", tz="UTC")
ROUTING = pa.struct(
    [("by", pa.string()), ("hard", pa.bool_()), ("propensity", pa.float64()), ("in_pool", pa.bool_())]
    + [(whom, pa.string()) for whom in ("usual", "recommended", "actual")]
)
# What NDJSON says twice under other names (`outcomeTimestamp`, `overrideReason`) stands here once.
SCHEMA = pa.schema(
    [
        ("schema_version", pa.string()),
        ("kind", pa.string()),
        ("lead_id", pa.string()),
        ("name", pa.string()),
        ("owner", pa.string()),
        ("posted_at", MOMENT),
        ("probability", pa.float64()),
        ("points", pa.float64()),
        ("horizon_days", pa.int32()),
        ("model", pa.string()),
        ("model_line", pa.string()),
        ("model_version", pa.string()),
        ("hard", pa.bool_()),
        ("outcome", pa.string()),
        ("outcome_at", MOMENT),
        ("won", pa.bool_()),
        ("made_up", pa.bool_()),
        ("set", pa.int64()),
        ("released_at", MOMENT),
        ("response", pa.string()),
        ("at_landmark", pa.string()),
        ("arm", pa.string()),
        ("direction", pa.string()),
        ("responded_at", MOMENT),
        ("estimate", pa.float64()),
        ("cues", pa.list_(pa.string())),
        ("prior_visible", pa.bool_()),
        ("wording", pa.string()),
        ("reason", pa.string()),
        ("routing", ROUTING),
    ]
)
GROUP = 50_000


@contextlib.contextmanager
def parquet_to(file: Path) -> Iterator[Callable[[list[dict[str, Any]]], None]]:
    """A function that takes lines; the file is whole when this ends."""
    kept: list[dict[str, Any]] = []
    with parquet.ParquetWriter(file, SCHEMA, compression="zstd") as out:

        def flush() -> None:
            if kept:
                out.write_table(pa.Table.from_pylist([_row(line) for line in kept], schema=SCHEMA))
                kept.clear()

        def write(lines: list[dict[str, Any]]) -> None:
            kept.extend(lines)
            if len(kept) >= GROUP:
                flush()

        yield write
        flush()


def _row(line: dict[str, Any]) -> dict[str, Any]:
    """A line with times as times, and nothing where NDJSON has an empty word."""
    found = {}
    for name in SCHEMA.names:
        value = line.get(name)
        if value == "":
            value = None
        elif value is not None and SCHEMA.field(name).type == MOMENT:
            value = datetime.fromisoformat(value)
        found[name] = value
    return found
