"""A PostgreSQL server of the tests' own, where one is installed."""

import atexit
import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest

from storage.migrate import upgrade
from tests.sim import free_port


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


def installed() -> bool:
    """Whether a server can be started here."""
    return _binaries() is not None


@dataclass(frozen=True)
class Server:
    """A running server: where it listens, and how it is told to stop and start."""

    address: str
    control: tuple[str, ...]
    options: str

    def start(self) -> None:
        """Start, and wait until it answers."""
        _run(*self.control, "-o", self.options, "start")

    def stop(self) -> None:
        """Kill it, as a power cut would."""
        _run(*self.control, "-m", "immediate", "stop")


def _run(*words: str) -> None:
    # Its own output is in its log file; inherited pipes would stay open as long as the server runs.
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")


@cache
def server() -> Server | None:
    """A server, started once; None where PostgreSQL is not installed."""
    binaries = _binaries()
    if binaries is None:
        return None
    # PostgreSQL refuses to run as root; Debian's package brings a user for it.
    user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    folder = Path(tempfile.mkdtemp(prefix="otherwise-pg-"))
    if user:
        try:
            owner = pwd.getpwnam("postgres")
        except KeyError:
            return None
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    port = free_port()
    _run(*user, str(binaries / "initdb"), "-D", str(folder / "data"), "-U", "otherwise", "-A", "trust")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    control = (*user, str(binaries / "pg_ctl"), "-D", str(folder / "data"), "-w", "-l", str(folder / "log"))
    made = Server(f"postgresql://otherwise@127.0.0.1:{port}/", control, options)
    made.start()

    def remove() -> None:
        with contextlib.suppress(subprocess.CalledProcessError):
            made.stop()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return made


@contextlib.contextmanager
def gone() -> Iterator[None]:
    """While inside, the server is dead."""
    running = server()
    assert running is not None
    running.stop()
    try:
        yield
    finally:
        running.start()


# As most servers sort, and not by bytes as this one would.
SORTED = "ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'"


@cache
def _template(address: str) -> str:
    """A database with this version's tables, which others are copied from."""
    with psycopg.connect(address + "postgres", autocommit=True) as connection:
        # Servers before 15 know no such thing for a database of its own.
        how = SORTED if connection.info.server_version >= 150_000 else ""
        connection.execute(f"CREATE DATABASE migrated TEMPLATE template0 {how}")
    upgrade(address + "migrated")
    return "migrated"


def postgres_url(request: Any, *, empty: bool = False) -> str:
    """A fresh database on the server, with its tables or `empty`; or a skipped test that says why."""
    running = server()
    if running is None:
        pytest.skip("PostgreSQL is not installed here")
    name = f"t{abs(hash(request.node.nodeid)) % 10**12}"
    source = "template0" if empty else _template(running.address)
    with psycopg.connect(running.address + "postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')  # type: ignore[arg-type]  # a number of ours
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE {source}')  # type: ignore[arg-type]
    return running.address + name
