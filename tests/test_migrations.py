"""The migrations make exactly the tables of this version, on both databases, and refuse under a running bot."""

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text

from bot.domain.errors import FileLocked
from storage.database import migration_engine
from storage.lock import holding
from storage.migrate import alembic_config, is_current, newest, upgrade
from tests.postgres import postgres_url


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_up_down_and_up_again_leave_the_tables_of_this_version(kind: str, request: Any, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/m.db" if kind == "sqlite" else postgres_url(request, empty=True)
    assert not is_current(url)
    upgrade(url)
    assert is_current(url)
    command.check(alembic_config(url))
    command.downgrade(alembic_config(url), "base")
    assert not is_current(url)
    upgrade(url)
    command.check(alembic_config(url))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_a_webhook_was_trying_is_a_letter_afterwards(kind: str, request: Any, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/m.db" if kind == "sqlite" else postgres_url(request, empty=True)
    command.upgrade(alembic_config(url), "0016")
    engine = migration_engine(url)
    row = (
        "INSERT INTO webhook "
        "(name, url, scopes, cursor, ahead, generation, failures, trouble, stopped, told, created_at) VALUES "
        "(:name, 'https://example.com', '[]', 'here', :ahead, 1, 10, 'It said 410.', :stopped, '', :at)"
    )
    with engine.begin() as connection:
        for name, ahead, stopped in (("gone", "there", True), ("tried", "there", False), ("idle", "", False)):
            at = "2026-11-27 08:00:00.000000"
            connection.execute(text(row), {"name": name, "ahead": ahead, "stopped": stopped, "at": at})
    upgrade(url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT lane, state, attempt, fix FROM letter ORDER BY lane")).all()
    assert [tuple(one) for one in found] == [
        ("webhook:1", "dead", 10, "It said 410."),
        ("webhook:2", "pending", 10, "It said 410."),
    ]
    engine.dispose()


def test_the_newest_migration_is_known_without_loading_any(tmp_path: Path) -> None:
    scripts = ScriptDirectory.from_config(alembic_config(f"sqlite:///{tmp_path}/m.db"))
    assert newest() == scripts.get_current_head()
    for script in scripts.walk_revisions():
        assert Path(script.path).name.startswith(f"{script.revision}_")


def test_two_bots_on_one_file_are_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/m.db"
    with holding(url), pytest.raises(FileLocked), holding(url):
        pass
    with holding(url):
        pass
