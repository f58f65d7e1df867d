"""A copy is made while leads and answers come in; elsewhere it tells the same."""

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from storage.backup import NotCopied, copy_database, restore_database
from storage.database import Database
from storage.migrate import is_current
from storage.tables import Lead, Letter, Prior, Response, Suggestion, table
from tests.sim import ROOT, Sim
from tests.world import MONA, RIA, World

# PostgreSQL has pg_dump (docs/operations.md).
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@ON_SQLITE
def test_a_copy_made_under_load_holds_together_and_tells_the_same(
    shifted_world: World, sim: Sim, tmp_path: Path
) -> None:
    world = shifted_world
    world.lead("crm:1")
    world.override(RIA, world.see(RIA, "Acme Ltd"), "more", "Their budget was approved")
    world.press_in(MONA, world.home(MONA), "I agree")
    world.quiet()
    stop, sent = threading.Event(), []

    def leads() -> None:
        while not stop.is_set():
            world.lead(f"load:{len(sent)}")
            sent.append(1)

    work = threading.Thread(target=leads)
    work.start()
    try:
        sim.until(lambda: len(sent) > 20)
        copy = tmp_path / "copy.db"
        assert copy_database(world.settings.database_url, copy) == copy.stat().st_size > 0
        many = len(sent)
        sim.until(lambda: len(sent) > many + 5)
    finally:
        stop.set()
        work.join()
    assert os.stat(copy).st_mode & 0o077 == 0, "readable by its owner alone"
    url = f"sqlite:///{copy}"
    assert is_current(url)
    world.quiet()
    # Of one moment: each lead has its prior, its suggestion and its letter, and none is there by half.
    leads_there, letters = rows(url, Lead), rows(url, Letter)
    assert 21 <= len(leads_there) <= len(world.rows(Lead))
    assert len(leads_there) == len(rows(url, Prior)) == len(rows(url, Suggestion))
    assert {row["lead_id"] for row in leads_there} <= {row["lead_id"] for row in world.rows(Lead)}
    assert {row["id"] for row in leads_there} <= {row["lead_id"] for row in letters if row["kind"] == "post"}
    assert rows(url, Response) == world.rows(Response)
    assert "week 1 with Otherwise" in preview(url, world)
    assert preview(url, world) == preview(world.settings.database_url, world)


def rows(url: str, model: Any) -> list[dict[str, Any]]:
    """A whole table of a copy."""
    database = Database(url)
    try:
        with database.reading() as session:
            found = session.execute(select(table(model)).order_by(*table(model).primary_key)).mappings().all()
    finally:
        database.close()
    return [dict(row) for row in found]


def preview(url: str, world: World) -> str:
    """What Mona's next digest would say by this database."""
    environment = os.environ | {
        "DATABASE_URL": url,
        "OTHERWISE_CLOCK_FILE": str(world.settings.otherwise_clock_file),
    }
    run = subprocess.run(
        [sys.executable, "-m", "bot", "digest", "preview", MONA],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    # Leads that came in after the copy was made are told of by their number alone.
    return re.sub(r"\d+ leads", "~ leads", run.stdout)


@ON_SQLITE
def test_a_backup_replaces_nothing_and_leaves_nothing_half(world: World, tmp_path: Path) -> None:
    there = tmp_path / "there.db"
    there.write_text("mine")
    with pytest.raises(NotCopied, match="is there already"):
        copy_database(world.settings.database_url, there)
    assert there.read_text() == "mine"
    with pytest.raises(NotCopied, match="could not be written"):
        copy_database(world.settings.database_url, tmp_path / "nowhere" / "copy.db")
    with pytest.raises(NotCopied, match="no database"):
        copy_database(f"sqlite:///{tmp_path}/none.db", tmp_path / "copy.db")
    with pytest.raises(NotCopied, match="pg_dump"):
        copy_database("postgresql://somewhere/name", tmp_path / "copy.db")
    assert [one.name for one in tmp_path.iterdir() if "copy" in one.name or "part" in one.name] == []


@ON_SQLITE
def test_a_copy_takes_the_place_of_a_damaged_database_which_is_kept(world: World, tmp_path: Path) -> None:
    world.lead("crm:1")
    world.quiet()
    url = world.settings.database_url
    copy = tmp_path / "copy.db"
    copy_database(url, copy)
    world.running.stop()
    file = Path(url.removeprefix("sqlite:///"))
    with file.open("r+b") as damaged:
        damaged.write(bytes(4096))
    aside = restore_database(url, copy)
    assert aside is not None
    assert aside.read_bytes()[:16] == bytes(16), "what was there is looked at by whoever wants to save more of it"
    world.restart()
    assert [row["lead_id"] for row in world.rows(Lead)] == ["crm:1"]


@ON_SQLITE
def test_the_command_says_what_to_do_with_it(world: World, tmp_path: Path) -> None:
    environment = os.environ | {"DATABASE_URL": world.settings.database_url}
    words: dict[str, Any] = {"cwd": ROOT, "env": environment, "capture_output": True, "text": True, "timeout": 60}
    command = [sys.executable, "-m", "bot", "backup", str(tmp_path / "copy.db")]
    assert "stop the bot" in subprocess.run(command, check=True, **words).stdout
    again = subprocess.run(command, check=False, **words)
    assert (again.returncode, "Traceback" in again.stderr) == (1, False)
    assert "never replaces" in json.dumps(again.stderr)
