"""what admins set and change in Slack"""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    workspace = op.create_table(
        "workspace",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("landmark_hours", sa.Integer(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("rehearsal_slack_id", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.bulk_insert(workspace, [{"id": 1, "landmark_hours": 72, "paused": False, "rehearsal_slack_id": None}])
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("actor_slack_id", sa.String(), nullable=False),
        sa.Column("command", sa.String(), nullable=False),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=True),
        sa.Column("undone_at", storage.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("made_up", sa.Boolean(), nullable=False),
        sa.Column("at", storage.tables.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    # Added one by one, not in a batch: SQLite would copy every lead for the latter.
    op.add_column("person", sa.Column("digest_next", sa.JSON(), nullable=True))
    op.add_column("person", sa.Column("is_admin", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("lead", sa.Column("trial", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("lead", sa.Column("landmark_hours", sa.Integer(), nullable=False, server_default="72"))


def downgrade() -> None:
    # One by one here too: a batch copies the table and would lose the partial indices' conditions.
    for name in ("landmark_hours", "trial"):
        op.drop_column("lead", name)
    for name in ("is_admin", "digest_next"):
        op.drop_column("person", name)
    op.drop_table("audit")
    op.drop_table("workspace")
