"""newcomers: since when an export of single answers is on, so that each rep is told once"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

NAMES = ("joined_since", "text_since")


def upgrade() -> None:
    for name in NAMES:
        op.add_column("workspace", sa.Column(name, UtcDateTime()))


def downgrade() -> None:
    for name in reversed(NAMES):
        op.drop_column("workspace", name)
