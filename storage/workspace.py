"""What admins set for everybody: queries on the one row."""

from typing import Any

from sqlalchemy import Row, select, update
from sqlmodel import Session

from storage.tables import Workspace, table

workspace = table(Workspace)
THE_ROW = 1
_READ = select(workspace).where(workspace.c.id == THE_ROW)


def read(session: Session) -> Row[Any]:
    """The settings: landmark_hours, paused, rehearsal_slack_id."""
    return session.execute(_READ).one()


def change(session: Session, **values: Any) -> None:
    """Set some of them."""
    session.execute(update(workspace).where(workspace.c.id == THE_ROW).values(**values))
