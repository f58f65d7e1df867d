"""The Home tab: shown when it is opened, brought up to date when something in it is pressed."""

from functools import partial

import structlog
from slack_bolt import Ack
from slack_sdk import WebClient
from sqlmodel import Session

from bot import audit, home, roster, slack_people
from bot.authority import in_charge
from bot.deps import Deps
from bot.domain.accounts import Account, Ask, Done
from bot.domain.commands import Command
from bot.domain.errors import OtherwiseError
from bot.domain.wording import one_line, plural
from bot.slack_failures import SLACK_FAILURES
from bot.views.home import digest_view, home_view, notice_view
from bot.views.record import record_view
from handlers.authority import admin
from handlers.payloads import Body, in_modal, numbered
from storage import outbox

log = structlog.get_logger()


def opened(deps: Deps, client: WebClient, event: dict[str, str]) -> None:
    """Somebody opened the app's Home. Opening its Messages says nothing to us."""
    if event.get("tab", "home") == "home":
        publish(deps, client, event["user"])


def publish(deps: Deps, client: WebClient, slack_id: str) -> None:
    """Show somebody her Home as it is now."""
    actor = slack_people.account(client, slack_id)
    with deps.db.reading() as session:
        may = in_charge(session, actor, deps.settings)
        page = home.home(session, slack_id, actor.zone, deps.clock.moment(), in_charge=may)
    client.views_publish(user_id=slack_id, view=home_view(page))


def refresh(deps: Deps, client: WebClient, slack_id: str) -> None:
    """The same after something was stored: that it can't be shown just now must not look like a failure."""
    try:
        publish(deps, client, slack_id)
    except (OtherwiseError, *SLACK_FAILURES) as failure:
        log.warning("home.stale", error=type(failure).__name__)


def switch_number(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[Show it when I ask] and [Show it at once]."""
    user, at_once = body["user"]["id"], body["actions"][0].get("value") == "at_once"
    deps.db.write(lambda s: home.switch_number(s, user, at_once=at_once), key=user)
    refresh(deps, client, user)
    ack()


def open_digest(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[Open] of a digest of the past."""
    with deps.db.reading() as session:
        week, blocks = home.digest_blocks(session, body["user"]["id"], numbered(body))
    client.views_open(trigger_id=body["trigger_id"], view=digest_view(week, blocks))
    ack()


def open_record(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[Older] and [Newer]: a page of her own record, in the same modal where one is open."""
    with deps.db.reading() as session:
        view = record_view(home.record_page(session, body["user"]["id"], numbered(body)))
    if in_modal(body):
        client.views_update(view_id=body["view"]["id"], hash=body["view"]["hash"], view=view)
    else:
        client.views_open(trigger_id=body["trigger_id"], view=view)
    ack()


def retry(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[Try again]: the letters that died of the same, once more."""
    actor, at = admin(deps, client, body["user"]["id"]), deps.clock.moment()
    like = numbered(body) or None

    def work(session: Session) -> None:
        many = outbox.revive(session, at.real, like)
        if many:
            done = Done(f"{plural(many, 'message')} that could not be delivered {_is(many)} tried again.", final=True)
            audit.keep(session, actor, "retry", done, at)

    deps.db.write(work, key="admin")
    refresh(deps, client, actor.slack_id)
    ack()


def add_owner(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[Add] beside leads that wait for somebody."""
    actor = admin(deps, client, body["user"]["id"])
    email = str(body["actions"][0].get("value", "")).lower()
    found = slack_people.by_email(client, email)
    if found is None:
        raise OtherwiseError(
            f"Nobody in Slack has the email {one_line(email, 120)}. If the name is known: "
            "`/otherwise rep add @user` with that email behind it."
        )
    command = Command("rep add", people=(found.slack_id,), email=email)
    ask = Ask(command, actor, deps.clock.moment(), {found.slack_id: found}, in_charge=True)
    done = deps.db.write(partial(_add, ask=ask), key="admin")
    try:
        client.views_open(trigger_id=body["trigger_id"], view=notice_view(done.sentence))
    except SLACK_FAILURES as failure:
        # It is done, and her Home shows it: a sentence that can't be shown must not say that nothing was.
        log.warning("notice.unseen", error=type(failure).__name__)
    refresh(deps, client, actor.slack_id)
    ack()


def _add(session: Session, ask: Ask) -> Done:
    done = roster.add_rep(session, ask)
    actor: Account = ask.actor
    audit.keep(session, actor, ask.command.name, done, ask.at)
    return done


def _is(many: int) -> str:
    return "is" if many == 1 else "are"
