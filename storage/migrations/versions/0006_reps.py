"""what reps switch for themselves, stand-ins, pace, and how long words are kept"""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = storage.tables.UtcDateTime(timezone=True)
    op.create_table(
        "friday",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("leads", sa.JSON(), nullable=False),
        sa.Column("letter_id", sa.Integer(), nullable=False),
        sa.Column("reminds", sa.Boolean(), nullable=False),
        sa.Column("answered_at", moment, nullable=True),
        sa.Column("at", moment, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.ForeignKeyConstraint(["letter_id"], ["letter.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("person_id", "day", name="friday_once"),
    )
    op.create_table(
        "words_read",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("reader", sa.String(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("many", sa.Integer(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_words_read_person_id"), "words_read", ["person_id"])
    op.create_index("suggestion_of_day", "suggestion", ["rep_id", "created_at"])
    for name, default in (("muted", sa.false()), ("asks_outcomes", sa.true()), ("asks_second_look", sa.true())):
        op.add_column("person", sa.Column(name, sa.Boolean(), nullable=False, server_default=default))
    op.add_column("person", sa.Column("later_told", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("person", sa.Column("stand_in_id", sa.Integer(), nullable=True))
    op.add_column("person", sa.Column("stand_in_until", moment, nullable=True))
    op.add_column("person", sa.Column("forgotten_at", moment, nullable=True))
    op.add_column("workspace", sa.Column("budget", sa.Integer(), nullable=False, server_default="40"))
    for name in ("quiet_from", "quiet_to", "retention_days"):
        op.add_column("workspace", sa.Column(name, sa.Integer(), nullable=True))


def downgrade() -> None:
    for name in ("retention_days", "quiet_to", "quiet_from", "budget"):
        op.drop_column("workspace", name)
    for name in ("forgotten_at", "stand_in_until", "stand_in_id"):
        op.drop_column("person", name)
    for name in ("later_told", "asks_second_look", "asks_outcomes", "muted"):
        op.drop_column("person", name)
    op.drop_index("suggestion_of_day", "suggestion")
    op.drop_table("words_read")
    op.drop_table("friday")
