"""Switches: what a rep turns off for herself, how much and when she gets, and how long words are kept."""

from sqlmodel import Session

from bot import waiting
from bot.domain.accounts import Ask, Done
from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError
from bot.domain.operands import KEPT_DAYS
from bot.domain.wording import plural
from bot.roster import set_workspace
from storage import fridays, people, workspace

OWN = ("muted", "asks_outcomes", "asks_second_look", "in_sample")


def switch(session: Session, slack_id: str, name: str, *, on: bool, at: Moment) -> int:
    """A rep's own switch; how many leads that waited are on their way. Raises OtherwiseError for anybody else."""
    row = people.by_slack_id(session, slack_id)
    if row is None or name not in OWN:
        raise OtherwiseError("There is nothing to switch: no lead was posted to you yet.")
    people.change(session, row.id, **{name: not on if name == "muted" else on})
    if name == "asks_outcomes" and on:
        fridays.answered_all(session, row.id, at.now)
    return waiting.post_waiting(session, people.by_id(session, row.id), at) if name == "muted" and on else 0


def mute(session: Session, ask: Ask) -> Done:
    """`mute`: no messages until `mute off`. Her own, so it is in no audit."""
    off = ask.command.word == "off"
    sent = switch(session, ask.actor.slack_id, "muted", on=off, at=ask.at)
    if not off:
        return Done(
            "Muted: new leads wait, and nothing is sent to you. `/otherwise mute off` brings them. "
            "After 7 days they are not posted any more."
        )
    waited = plural(sent, "lead that waited is", "leads that waited are")
    return Done(f"You get messages again. {f'{waited} on the way.' if sent else 'Nothing was waiting.'}")


def set_budget(session: Session, ask: Ask) -> Done:
    """`budget`."""
    before, number = workspace.read(session).budget, ask.command.number
    change = set_workspace(session, budget=number)
    if change is None:
        return Done(f"It is {number} a day already. Nothing was changed.")
    return Done(
        f"A rep gets at most {number} suggestions a day (it was {before}); more wait in one message with [Open].",
        (change,),
    )


def set_quiet(session: Session, ask: Ask) -> Done:
    """`quiet`: in each rep's own zone."""
    hours = ask.command.hours
    change = set_workspace(session, quiet_from=hours[0] if hours else None, quiet_to=hours[1] if hours else None)
    if change is None:
        return Done("That is so already. Nothing was changed.")
    if hours is None:
        return Done("No quiet hours: suggestions go out at any time.", (change,))
    start, end = (f"{one // 60:02}:{one % 60:02}" for one in hours)
    return Done(f"Quiet from {start} to {end} in each rep's own zone: what comes then waits in one message.", (change,))


def ask_to_retain(session: Session, ask: Ask) -> tuple[str, str, int]:
    """`retention`: what it would do, what the button says, and its value; 0 where nothing would be changed."""
    days = ask.command.number
    if workspace.read(session).retention_days == (days or None):
        return "It is so already. Nothing was changed.", "", 0
    if not days:
        return "From now on words are kept until somebody asks to be forgotten.", "Keep them", FOREVER
    return (
        f"Words, cues and quotes older than {days} days will be deleted, and the messages that show them. Counts stay. "
        "It can't be undone.",
        f"Keep {days} days",
        days,
    )


FOREVER = 99_999


def retain(session: Session, days: int) -> Done:
    """The button under it. Raises OtherwiseError for a number that no command makes."""
    if days != FOREVER and not KEPT_DAYS[0] <= days <= KEPT_DAYS[1]:
        raise OtherwiseError("This button is from another version of Otherwise. Nothing was changed.")
    change = set_workspace(session, retention_days=None if days == FOREVER else days)
    if change is None:
        return Done("It is so already. Nothing was changed.")
    if days == FOREVER:
        return Done("Words are kept until somebody asks to be forgotten.", final=True)
    return Done(f"Words are kept for {days} days. What is older goes within minutes.", final=True)
