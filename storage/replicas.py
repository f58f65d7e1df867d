"""What replicas tell each other of letters, on PostgreSQL, whose clock counts for all of them: queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, text, update
from sqlmodel import Session

from bot.domain.retry import UNCERTAIN, State
from storage.database import changed
from storage.outbox import letters, read
from storage.writer import LETTERS

_START = text("UPDATE letter SET begun_at = clock_timestamp() - make_interval(secs => :ago) WHERE id = :id")


def tell(session: Session, letter: int, ago: float | None) -> None:
    """Let whoever leads look again: a letter was settled that was begun so many seconds ago, if at all."""
    if ago is not None:
        session.execute(_START, {"id": letter, "ago": ago})
    session.info["signals"].add(LETTERS)


def ended(session: Session, ids: list[int]) -> Sequence[Row[Any]]:
    """Those of these that are no longer on their way: lane, kind, error, next_at, and begun how many seconds `ago`."""
    if not ids:
        return []
    ago = func.extract("epoch", func.clock_timestamp() - letters.c.begun_at).label("ago")
    return session.execute(
        select(letters.c.lane, letters.c.kind, letters.c.error, letters.c.next_at, ago).where(
            letters.c.id.in_(ids), letters.c.state != State.SENDING.value
        )
    ).all()


def claimed(session: Session, letter: int, claim: str) -> dict[str, Any] | None:
    """A letter as it was claimed; None when it was taken back or settled since."""
    found = [row for row in read(session, [letter]) if (row["claim"], row["state"]) == (claim, State.SENDING.value)]
    return found[0] if found else None


def take_back(session: Session, letter: int, claim: str, next_at: datetime) -> bool:
    """Take a letter from a replica that died: perhaps said, perhaps not. Whether it was still its."""
    mine = (letters.c.id == letter) & (letters.c.claim == claim) & (letters.c.state == State.SENDING.value)
    new = {"state": State.UNCERTAIN.value, "error": UNCERTAIN, "claim": None, "lease_until": None, "next_at": next_at}
    session.info["signals"].add(LETTERS)
    return bool(changed(session, update(letters).where(mine).values(**new)))
