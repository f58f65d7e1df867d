"""The machine's keeper: back to a copy, over to PostgreSQL, another key."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from storage.database import Database
from storage.lock import holding
from storage.move import NotMoved, move_database
from storage.tables import Lead, Letter, Response, table
from tests import postgres
from tests.stories.test_backup import preview
from tests.stories.test_digest import answer, leads, pledge
from tests.stories.test_import import Command, otherwise
from tests.world import ADA, LEADS, RIA, World, lead_item, settings_for

__all__ = ["otherwise"]
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@ON_SQLITE
def test_after_a_restore_everything_is_as_the_copy_was(otherwise: Command, world: World, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    world.lead("before", name="Before")
    world.quiet()
    otherwise(None, "backup", str(copy))
    kept = copy.read_bytes()
    world.lead("after", name="After")
    world.quiet()
    assert "The bot is running on this database." in otherwise(None, "restore", str(copy), ok=False).stderr
    world.running.stop()
    told = otherwise(None, "restore", str(copy)).stdout
    assert "otherwise.db.before-1" in told
    world.restart()
    assert [row["lead_id"] for row in world.rows(Lead)] == ["before"]
    assert world.lead("after", name="After")["result"] == "created"
    assert copy.read_bytes() == kept
    aside = Database(f"sqlite:///{tmp_path}/otherwise.db.before-1")
    with aside.reading() as session:
        assert {row.lead_id for row in session.execute(select(table(Lead)))} == {"before", "after"}
    aside.close()


@ON_SQLITE
@pytest.mark.parametrize("wrong", ["nothing there", "no database", "cut short", "somebody else's"])
def test_what_is_no_backup_replaces_nothing(otherwise: Command, world: World, tmp_path: Path, wrong: str) -> None:
    world.lead("kept")
    copy = tmp_path / "copy.db"
    if wrong == "no database":
        copy.write_text("not one")
    elif wrong == "cut short":
        otherwise(None, "backup", str(copy))
        copy.write_bytes(copy.read_bytes()[:8192])
    elif wrong == "somebody else's":
        sqlite3.connect(copy).close()
        with sqlite3.connect(copy) as other:
            other.execute("CREATE TABLE x (y)")
        other.close()
    world.running.stop()
    told = otherwise(None, "restore", str(copy), ok=False).stderr
    assert "could not be put in place" in told or "nothing was changed" in told
    world.restart()
    assert [row["lead_id"] for row in world.rows(Lead)] == ["kept"]
    assert sorted(file.name for file in tmp_path.glob("*.before*")) == []


@ON_SQLITE
def test_everything_moves_to_postgresql_and_goes_on_there(
    shifted_world: World, otherwise: Command, request: Any, database: str
) -> None:
    world = shifted_world
    target = postgres.postgres_url(request, empty=True)
    pledge(world)
    names = leads(world, 1)
    for name in names[:4]:
        answer(world, name, "more")
    world.command(ADA, "team East in North")  # a parent that comes before its child, and one that does not
    world.command(ADA, "hard 20")
    world.quiet()
    before = {model: world.rows(model) for model in (Lead, Letter, Response)}
    told = preview(database, world)
    assert "The bot is running" in otherwise(None, "move", "--to", target, ok=False).stderr
    world.running.stop()
    said = otherwise(None, "move", "--to", target).stdout
    assert f"lead: {len(names)} rows, the same on both sides" in said
    assert "not empty" in otherwise(None, "move", "--to", target, ok=False).stderr
    world.settings = settings_for(world.sim, target, otherwise_clock_file=world.settings.otherwise_clock_file)
    world.restart()
    assert {model: world.rows(model) for model in before} == before
    assert preview(target, world) == told
    world.lead("new")
    assert world.override(RIA, world.see(RIA, "Acme Ltd"), "less", "No budget there.")["closed"]
    # The next numbers follow the last ones.
    assert max(row["id"] for row in world.rows(Lead)) == max(row["id"] for row in before[Lead]) + 1


def test_only_sqlite_moves_and_only_to_postgresql(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    for source, target in ((url, url), ("postgresql://h/x", "postgresql://h/y"), (url, "postgresql://h/y")):
        with pytest.raises(NotMoved):
            move_database(source, target, lambda _name, _rows: None)
    with holding(url):
        pass


def test_a_rotated_key_overlaps_with_the_new_one(otherwise: Command, world: World) -> None:
    def status(key: str) -> int:
        headers = {"Authorization": f"Bearer {key}"}
        return world.http.post(LEADS, json=lead_item("k", RIA, 0.2), headers=headers).status_code

    old = otherwise(None, "keys", "add", "crm").stdout.strip()
    new = otherwise(None, "keys", "rotate", "crm").stdout.strip()
    assert (status(old), status(new)) == (200, 200)
    assert "works until" in otherwise(None, "keys", "list").stdout
    newest = otherwise(None, "keys", "rotate", "crm", "--hours", "0").stdout.strip()
    assert (status(old), status(new), status(newest)) == (200, 401, 200)
    otherwise(None, "keys", "revoke", f"crm (old, {old.split('_')[1]})")
    assert (status(old), status(newest)) == (401, 200)
    otherwise(None, "keys", "rotate", "nobody", ok=False)
