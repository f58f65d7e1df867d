"""Buttons that store something at once: the listener returns after the commit, and with it leaves the ack."""

from slack_bolt import Ack
from slack_sdk import WebClient

from bot import overrides, pledges
from bot.deps import Deps
from handlers import home
from handlers.payloads import Body, click_key, clicked


def noted(deps: Deps, ack: Ack, body: Body) -> None:
    """[Noted]."""
    ref, user, key, at = clicked(body), body["user"]["id"], click_key(body), deps.clock.moment()
    deps.db.write(lambda session: overrides.note(session, ref, user, key, at), key=str(ref.lead))
    ack()


def undo_noted(deps: Deps, ack: Ack, body: Body) -> None:
    """[Undo] of [Noted]."""
    ref, user, key, at = clicked(body), body["user"]["id"], click_key(body), deps.clock.moment()
    deps.db.write(lambda session: overrides.undo_note(session, ref, user, key, at), key=str(ref.lead))
    ack()


def withdraw(deps: Deps, ack: Ack, body: Body) -> None:
    """[Withdraw]."""
    ref, user, key, at = clicked(body), body["user"]["id"], click_key(body), deps.clock.moment()
    deps.db.write(lambda session: overrides.withdraw(session, ref, user, key, at), key=str(ref.lead))
    ack()


def reveal(deps: Deps, ack: Ack, body: Body) -> None:
    """[Show the tool's number]."""
    ref, user, key, at = clicked(body), body["user"]["id"], click_key(body), deps.clock.moment()
    deps.db.write(lambda session: overrides.reveal(session, ref, user, key, at), key=str(ref.lead))
    ack()


def agree_to_pledge(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[I agree], before a manager's first digest, in the message or in Home."""
    user, at = body["user"]["id"], deps.clock.moment()
    deps.db.write(lambda session: pledges.agree(session, user, at), key=user)
    if body.get("container", {}).get("type") == "view":
        home.refresh(deps, client, user)
    ack()
