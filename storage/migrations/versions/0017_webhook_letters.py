"""webhook letters: what a receiver gets is queued in the outbox, which keeps how it goes; `round` tells replays apart"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from storage.tables import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


_TRIED = sa.text(
    "SELECT id, created_at, cursor, ahead, failures, not_before, trouble, stopped FROM webhook WHERE ahead <> ''"
)


def _letters() -> None:
    """What was being tried, or was given up, stays so: as a letter."""
    letter = sa.table(
        "letter",
        *(sa.column(name) for name in ("kind", "lane", "dedupe_key", "state", "attempt", "lost", "error", "fix")),
        sa.column("payload", sa.JSON()),
        sa.column("next_at", UtcDateTime()),
        sa.column("created_at", UtcDateTime()),
    )
    columns = {"created_at": UtcDateTime(), "not_before": UtcDateTime()}
    now = datetime.now(UTC)
    for row in op.get_bind().execute(_TRIED.columns(**columns)).all():
        op.get_bind().execute(
            sa.insert(letter).values(
                kind="webhook",
                lane=f"webhook:{row.id}",
                dedupe_key=f"webhook:{row.id}:{row.created_at.isoformat()}:0:{row.cursor}",
                state="dead" if row.stopped else "pending",
                attempt=row.failures,
                lost=0,
                error="undelivered" if row.trouble else None,
                fix=row.trouble or None,
                payload={"webhook": row.id, "behind": row.cursor, "until": row.ahead},
                next_at=row.not_before or now,
                created_at=now,
            )
        )


def upgrade() -> None:
    _letters()
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
