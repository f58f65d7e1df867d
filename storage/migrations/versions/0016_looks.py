"""looks: what is looked for every minute is found by an index; a number shown to one alone; outcomes taken back"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_UNTOLD = sa.text("data_problem AND problem_told_at IS NULL")
_WORDS = sa.text("state = 'sent' AND error IS NULL")


def upgrade() -> None:
    op.add_column("outcome", sa.Column("undone_at", UtcDateTime()))
    op.add_column("suggestion", sa.Column("revealed", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("lead_matured", "lead", ["matures_at", "id"])
    op.create_index("lead_problem", "lead", ["id"], postgresql_where=_UNTOLD, sqlite_where=_UNTOLD)
    op.create_index("letter_sent", "letter", ["sent_at"], postgresql_where=_WORDS, sqlite_where=_WORDS)
    op.create_index("ix_outcome_received_at", "outcome", ["received_at"])


def downgrade() -> None:
    op.drop_index("ix_outcome_received_at", table_name="outcome")
    op.drop_index("letter_sent", table_name="letter")
    op.drop_index("lead_problem", table_name="lead")
    op.drop_index("lead_matured", table_name="lead")
    op.drop_column("suggestion", "revealed")
    op.drop_column("outcome", "undone_at")
