"""A manager passes a digest's figures on to the model's owners, or has one a month while there are no results."""

from typing import Any

from sqlmodel import Session

from bot import owners
from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError
from bot.domain.wording import foreign, listed
from bot.views import owners as views
from storage import digests, outbox, people


def send(session: Session, slack_id: str, week: str, at: Moment) -> str:
    """Send what stands behind [Details], released figures alone, once. Raises OtherwiseError for anybody else's."""
    person = people.by_slack_id(session, slack_id)
    row = digests.of_week(session, person.id, week) if person is not None else None
    if person is None or row is None:
        raise OtherwiseError("This digest isn't one of yours.")
    told = owners.owners(session, at.now)
    if not told:
        raise OtherwiseError("No model owner is named yet: an admin does it with `/otherwise modelowner add @user`.")
    opening, details = row.figures.get("blocks", []), row.figures.get("details", [])
    payload = views.from_manager(person.name, opening, details)
    fresh = []
    for one in told:
        letter = {"kind": "post", "lane": one.slack_id, "payload": payload, "dedupe_key": f"sent:{row.id}:{one.id}"}
        if outbox.add_once(session, letter, at.real) is not None:
            fresh.append(one)
    if not fresh:
        return f"{_names(told)} {'has' if len(told) == 1 else 'have'} these figures already; nothing was sent again."
    return f"Sent to {_names(fresh)}: the released figures, and nothing else."


def _names(people_: list[Any]) -> str:
    return listed(foreign(one.name, 60) for one in people_)


def keep_monthly(session: Session, slack_id: str, *, monthly: bool) -> str:
    """One a month until the first result, or one a week."""
    person = people.by_slack_id(session, slack_id)
    if person is None or person.id not in {row.id for row in people.managers(session)}:
        raise OtherwiseError("A digest is for managers of a team, and you manage none here.")
    people.change(session, person.id, digest_monthly=monthly)
    if monthly:
        return "One a month until the first results; then weekly again, by itself."
    return "It stays weekly."
