"""`/otherwise …`: parsed, allowed, asked of Slack what it needs, carried out in one write, answered privately."""

from collections.abc import Callable
from functools import partial
from zoneinfo import ZoneInfo

from slack_bolt import Ack
from slack_sdk import WebClient
from sqlmodel import Session

from bot import (
    audit,
    forgetting,
    giving_back,
    guard_desk,
    home,
    lead_desk,
    own_switches,
    privacy,
    roster,
    sample_desk,
    slack_people,
    stand_ins,
    status,
    switches,
    timetable,
)
from bot.authority import NotAnAdmin, in_charge
from bot.deps import Deps
from bot.domain.accounts import Ask, Done
from bot.domain.commands import BY_NAME, Command, parse
from bot.domain.errors import OtherwiseError
from bot.domain.wording import foreign
from bot.views import ids, replies
from bot.views.kit import Json
from handlers import setup
from handlers.authority import admin
from handlers.payloads import Body, numbered
from handlers.saying import say

# Each changes something, and is kept in the audit when it did.
CHANGES: dict[str, Callable[[Session, Ask], Done]] = {
    "rep add": roster.add_rep,
    "rep remove": roster.remove_rep,
    "rep pause": roster.pause_rep,
    "rep resume": roster.resume_rep,
    "team add": roster.add_team,
    "team reps add": roster.add_to_team,
    "team reps remove": roster.take_from_team,
    "team manager": roster.name_manager,
    "team in": roster.put_team_in,
    "digest schedule": timetable.move,
    "outcome": lead_desk.tell_outcome,
    "test-lead": lead_desk.send_test_lead,
    "rehearsal on": switches.rehearsal_on,
    "rehearsal off": switches.rehearsal_off,
    "pause": switches.pause,
    "resume": switches.resume,
    "landmark": switches.set_landmark,
    "hard": guard_desk.set_hard,
    "pool add": guard_desk.add_to_pool,
    "pool remove": guard_desk.take_from_pool,
    "pool share": guard_desk.set_share,
    "pool channel": guard_desk.set_channel,
    "privacy": privacy.set_rules,
    "blind on": sample_desk.switch_on,
    "blind off": sample_desk.switch_off,
    "modelowner add": giving_back.add_owner,
    "modelowner remove": giving_back.remove_owner,
    "export joined": giving_back.switch_export,
    "export text": giving_back.switch_export,
    "stand-in": stand_ins.name_stand_in,
    "mute": own_switches.mute,
    "budget": own_switches.set_budget,
    "quiet": own_switches.set_quiet,
    "admin add": switches.add_admin,
    "admin remove": switches.remove_admin,
}
# Each only looks.
LOOKS: dict[str, Callable[[Session, Ask], Done]] = {
    "status": status.tell,
    "settings": status.tell_settings,
    "rep list": roster.list_reps,
    "team list": roster.list_teams,
    "lead": lead_desk.show_lead,
    "routing": guard_desk.show_routing,
    "export": giving_back.show_released,
    "blind status": sample_desk.show,
}


def otherwise(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """The slash command. Every answer is for the one who typed it."""
    try:
        ack(_answer(deps, body, client))
    except OtherwiseError as refusal:
        ack(replies.refusal(str(refusal)))


def _answer(deps: Deps, body: Body, client: WebClient) -> Json:
    at = deps.clock.moment()
    actor = slack_people.account(client, body["user_id"])
    with deps.db.reading() as session:
        may = in_charge(session, actor, deps.settings)
    if actor.is_gone:
        raise NotAnAdmin
    command = parse(str(body.get("text") or ""), at.now.astimezone(ZoneInfo(actor.zone)).date())
    if not may and not BY_NAME[command.name].everybody:
        raise NotAnAdmin
    ask = Ask(command, actor, at, in_charge=may)
    if command.name == "setup":
        return setup.begin(deps, client, body["trigger_id"], ask)
    return _carry_out(deps, client, ask)


def _carry_out(deps: Deps, client: WebClient, ask: Ask) -> Json:
    name = ask.command.name
    if name == "help":
        with deps.db.reading() as session:
            rep, manager = home.roles(session, ask.actor.slack_id)
        return replies.help_text(everything=ask.in_charge, rep=rep, manager=manager, topic=ask.command.word)
    if name == "undo":
        done, offered = deps.db.write(lambda s: audit.undo_latest(s, ask.actor, ask.at), key="admin")
        return replies.reply(done.sentence, offered)
    with_facts = _with_facts(client, ask)
    if name == "digest now":
        # Its figures are read first, so that no writer waits for them.
        with deps.db.reading() as session:
            ready = timetable.prepare(session, with_facts)
        send = partial(timetable.send_now, ready=ready)
        done, undo = deps.db.write(partial(_change, ask=with_facts, work=send), key="admin")
        return replies.reply(done.sentence, undo)
    if name in CHANGES:
        done, undo = deps.db.write(partial(_change, ask=with_facts, work=CHANGES[name]), key="admin")
        return replies.reply(done.sentence, undo)
    with deps.db.reading() as session:
        if name == "my record":
            return replies.record(home.own_record(session, ask.actor.slack_id, ask.at))
        if name == "audit":
            lines = audit.latest(session, ask.actor.zone)
            return replies.reply("\n".join(f"• {line}" for line in lines) or "Nothing was changed by a command yet.")
        if name == "forget":
            return _ask_to_forget(session, with_facts)
        if name == "retention":
            sentence, press, days = own_switches.ask_to_retain(session, with_facts)
            return replies.confirm(sentence, press, ids.RETAIN, str(days))
        if name == "digest preview":
            return replies.preview(*timetable.preview(session, with_facts))
        return replies.reply(LOOKS[name](session, with_facts).sentence)


def _ask_to_forget(session: Session, ask: Ask) -> Json:
    number, name, _ = forgetting.about_to_forget(session, ask.command.people[0])
    words = (
        f"Deletes all that {foreign(name, 60)} wrote here, the name, email and Slack id here, "
        "and the messages from the app. Counts that were told already stay. It can't be undone."
    )
    return replies.confirm(words, "Forget", ids.FORGET, str(number))


def _change(session: Session, ask: Ask, work: Callable[[Session, Ask], Done]) -> tuple[Done, int]:
    done = work(session, ask)
    return done, audit.keep(session, ask.actor, ask.command.name, done, ask.at)


def _with_facts(client: WebClient, ask: Ask) -> Ask:
    """The same, with what Slack says about everybody and the channel that were named. Before any transaction."""
    command: Command = ask.command
    named = slack_people.accounts(client, list(command.people))
    channel = slack_people.channel(client, command.channel) if command.channel else None
    return Ask(command, ask.actor, ask.at, named, channel, ask.in_charge)


def undo(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[Undo] under a command's answer: the answer then says so."""
    actor = admin(deps, client, body["user"]["id"])
    number, at = numbered(body), deps.clock.moment()
    done = deps.db.write(lambda s: audit.undo(s, number, actor, at), key="admin")
    say(str(body.get("response_url") or ""), replies.reply(done.sentence), replace=True)
    ack()
