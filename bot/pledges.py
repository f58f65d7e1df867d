"""The manager's pledge: asked once before the first digest, and no digest before it."""

from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError
from bot.domain.wording import one_line
from bot.views import pledge
from storage import outbox, people


def ask(session: Session, manager: int, slack_id: str, at: Moment) -> bool:
    """Queue the question, once ever; whether it was queued now."""
    row = {"kind": "post", "lane": slack_id, "payload": pledge.pledge(), "dedupe_key": f"pledge:{manager}"}
    return outbox.add_once(session, row, at.real) is not None


def asked(session: Session, manager: int) -> bool:
    """Whether the question was put."""
    return outbox.by_key(session, f"pledge:{manager}") is not None


def demand(manager: Row[Any], *, mine: bool) -> None:
    """Nobody looks at a digest, the manager's own admins included, before she has promised what it is not for.

    Raises OtherwiseError otherwise; `mine`: it is the manager who asks.
    """
    if manager.pledged_at is None:
        raise OtherwiseError(
            "Your pledge comes first: it stands in the app's Home, under “Your digests”."
            if mine
            else f"{one_line(manager.name, 60)} has not given the pledge yet; nobody looks at that digest before. "
            "`/otherwise digest now` asks for it."
        )


def agree(session: Session, slack_id: str, first: str, at: Moment) -> None:
    """[I agree]: written down with its date, once; the question then shows it, and when the `first` digest comes.

    Raises OtherwiseError for anybody who manages no team.
    """
    person = people.by_slack_id(session, slack_id)
    if person is None or person.id not in {row.id for row in people.managers(session)}:
        raise OtherwiseError("This question is for managers of a team. Nothing was changed.")
    people.pledge(session, person.id, at.now)
    question = outbox.by_key(session, f"pledge:{person.id}")
    if question is not None:
        when = person.pledged_at or at.now
        outbox.edit(session, question, pledge.pledged(when, person.zone, first), f"pledged:{person.id}", at.real)
