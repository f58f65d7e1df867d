"""The lock file beside a SQLite database: one `run` at a time, and no migration under a running bot."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import make_url

from bot.domain.errors import FileLocked


def database_file(url: str) -> Path | None:
    """The file behind a SQLite address, or None for a server."""
    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


@contextmanager
def holding(url: str) -> Iterator[None]:
    """Hold the database's lock file while inside. Raises FileLocked when another process holds it.

    The kernel drops the lock when the process ends, however it ends. PostgreSQL needs none: claims decide there.
    """
    file = database_file(url)
    if file is None:
        yield
        return
    with open(f"{file}.lock", "w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FileLocked from None
        try:
            yield
        finally:
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_UN)
