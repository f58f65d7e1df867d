"""A page from a CRM is taken in: new leads posted, known ones brought up to date, their ends told, its place kept."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot import history, leads, outcomes
from bot.domain.assignment import Draw
from bot.domain.clock import Moment
from bot.domain.crm import Page, Reading, Record, lead_id, lead_of, not_after, outcome_of, sort_new
from bot.domain.inbound import LeadIn, OutcomeIn
from bot.domain.past import BadRow
from bot.domain.rules import FILE, OPEN_OUTCOMES, REHEARSAL
from bot.leads import Records
from storage import connections, responses, workspace
from storage import leads as kept_leads
from storage.stats import RecordKey

# Leads by the id that they have in the CRM.
Known = dict[str, Row[Any]]

# So many records are stored at a time: fewer than a rep at her phone would notice.
PART = 100


@dataclass
class Taken:
    """What became of a page: counts, and why records were refused (ids and fields, never values)."""

    counts: dict[str, int] = field(default_factory=dict)
    refused: list[tuple[str, list[str]]] = field(default_factory=list)


def reading_of(row: Row[Any]) -> Reading:
    """How a connection's records are read."""
    return Reading(row.name, row.scale, row.horizon_days, row.model, row.post_since)


def record_keys(page: Page, how: Reading, at: Moment) -> set[RecordKey]:
    """Which records of the tool a page's leads will want beside them."""
    found = set()
    for record in page.records:
        try:
            if record.score is not None:
                found.add(leads.record_key(lead_of(record, how, record.score, at.now)))
        except BadRow:
            continue
    return found


def parts_of(page: Page, cursor: str) -> list[Page]:
    """A page in parts, each to be stored by itself, so that no rep's click waits for all of it.

    `cursor` is where the page was read from. The place moves with the last part; what comes again until then changes
    nothing.
    """
    starts = range(0, max(1, len(page.records)), PART)
    return [
        replace(
            page,
            records=page.records[start : start + PART],
            cursor=page.cursor if start + PART >= len(page.records) else cursor,
        )
        for start in starts
    ]


def take_page(session: Session, row: Row[Any], page: Page, records: Records, draw: Draw, at: Moment) -> Taken | None:
    """Store what a page tells, and its place with it; None when the place is another by now, and nothing is stored.

    Somebody else may have gone on, or a rehearsal is over, and what was read in it is read again for the reps. A page
    that comes again changes nothing.
    """
    rehearsing = workspace.read(session).rehearsal_slack_id is not None
    if connections.rehearsed(session, row, on=rehearsing) or not connections.move(session, row, page.cursor):
        return None
    how, by_id = reading_of(row), {record.id: record for record in page.records}
    known = _known(session, page.records, how)
    taken_in = _taken_in(session, page.records, known, how)
    new = [one for one in by_id.values() if lead_id(how.name, one.id) not in known and one.id not in taken_in]
    fresh = sort_new(new, how, at.now)
    refused, items = list(fresh.refused), list(fresh.fresh)
    for record in by_id.values():
        if (lead := known.get(lead_id(how.name, record.id))) is not None:
            try:
                items += _again(session, record, lead, how, at)
            except BadRow as refusal:
                refused.append((record.id, refusal.reasons))
    told = leads.receive_leads(session, items, records, draw, at)
    refused += [(one.lead_id or "", one.errors) for one in told if one.result == "rejected"]
    past = history.store_history(session, fresh.past, at, asked=False)
    _merge(session, by_id.values(), known, how)
    _end(session, by_id.values(), known, how, refused, at)
    counts = {
        "posted": sum(one.result == "created" for one in told),
        "history": past,
        "left": fresh.left,
        "unscored": fresh.unscored,
        "refused": len(refused),
    }
    connections.count(session, row.name, counts)
    return Taken(counts, refused)


def owner_was_written(session: Session, lead: int, email: str) -> None:
    """The CRM names her as owner now."""
    kept_leads.change(session, lead, owner_email=email)


def _known(session: Session, records: Iterable[Record], how: Reading) -> Known:
    """The leads that these records are, or that were merged into them, by id; a rehearsal's while one is on."""
    prefix = REHEARSAL if workspace.read(session).rehearsal_slack_id else ""
    ids = {prefix + lead_id(how.name, one) for record in records for one in (record.id, *record.absorbed)}
    return {key.removeprefix(prefix): row for key, row in kept_leads.known(session, ids).items()}


def _taken_in(session: Session, records: Iterable[Record], known: Known, how: Reading) -> set[str]:
    """Records that a known lead became: nobody is asked twice about the same person."""
    earlier = connections.merged_into(session, {lead_id(how.name, one.id) for one in records})
    found = {one.id for one in records if lead_id(how.name, one.id) in earlier}
    found |= {one.id for one in records if any(lead_id(how.name, loser) in known for loser in one.absorbed)}
    return found | {one.merged_into for one in records if one.merged_into and lead_id(how.name, one.id) in known}


def _again(session: Session, record: Record, lead: Row[Any], how: Reading, at: Moment) -> list[LeadIn]:
    """What is new about a lead that is known: nothing for the past, or for one that has ended or is gone."""
    if record.gone or record.merged_into:
        if lead.waiting:  # nobody gets it any more; what was posted stays
            kept_leads.change(session, lead.id, waiting="", rep_id=None)
        return []
    if lead.history or record.score is None or record.outcome:
        return []
    newest = kept_leads.newest_prior(session, lead.id)
    item = lead_of(record, how, record.score, not_after(record.changed_at, at.now))
    stands = (item.prior.probability, item.prior.points) == (newest.probability, newest.points)
    # A CRM stamps a record whatever changed in it; the prior is older than that when its number is the same.
    scored_at = newest.scored_at if stands else max(item.prior.scored_at, _behind(newest.scored_at))
    prior = item.prior.model_copy(update={"scored_at": scored_at})
    # Only a new owner moves the lead: it may have been given away here since, and the CRM still names the old one.
    same_owner = item.owner is not None and item.owner.email == lead.owner_email
    return [item.model_copy(update={"prior": prior} | ({"owner": None} if same_owner else {}))]


def _merge(session: Session, records: Iterable[Record], known: Known, how: Reading) -> None:
    for record in records:
        pairs = [(one, record.id) for one in record.absorbed]
        pairs += [(record.id, record.merged_into)] if record.merged_into else []
        for loser, winner in pairs:
            lead = known.get(lead_id(how.name, loser))
            if lead is not None and lead.merged_into != lead_id(how.name, winner):
                kept_leads.change(session, lead.id, merged_into=lead_id(how.name, winner))


def _end(
    session: Session,
    records: Iterable[Record],
    known: Known,
    how: Reading,
    refused: list[tuple[str, list[str]]],
    at: Moment,
) -> None:
    """Tell how leads ended, those too whose record was merged into one that did; or that one is open again."""
    records = [one for one in records if not one.gone and not one.merged_into]
    merged = connections.merged_into(session, {lead_id(how.name, one.id) for one in records})
    items: list[OutcomeIn] = []
    for record in records:
        mine = lead_id(how.name, record.id)
        for lead in [*([known[mine]] if mine in known else []), *merged.get(mine, [])]:
            try:
                items += _ending(session, record, lead, how, at)
            except BadRow as refusal:
                refused.append((record.id, refusal.reasons))
    told = outcomes.record_outcomes(session, items, _source(how), at)
    refused += [(one.lead_id or "", one.errors) for one in told if one.result == "rejected"]


def _ending(session: Session, record: Record, lead: Row[Any], how: Reading, at: Moment) -> list[OutcomeIn]:
    if record.outcome == lead.outcome:
        return []  # its time may be that of any later change
    told = responses.latest_outcome(session, lead.id, _source(how))
    if told is None and lead.history:
        # What the CRM said of the past was taken in as any file is.
        told = responses.latest_outcome(session, lead.id, FILE)
    found = outcome_of(record, lead.lead_id, at.now)
    if found is None:
        if told is None or told.outcome in OPEN_OUTCOMES:
            return []
        found = OutcomeIn(lead_id=lead.lead_id, outcome="reopened", at=not_after(record.changed_at, at.now))
    # What an admin or another program said stands, until the CRM says something other than it said before: many of its
    # ends have no time of their own, and would be newer with each change.
    if told is not None and told.outcome == found.outcome:
        return []
    # It has changed its mind, and may still give the day of the first end.
    return [found.model_copy(update={"at": max(found.at, told.at)}) if told is not None else found]


def _behind(moment: datetime) -> datetime:
    """Just behind a moment: a new number is newer than the one before, whatever the CRM's clock says."""
    return moment + timedelta(microseconds=1)


def _source(how: Reading) -> str:
    return f"crm:{how.name}"
