"""Buttons on a digest: what stands behind it, sending it to the model's owners, and one a month for now."""

from slack_bolt import Ack
from slack_sdk import WebClient

from bot import guard_desk, home, sending_on
from bot.deps import Deps
from bot.domain.errors import OtherwiseError
from bot.views import replies
from bot.views.home import digest_view
from bot.views.routing import report_view
from handlers.payloads import Body
from handlers.saying import say

WEEK_LENGTH = 10


def open_details(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[Details]."""
    week = str(body["actions"][0].get("value", ""))[:WEEK_LENGTH]
    with deps.db.reading() as session:
        blocks = home.digest_details(session, body["user"]["id"], week)
    client.views_open(trigger_id=body["trigger_id"], view=digest_view(week, blocks))
    ack()


def send_to_owners(deps: Deps, ack: Ack, body: Body) -> None:
    """[Send to the model's owners]."""
    user, at, week = body["user"]["id"], deps.clock.moment(), str(body["actions"][0].get("value", ""))[:WEEK_LENGTH]
    sentence = deps.db.write(lambda s: sending_on.send(s, user, week, at), key=user)
    say(str(body.get("response_url") or ""), replies.reply(sentence))
    ack()


def see_why(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[See why] hard leads don't reach the pool: where they went, over everybody and by team. It reads no response."""
    with deps.db.reading() as session:
        if not home.roles(session, body["user"]["id"])[1]:
            raise OtherwiseError("This is for whoever manages a team here.")
        lines = guard_desk.report(session, deps.clock.now())
    client.views_open(trigger_id=body["trigger_id"], view=report_view(lines))
    ack()


def monthly(deps: Deps, ack: Ack, body: Body) -> None:
    """[Monthly], while there are no results."""
    _often(deps, ack, body, monthly=True)


def weekly(deps: Deps, ack: Ack, body: Body) -> None:
    """[Keep weekly]."""
    _often(deps, ack, body, monthly=False)


def _often(deps: Deps, ack: Ack, body: Body, *, monthly: bool) -> None:
    user = body["user"]["id"]
    sentence = deps.db.write(lambda s: sending_on.keep_monthly(s, user, monthly=monthly), key=user)
    say(str(body.get("response_url") or ""), replies.reply(sentence))
    ack()
