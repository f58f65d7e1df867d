"""`/otherwise setup`: one modal in three steps; each step is stored when it is sent."""

from functools import partial

from pydantic import BaseModel, ConfigDict, ValidationError
from slack_bolt import Ack
from slack_sdk import WebClient
from sqlmodel import Session

from bot import audit, lead_desk, pledges, roster, slack_people, status, switches, timetable
from bot.deps import Deps
from bot.domain.accounts import Account, Ask, Done
from bot.domain.commands import LANDMARKS, Command
from bot.domain.errors import LeadGone, OtherwiseError
from bot.domain.schedule import find_zone, parse_schedule
from bot.views import ids, replies
from bot.views import setup as views
from bot.views.kit import Json
from handlers.authority import admin
from handlers.payloads import Body, typed
from handlers.saying import say
from storage import leads, people, workspace

STARTED = "The setup is open: three steps, each stored when you press Next."


# In which field a step's refusal is shown.
PLACES = {"team add": ids.TEAM, "rep add": ids.REPS, "team reps add": ids.REPS, "team manager": ids.MANAGER}


class Misplaced(OtherwiseError):
    """A refusal, with the field that it is about."""

    def __init__(self, place: str, sentence: str) -> None:
        super().__init__(sentence)
        self.place = place


class State(BaseModel):
    """What step 2 knows of step 1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    team: str
    manager: str


def begin(deps: Deps, client: WebClient, trigger: str, ask: Ask) -> Json:
    """Open step 1. Slack gives three seconds from the command, so it comes before anything that could wait."""
    with deps.db.reading() as session:
        health = status.health(session, ask.at, ask.actor.zone)
    client.views_open(trigger_id=trigger, view=views.team_step(health))
    return replies.reply(STARTED)


def submit_team(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[Next] of step 1: the team, its reps and its manager, in one write."""
    actor = admin(deps, client, body["user"]["id"])
    name = str(typed(body, ids.TEAM, "value") or "").strip()
    manager = str(typed(body, ids.MANAGER, "selected_user") or "")
    reps = [str(one) for one in typed(body, ids.REPS, "selected_users") or []][: views.REPS_AT_ONCE]
    if not name or not manager:
        missing = {ids.TEAM: "Please name the team."} if not name else {ids.MANAGER: "Please choose who manages it."}
        ack(response_action="errors", errors=missing)
        return
    known = slack_people.accounts(client, list(dict.fromkeys([manager, *reps])))
    asks = partial(Ask, actor=actor, at=deps.clock.moment(), accounts=known, in_charge=True)
    try:
        done = deps.db.write(partial(_store_team, asks=asks, name=name, manager=manager, reps=reps), key="admin")
    except Misplaced as refusal:
        ack(response_action="errors", errors={refusal.place: str(refusal)})
        return
    with deps.db.reading() as session:
        landmark = None if leads.any_lead(session) else workspace.read(session).landmark_hours
    state = State(team=name, manager=manager).model_dump_json()
    ack(response_action="update", view=views.digest_step(name, done, known[manager].zone, landmark, state))


def _store_team(session: Session, asks: "partial[Ask]", name: str, manager: str, reps: list[str]) -> str:
    """Add what is not there yet; what it did, in a line each."""
    steps = [] if roster.find_team(session, name) is not None else [(roster.add_team, Command("team add", team=name))]
    for rep in reps:
        row = people.by_slack_id(session, rep)
        if row is None or not row.is_rep:
            steps.append((roster.add_rep, Command("rep add", people=(rep,))))
    if reps:
        steps.append((roster.add_to_team, Command("team reps add", team=name, people=tuple(reps))))
    steps.append((roster.name_manager, Command("team manager", team=name, people=(manager,))))
    said = []
    for step, command in steps:
        ask = asks(command=command)
        try:
            done = step(session, ask)
        except OtherwiseError as refusal:
            raise Misplaced(PLACES[command.name], str(refusal)) from None
        audit.keep(session, ask.actor, command.name, done, ask.at)
        if command.name in ("team reps add", "team manager"):
            said.append(done.sentence)
    return "\n".join(said)


def submit_digest(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[Next] of step 2: the schedule and the landmark; the manager is asked for her pledge."""
    actor = admin(deps, client, body["user"]["id"])
    try:
        state = State.model_validate_json(body["view"]["private_metadata"])
    except ValidationError:
        raise LeadGone("This form is from another version of Otherwise; please start the setup again.") from None
    wanted, errors = _schedule_typed(body)
    if errors:
        ack(response_action="errors", errors=errors)
        return
    manager = slack_people.account(client, state.manager)
    hours = (typed(body, ids.HOURS, "selected_option") or {}).get("value", "")
    ask = Ask(wanted(people=(state.manager,)), actor, deps.clock.moment(), {state.manager: manager}, in_charge=True)
    done = deps.db.write(partial(_store_digest, ask=ask, manager=manager, hours=hours), key="admin")
    with deps.db.reading() as session:
        health = status.health(session, ask.at, actor.zone)
    ack(response_action="update", view=views.last_step(health, done))


def _schedule_typed(body: Body) -> tuple["partial[Command]", dict[str, str]]:
    day = (typed(body, ids.WEEKDAY, "selected_option") or {}).get("value", "")
    clock, zone = str(typed(body, ids.TIME, "value") or "").strip(), str(typed(body, ids.ZONE, "value") or "").strip()
    errors: dict[str, str] = {}
    schedule = None
    try:
        schedule = parse_schedule(f"{day} {clock}")
    except ValueError:
        errors[ids.TIME] = "Please give a time from 00:00 to 23:59, such as 09:00."
    found, near = find_zone(zone)
    if not found:
        errors[ids.ZONE] = f"Not a time zone that I know. {f'Did you mean {near}?' if near else 'Write Europe/Berlin.'}"
    return partial(Command, "digest schedule", schedule=schedule, zone=found), errors


def _store_digest(session: Session, ask: Ask, manager: Account, hours: str) -> str:
    steps: list[Done] = [timetable.move(session, ask)]
    audit.keep(session, ask.actor, "digest schedule", steps[0], ask.at)
    if hours.isdigit() and int(hours) in LANDMARKS and not leads.any_lead(session):
        fixed = Ask(Command("landmark", number=int(hours)), ask.actor, ask.at, in_charge=True)
        steps.append(switches.set_landmark(session, fixed))
        audit.keep(session, ask.actor, "landmark", steps[-1], ask.at)
    row = people.by_slack_id(session, manager.slack_id)
    if row is not None and row.pledged_at is None:
        pledges.ask(session, row.id, row.slack_id, ask.at)
        steps.append(Done("The manager has been asked for the pledge; digests start when it is given."))
    return "\n".join(step.sentence for step in steps)


def test_lead(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[Send me a test lead]."""
    actor = admin(deps, client, body["user"]["id"])
    ask = Ask(Command("test-lead"), actor, deps.clock.moment(), in_charge=True)

    def work(session: Session) -> Done:
        done = lead_desk.send_test_lead(session, ask)
        audit.keep(session, actor, "test-lead", done, ask.at)
        return done

    done = deps.db.write(work, key="admin")
    say(str(body.get("response_url") or ""), replies.reply(done.sentence))
    ack()
