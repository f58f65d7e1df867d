"""The database: reading sessions, and writes as units that a writer thread commits in groups.

Why a writer: SQLite has one anyway, and a commit's cost is its fsync, which a group shares (docs/patterns.md).
"""

import queue
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from bot.domain.errors import Busy, CommitUnknown, StorageUnavailable

T = TypeVar("T")

QUEUE_LIMIT = 1000
WRITE_TIMEOUT = 2.0
TRIES_ALONE = 3
LETTERS = "letters"
# A process that was stopped or cut off in the middle of a transaction must not hold up the others for longer.
GIVES_UP = "-c idle_in_transaction_session_timeout=10s"
_NOTIFY = text("NOTIFY otherwise_letters")


@dataclass(eq=False)
class _Unit:
    work: Callable[[Session], Any]
    done: Future[Any] = field(default_factory=Future)


class _Writer(threading.Thread):
    """One thread that owns one connection at a time and commits units in groups."""

    def __init__(self, engine: Engine, group: int, letters: threading.Event, number: int) -> None:
        super().__init__(name=f"writer-{number}", daemon=True)
        self.units: queue.Queue[_Unit | None] = queue.Queue(QUEUE_LIMIT)
        self._engine, self._group, self._letters = engine, group, letters

    def run(self) -> None:
        while (first := self.units.get()) is not None:
            group, more = [first], True
            while more and len(group) < self._group:
                try:
                    unit = self.units.get_nowait()
                except queue.Empty:
                    break
                more = unit is not None
                if unit is not None:
                    group.append(unit)
            # A caller who has already given up must not have his unit done behind his back.
            self._commit([unit for unit in group if unit.done.set_running_or_notify_cancel()])
            if not more:
                return

    def _commit(self, group: list[_Unit]) -> None:
        if not group:
            return
        try:
            results = self._attempt(group)
        except BaseException as failure:  # noqa: BLE001  # handed to the callers, each of whom raises it
            if len(group) == 1:
                self._alone(group[0], failure)
            else:
                for unit in group:
                    self._alone(unit, None)
            return
        for unit, result in zip(group, results, strict=True):
            unit.done.set_result(result)

    def _alone(self, unit: _Unit, failure: BaseException | None) -> None:
        """Run one unit by itself. A unique key that another writer took in between is worth another look."""
        for _ in range(TRIES_ALONE):
            if failure is not None and not isinstance(failure, IntegrityError):
                break
            try:
                unit.done.set_result(self._attempt([unit])[0])
                return
            except BaseException as again:  # noqa: BLE001  # the caller gets it
                failure = again
        unit.done.set_exception(failure or StorageUnavailable())

    def _attempt(self, group: list[_Unit]) -> list[Any]:
        """All of the group's units in one transaction, or none of them."""
        with self._engine.connect() as connection:
            try:
                with connection.begin():
                    results, signals = self._work(connection, group)
            except DBAPIError:
                # After an I/O error or a full disk the connection's own idea of its transaction can't be trusted.
                connection.invalidate()
                raise
        if LETTERS in signals:
            self._letters.set()
        return results

    @staticmethod
    def _work(connection: Connection, group: list[_Unit]) -> tuple[list[Any], set[str]]:
        notify = connection.dialect.name == "postgresql"
        results: list[Any] = []
        with Session(bind=connection, join_transaction_mode="rollback_only", autoflush=False) as session:
            session.info["signals"] = set()
            for unit in group:
                results.append(unit.work(session))
                session.flush()
                session.expunge_all()
            if notify and LETTERS in session.info["signals"]:
                # Another replica may be the one that sends; it hears of it when this is committed.
                session.execute(_NOTIFY)
            return results, session.info["signals"]


def changed(session: Session, statement: Any, values: dict[str, Any] | None = None) -> int:
    """Carry out an update or a deletion; how many rows it met."""
    return int(getattr(session.execute(statement, values), "rowcount", 0))


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
        self._writers = [_Writer(self._writing, group, self.letters, number) for number in range(count)]
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
        if self._closed:
            raise StorageUnavailable("The bot is stopping, so nothing was stored. Please try again in a minute.")
        unit = _Unit(work)
        try:
            self._writers[zlib.crc32(key.encode()) % len(self._writers)].units.put_nowait(unit)
        except queue.Full:
            raise Busy from None
        try:
            return unit.done.result(timeout)  # type: ignore[no-any-return]  # the unit's own T
        except TimeoutError:
            if unit.done.done() and not unit.done.cancelled():
                # It was done in that very moment, or failed with a time-out of its own.
                return unit.done.result(0)  # type: ignore[no-any-return]
            unit.done.cancel()
            raise CommitUnknown from None
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
    patience = {"options": options_of(url)}
    return create_engine(url, pool_size=2, pool_pre_ping=True, hide_parameters=True, connect_args=patience)


def _postgres_readers(url: Any) -> Engine:
    return create_engine(
        url,
        pool_size=16,
        max_overflow=0,
        pool_timeout=1.0,
        pool_pre_ping=True,
        hide_parameters=True,
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
