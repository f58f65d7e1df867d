"""What is looked for every few seconds or at every look at the status is found by an index, however much was sent."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session

from storage import export, fridays, outbox, sampling, waiting, webhooks
from storage.database import Database
from storage.migrate import upgrade

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
LOOKS: dict[str, Callable[[Session], object]] = {
    "what is to be sent": outbox.heads,
    "letters on the way": outbox.standing,
    "the oldest of them": outbox.oldest_open,
    "letters that failed": outbox.dead,
    "edits of what failed": outbox.give_up_edits,
    "old letters": lambda session: outbox.old(session, NOW),
    "wrong data": lambda session: export.untold_problems(session, NOW - timedelta(days=90)),
    "lines of an export": lambda session: export.matured(session, (NOW, 7), NOW, 100),
    "letters whose sender died": lambda session: outbox.take_back(session, NOW, all_of_them=True, wait=timedelta()),
    "what receivers have not taken": webhooks.unsent,
    "webhooks that are due": lambda session: webhooks.due(session, NOW),
    "leads that wait": waiting.waiting_owners,
    "leads that nobody owns": lambda session: waiting.unowned(session, NOW),
    "numbers that are hidden": lambda session: sampling.hidden_since(session, NOW, 1),
    "outcomes told elsewhere": lambda session: fridays.told_elsewhere(session, NOW - timedelta(days=60)),
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: Any) -> Iterator[Database]:
    folder: Path = tmp_path_factory.mktemp("looks")
    url = f"sqlite:///{folder}/looks.db"
    upgrade(url)
    opened = Database(url)
    yield opened
    opened.close()


@pytest.mark.parametrize("name", LOOKS)
def test_a_look_reads_no_table_from_its_beginning(name: str, database: Database) -> None:
    plans: list[str] = []

    def explain(connection: Any, cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if not statement.startswith(("EXPLAIN", "BEGIN", "PRAGMA")):
            rows = connection.connection.driver_connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)
            plans.extend(str(row[3]) for row in rows)

    event.listen(Engine, "before_cursor_execute", explain)
    try:
        database.write(LOOKS[name])
    finally:
        event.remove(Engine, "before_cursor_execute", explain)
    assert plans, "it was looked at"
    whole = [one for one in plans if one.startswith("SCAN") and " INDEX " not in one and "lanes" not in one]
    assert [one for one in whole if one != "SCAN CONSTANT ROW" and "subquery" not in one] == []
