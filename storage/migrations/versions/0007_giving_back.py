"""exports, the model's owners, and the drift alarm"""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = storage.tables.UtcDateTime(timezone=True)
    op.create_table(
        "alarm",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("model_line", sa.String(), nullable=False),
        sa.Column("horizon_days", sa.Integer(), nullable=False),
        sa.Column("e", sa.Float(), nullable=False),
        sa.Column("leads", sa.Integer(), nullable=False),
        sa.Column("made_up", sa.Boolean(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_alarm_model_line"), "alarm", ["model_line"])
    op.add_column("person", sa.Column("is_model_owner", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("lead", sa.Column("problem_told_at", moment, nullable=True))
    for name in ("joined_on", "text_on"):
        op.add_column("workspace", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    for name in ("text_on", "joined_on"):
        op.drop_column("workspace", name)
    op.drop_column("lead", "problem_told_at")
    op.drop_column("person", "is_model_owner")
    op.drop_table("alarm")
