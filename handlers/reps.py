"""What a rep does for herself: opens what waited, answers on a Friday, switches things off, and may be forgotten."""

from slack_bolt import Ack
from slack_sdk import WebClient
from sqlmodel import Session

from bot import audit, forgetting, fridays, later, own_switches, waiting
from bot.deps import Deps
from bot.domain.accounts import Done
from bot.domain.errors import OtherwiseError
from bot.views import fridays as views
from bot.views import replies
from bot.views.home import notice_view
from bot.views.rep_home import forget_view
from handlers import home
from handlers.authority import admin
from handlers.payloads import Body, numbered
from handlers.saying import say


def open_later(deps: Deps, ack: Ack, body: Body) -> None:
    """[Open] of "7 more leads"."""
    # Messages of an earlier version don't say whose the leads are: they were sent to the rep alone.
    user, at, rep = body["user"]["id"], deps.clock.moment(), numbered(body) or None
    deps.db.write(lambda s: later.open_later(s, user, rep, deps.draw, at), key=user)
    ack()


def open_friday(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[Go through them]."""
    with deps.db.reading() as session:
        number, leads = fridays.form(session, body["user"]["id"])
    client.views_open(trigger_id=body["trigger_id"], view=views.form(number, leads))
    ack()


def submit_friday(deps: Deps, ack: Ack, body: Body) -> None:
    """[Save] of what closed."""
    user, at, view = body["user"]["id"], deps.clock.moment(), body["view"]
    number = str(view.get("private_metadata") or "")
    said: dict[int, str] = {}
    for name, one in view["state"]["values"].items():
        lead = name.removeprefix("lead_")
        chosen = (one.get(name) or {}).get("selected_option") or {}
        if lead.isdecimal() and len(lead) <= 15 and chosen.get("value"):
            said[int(lead)] = str(chosen["value"])
    if not number.isdecimal() or len(number) > 15:
        raise OtherwiseError("This form is from another version of Otherwise; please press the button again.")
    deps.db.write(lambda s: fridays.answer(s, user, int(number), said, at), key=user)
    ack()


def switch(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """A switch in Home: messages, the Friday question, questions about a second look."""
    user, at = body["user"]["id"], deps.clock.moment()
    name, _, to = str(body["actions"][0].get("value", "")).partition(":")
    deps.db.write(lambda s: own_switches.switch(s, user, name, on=to == "on", at=at), key=user)
    home.refresh(deps, client, user)
    ack()


def ask_to_forget_me(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[Forget me …] in Home: asked first."""
    with deps.db.reading() as session:
        _, _, rows = forgetting.about_to_forget(session, body["user"]["id"])
    client.views_open(trigger_id=body["trigger_id"], view=forget_view(rows))
    ack()


def forget_me(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[Forget me]: done, and kept in the audit without a name."""
    user, at = body["user"]["id"], deps.clock.moment()

    def work(session: Session) -> str:
        person, _, _ = forgetting.about_to_forget(session, user)
        sentence = forgetting.forget(session, person, at)
        # Whoever rehearsed holds nobody's leads up any more.
        waiting.post_all_waiting(session, at)
        return sentence

    sentence = deps.db.write(work, key=user)
    home.refresh(deps, client, user)
    ack(response_action="update", view=notice_view(sentence))


def forget(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[Forget …] under a command's answer: an admin has been asked."""
    actor, number, at = admin(deps, client, body["user"]["id"]), numbered(body), deps.clock.moment()

    def work(session: Session) -> str:
        sentence = forgetting.forget(session, number, at)
        waiting.post_all_waiting(session, at)
        audit.keep(session, actor, "forget", Done(sentence, final=True), at)
        return sentence

    say(str(body.get("response_url") or ""), replies.reply(deps.db.write(work, key="admin")), replace=True)
    ack()


def retain(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[Keep words so long] under a command's answer: an admin has been asked."""
    actor, days, at = admin(deps, client, body["user"]["id"]), numbered(body), deps.clock.moment()

    def work(session: Session) -> Done:
        done = own_switches.retain(session, days)
        audit.keep(session, actor, "retention", done, at)
        return done

    say(str(body.get("response_url") or ""), replies.reply(deps.db.write(work, key="admin").sentence), replace=True)
    ack()
