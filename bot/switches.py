"""What admins switch for everybody: pause, rehearsal, the landmark, and who else may run the commands."""

from sqlmodel import Session

from bot import waiting
from bot.domain.accounts import Ask, Done
from bot.domain.errors import OtherwiseError
from bot.domain.wording import foreign, one_line, plural
from bot.roster import changed, known_person, set_workspace
from storage import leads as kept_leads
from storage import people, workspace


def pause(session: Session, ask: Ask) -> Done:
    """`pause`: nothing new is posted, no digest is sent; leads are kept."""
    change = set_workspace(session, paused=True)
    if change is None:
        return Done("Otherwise is paused already. `/otherwise resume` lets it post again.")
    return Done(
        "Paused: no suggestions and no digests until `/otherwise resume`. Leads are kept; those that waited less than "
        "7 days are posted then. What is on its way already still arrives.",
        (change,),
    )


def resume(session: Session, ask: Ask) -> Done:
    """`resume`: what waited is posted, if it is younger than seven days."""
    change = set_workspace(session, paused=False)
    if change is None:
        return Done("Otherwise was not paused. Nothing was changed.")
    sent = waiting.post_all_waiting(session, ask.at)
    waited = (
        f"{plural(sent, 'lead that waited is', 'leads that waited are')} on the way." if sent else "Nothing waited."
    )
    return Done(f"Posting again. {waited}", (change,))


def rehearsal_on(session: Session, ask: Ask) -> Done:
    """`rehearsal on`: every new suggestion goes to whoever switched it on, and counts nowhere."""
    standing = workspace.read(session).rehearsal_slack_id
    if standing == ask.actor.slack_id:
        return Done("The rehearsal is on already, and yours.")
    known_person(session, ask.actor, ask.at.now)
    change = set_workspace(session, rehearsal_slack_id=ask.actor.slack_id)
    instead = " instead of to " + _name(session, standing) if standing else ""
    return Done(
        f"Rehearsal: every new suggestion comes to you{instead}, and counts in no figure. Your reps get none. "
        "After `/otherwise rehearsal off` the CRM can send the same leads again, as real ones.",
        (change,) if change else (),
    )


def rehearsal_off(session: Session, ask: Ask) -> Done:
    """`rehearsal off`."""
    change = set_workspace(session, rehearsal_slack_id=None)
    if change is None:
        return Done("No rehearsal is on. Nothing was changed.")
    sent = waiting.post_all_waiting(session, ask.at)
    waited = f" {plural(sent, 'lead that waited is', 'leads that waited are')} on the way." if sent else ""
    return Done(f"The rehearsal is over: new suggestions go to their reps.{waited}", (change,))


def set_landmark(session: Session, ask: Ask) -> Done:
    """`landmark`: by when an answer counts. Fixed with the first lead, since figures rest on it."""
    hours = ask.command.number
    before = workspace.read(session).landmark_hours
    if before == hours:
        return Done(f"The landmark is {hours} hours already. Nothing was changed.")
    if kept_leads.any_lead(session):
        raise OtherwiseError(
            f"The landmark stays at {before} hours: leads are here already, and figures by two measures can't be "
            "told apart."
        )
    change = set_workspace(session, landmark_hours=hours)
    return Done(
        f"The landmark is {hours} hours now (it was {before}): what a rep has said by then is what figures use.",
        (change,) if change else (),
    )


def add_admin(session: Session, ask: Ask) -> Done:
    """`admin add`."""
    account = ask.first
    if account.is_bot or account.is_gone:
        raise OtherwiseError(f"{one_line(account.name, 60)} is a bot or deactivated; this needs a person who is here.")
    if account.is_admin:
        return Done(f"{foreign(account.name, 60)} runs this Slack workspace and may use the commands already.")
    change = changed(session, known_person(session, account, ask.at.now), {"is_admin": True})
    if change is None:
        return Done(f"{foreign(account.name, 60)} may use the commands already. Nothing was changed.")
    return Done(f"{foreign(account.name, 60)} may use these commands now.", (change,))


def remove_admin(session: Session, ask: Ask) -> Done:
    """`admin remove`. Slack's own admins and those in OTHERWISE_ADMINS can't be taken out here."""
    account = ask.first
    row = people.by_slack_id(session, account.slack_id)
    if row is None or not row.is_admin:
        why = (
            "runs this Slack workspace, so it can't be taken back here"
            if account.is_admin
            else "was not added by a command; if the name stands in OTHERWISE_ADMINS, take it out there"
        )
        raise OtherwiseError(f"{one_line(account.name, 60)} {why}. Nothing was changed.")
    change = changed(session, row, {"is_admin": False})
    return Done(f"{foreign(account.name, 60)} may no longer use these commands.", (change,) if change else ())


def _name(session: Session, slack_id: str) -> str:
    row = people.by_slack_id(session, slack_id)
    return foreign(row.name, 60) if row is not None else slack_id
