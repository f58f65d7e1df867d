"""The manager's pledge: asked once before the first digest, and no digest before it."""

from sqlmodel import Session

from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError
from bot.views import pledge
from storage import outbox, people


def ask(session: Session, manager: int, slack_id: str, at: Moment) -> bool:
    """Queue the question, once ever; whether it was queued now."""
    row = {"kind": "post", "lane": slack_id, "payload": pledge.pledge(), "dedupe_key": f"pledge:{manager}"}
    return outbox.add_once(session, row, at.real) is not None


def agree(session: Session, slack_id: str, at: Moment) -> None:
    """[I agree]: written down with its date, once; the question then shows it. Raises OtherwiseError for others."""
    person = people.by_slack_id(session, slack_id)
    if person is None or person.id not in {row.id for row in people.managers(session)}:
        raise OtherwiseError("This question is for managers of a team. Nothing was changed.")
    people.pledge(session, person.id, at.now)
    question = outbox.by_key(session, f"pledge:{person.id}")
    if question is not None:
        when = person.pledged_at or at.now
        outbox.edit(session, question, pledge.pledged(when, person.zone), f"pledged:{person.id}", at.real)
