"""told problems: a model owner's Home finds what was told of lately without looking at every lead"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_TOLD = sa.text("problem_told_at IS NOT NULL")


def upgrade() -> None:
    op.create_index("lead_problem_told", "lead", ["problem_told_at"], postgresql_where=_TOLD, sqlite_where=_TOLD)


def downgrade() -> None:
    op.drop_index("lead_problem_told", "lead")
