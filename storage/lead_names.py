"""Leads by their names, for whoever has no id at hand."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, func, select
from sqlmodel import Session

from storage.tables import Lead, table

leads = table(Lead)


def of_name(session: Session, name: str, limit: int) -> Sequence[Row[Any]]:
    """Leads of this name, whatever its case, newest first: id and lead_id. It reads all leads, since an admin asks
    this now and then and every lead would pay for an index.
    """
    same = func.lower(leads.c.name) == func.lower(name)
    statement = select(leads.c.id, leads.c.lead_id).where(same, leads.c.trial.is_(False))
    return session.execute(statement.order_by(leads.c.id.desc()).limit(limit)).all()
