"""Promises 1 to 3, 10 and 11: what is answered is there, once, and nothing is half there."""

import json
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from bot import leads
from bot.domain.assignment import Draw
from bot.domain.clock import Clock
from bot.domain.errors import StorageUnavailable
from bot.domain.inbound import LeadIn, OutcomeIn
from bot.outcomes import record_outcomes
from storage import backup, people
from storage.database import Database
from storage.migrate import upgrade
from storage.tables import Lead, Letter, Team, table
from tests.faults import no_more_room, no_writes
from tests.promises.mechanisms import rests_on
from tests.sim import ROOT
from tests.storage.test_database import add, in_one_group, names
from tests.world import LEADS, REPS, RIA, World, lead_item

Opened = Callable[[Database], Database]
# What rows are named after the moment for.
TIME = re.compile(r"\d{10}\.\d+")
Rows = dict[str, list[Any]]


def rows(file: Path) -> Rows:
    """All that the database holds but times."""
    found: Rows = {}
    with sqlite3.connect(file) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            columns = [row[1] for row in database.execute(f'PRAGMA table_info("{name}")')]
            kept = [column for column in columns if not column.endswith("_at")]
            read = database.execute(f'SELECT {", ".join(kept or ["NULL"])} FROM "{name}"')  # noqa: S608  # our own tables
            found[name] = sorted(TIME.sub("~", repr(row)) for row in read)
    database.close()
    return found


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", ["new", "scored again", "another owner"])
@rests_on("one transaction")
def test_a_kill_at_any_statement_of_intake_leaves_all_or_nothing(
    world: World, tmp_path: Path, kind: str, without: str
) -> None:
    item = lead_item("crm:1", RIA, 0.2)
    if kind != "new":
        world.send("/v1/leads", item)
        world.quiet()
        later = {"prior": {"scored_at": "2026-11-21T09:00:00Z"}} if kind == "scored again" else {}
        again = kind == "scored again"
        item = lead_item("crm:1", RIA if again else "U0REP01", 0.7 if again else 0.2, **later)
    base = tmp_path / "base"
    backup.copy_database(world.settings.database_url, base)
    world.running.stop()
    told = {"base": str(base), "folder": str(tmp_path), "item": item, "key": world.key, "without": without}
    command = [sys.executable, "-m", "tests.promises.child", "statements", json.dumps(told)]
    last = int(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=100).stdout)
    assert last > 4, "hardly any statement was counted"
    before, after = rows(base), rows(tmp_path / f"{last}.db")
    assert before != after
    for number in range(1, last + 1):
        found = rows(tmp_path / f"{number}.db")
        answer = tmp_path / f"{number}.answer"
        half = {name: set(found[name]) ^ set(after[name]) for name in found if found[name] != before[name]}
        assert found in (before, after), f"half of it was stored at statement {number}: {half}"
        assert not answer.exists() or found == after, f"{answer.read_text()}, and it is not there"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@rests_on("another look after a taken key")
def test_the_same_lead_at_once_by_two_replicas_is_one_lead_with_one_letter(
    database: str, opened: Opened, without: str
) -> None:
    upgrade(database)
    replicas = [opened(Database(database)), opened(Database(database))]
    at, item = Clock().moment(), LeadIn.model_validate(lead_item("crm:1", RIA, 0.2))
    replicas[0].write(lambda s: people.add(s, {"slack_id": RIA, "name": "Ria", "is_rep": True, "added_at": at.now}))
    inside, go = threading.Event(), threading.Event()

    def receive(session: Any, *, waits: bool) -> str:
        (told,) = leads.receive_leads(session, [item], {leads.record_key(item): leads.Record()}, Draw(b"x"), at)
        if waits:
            session.flush()
            inside.set()
            go.wait(2)  # for long enough that the others meet what is not committed yet
        return str(told.result)

    with ThreadPoolExecutor(101) as pool:
        first = pool.submit(replicas[0].write, lambda s: receive(s, waits=True), timeout=20)
        assert inside.wait(10)
        others = [
            pool.submit(replicas[n % 2].write, lambda s: receive(s, waits=False), key=str(n), timeout=20)
            for n in range(100)
        ]
        first.result()
        failures = [repr(one.exception()) for one in others if one.exception() is not None]
        assert not failures, failures[0]
        assert {one.result() for one in others} == {"unchanged"}
    with replicas[0].reading() as session:
        assert len(session.execute(select(table(Lead))).all()) == 1
        posts = session.execute(select(table(Letter)).where(table(Letter).c.lead_id.is_not(None))).all()
        assert len(posts) == 1


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@rests_on("one change of a lead at a time")
def test_of_two_outcomes_at_once_the_later_one_stands(database: str, opened: Opened, without: str) -> None:
    upgrade(database)
    replicas = [opened(Database(database)), opened(Database(database))]
    at, item = Clock().moment(), LeadIn.model_validate(lead_item("crm:1", None, 0.2))
    replicas[0].write(
        lambda s: leads.receive_leads(s, [item], {leads.record_key(item): leads.Record()}, Draw(b"x"), at)
    )
    ends = {"lost": at.now - timedelta(days=1), "won": at.now - timedelta(days=2)}
    told, others_look = threading.Event(), threading.Event()

    def tell(session: Any, end: str) -> None:
        if end == "won":
            told.wait(10)
        record_outcomes(session, [OutcomeIn(lead_id="crm:1", outcome=end, at=ends[end])], "test", at)
        session.flush()
        if end == "lost":
            told.set()
            others_look.wait(0.5)  # long enough for whoever is not held up

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(db.write, partial(tell, end=end)) for db, end in zip(replicas, ends, strict=True)]
        for one in both:
            one.result()
    with replicas[0].reading() as session:
        assert session.execute(select(table(Lead).c.outcome)).scalars().all() == ["lost"]


@rests_on("failures are told")
def test_what_the_database_refused_is_not_answered_as_stored_and_it_recovers_alone(
    database: str, opened: Opened, without: str
) -> None:
    upgrade(database)
    db = opened(Database(database))
    db.write(lambda s: add("before", s))
    told = []
    with no_writes(database):
        for number in range(5):
            try:
                db.write(lambda s, n=number: add(f"while {n} {'x' * 5000}", s), timeout=20)  # type: ignore[misc]
                told.append(f"while {number} {'x' * 5000}")
            except StorageUnavailable:
                pass
    db.write(lambda s: add("after", s), timeout=20)
    assert names(db) == {"before", "after", *told}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_batch_that_was_half_stored_says_so_and_is_whole_when_sent_again(world: World) -> None:
    batch = [lead_item(f"crm:{n}", REPS[n % 24], 0.2) for n in range(1000)]
    with no_more_room(Path(str(world.deps.db.url.database)), but=1_000_000):
        answer = world.http.post(LEADS, json=batch)
    assert answer.status_code == 503
    assert "Only a part of this could be stored" in answer.json()["error"]
    there = len(world.rows(Lead))
    assert 0 < there < 1000
    assert there % 100 == 0, "whole parts"
    told = [one["result"] for one in world.send(LEADS, batch)]
    assert told == ["unchanged"] * there + ["created"] * (1000 - there)
    assert len(world.rows(Lead)) == 1000


@rests_on("units alone after a group failed")
def test_one_poisoned_unit_among_two_hundred_costs_one(tmp_path: Path, opened: Opened, without: str) -> None:
    url = f"sqlite:///{tmp_path}/poisoned.db"
    upgrade(url)
    db = opened(Database(url))

    def poisoned(session: Any) -> None:
        session.execute(insert(table(Team)), {"name": "half"})
        raise ValueError("poisoned")

    units: list[Any] = [lambda s, n=n: add(f"team {n}", s) for n in range(200)]
    units[137] = poisoned
    results = in_one_group(db, units)
    assert [n for n, one in enumerate(results) if isinstance(one, Exception)] == [137]
    assert names(db) == {f"team {n}" for n in range(200) if n != 137}
