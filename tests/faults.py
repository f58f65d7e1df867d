"""Faults of the machine, made for real: the kernel refuses to let a file grow, a server is not there."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import postgres


@contextmanager
def no_more_room(database: Path, *, but: int = 0) -> Iterator[None]:
    """While inside, SQLite's log can't grow by more than `but` bytes: a commit that needs more ends in an I/O error."""
    wal = database.with_name(database.name + "-wal")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (max(1, wal.stat().st_size + but), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def no_writes(database: str) -> Iterator[None]:
    """While inside, nothing can be stored: SQLite has no more room, PostgreSQL's server has been killed."""
    fault = no_more_room(Path(database.removeprefix("sqlite:///"))) if "sqlite" in database else postgres.gone()
    with fault:
        yield
