"""A PostgreSQL server of the tests' own, where one is installed."""

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.sim import free_port


def _binaries() -> Path | None:
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


@cache
def server() -> str | None:
    """The address of a running server, started once; None where PostgreSQL is not installed."""
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
    run = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": "/"}
    subprocess.run([*user, binaries / "initdb", "-D", folder / "data", "-U", "otherwise", "-A", "trust"], **run)  # type: ignore[call-overload]
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    control = [*user, binaries / "pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log"]
    subprocess.run([*control, "-o", options, "start"], **run)  # type: ignore[call-overload]

    def stop() -> None:
        subprocess.run([*control, "-m", "immediate", "stop"], **(run | {"check": False}))  # type: ignore[call-overload]
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    return f"postgresql://otherwise@127.0.0.1:{port}/"


def postgres_url(request: Any) -> str:
    """A fresh database on the server, or a skipped test that says why."""
    address = server()
    if address is None:
        pytest.skip("PostgreSQL is not installed here")
    name = f"t{abs(hash(request.node.nodeid)) % 10**12}"
    with psycopg.connect(address + "postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')  # type: ignore[arg-type]  # a number of ours
        connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[arg-type]
    return address + name
