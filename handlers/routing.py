"""The guard's buttons: an owner keeps or asks, a member of the pool takes."""

from collections.abc import Callable

from slack_bolt import Ack
from sqlmodel import Session

from bot import routing
from bot.deps import Deps
from bot.domain.clock import Moment
from handlers.payloads import Body, numbered


def keep(deps: Deps, ack: Ack, body: Body) -> None:
    """[Keep]."""
    _store(deps, ack, body, routing.keep_lead)


def ask_pool(deps: Deps, ack: Ack, body: Body) -> None:
    """[Ask the pool]."""
    _store(deps, ack, body, routing.ask_pool)


def take(deps: Deps, ack: Ack, body: Body) -> None:
    """[I'll take it]."""
    _store(deps, ack, body, routing.take_look)


def _store(deps: Deps, ack: Ack, body: Body, verb: Callable[[Session, int, str, Moment], None]) -> None:
    number, user, at = numbered(body), body["user"]["id"], deps.clock.moment()
    deps.db.write(lambda session: verb(session, number, user, at), key=f"look:{number}")
    ack()
