"""the routing guard"""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lead_id", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("hard", sa.Boolean(), nullable=False),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.Column("usual_id", sa.Integer(), nullable=False),
        sa.Column("recommended_id", sa.Integer(), nullable=False),
        sa.Column("actual_id", sa.Integer(), nullable=False),
        sa.Column("propensity", sa.Float(), nullable=False),
        sa.Column("in_pool", sa.Boolean(), nullable=False),
        sa.Column("made_up", sa.Boolean(), nullable=False),
        sa.Column("at", storage.tables.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"]),
        sa.ForeignKeyConstraint(["usual_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["recommended_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["actual_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("lead_id"),
    )
    op.create_index(op.f("ix_decision_at"), "decision", ["at"])
    op.create_table(
        "second_look",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lead_id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("propensity", sa.Float(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("offers", sa.JSON(), nullable=False),
        sa.Column("taken_by_id", sa.Integer(), nullable=True),
        sa.Column("taken_at", storage.tables.UtcDateTime(timezone=True), nullable=True),
        sa.Column("made_up", sa.Boolean(), nullable=False),
        sa.Column("at", storage.tables.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"]),
        sa.ForeignKeyConstraint(["owner_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["question_id"], ["letter.id"]),
        sa.ForeignKeyConstraint(["taken_by_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("lead_id"),
    )
    op.add_column("person", sa.Column("in_pool", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("workspace", sa.Column("hard_percent", sa.Integer(), nullable=False, server_default="15"))
    op.add_column("workspace", sa.Column("pool_share", sa.Integer(), nullable=False, server_default="20"))
    op.add_column("workspace", sa.Column("pool_channel_id", sa.String(), nullable=True))
    op.add_column("workspace", sa.Column("turn_id", sa.Integer(), nullable=True))


def downgrade() -> None:
    for name in ("turn_id", "pool_channel_id", "pool_share", "hard_percent"):
        op.drop_column("workspace", name)
    op.drop_column("person", "in_pool")
    op.drop_table("second_look")
    op.drop_table("decision")
