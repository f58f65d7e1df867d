"""Fixtures: one workspace process a session, and a bot on a fresh database a test."""

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import postgres
from tests.sim import Sim
from tests.world import World, settings_for

# A server that logs an error must not format its traceback in its own thread: see addopts in pyproject.toml.
logging.getLogger().addHandler(logging.NullHandler())

ROOM = 4_000_000_000
# A slow machine is no defect, and a test leaves nothing behind in the checkout.
settings.register_profile("here", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("here")


def pytest_configure() -> None:
    """Databases of tests stand in memory where there is room: a disk that others use is no defect of ours either.

    What a power cut leaves is tested on copies of files, and a full disk by a limit on them.
    """
    memory = Path("/dev/shm")  # the kernel's own
    if memory.is_dir() and shutil.disk_usage(memory).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))
        tempfile.tempdir = str(memory)


@pytest.fixture(scope="session")
def workspace() -> Iterator[Sim]:
    """A local workspace that the whole session shares; `sim` empties it for each test."""
    sim = Sim("--no-limits")
    yield sim
    sim.close()


@pytest.fixture
def sim(workspace: Sim) -> Sim:
    """The workspace, empty."""
    workspace.post("reset")
    workspace.post("limits", on=False)
    return workspace


@pytest.fixture(params=["sqlite", "postgresql"] if postgres.installed() else ["sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without tables; every story is told on both kinds."""
    return f"sqlite:///{tmp_path}/otherwise.db" if request.param == "sqlite" else postgres.postgres_url(request)


def pytest_report_header() -> str:
    """Say so where half of the stories can't be told."""
    return "stories on SQLite and PostgreSQL" if postgres.installed() else "PostgreSQL is not installed: SQLite alone"


@pytest.fixture
def make_world(sim: Sim, database: str) -> Iterator[Any]:
    """Build worlds with settings of the test's own; they are closed after it."""
    built: list[World] = []

    def make(**settings: Any) -> World:
        world = World(sim, settings_for(sim, database, **settings))
        built.append(world)
        return world

    yield make
    for world in built:
        world.close()


@pytest.fixture
def world(make_world: Any) -> World:
    """A bot with the whole cast."""
    made: World = make_world()
    made.add_people()
    return made


@pytest.fixture
def shifted_world(make_world: Any, tmp_path: Path) -> World:
    """The same with a clock that the test can move."""
    clock = tmp_path / "clock"
    clock.write_text("0")
    made: World = make_world(otherwise_clock_file=clock)
    made.add_people()
    return made
