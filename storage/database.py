"""The database: reading sessions, and writes as units that a writer thread commits in groups.

Why a writer: SQLite has one anyway, and a commit's cost is its fsync, which a group shares (docs/patterns.md).
"""

import queue
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import URL, Engine, Insert, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from bot.domain.errors import Busy, CommitUnknown, StorageUnavailable
from storage.writer import Unit, Writer

T = TypeVar("T")
Item = TypeVar("Item")

WRITE_TIMEOUT = 2.0
NOTICING = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
# A process that was stopped or cut off in the middle of a transaction must not hold up the others for longer.
GIVES_UP = "-c idle_in_transaction_session_timeout=10s"

_LAST = text("SELECT last_insert_rowid()")


def changed(session: Session, statement: Any, values: dict[str, Any] | None = None) -> int:
    """Carry out an update or a deletion; how many rows it met."""
    return int(getattr(session.execute(statement, values), "rowcount", 0))


def added(session: Session, statement: Insert, rows: list[dict[str, Any]]) -> list[int]:
    """Insert rows into a table whose `id` the database gives; their ids in the rows' order."""
    if len(rows) == 1:
        return [int(session.execute(statement, rows[0]).inserted_primary_key[0])]  # type: ignore[attr-defined]
    if session.get_bind().dialect.name != "sqlite":
        return [int(number) for number in session.execute(_numbered(statement), rows).scalars()]
    # With RETURNING SQLAlchemy would send SQLite each row by itself. Nobody else writes meanwhile, so the rows of a
    # statement are numbered one after the other.
    session.execute(statement, rows)
    last = int(session.execute(_LAST).scalar_one())
    return list(range(last - len(rows) + 1, last + 1))


@cache
def _numbered(statement: Insert) -> Any:
    return statement.returning(statement.table.c.id, sort_by_parameter_order=True)


class Database:
    """Where everything is kept. `letters` is set by each commit that added letters, to wake the sender."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        if not self.sqlite:
            self.url = self.url.set(drivername="postgresql+psycopg")
        self.letters = threading.Event()
        self._writing = _sqlite_writer(self.url) if self.sqlite else _postgres_writer(self.url)
        self._readers = _sqlite_readers(self.url) if self.sqlite else _postgres_readers(self.url)
        count, group = (1, 200) if self.sqlite else (2, 50)
        self._writers = [Writer(self._writing, group, self.letters, number) for number in range(count)]
        self._closed = False
        for writer in self._writers:
            writer.start()

    def write(self, work: Callable[[Session], T], *, key: str = "", timeout: float = WRITE_TIMEOUT) -> T:
        """Run `work(session)` in a transaction, perhaps with others and perhaps more than once, and return its result
        after the commit.

        `work` has no effect but on the session, never calls `write` and returns plain values. `key` names what it is
        about (a lead): units of one key run in order. Raises Busy when the queue is full, CommitUnknown when `timeout`
        seconds pass (a unit's own unique keys make a second try harmless), StorageUnavailable when the database fails,
        and whatever `work` raises.
        """
        return self._wait(Unit(work), key, timeout)  # type: ignore[no-any-return]  # the unit's own T

    def write_all(self, work: Callable[[Session, list[Item]], list[T]], items: list[Item], *, key: str = "") -> list[T]:
        """`work(session, items)` as `write` does it, and in one call with the items of others who wait with the same
        `work`: what a call costs by itself is then shared.

        `work` gives one result an item, in order. When it fails, each caller's items are tried by themselves. Raises
        what `write` does.
        """
        return self._wait(Unit(work, items), key, WRITE_TIMEOUT)  # type: ignore[no-any-return]  # the unit's own T

    def _wait(self, unit: Unit, key: str, timeout: float) -> Any:
        if self._closed:
            raise StorageUnavailable("The bot is stopping, so nothing was stored. Please try again in a minute.")
        try:
            self._writers[zlib.crc32(key.encode()) % len(self._writers)].units.put_nowait(unit)
        except queue.Full:
            raise Busy from None
        try:
            try:
                return unit.done.result(timeout)
            except TimeoutError:
                if unit.done.cancel() or not unit.done.done():
                    raise CommitUnknown from None
                # It was done in that very moment, or failed with a time-out of its own.
                return unit.done.result(0)
        except DBAPIError as failure:
            raise StorageUnavailable from failure

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session to read with, on one consistent view. Raises StorageUnavailable when none is free for a second."""
        try:
            with Session(self._readers) as session:
                yield session
        except (PoolTimeout, DBAPIError) as failure:
            raise StorageUnavailable from failure

    def works(self) -> bool:
        """Whether the database answers just now."""
        try:
            with self._readers.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
        except SQLAlchemyError:
            return False
        return True

    def close(self) -> None:
        """Finish what is queued, then let go. Later writes are refused."""
        self._closed = True
        for writer in self._writers:
            writer.units.put(None)
        for writer in self._writers:
            writer.join(10)
        self._writing.dispose()
        self._readers.dispose()


def migration_engine(url: str) -> Engine:
    """A plain engine for schema changes, with SQLite's foreign keys off as Alembic's table copies need."""
    parsed = make_url(url)
    address = parsed if parsed.get_backend_name() == "sqlite" else parsed.set(drivername="postgresql+psycopg")
    return create_engine(address, hide_parameters=True)


def options_of(url: URL) -> str:
    """What connections to PostgreSQL are opened with that hold nobody up for long, beside what the address says."""
    return f"{url.query.get('options', '')} {GIVES_UP}".strip()


def noticing(url: URL) -> dict[str, Any]:
    """By what a connection to PostgreSQL notices within seconds that the other end is gone without a word: a machine
    without power, a firewall that has forgotten it. The system's own defaults are a quarter of an hour and more. What
    the address says goes before.
    """
    return {name: number for name, number in NOTICING.items() if name not in url.query}


def _sqlite_writer(url: Any) -> Engine:
    # hide_parameters, here and below: what a rep wrote must not reach a log by way of an error's text.
    engine = create_engine(
        url,
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"timeout": 5.0, "check_same_thread": False},
    )
    _on_connect(engine, "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-16000")
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _sqlite_readers(url: Any) -> Engine:
    engine = create_engine(
        url,
        pool_size=16,
        max_overflow=0,
        pool_timeout=1.0,
        hide_parameters=True,
        connect_args={"timeout": 1.0, "check_same_thread": False},
    )
    _on_connect(engine, "query_only=ON", "cache_size=-4000")
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _postgres_writer(url: Any) -> Engine:
    opened = {"options": options_of(url)} | noticing(url)
    return create_engine(url, pool_size=2, pool_pre_ping=True, hide_parameters=True, connect_args=opened)


def _postgres_readers(url: Any) -> Engine:
    return create_engine(
        url,
        pool_size=16,
        max_overflow=0,
        pool_timeout=1.0,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args=noticing(url),
        execution_options={"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"},
    )


def _on_connect(engine: Engine, *pragmas: str) -> None:
    def prepare(raw: DBAPIConnection, _record: object) -> None:
        raw.isolation_level = None
        cursor = raw.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine, "connect", prepare)
