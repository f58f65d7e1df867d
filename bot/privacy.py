"""How large a group must be before a digest tells of it: lowered a week ahead, in the sight of every rep."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session

from bot.domain.accounts import Ask, Change, Done
from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError
from bot.domain.wording import day
from bot.groups import manages_or_did
from bot.released import rules_of
from bot.views import private
from bot.views.kit import Json
from storage import outbox, people, workspace

NOTICE = timedelta(days=7)


def refuse_managers(session: Session, ask: Ask, what: str) -> None:
    """Whoever manages a team, or did, can't reach what would expose it, admin or not. Raises OtherwiseError."""
    if manages_or_did(session, ask.actor.slack_id, ask.at.now):
        raise OtherwiseError(
            f"You manage a team here, or did lately, so {what} is for an admin who manages nobody. Nothing was changed."
        )


def set_rules(session: Session, ask: Ask) -> Done:
    """`privacy`: larger groups count at once; smaller ones after seven days, and every rep is told now."""
    refuse_managers(session, ask, "this")
    before, kept = rules_of(session, ask.at.now), workspace.read(session)
    leads, reps = ask.command.number, ask.command.second
    if (leads, reps) == (before.leads, before.reps) and not kept.privacy_next:
        return Done(f"It is {leads} leads and {reps} reps already. Nothing was changed.")
    # What is taken back is the lowering, and with it any before it: to go on with that one is to be asked for anew.
    old: dict[str, object] = {"privacy_leads": before.leads, "privacy_reps": before.reps, "privacy_next": None}
    if leads >= before.leads and reps >= before.reps:
        new: dict[str, object] = {"privacy_leads": leads, "privacy_reps": reps, "privacy_next": None}
        workspace.change(session, **new)
        if kept.privacy_next and ask.at.now < datetime.fromisoformat(kept.privacy_next["from"]):
            say_taken_back(session, ask.at)
        return Done(
            f"A group is told of from {leads} leads and {reps} reps on, from the next digest (it was {before.leads} "
            f"and {before.reps}). To go back is a lowering: seven days, and every rep is told.",
            final=True,
        )
    begins = ask.at.now + NOTICE
    ahead = {"leads": leads, "reps": reps, "from": begins.isoformat()}
    new = {"privacy_leads": before.leads, "privacy_reps": before.reps, "privacy_next": ahead}
    workspace.change(session, **new)
    told = _tell_reps(session, lambda zone: private.rules_lowered(before, leads, reps, begins, zone), ask.at)
    return Done(
        f"From {day(begins, ask.actor.zone)} on a group is told of from {leads} leads and {reps} reps on (it was "
        f"{before.leads} and {before.reps}), for results that are released later. All {told} reps are told now.",
        (Change("workspace", workspace.THE_ROW, old, new),),
    )


def say_taken_back(session: Session, at: Moment) -> None:
    """After [Undo] of a lowering: who was told of it is told that it will not be."""
    rules = rules_of(session, at.now)
    _tell_reps(session, lambda _: private.rules_stay(rules), at)


def _tell_reps(session: Session, words: Callable[[str], Json], at: Moment) -> int:
    """Tell every rep, in words for her zone; how many."""
    told = [row for row in people.everybody(session) if row.is_rep]
    letters = [
        {
            "kind": "post",
            "lane": row.slack_id,
            "payload": words(row.zone),
            "dedupe_key": f"privacy:{row.id}:{at.real.timestamp()}",
        }
        for row in told
    ]
    outbox.add(session, letters, at.real)
    return len(told)
