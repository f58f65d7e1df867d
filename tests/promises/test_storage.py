"""Promises 9 and 19: a power cut anywhere in the log, and a backup made while everybody works."""

import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from storage import backup
from storage.database import Database
from storage.migrate import upgrade
from tests.promises.mechanisms import rests_on
from tests.promises.test_intake import Opened
from tests.storage.test_database import add, names
from tests.stories.test_backup import preview
from tests.world import MONA, World, lead_item

HEADER, FRAME = 32, 24
LEADS = 40


@rests_on("answers after the commit")
def test_a_power_cut_at_any_frame_of_the_log_keeps_what_was_acknowledged(
    tmp_path: Path, opened: Opened, without: str
) -> None:
    file = tmp_path / "power.db"
    upgrade(f"sqlite:///{file}")
    db = opened(Database(f"sqlite:///{file}"))
    log = file.with_name("power.db-wal")
    acknowledged = []
    for number in range(30):
        db.write(lambda s, n=number: add(f"team {n}", s), key="same")  # type: ignore[misc]
        acknowledged.append((f"team {number}", log.stat().st_size))
    with sqlite3.connect(file) as reading:
        (page,) = reading.execute("PRAGMA page_size").fetchone()
    reading.close()
    whole = log.read_bytes()
    frames = range(HEADER, len(whole) + 1, FRAME + page)
    assert len(frames) > 30
    cut_file = tmp_path / "cut.db"
    for end in sorted({cut for frame in frames for cut in (frame, frame - 1, frame + 7, frame + page // 2)}):
        shutil.copy(file, cut_file)
        cut_file.with_name("cut.db-wal").write_bytes(whole[:end])
        cut_file.with_name("cut.db-shm").unlink(missing_ok=True)
        with sqlite3.connect(cut_file) as cut:
            assert cut.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            there = {name for (name,) in cut.execute("SELECT name FROM team")}
        cut.close()
        missing = {name for name, size in acknowledged if size <= end} - there
        assert not missing, f"cut at {end}: acknowledged and not there: {sorted(missing)}"


def test_each_commit_waits_for_the_disk(tmp_path: Path, opened: Opened) -> None:
    upgrade(f"sqlite:///{tmp_path}/full.db")
    db = opened(Database(f"sqlite:///{tmp_path}/full.db"))
    full = 2
    assert db.write(lambda s: s.connection().exec_driver_sql("PRAGMA synchronous").scalar_one()) == full
    assert names(db) == set()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@rests_on("one moment of the database")
def test_a_backup_made_under_load_tells_the_same_digest(world: World, tmp_path: Path, without: str) -> None:
    stop = threading.Event()

    def load() -> None:
        # Of the other team, so that what Mona reads stays what it is.
        number = 0
        while not stop.is_set():
            world.send("/v1/leads", [lead_item(f"l:{number}:{n}", f"U0REP{12 + n:02}", 0.2) for n in range(LEADS // 4)])
            number += 1

    world.press_in(MONA, world.home(MONA), "I agree")
    world.send("/v1/leads", [lead_item(f"first:{n}", f"U0REP{n % 12:02}", 0.2) for n in range(LEADS)])
    world.quiet()
    wanted = preview(world.settings.database_url, world)
    loading = threading.Thread(target=load)
    loading.start()
    try:
        copy = tmp_path / "copy.db"
        backup.copy_database(world.settings.database_url, copy)
    finally:
        stop.set()
        loading.join()
    with sqlite3.connect(copy) as read:
        assert read.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = {name for (name,) in read.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert "lead" in tables
        (found,) = read.execute("SELECT count(*) FROM lead WHERE lead_id LIKE 'first:%'").fetchone()
        halves = read.execute(
            "SELECT count(*) FROM lead LEFT JOIN prior ON prior.lead_id = lead.id WHERE prior.id IS NULL"
        )
        assert (found, halves.fetchone()) == (LEADS, (0,))
    read.close()
    assert preview(f"sqlite:///{copy}", world) == wanted
