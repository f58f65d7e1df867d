"""The blind-first sample: a rep's own number, and staying out."""

from slack_bolt import Ack
from slack_sdk import WebClient

from bot import sampling
from bot.deps import Deps
from bot.views import ids
from bot.views import sampling as views
from handlers.payloads import Body, clicked, ref_of, typed


def open_number(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[Say my number]."""
    ref, user = clicked(body), body["user"]["id"]
    with deps.db.reading() as session:
        name, days, hidden = sampling.number_form(session, ref, user)
    client.views_open(trigger_id=body["trigger_id"], view=views.form(ref, name, days, hidden=hidden))
    ack()


def submit_number(deps: Deps, ack: Ack, body: Body) -> None:
    """[Save] of her number."""
    number = str(typed(body, ids.ESTIMATE, "value") or "")
    if not (number.isascii() and number.isdigit() and len(number) <= 3 and int(number) <= 100):
        ack(response_action="errors", errors={ids.ESTIMATE: "Please give a whole number from 0 to 100."})
        return
    user, at, ref = body["user"]["id"], deps.clock.moment(), ref_of(body["view"]["private_metadata"])
    deps.db.write(lambda s: sampling.say_number(s, ref, user, int(number) / 100, at), key=str(ref.lead))
    ack()


def leave(deps: Deps, ack: Ack, body: Body) -> None:
    """[Leave me out]."""
    user, at = body["user"]["id"], deps.clock.moment()
    deps.db.write(lambda s: sampling.leave(s, user, at), key=user)
    ack()
