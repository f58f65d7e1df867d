"""CRMs that are read"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "connection",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False, unique=True),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("scale", sa.String(), nullable=False),
        sa.Column("horizon_days", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("post_since", UtcDateTime(), nullable=False),
        sa.Column("cursor", sa.String(), nullable=False),
        sa.Column("before", sa.String()),
        sa.Column("writes_owners", sa.Boolean(), nullable=False),
        sa.Column("read_at", UtcDateTime()),
        sa.Column("not_before", UtcDateTime()),
        sa.Column("trouble", sa.String(), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("made_up", sa.Boolean(), nullable=False),
        sa.Column("connected_at", UtcDateTime(), nullable=False),
    )
    op.add_column("lead", sa.Column("merged_into", sa.String(), nullable=False, server_default=""))
    merged = sa.text("merged_into <> ''")
    op.create_index("lead_merged", "lead", ["merged_into"], postgresql_where=merged, sqlite_where=merged)


def downgrade() -> None:
    op.drop_index("lead_merged", "lead")
    op.drop_column("lead", "merged_into")
    op.drop_table("connection")
