"""replicas: procrastinate's own tables on PostgreSQL, by which replicas share the work; when a letter was begun

The tables are those of the version of procrastinate that is pinned. Whoever raises the pin adds a migration with what
its releases in between change (`procrastinate/sql/migrations`), for databases that have passed this one.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

# All that procrastinate makes bears its name.
_GONE = """
DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT oid::regclass AS name FROM pg_class
        WHERE relkind = 'r' AND relname LIKE 'procrastinate%' AND relnamespace = current_schema()::regnamespace
    LOOP EXECUTE 'DROP TABLE ' || one.name || ' CASCADE'; END LOOP;
    FOR one IN SELECT oid::regprocedure AS name FROM pg_proc
        WHERE proname LIKE 'procrastinate%' AND pronamespace = current_schema()::regnamespace
    LOOP EXECUTE 'DROP FUNCTION ' || one.name || ' CASCADE'; END LOOP;
    FOR one IN SELECT oid::regtype AS name FROM pg_type
        WHERE typname LIKE 'procrastinate%' AND typtype IN ('e', 'c') AND typnamespace = current_schema()::regnamespace
    LOOP EXECUTE 'DROP TYPE ' || one.name || ' CASCADE'; END LOOP;
END $$
"""


def upgrade() -> None:
    op.add_column("letter", sa.Column("begun_at", UtcDateTime()))
    if op.get_bind().dialect.name == "postgresql":
        from procrastinate.schema import SchemaManager  # on PostgreSQL alone

        # As it stands, without parameters: it has signs in it that would be taken for their places.
        driver: Any = op.get_bind().connection.driver_connection
        driver.execute(SchemaManager.get_schema())


def downgrade() -> None:
    op.drop_column("letter", "begun_at")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_GONE)
