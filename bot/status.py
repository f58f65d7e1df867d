"""How it runs, for admins: what waits, what could not be delivered, and what needs somebody."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot import digests, pledges
from bot.domain.accounts import Ask, Done
from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError
from bot.domain.release import Rules
from bot.domain.wording import plural
from bot.released import rules_of
from bot.views.health import Crm, Dead, Health, Waiting, lines
from storage import connections, export, leads, outbox, people, webhooks, workspace
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
        dead=[Dead(row.fix or REFUSED, int(row.many), row.first, row.lane or "") for row in outbox.dead(session)],
        waiting=[Waiting(row.owner, row.waiting, int(row.many)) for row in kept_waiting.waiting_owners(session)],
        admins=[row.name for row in people.admins(session)],
        crms=[Crm(_title(row.name), row.read_at, row.trouble, row.refused) for row in connections.everything(session)],
        webhooks=[(row.name, row.trouble, not row.stopped) for row in webhooks.everything(session) if row.trouble],
        settings=_settings(mode, sum(row.in_pool for row in everybody), rules_of(session, at.now)),
        drift=[(row.model_line, row.at) for row in export.alarms_since(session, at.now - DRIFT_SHOWN)],
    )


def _settings(mode: Row[Any], pool: int, rules: Rules) -> str:
    """What was set by `hard`, `pool`, `budget`, `quiet`, `privacy` and `retention`."""
    parts = [
        f"hard is under {mode.hard_percent} in 100",
        f"{plural(pool, 'person', 'people')} in the pool, share {mode.pool_share} in 100",
        f"at most {plural(mode.budget, 'lead')} a rep a day",
    ]
    if mode.quiet_from is not None and mode.quiet_to is not None:
        hours = [f"{minutes // 60:02}:{minutes % 60:02}" for minutes in (mode.quiet_from, mode.quiet_to)]
        parts.append(f"quiet from {hours[0]} to {hours[1]}")
    parts.append(f"groups of {rules.leads} leads and {rules.reps} reps")
    parts.append(f"words kept for {plural(mode.retention_days, 'day')}" if mode.retention_days else "words kept")
    return f"Set: {'; '.join(parts)}."


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
