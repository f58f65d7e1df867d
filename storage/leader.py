"""Which replica leads: a row with an owner and an end, kept by whoever renews it in time. PostgreSQL alone."""

from sqlalchemy import text
from sqlmodel import Session

# The database's clock decides for everybody; that of a replica may be wrong.
_HOLD = text(
    """
    INSERT INTO leader (name, owner, until_at) VALUES (:name, :owner, now() + make_interval(secs => :seconds))
    ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until_at = excluded.until_at
    WHERE leader.owner = excluded.owner OR leader.until_at < now()
    RETURNING owner
    """
)


def hold(session: Session, name: str, owner: str, seconds: float) -> bool:
    """Take or renew the lead for so many seconds; False while somebody else has it."""
    found = session.execute(_HOLD, {"name": name, "owner": owner, "seconds": seconds})
    return found.first() is not None


def let_go(session: Session, name: str, owner: str) -> None:
    """Give the lead up at once, so that nobody waits for its end."""
    session.execute(text("DELETE FROM leader WHERE name = :name AND owner = :owner"), {"name": name, "owner": owner})
