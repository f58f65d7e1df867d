"""Bring a database to the tables of this version, through Alembic, which is loaded only where something is missing."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from storage.database import migration_engine

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations"


def alembic_config(url: str) -> "Config":
    """Alembic's configuration without a file of its own; the address travels beside it, never in a log."""
    from alembic.config import Config

    # Its own default is whatever stood there when alembic was loaded.
    config = Config(stdout=sys.stdout)
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    return config


def upgrade(url: str) -> None:
    """Apply every migration that is missing."""
    from alembic import command

    command.upgrade(alembic_config(url), "head")


def newest() -> str:
    """The newest migration's revision, with which its file's name begins."""
    return max(file.name for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py")).split("_")[0]


def is_current(url: str) -> bool:
    """Whether the database stands at this version's tables. Loads neither Alembic nor a migration: each start asks."""
    engine = migration_engine(url)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return False
            at = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    finally:
        engine.dispose()
    return at == newest()
