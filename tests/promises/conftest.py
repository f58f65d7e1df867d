"""The switch: a test runs as things are, and again without what its promise rests on."""

from collections.abc import Callable, Iterator

import pytest

from storage.database import Database
from tests.promises.mechanisms import MECHANISMS


@pytest.fixture
def without(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The mechanism that is switched off, or `nothing`."""
    name = str(getattr(request, "param", "nothing"))
    if name != "nothing":
        MECHANISMS[name](monkeypatch)
    return name


@pytest.fixture
def switch(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A function that switches the mechanism off, once what comes before is done."""
    name = str(request.param)
    return lambda: None if name == "nothing" else MECHANISMS[name](monkeypatch)


@pytest.fixture
def opened() -> Iterator[Callable[[Database], Database]]:
    """Databases that are closed even when the test fails, as half of these shall."""
    kept: list[Database] = []

    def keep(database: Database) -> Database:
        kept.append(database)
        return database

    yield keep
    for database in kept:
        database.close()
