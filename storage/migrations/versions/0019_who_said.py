"""who said: figures by the posted prior, who answered at the landmark, managers who were forgotten, reports told of"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_TOLD = sa.text("problem_told_at IS NOT NULL")
_CORRECTED = sa.text("corrected")


def upgrade() -> None:
    op.add_column("lead", sa.Column("author_id", sa.Integer(), nullable=True))
    op.add_column("lead", sa.Column("seen_probability", sa.Float(), nullable=True))
    op.add_column("lead", sa.Column("told_place", sa.String(), nullable=True))
    op.add_column("lead", sa.Column("told_won", sa.Boolean(), nullable=True))
    op.add_column("lead", sa.Column("corrected", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("lead_corrected", "lead", ["rep_id"], postgresql_where=_CORRECTED, sqlite_where=_CORRECTED)
    op.add_column("person", sa.Column("managed_mark", sa.String(), nullable=True))
    op.create_index("lead_problem_told", "lead", ["problem_told_at"], postgresql_where=_TOLD, sqlite_where=_TOLD)


def downgrade() -> None:
    op.drop_index("lead_problem_told", "lead")
    op.drop_column("person", "managed_mark")
    op.drop_index("lead_corrected", "lead")
    op.drop_column("lead", "corrected")
    op.drop_column("lead", "told_won")
    op.drop_column("lead", "told_place")
    op.drop_column("lead", "seen_probability")
    op.drop_column("lead", "author_id")
