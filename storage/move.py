"""From SQLite to PostgreSQL: every row, in one transaction, and looked through before it is kept."""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Table, func, insert, make_url, select, text, update
from sqlmodel import SQLModel

from bot.domain.errors import OtherwiseError
from storage.database import migration_engine
from storage.lock import database_file, holding
from storage.migrate import is_current, upgrade

BATCH = 1000
# The one row that migrations make themselves.
MADE = "workspace"


class NotMoved(OtherwiseError):
    """Nothing was moved; both databases are as they were."""


def move_database(source: str, target: str, told: Callable[[str, int], None]) -> int:
    """Copy everything from a SQLite database to an empty PostgreSQL one; how many rows there are now.

    Holds the source's lock, so that no bot writes meanwhile. All rows of all tables go in one transaction, which is
    committed when each table has as many rows as before and the same content, by a hash over its rows in order.
    `told(table, rows)` is called for each. Raises NotMoved or FileLocked.
    """
    file = database_file(source)
    if file is None or make_url(target).get_backend_name() != "postgresql":
        raise NotMoved("This moves a SQLite database (DATABASE_URL) to an address that starts with postgresql://.")
    if not file.exists():
        raise NotMoved(f"There is no database at {file} to move.")
    with holding(source):
        if not is_current(source):
            raise NotMoved("The database has another version's tables: run `otherwise migrate` first.")
        upgrade(target)
        old, new = migration_engine(source), migration_engine(target)
        try:
            with old.connect() as read, new.begin() as write:
                return sum(_move_table(read, write, table, told) for table in _tables(write))
        finally:
            old.dispose()
            new.dispose()


def _tables(write: Connection) -> list[Table]:
    """Every table, those that others refer to first. Raises NotMoved when there is something in them already."""
    tables = list(SQLModel.metadata.sorted_tables)
    for table in tables:
        if table.name != MADE and write.execute(select(table).limit(1)).first() is not None:
            raise NotMoved(f"The other database is not empty: there are rows in {table.name}. Give it a new one.")
    write.execute(SQLModel.metadata.tables[MADE].delete())
    return tables


def _move_table(read: Connection, write: Connection, table: Table, told: Callable[[str, int], None]) -> int:
    # A row may refer to one of its own table that comes later: such columns are filled at the end.
    within = [column for column in table.columns if any(key.column.table is table for key in column.foreign_keys)]
    rows = 0
    for batch in _batches(read, table):
        first = [row | {column.name: None for column in within} for row in batch]
        write.execute(insert(table), first)
        rows += len(batch)
    for column in within:
        _refer(read, write, table, column)
    _set_sequence(write, table)
    if _content(read, table) != _content(write, table):
        raise NotMoved(f"{table.name} did not arrive as it was, so nothing was kept. Please report this as a defect.")
    told(table.name, rows)
    return rows


def _batches(read: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    found = read.execute(select(table).order_by(*table.primary_key).execution_options(stream_results=True))
    for part in found.mappings().partitions(BATCH):
        yield [dict(row) for row in part]


def _refer(read: Connection, write: Connection, table: Table, column: Column[Any]) -> None:
    (key,) = table.primary_key
    for row in read.execute(select(key, column).where(column.is_not(None))):
        write.execute(update(table).where(key == row[0]).values({column: row[1]}))


def _set_sequence(write: Connection, table: Table) -> None:
    """Let the next row's number follow the highest that was moved."""
    for key in table.primary_key:
        name = write.execute(
            text("SELECT pg_get_serial_sequence(:t, :c)"), {"t": f'"{table.name}"', "c": key.name}
        ).scalar()
        highest = write.execute(select(func.max(key))).scalar()
        if name is not None and highest is not None:
            write.execute(text("SELECT setval(CAST(:name AS regclass), :highest)"), {"name": name, "highest": highest})


def _content(connection: Connection, table: Table) -> tuple[int, str]:
    """How many rows, and a hash over them in the order of their keys."""
    seen, rows = hashlib.sha256(), 0
    for batch in _batches(connection, table):
        for row in batch:
            seen.update(json.dumps({name: _plain(value) for name, value in row.items()}, sort_keys=True).encode())
        rows += len(batch)
    return rows, seen.hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    return value.hex() if isinstance(value, bytes | float) else value
