"""the blind-first sample"""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = storage.tables.UtcDateTime(timezone=True)
    op.create_table(
        "sample",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("planned", sa.Integer(), nullable=False),
        sa.Column("began_at", moment, nullable=False),
        sa.Column("ended_at", moment, nullable=True),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("made_up", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "sampled",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sample_id", sa.Integer(), nullable=False),
        sa.Column("lead_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("arm", sa.String(), nullable=False),
        sa.Column("propensity", sa.Float(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("prior_id", sa.Integer(), nullable=False),
        sa.Column("estimate", sa.Float(), nullable=True),
        sa.Column("answered_at", moment, nullable=True),
        sa.Column("revealed_at", moment, nullable=True),
        sa.Column("revealed_by", sa.String(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.ForeignKeyConstraint(["sample_id"], ["sample.id"]),
        sa.ForeignKeyConstraint(["lead_id"], ["lead.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["prior_id"], ["prior.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("lead_id"),
    )
    op.create_index(op.f("ix_sampled_sample_id"), "sampled", ["sample_id"])
    op.create_index(op.f("ix_sampled_person_id"), "sampled", ["person_id"])
    hidden = sa.text("arm = 'blind_first' AND revealed_at IS NULL")
    op.create_index("sampled_hidden", "sampled", ["lead_id"], postgresql_where=hidden, sqlite_where=hidden)
    op.add_column("person", sa.Column("in_sample", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("person", sa.Column("sample_told", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("person", sa.Column("sample_told_at", moment, nullable=True))
    op.add_column("suggestion", sa.Column("arm", sa.String(), nullable=False, server_default=""))
    op.add_column("workspace", sa.Column("sample_id", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("workspace", "sample_id")
    op.drop_column("suggestion", "arm")
    for name in ("sample_told_at", "sample_told", "in_sample"):
        op.drop_column("person", name)
    op.drop_table("sampled")
    op.drop_table("sample")
