"""How it runs, for admins: what waits, what could not be delivered, and what needs somebody."""

from datetime import datetime, timedelta

from sqlmodel import Session

from bot import digests, pledges, webhooks
from bot.domain.accounts import Ask, Done
from bot.domain.clock import Moment
from bot.domain.commands import FORMS, SETTINGS, shown
from bot.domain.errors import OtherwiseError
from bot.domain.wording import listed
from bot.released import rules_of
from bot.views.health import Crm, Dead, Health, Settings, Waiting, lines, settings
from storage import connections, export, leads, outbox, people, routing, workspace
from storage import waiting as kept_waiting

REFUSED = "Slack refused it."
DRIFT_SHOWN = timedelta(days=30)


def health(session: Session, at: Moment, zone: str) -> Health:
    """Look at everything once. `zone` is the reader's."""
    mode, everybody, teams = workspace.read(session), people.everybody(session), people.all_teams(session)
    managers = people.managers(session)
    standing = outbox.standing(session)
    rehearsal = next((row.name for row in everybody if row.slack_id == mode.rehearsal_slack_id), "")
    reps = [row for row in everybody if row.is_rep]
    waiting = [row for row in managers if row.pledged_at is None]
    return Health(
        reps=len(reps),
        teams=len(teams),
        leads_today=leads.received_since(session, at.now - timedelta(days=1)),
        on_the_way=sum(count for state, count in standing.items() if state != "dead"),
        last_sent=outbox.last_sent(session),
        paused=mode.paused,
        rehearsal=rehearsal or (mode.rehearsal_slack_id or ""),
        landmark_hours=mode.landmark_hours,
        real=at.real,
        clock_offset=at.now - at.real,
        zone=zone,
        next_digests=[
            (row.name, digests.coming(session, row, at.now).at) for row in managers if row.pledged_at is not None
        ],
        unpledged=[row.name for row in waiting if not pledges.asked(session, row.id)],
        unanswered=[row.name for row in waiting if pledges.asked(session, row.id)],
        unmanaged=[team.name for team in teams if team.manager_id is None],
        teamless=[row.name for row in reps if row.team_id is None],
        away=[row.name for row in reps if row.paused],
        dead=[Dead(row.fix or REFUSED, int(row.many), row.first, row.lane or "") for row in outbox.dead(session)],
        waiting=[Waiting(row.owner, row.waiting, int(row.many)) for row in kept_waiting.waiting_owners(session)],
        admins=[row.name for row in people.admins(session)],
        crms=[Crm(_title(row.name), row.read_at, row.trouble, row.refused) for row in connections.everything(session)],
        webhooks=[
            (one.row.name, one.trouble) for one in webhooks.standings(session) if one.trouble and not one.stopped
        ],
        settings=_settings(session, at),
        drift=[(row.model_line, row.at) for row in export.alarms_since(session, at.now - DRIFT_SHOWN)],
    )


def _settings(session: Session, at: Moment) -> Settings:
    mode, rules = workspace.read(session), rules_of(session, at.now)
    ahead = mode.privacy_next or {}
    begins = datetime.fromisoformat(ahead["from"]) if ahead else None
    return Settings(
        hard=mode.hard_percent,
        pool=len(routing.pool(session)),
        pool_share=mode.pool_share,
        budget=mode.budget,
        quiet=None if mode.quiet_from is None or mode.quiet_to is None else (mode.quiet_from, mode.quiet_to),
        groups=(rules.leads, rules.reps),
        groups_ahead=(ahead["leads"], ahead["reps"], begins) if begins is not None and begins > at.now else None,
        retention_days=mode.retention_days,
        landmark_hours=mode.landmark_hours,
    )


def _title(name: str) -> str:
    """A CRM as its makers write it; by its plain name where its connector is not installed any more."""
    from bot.connectors.registry import kind_of  # brings the HTTP client, which a bot without a CRM does without

    try:
        return kind_of(name).title
    except OtherwiseError:
        return name


def tell(session: Session, ask: Ask) -> Done:
    """`status`."""
    return Done("\n".join(lines(health(session, ask.at, ask.actor.zone))))


def tell_settings(session: Session, ask: Ask) -> Done:
    """`settings`: what is set and what changes it; for one of them alone, as in a bare `budget`."""
    now = settings(_settings(session, ask.at), ask.actor.zone)
    wanted = [ask.command.word] if ask.command.word else SETTINGS
    fixed = leads.any_lead(session)
    return Done("\n".join(f"{now[name][0].upper()}{now[name][1:]}. {_changes(name, fixed=fixed)}" for name in wanted))


def _changes(name: str, *, fixed: bool) -> str:
    """How a setting is changed. The landmark is `fixed` with the first lead."""
    if name == "landmark" and fixed:
        return "Figures rest on it, so it can't be changed any more."
    forms = listed([f"`{shown(form)}`" for form in FORMS if form.name.split()[0] == name])
    return f"To change it: {forms}."
