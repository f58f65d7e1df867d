"""Who writes: a thread that owns a connection and commits units in groups (docs/patterns.md says why)."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session

from bot.domain.errors import StorageUnavailable

QUEUE_LIMIT = 1000
TRIES_ALONE = 3
# PostgreSQL has ended one of two transactions that stood in each other's way: a deadlock, or an order that can't be.
UNTANGLED = ("40P01", "40001")
# Items of several requests in one call: some 0.02 s of work, far from what a write may take.
TOGETHER = 100
LETTERS = "letters"
_NOTIFY = text("NOTIFY otherwise_letters")


@dataclass(eq=False)
class Unit:
    """Work for a writer, `items` of its own if it has any, and who waits for it."""

    work: Callable[..., Any]
    items: list[Any] | None = None
    done: Future[Any] = field(default_factory=Future)


class Writer(threading.Thread):
    """One thread that owns one connection at a time and commits units in groups."""

    def __init__(self, engine: Engine, group: int, letters: threading.Event, number: int) -> None:
        super().__init__(name=f"writer-{number}", daemon=True)
        self.units: queue.Queue[Unit | None] = queue.Queue(QUEUE_LIMIT)
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

    def _commit(self, group: list[Unit]) -> None:
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

    def _alone(self, unit: Unit, failure: BaseException | None) -> None:
        """Run one unit by itself. A unique key that another writer took in between is worth another look, and so is a
        row that each of two waited for the other to let go of.
        """
        for _ in range(TRIES_ALONE):
            if failure is not None and not _passes(failure):
                break
            try:
                unit.done.set_result(self._attempt([unit])[0])
                return
            except BaseException as again:  # noqa: BLE001  # the caller gets it
                failure = again
        unit.done.set_exception(failure or StorageUnavailable())

    def _attempt(self, group: list[Unit]) -> list[Any]:
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
    def _work(connection: Connection, group: list[Unit]) -> tuple[list[Any], set[str]]:
        notify = connection.dialect.name == "postgresql"
        results: list[Any] = []
        with Session(bind=connection, join_transaction_mode="rollback_only", autoflush=False) as session:
            session.info["signals"] = set()
            for units in _neighbours(group):
                results += _done(session, units)
                session.flush()
                session.expunge_all()
            if notify and LETTERS in session.info["signals"]:
                # Another replica may be the one that sends; it hears of it when this is committed.
                session.execute(_NOTIFY)
            return results, session.info["signals"]


def _passes(failure: BaseException) -> bool:
    return isinstance(failure, IntegrityError) or getattr(getattr(failure, "orig", None), "sqlstate", "") in UNTANGLED


def _neighbours(group: list[Unit]) -> list[list[Unit]]:
    """The units in order; those that follow each other with the same work on items of their own in one list."""
    runs: list[list[Unit]] = []
    items = 0
    for unit in group:
        size = len(unit.items or ())
        if runs and unit.items is not None and runs[-1][0].work == unit.work and items + size <= TOGETHER:
            runs[-1].append(unit)
            items += size
        else:
            runs.append([unit])
            items = size
    return runs


def _done(session: Session, units: list[Unit]) -> list[Any]:
    """One result a unit; where they have items, all of them are done in one call."""
    first = units[0]
    if first.items is None:
        return [first.work(session)]
    results = iter(first.work(session, [item for unit in units for item in unit.items or ()]))
    return [[next(results) for _ in unit.items or ()] for unit in units]
