"""Alembic's entry: online only, with SQLite's table copies."""

from alembic import context
from sqlmodel import SQLModel

from storage import tables  # noqa: F401  # fills SQLModel.metadata
from storage.database import migration_engine


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    """Whether a table is of this project's models: procrastinate has its own beside them."""
    return kind != "table" or not (name or "").startswith("procrastinate")


engine = migration_engine(context.config.attributes["url"])
with engine.connect() as connection:
    if connection.dialect.name == "postgresql":
        # Two replicas that start together: the second waits, then finds nothing to do.
        connection.exec_driver_sql("SELECT pg_advisory_lock(7164830925)")
        connection.commit()
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=True,
        compare_type=True,
        include_name=_ours,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
