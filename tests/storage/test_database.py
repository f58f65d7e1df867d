"""The writer: units in groups, all or nothing, and each caller told the truth about his own."""

import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, make_url, select
from sqlmodel import Session

from bot.domain.errors import Busy, CommitUnknown, StorageUnavailable
from storage.database import Database, added, changed, noticing
from storage.migrate import upgrade
from storage.tables import Team, table
from storage.writer import QUEUE_LIMIT
from tests.faults import no_more_room
from tests.postgres import postgres_url

TEAMS = table(Team)
GROUP = 8


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request: Any, tmp_path: Path) -> Iterator[Database]:
    """A database of each kind; PostgreSQL where a server can be started here."""
    url = f"sqlite:///{tmp_path}/otherwise.db" if request.param == "sqlite" else postgres_url(request)
    upgrade(url)
    made = Database(url)
    yield made
    made.close()


def add(name: str, session: Session) -> int:
    """A unit: one row."""
    return int(session.execute(insert(TEAMS).returning(TEAMS.c.id), {"name": name}).scalar_one())


def names(db: Database) -> set[str]:
    with db.reading() as session:
        return set(session.execute(select(TEAMS.c.name)).scalars())


def in_one_group(db: Database, units: list[Any]) -> list[Any]:
    """Hand over all units while the writer is busy with another, so that they are committed together.

    A unit is work, or work on items with its items. Their results in order; an error stands for itself.
    """

    def send(unit: Any) -> Any:
        return db.write_all(*unit) if isinstance(unit, tuple) else db.write(unit, timeout=20)

    begun, go = threading.Event(), threading.Event()

    def hold(_session: Session) -> None:
        begun.set()
        assert go.wait(10)

    with ThreadPoolExecutor(len(units) + 1) as pool:
        first = pool.submit(db.write, hold, timeout=20)
        assert begun.wait(10)
        writer = db._writers[0]
        waiting = []
        for unit in units:
            before = writer.units.qsize()
            waiting.append(pool.submit(send, unit))
            while writer.units.qsize() == before:
                threading.Event().wait(0.001)
        go.set()
        first.result(20)
        return [one.exception(20) or one.result() for one in waiting]


def test_units_of_a_group_are_all_there(db: Database) -> None:
    results = in_one_group(db, [lambda s, n=n: add(f"team {n}", s) for n in range(GROUP)])
    assert len(set(results)) == GROUP
    assert names(db) == {f"team {n}" for n in range(GROUP)}


@pytest.mark.parametrize("place", range(GROUP))
def test_a_unit_that_fails_takes_none_of_the_others_with_it(db: Database, place: int) -> None:
    def poisoned(session: Session) -> None:
        add("half done", session)
        raise ValueError("poisoned")

    units: list[Any] = [lambda s, n=n: add(f"team {n}", s) for n in range(GROUP)]
    units[place] = poisoned
    results = in_one_group(db, units)
    assert isinstance(results[place], ValueError)
    assert names(db) == {f"team {n}" for n in range(GROUP) if n != place}


def named(db: Database, ids: list[int]) -> list[str]:
    with db.reading() as session:
        found = {row.id: row.name for row in session.execute(select(TEAMS)).all()}
    return [found[number] for number in ids]


def test_items_that_wait_for_the_same_work_are_done_in_one_call(db: Database) -> None:
    calls: list[list[str]] = []

    def store(session: Session, wanted: list[str]) -> list[int]:
        calls.append(wanted)
        return added(session, insert(TEAMS), [{"name": name} for name in wanted])

    def other(session: Session, wanted: list[str]) -> list[int]:
        return store(session, wanted)

    units: list[Any] = [(store, ["b", "a"]), (store, ["c"]), (other, ["d"]), lambda s: add("e", s), (store, ["g", "f"])]
    results = in_one_group(db, units)
    # Those that are neighbours with the same work; the order in which all of them came is kept.
    assert calls == [["b", "a", "c"], ["d"], ["g", "f"]]
    assert [named(db, told) for told in (*results[:3], results[4])] == [["b", "a"], ["c"], ["d"], ["g", "f"]]


@pytest.mark.parametrize("place", range(GROUP))
def test_an_item_that_fails_takes_only_those_it_came_with(db: Database, place: int) -> None:
    def store(session: Session, wanted: list[str]) -> list[int]:
        ids = added(session, insert(TEAMS), [{"name": name} for name in wanted])
        if "poisoned" in wanted:
            raise ValueError("poisoned")
        return ids

    units: list[Any] = [(store, [f"team {n}", f"more {n}"]) for n in range(GROUP)]
    units[place] = (store, ["with it", "poisoned"])
    results = in_one_group(db, units)
    assert isinstance(results[place], ValueError)
    assert names(db) == {f"{word} {n}" for n in range(GROUP) if n != place for word in ("team", "more")}


def test_what_fails_in_the_moment_in_which_patience_ends_is_told_as_what_it_is(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.write(lambda s: add("taken", s))
    given_up, cancel = threading.Event(), Future.cancel

    def late(self: Future[Any]) -> bool:
        given_up.set()
        wait([self], 10)
        return cancel(self)

    def refused(session: Session) -> int:
        assert given_up.wait(10)
        return add("taken", session)

    monkeypatch.setattr(Future, "cancel", late)
    with pytest.raises(StorageUnavailable):
        db.write(refused, timeout=0.05)


@pytest.mark.parametrize("db", ["postgresql"], indirect=True)
def test_two_writers_in_each_other_s_way_both_store_in_the_end(db: Database) -> None:
    for name in ("one", "two"):
        db.write(lambda s, name=name: add(name, s))
    both, keys = threading.Barrier(2), [key for key in "abcdefgh" if zlib.crc32(key.encode()) % 2 == 0][:1]
    keys += [key for key in "abcdefgh" if zlib.crc32(key.encode()) % 2][:1]

    def touch(first: str, second: str, session: Session) -> int:
        found = changed(session, TEAMS.update().where(TEAMS.c.name == first).values(manager_id=1))
        with suppress(threading.BrokenBarrierError):  # whoever is run again has nobody to wait for
            both.wait(1)
        return found + changed(session, TEAMS.update().where(TEAMS.c.name == second).values(manager_id=2))

    with ThreadPoolExecutor(2) as pool:
        works = [partial(touch, "one", "two"), partial(touch, "two", "one")]
        done = [pool.submit(db.write, work, key=key, timeout=20) for work, key in zip(works, keys, strict=True)]
        assert [one.result(20) for one in done] == [2, 2]


@pytest.mark.parametrize("db", ["postgresql"], indirect=True)
def test_a_connection_notices_that_the_other_end_is_gone(db: Database) -> None:
    for engine in (db._writing, db._readers):
        with engine.connect() as connection:
            opened = connection.connection.driver_connection.info.get_parameters()  # type: ignore[union-attr]
            assert (opened["keepalives_idle"], opened["tcp_user_timeout"]) == ("10", "10000")
    assert noticing(make_url("postgresql://here/x?keepalives_idle=77")).keys() == noticing(db.url).keys() - {
        "keepalives_idle"
    }


@pytest.mark.parametrize("count", [1, 2, 1000])
def test_added_rows_have_their_own_ids(db: Database, count: int) -> None:
    wanted = [f"team {n * 7919 % count}" for n in range(count)]
    db.write(lambda s: add("before", s))
    ids = db.write(lambda s: added(s, insert(TEAMS), [{"name": name} for name in wanted]))
    assert named(db, ids) == wanted


@pytest.mark.parametrize("place", range(GROUP))
def test_a_statement_the_database_refuses_takes_none_of_the_others_with_it(db: Database, place: int) -> None:
    db.write(lambda s: add("taken", s))
    units: list[Any] = [lambda s, n=n: add(f"team {n}", s) for n in range(GROUP)]
    units[place] = lambda s: add("taken", s)
    results = in_one_group(db, units)
    assert isinstance(results[place], StorageUnavailable)
    assert names(db) == {"taken"} | {f"team {n}" for n in range(GROUP) if n != place}


@pytest.mark.parametrize("place", range(GROUP))
def test_a_full_disk_at_any_unit_is_told_to_those_whose_rows_are_not_there(tmp_path: Path, place: int) -> None:
    url = f"sqlite:///{tmp_path}/full.db"
    upgrade(url)
    db = Database(url)

    def fill(session: Session) -> None:
        # SQLite's own "database or disk is full", at this unit's statement, in this connection.
        raw = session.connection()
        pages = raw.exec_driver_sql("PRAGMA page_count").scalar_one()
        raw.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        add("z" * 3_000_000, session)

    units: list[Any] = [lambda s, n=n: add(f"team {n}", s) for n in range(GROUP)]
    units[place] = fill
    results = in_one_group(db, units)
    assert isinstance(results[place], StorageUnavailable)
    told = {f"team {n}" for n in range(GROUP) if isinstance(results[n], int)}
    assert names(db) == told == {f"team {n}" for n in range(GROUP) if n != place}
    db.close()


@pytest.mark.parametrize("place", range(GROUP))
def test_an_io_error_from_any_unit_on_acknowledges_nothing_that_is_not_there(tmp_path: Path, place: int) -> None:
    url = f"sqlite:///{tmp_path}/broken.db"
    upgrade(url)
    db = Database(url)
    db.write(lambda s: add("before", s))
    broken = no_more_room(tmp_path / "broken.db")

    def breaks(session: Session) -> int:
        if not entered:
            broken.__enter__()
            entered.append(True)
        return add("breaks", session)

    entered: list[bool] = []
    units: list[Any] = [lambda s, n=n: add(f"team {n}", s) for n in range(GROUP)]
    units[place] = breaks
    try:
        results = in_one_group(db, units)
    finally:
        broken.__exit__(None, None, None)
    told = {f"team {n}" for n in range(GROUP) if n != place and isinstance(results[n], int)}
    refused = [result for result in results if not isinstance(result, int)]
    assert all(isinstance(result, StorageUnavailable) for result in refused)
    assert refused
    db.close()
    again = Database(url)
    assert names(again) - {"breaks"} == told | {"before"}
    again.write(lambda s: add("after", s))
    assert "after" in names(again)
    again.close()


def test_a_unit_that_takes_too_long_is_commit_unknown_and_a_key_makes_it_harmless(db: Database) -> None:
    begun, go = threading.Event(), threading.Event()

    def slow(session: Session) -> int:
        begun.set()
        assert go.wait(10)
        known = session.execute(select(TEAMS.c.id).where(TEAMS.c.name == "slow")).scalar()
        return int(known) if known is not None else add("slow", session)

    with pytest.raises(CommitUnknown):
        db.write(slow, timeout=0.2)
    assert begun.is_set()
    go.set()
    db.write(slow)
    assert names(db) == {"slow"}


def test_a_unit_that_was_given_up_before_it_began_is_never_done(db: Database) -> None:
    begun, go = threading.Event(), threading.Event()

    def hold(_session: Session) -> None:
        begun.set()
        assert go.wait(10)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(db.write, hold, timeout=20)
        assert begun.wait(10)
        with pytest.raises(CommitUnknown):
            db.write(lambda s: add("given up", s), timeout=0.1)
        go.set()
        first.result(20)
    db.write(lambda s: add("next", s))
    assert names(db) == {"next"}


def test_a_full_queue_is_refused_at_once(db: Database) -> None:
    begun, go = threading.Event(), threading.Event()

    def hold(_session: Session) -> None:
        begun.set()
        assert go.wait(20)

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(db.write, hold, timeout=30)
        assert begun.wait(10)
        refused = 0
        for _ in range(QUEUE_LIMIT + 1):
            try:
                db.write(lambda _s: None, timeout=0)
            except CommitUnknown:
                pass
            except Busy:
                refused += 1
        assert refused == 1
        go.set()
        first.result(30)
    db.write(lambda s: add("after", s))
    assert names(db) == {"after"}


def test_readers_see_a_consistent_past_while_a_long_write_runs(db: Database) -> None:
    db.write(lambda s: add("before", s))
    begun, go = threading.Event(), threading.Event()

    def long(session: Session) -> None:
        add("during", session)
        begun.set()
        assert go.wait(10)

    with ThreadPoolExecutor(17) as pool:
        writing = pool.submit(db.write, long, timeout=20)
        assert begun.wait(10)
        seen = list(pool.map(lambda _: names(db), range(64)))
        assert all(one == {"before"} for one in seen)
        go.set()
        writing.result(20)
    assert names(db) == {"before", "during"}


def test_no_reader_can_write(db: Database) -> None:
    with pytest.raises(StorageUnavailable), db.reading() as session:
        add("reader", session)
    assert names(db) == set()


def test_concurrent_increments_are_not_lost(db: Database) -> None:
    def increment(session: Session) -> None:
        count = session.execute(select(func.count()).select_from(TEAMS)).scalar_one()
        add(f"n{count}", session)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: db.write(increment, key="same"), range(200)))
    assert names(db) == {f"n{number}" for number in range(200)}


def test_after_closing_nothing_is_taken(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/closed.db"
    upgrade(url)
    db = Database(url)
    db.close()
    with pytest.raises(StorageUnavailable):
        db.write(lambda s: add("late", s))


def test_a_commit_that_adds_letters_wakes_the_sender(db: Database) -> None:
    db.write(lambda s: add("no letter", s))
    assert not db.letters.is_set()
    db.write(lambda s: s.info["signals"].add("letters"))
    assert db.letters.is_set()
