"""A copy of the database while it is in use, and the way back."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from bot.domain.errors import OtherwiseError
from storage.lock import database_file, holding


class NotCopied(OtherwiseError):
    """The copy was not made, and nothing is left of it."""


def copy_database(url: str, target: Path) -> int:
    """Copy a SQLite database to a file that is not there yet, readable by its owner alone; its size in bytes.

    One read transaction, so the copy is the database as it was at one moment, and nobody who writes waits for it. It
    is looked through before it gets its name. Raises NotCopied with a sentence.
    """
    source = database_file(url)
    if source is None:
        raise NotCopied("PostgreSQL has its own tool: pg_dump --format=custom --file=FILE and the database's address.")
    if not source.exists():
        raise NotCopied(f"There is no database at {source} to copy.")
    if target.exists():
        raise NotCopied(f"{target} is there already. Choose another name: a backup never replaces one.")
    part = target.with_name(f"{target.name}.part")
    try:
        # Made empty and closed to others first: what is in it is as private as the database.
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        with closing(sqlite3.connect(source, isolation_level=None, timeout=5.0)) as raw:
            raw.execute("VACUUM INTO ?", (str(part),))
        with closing(sqlite3.connect(part)) as copy:
            (found,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise NotCopied("The copy does not hold together, so it was thrown away. Run `otherwise check`.")
        _keep(part, target)
    except (OSError, sqlite3.Error) as failure:
        raise NotCopied(f"The copy could not be written to {target.parent}: {failure}.") from failure
    finally:
        part.unlink(missing_ok=True)
    return target.stat().st_size


def _keep(part: Path, target: Path) -> None:
    """Bring it to the disk and give it its name, unless another got it meanwhile."""
    with open(part, "rb") as handle:
        os.fsync(handle.fileno())
    os.link(part, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def restore_database(url: str, copy: Path) -> Path | None:
    """Put a copy in the database's place; where the database that was there is now, or None when there was none.

    The copy stays where it is. Refuses while a bot runs. Raises NotCopied with a sentence, or FileLocked; the database
    is then as it was.
    """
    target = database_file(url)
    if target is None:
        raise NotCopied("PostgreSQL has its own tool: pg_restore --clean --dbname=ADDRESS FILE.")
    with holding(url):
        part, aside = target.with_name(f"{target.name}.part"), None
        try:
            with closing(sqlite3.connect(f"{copy.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as read:
                (found,) = read.execute("PRAGMA integrity_check(1)").fetchone()
                (known,) = read.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
            if found != "ok" or not known:
                raise NotCopied(f"{copy} does not hold together or is none of Otherwise's; nothing was changed.")
            with (
                open(copy, "rb") as source,
                open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out,
            ):
                shutil.copyfileobj(source, out)
                out.flush()
                os.fsync(out.fileno())
            if target.exists():
                aside = _set_aside(target)
            part.rename(target)
        except (OSError, sqlite3.Error) as failure:
            raise NotCopied(f"{copy} could not be put in place: {failure}.") from failure
        finally:
            part.unlink(missing_ok=True)
        return aside


def _set_aside(target: Path) -> Path:
    """Give the database another name, with all that is in its log; a damaged one with its log as it is."""
    try:
        with closing(sqlite3.connect(target, timeout=5.0)) as raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        whole = True
    except sqlite3.DatabaseError:
        whole = False
    number = 1
    while (aside := target.with_name(f"{target.name}.before-{number}")).exists():
        number += 1
    target.rename(aside)
    for ending in ("-wal", "-shm"):
        log = target.with_name(target.name + ending)
        if whole:
            log.unlink(missing_ok=True)
        elif log.exists():
            log.rename(aside.with_name(aside.name + ending))
    return aside
