"""A single lead by command: what is known of it, what became of it, and a marked one to see that all works.

Nothing here shows a response, or lets one be inferred: a re-score is shown on the message only while nobody has
answered, so what is on the message is not told either.
"""

import difflib
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlmodel import Session

from bot import leads, outcomes
from bot.domain.accounts import Ask, Change, Done
from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError
from bot.domain.inbound import LeadIn, OutcomeIn
from bot.domain.rules import OPEN_OUTCOMES
from bot.domain.wording import day, foreign, in_hundred, listed, one_line
from bot.roster import known_person
from storage import lead_names as named_leads
from storage import leads as kept
from storage import outbox, people, responses

WAITS = {
    "owner": "it waits until its owner is added as a rep",
    "unowned": "it names no owner, and no rep is there to be given it",
    "paused": "it waits: its rep is paused",
    "held": "it waits: Otherwise is paused",
    "muted": "it waits: its rep has muted the app",
    "later": "its rep was told its name, and opens it in their own time",
}


# How many leads of one name are told apart by their ids.
NAMESAKES = 3


def show_lead(session: Session, ask: Ask) -> Done:
    """`lead`: priors, route, outcome."""
    lead, zone = _lead(session, ask.command.lead), ask.actor.zone
    trial = " · a trial, in no figure" if lead.trial else ""
    lines = [f"*{foreign(lead.name, 120)}* · `{foreign(lead.lead_id, 200)}`{trial}"]
    priors = kept.all_priors(session, lead.id)
    for prior in priors[-5:]:
        said = f"{prior.points:g} points" if prior.probability is None else f"{in_hundred(prior.probability)} in 100"
        model = foreign(prior.model_line, 100)
        if prior.model_version:
            model += f", version {foreign(prior.model_version, 100)}"
        lines.append(f"• The tool on {day(prior.scored_at, zone)}: {said} within {prior.horizon_days} days ({model})")
    lines.append("• " + _route(session, lead, zone))
    ended = f"{lead.outcome} on {day(lead.outcome_at, zone)}" if lead.outcome else "open"
    lines.append(f"• Outcome: {ended}{_when_it_counts(lead, zone)}")
    return Done("\n".join(lines))


def _when_it_counts(lead: Row[Any], zone: str) -> str:
    if lead.matures_at is None or lead.trial:
        return ""
    if lead.outcome not in OPEN_OUTCOMES and lead.posted_at is not None:
        if lead.outcome_at <= lead.posted_at:
            return f"; that is before it was posted ({day(lead.posted_at, zone)}), so it counts in no figure"
        if lead.outcome_at <= lead.posted_at + timedelta(hours=lead.landmark_hours):
            return f"; settled within {lead.landmark_hours} hours of posting, so digests leave it out and count it so"
    return f"; counts from {day(lead.matures_at, zone)} on"


def _route(session: Session, lead: Row[Any], zone: str) -> str:
    if lead.waiting:
        return f"Not posted: {WAITS.get(lead.waiting, lead.waiting)}"
    if lead.history:
        return "From a file of the past: it was not posted here"
    rep = people.by_id(session, lead.rep_id).name if lead.rep_id else "nobody"
    if lead.posted_at is not None:
        shown = kept.situation(session, lead.id)
        instead = shown is not None and shown.reader_id not in (None, lead.rep_id)
        whom = f"{foreign(shown.reader_name, 60)} in place of " if shown and instead else ""
        return f"Posted to {whom}{foreign(rep, 60)} on {day(lead.posted_at, zone)}"
    letter = outbox.of_suggestion(session, lead.id)
    if letter is not None and letter.state == "dead":
        return f"Could not be posted to {foreign(rep, 60)}: {foreign(letter.fix or letter.error or '', 300)}"
    return f"On its way to {foreign(rep, 60)}"


def tell_outcome(session: Session, ask: Ask) -> Done:
    """`outcome`: told by an admin, like any other source; the latest by its time counts."""
    lead, word = _lead(session, ask.command.lead), ask.command.outcome
    before = responses.latest_outcome(session, lead.id)
    at = _when(ask, before)
    if before is not None and before.outcome == word and day(before.at, ask.actor.zone) == day(at, ask.actor.zone):
        raise OtherwiseError(
            f"{one_line(lead.name, 120)} is {word} already, on {day(at, ask.actor.zone)}. Nothing was changed."
        )
    item = OutcomeIn.model_validate({"lead_id": lead.lead_id, "outcome": word, "at": at})
    (result,) = outcomes.record_outcomes(session, [item], f"slack:{ask.actor.slack_id}", ask.at)
    if result.result == "rejected":
        raise OtherwiseError(f"This was not stored: {result.errors[0]}.")
    name, stands = foreign(lead.name, 120), outcomes.stands(session, lead.id, word)
    if not stands and before is not None:
        later = f"{before.outcome} on {day(before.at, ask.actor.zone)}"
        return Done(f"{name}: kept, but later news stands: {later}. The latest by its date counts.", final=True)
    was = f"{before.outcome} on {day(before.at, ask.actor.zone)}" if before is not None else "open"
    change = Change(
        "outcome",
        lead.id,
        {"outcome": before.outcome if before is not None else ""},
        {"outcome": word, "told": told.id if (told := responses.latest_outcome(session, lead.id)) else 0},
    )
    counts = _when_it_counts(kept.by_id(session, lead.id), ask.actor.zone)
    return Done(f"{name}: {word} on {day(at, ask.actor.zone)} (it was {was}){counts}.", (change,))


def _when(ask: Ask, before: Row[Any] | None) -> datetime:
    """The typed day at noon of the admin's zone, or now; just after what was told for the same day before."""
    at = ask.at.now
    if ask.command.on is not None:
        noon = datetime.combine(ask.command.on, time(12), ZoneInfo(ask.actor.zone)).astimezone(UTC)
        at = min(noon, ask.at.now)
    if before is not None and before.at >= at and (before.at - at) < timedelta(days=1):
        at = before.at + timedelta(microseconds=1)
    return at


def send_test_lead(session: Session, ask: Ask) -> Done:
    """`test-lead`: a marked lead for oneself or somebody else."""
    account = ask.first if ask.command.people else ask.actor
    if account.is_bot or account.is_gone:
        raise OtherwiseError(
            f"{one_line(account.name, 60)} is a bot or deactivated; a test needs a person who can read it."
        )
    row = known_person(session, account, ask.at.now)
    leads.send_test(session, _test_lead(ask.at), row, ask.at)
    where = f"<#{row.channel_id}>" if row.channel_id else "the direct message with me"
    whom = "you" if account.slack_id == ask.actor.slack_id else foreign(account.name, 60)
    return Done(f"A test lead goes to {whom} in {where}. Its buttons work; it counts in no figure.", final=True)


def _test_lead(at: Moment) -> LeadIn:
    return LeadIn.model_validate(
        {
            "lead_id": f"{at.real:%Y%m%d%H%M%S%f}",
            "name": "Test lead: Example Ltd",
            "facts": [{"label": "Source", "value": "inbound"}, {"label": "Size", "value": "80 staff"}],
            "prior": {
                "probability": 0.12,
                "horizon_days": 90,
                "model": "test",
                "reference_class": "made up, to see that messages arrive",
                "scored_at": at.now,
                "reasons": [
                    {"text": "Opened no mail in 30 days", "effect": "lowers"},
                    {"text": "Asked for a price list", "effect": "raises"},
                ],
                "not_seen": ["calls", "budget"],
            },
        }
    )


def _lead(session: Session, lead_id: str) -> Row[Any]:
    found = kept.by_lead_id(session, lead_id)
    if found is not None:
        return found
    named = named_leads.of_name(session, lead_id, NAMESAKES + 1)
    if len(named) == 1:
        return kept.by_id(session, named[0].id)
    if named:
        each = listed(f"`{one_line(one.lead_id, 100)}`" for one in named[:NAMESAKES])
        raise OtherwiseError(f"More than one lead has that name; the newest are {each}. Give one of these ids.")
    near = difflib.get_close_matches(lead_id, kept.newest_ids(session, 2000), n=1, cutoff=0.7)
    hint = (
        f" Did you mean `{one_line(near[0], 200)}`?" if near else " Ids are what your CRM sends, such as hubspot:4711."
    )
    raise OtherwiseError(f"There is no lead `{one_line(lead_id, 100)}`.{hint}")
