"""as it was told: a set's outcomes stay as its digest told them, beside what a later set corrects"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("lead", sa.Column("corrected_won", sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.drop_column("lead", "corrected_won")
