"""webhook letters: what a receiver gets is queued in the outbox, which keeps how it goes; `round` tells replays apart"""

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("webhook", sa.Column("round", sa.Integer(), nullable=False, server_default="0"))
    for name in ("ahead", "failures", "not_before", "trouble", "stopped"):
        op.drop_column("webhook", name)


def downgrade() -> None:
    for name in ("ahead", "trouble"):
        op.add_column("webhook", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.add_column("webhook", sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("webhook", sa.Column("not_before", UtcDateTime()))
    op.add_column("webhook", sa.Column("stopped", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.execute("DELETE FROM letter WHERE kind = 'webhook'")
    op.drop_column("webhook", "round")
