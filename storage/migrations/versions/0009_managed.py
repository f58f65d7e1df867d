"""who managed a team lately"""

import sqlalchemy as sa
from alembic import op

import storage.tables

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("person", sa.Column("managed_until", storage.tables.UtcDateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("person", "managed_until")
