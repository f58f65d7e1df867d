"""teams that are counted together, and how large a group must be"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "release_team",
        sa.Column("release_id", sa.Integer(), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["release_id"], ["release.id"]),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"]),
        sa.PrimaryKeyConstraint("release_id", "team_id"),
    )
    # Sets released before were about the teams that their manager had.
    op.execute(
        "INSERT INTO release_team (release_id, team_id) "
        "SELECT release.id, team.id FROM release JOIN team ON team.manager_id = release.manager_id"
    )
    op.add_column("lead", sa.Column("considered", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("workspace", sa.Column("privacy_leads", sa.Integer(), nullable=False, server_default="10"))
    op.add_column("workspace", sa.Column("privacy_reps", sa.Integer(), nullable=False, server_default="5"))
    op.add_column("workspace", sa.Column("privacy_next", sa.JSON(), nullable=True))


def downgrade() -> None:
    for name in ("privacy_next", "privacy_reps", "privacy_leads"):
        op.drop_column("workspace", name)
    op.drop_column("lead", "considered")
    op.drop_table("release_team")
