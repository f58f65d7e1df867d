"""Promise 13: a CRM read by somebody who dies, whose pages repeat or change places, or whose clock is wrong."""

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot import crm
from bot.connectors.registry import kind_of
from bot.domain.crm import Page, Record
from bot.lead import Lead as Leading
from bot.polling import Poller
from bot.settings import read_secret
from storage import backup, connections
from storage.database import Database
from storage.tables import Lead, Letter
from tests.crms import hubspot
from tests.crms.hubspot import HubSpotServer
from tests.promises.mechanisms import rests_on
from tests.promises.test_intake import rows
from tests.sim import ROOT
from tests.stories.test_crm import lead_of, scored
from tests.world import EMAIL, REPS, World


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSpotServer]:
    monkeypatch.setenv("OTHERWISE_HUBSPOT_TOKEN", hubspot.TOKEN)
    made = HubSpotServer()
    made.owners |= {str(number): EMAIL[rep] for number, rep in enumerate(REPS, 1)}
    yield made
    made.close()


def connected(world: World, hub: HubSpotServer, **more: Any) -> None:
    """As `otherwise connect` leaves it."""
    row = {
        "name": "hubspot",
        "config": {"object": "contacts", "score": hubspot.SCORE, "base": hub.base},
        "scale": "percent",
        "horizon_days": 90,
        "model": "HubSpot",
        "post_since": hub.now() - timedelta(days=7),
        "connected_at": world.deps.clock.now(),
    }
    world.deps.db.write(lambda s: connections.keep(s, row | more))


def some(hub: HubSpotServer) -> set[str]:
    """Contacts of the past and of today."""
    old = hub.now() - timedelta(days=100)
    past = hub.add(at=old, **scored(30))
    hub.change(past, at=old + timedelta(days=20), lifecyclestage="customer")
    return {f"hubspot:{one}" for one in [past, *(hub.add(**scored(n, owner=n)) for n in range(1, 3))]}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@rests_on("one transaction")
def test_a_kill_at_any_statement_of_reading_leaves_no_gap_and_makes_no_double(
    world: World, hub: HubSpotServer, tmp_path: Path, without: str
) -> None:
    every = some(hub)
    connected(world, hub)
    base = tmp_path / "base"
    backup.copy_database(world.settings.database_url, base)
    world.running.stop()
    told = {"base": str(base), "folder": str(tmp_path), "crm": True, "without": without}
    command = [sys.executable, "-m", "tests.promises.child", "statements", json.dumps(told)]
    last = int(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=100).stdout.split()[-1])
    assert last > 10
    for number in range(1, last + 1):
        deps = world.deps
        object.__setattr__(deps, "db", Database(f"sqlite:///{tmp_path}/{number}.db"))
        poller = Poller(deps, Leading(deps.db, "next"))
        poller.poll()
        poller.close()
        deps.db.close()
        found = rows(tmp_path / f"{number}.db")
        leads = Counter(one for one in every for row in found["lead"] if f"'{one}'" in row)
        assert leads == Counter(every), f"statement {number}: {set(every) ^ set(leads)} are missing or double"
        posts = [row for row in found["letter"] if "'post'" in row and "New lead" in row]
        assert len(posts) == 2, f"{len(posts)} messages after statement {number}"


def test_pages_that_repeat_and_change_places_make_no_gap_and_no_double(world: World, hub: HubSpotServer) -> None:
    numbers = [hub.add(**scored(n % 90, owner=n % 9 + 1, company=f"Firm {n}")) for n in range(180)]
    connected(world, hub)
    with world.deps.db.reading() as session:
        config = connections.by_name(session, "hubspot").config
    connector = kind_of("hubspot").make(config, read_secret)
    pages, cursor = [], ""
    for _ in range(8):
        page = connector.page(cursor)
        pages, cursor = [*pages, page], page.cursor
    connector.close()
    shuffled = [page for page in pages for _ in range(2)]
    random.Random(6).shuffle(shuffled)
    for page in shuffled:
        with world.deps.db.reading() as session:
            row = connections.by_name(session, "hubspot")
        at = world.deps.clock.moment()
        with world.deps.db.reading() as session:
            records = world.deps.records.look(session, crm.record_keys(page, crm.reading_of(row), at), at.now)
        take = partial(crm.take_page, row=row, page=page, records=records, draw=world.deps.draw, at=at)
        assert world.deps.db.write(take) is not None
        assert world.deps.db.write(take) is None or page.cursor == row.cursor, "somebody else has gone on from there"
    world.quiet()
    assert Counter(row["lead_id"] for row in world.rows(Lead)) == Counter(f"hubspot:{one}" for one in numbers)
    posted = Counter(row["lead_id"] for row in world.rows(Letter) if row["kind"] == "post" and row["lead_id"])
    assert set(posted.values()) <= {1}


@pytest.mark.parametrize("many", [0, 1, 100, 101, 250])
def test_a_large_page_is_stored_in_parts_and_its_place_moves_with_the_last(many: int) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    records = tuple(Record(str(n), at, at) for n in range(many))
    parts = crm.parts_of(Page(records, "behind", more=True), "before")
    assert tuple(one for part in parts for one in part.records) == records
    assert [part.cursor for part in parts] == ["before"] * (len(parts) - 1) + ["behind"]
    assert len(parts) == max(1, -(-many // 100))


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_crm_whose_clock_is_wrong_loses_nothing(make_world: Any, hub: HubSpotServer, hours: int) -> None:
    world: World = make_world(otherwise_poll=1)
    world.add_people()
    hub.ahead = timedelta(hours=hours)
    connected(world, hub)
    first = hub.add(**scored(12, company="First Ltd"))
    world.see(REPS[0], "First Ltd")
    second = hub.add(**scored(12, owner=2, company="Second Ltd"))
    hub.change(first, lifecyclestage="customer")
    world.see(REPS[1], "Second Ltd")
    world.sim.until(lambda: lead_of(world, f"hubspot:{first}")["outcome"] == "won")
    world.quiet()
    assert lead_of(world, f"hubspot:{first}")["outcome_at"] <= world.deps.clock.now()
    assert lead_of(world, f"hubspot:{second}")["posted_at"]
