"""Buttons that store something at once: the listener returns after the commit, and with it leaves the ack."""

from collections.abc import Callable

from slack_bolt import Ack
from slack_sdk import WebClient
from sqlmodel import Session

from bot import overrides, timetable
from bot.copies import take_copy_away
from bot.deps import Deps
from bot.domain.clock import Moment
from bot.domain.errors import AlreadyClosed
from bot.views.kit import Ref
from handlers import home
from handlers.copies import take_away
from handlers.payloads import Body, click_key, clicked, pressed_in


def noted(deps: Deps, ack: Ack, body: Body) -> None:
    """[Noted]."""
    _store(deps, ack, body, overrides.note)


def undo_noted(deps: Deps, ack: Ack, body: Body) -> None:
    """[Undo] of [Noted]."""
    _store(deps, ack, body, overrides.undo_note)


def withdraw(deps: Deps, ack: Ack, body: Body) -> None:
    """[Withdraw]."""
    _store(deps, ack, body, overrides.withdraw)


def reveal(deps: Deps, ack: Ack, body: Body) -> None:
    """[Show the tool's number]."""
    _store(deps, ack, body, overrides.reveal)


def unquote(deps: Deps, ack: Ack, body: Body) -> None:
    """[Don't quote me], in the window with her words."""
    _store(deps, ack, body, overrides.unquote)


def _store(deps: Deps, ack: Ack, body: Body, verb: Callable[[Session, Ref, str, str, Moment], None]) -> None:
    ref, user, key, at = clicked(body), body["user"]["id"], click_key(body), deps.clock.moment()
    pressed = pressed_in(body)

    def work(session: Session) -> None:
        verb(session, ref, user, key, at)
        take_copy_away(session, ref, user, pressed, at.real)

    try:
        deps.db.write(work, key=str(ref.lead))
    except AlreadyClosed:
        # Its copy goes all the same, as its buttons do nothing any more. No second write after one that took too long.
        take_away(deps, ref, user, pressed)
        raise
    ack()


def agree_to_pledge(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[I agree], before a manager's first digest, in the message or in Home."""
    user, at = body["user"]["id"], deps.clock.moment()
    deps.db.write(lambda session: timetable.agree(session, user, at), key=user)
    if body.get("container", {}).get("type") == "view":
        home.refresh(deps, client, user)
    ack()
