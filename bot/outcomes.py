"""What became of leads: appended, the latest by time counting, and shown on the message."""

from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot import posting, routing
from bot.domain.clock import Moment
from bot.domain.inbound import OutcomeIn
from bot.domain.rules import AHEAD, OPEN_OUTCOMES, REHEARSAL, Received
from storage import holding, leads, responses, workspace


def record_outcomes(session: Session, items: list[OutcomeIn], source: str, at: Moment) -> list[Received]:
    """Take in outcomes, in order, one answer each: created, unchanged (told before) or rejected (unknown lead)."""
    if workspace.read(session).rehearsal_slack_id:
        items = _rehearsed(session, items)
    # What stands is worked out from all that was told: two at once must not each leave out the other's.
    holding.hold_named(session, (item.lead_id for item in items))
    known = leads.known(session, (item.lead_id for item in items))
    keys = {item.lead_id: row.id for item in items if (row := known.get(item.lead_id)) is not None}
    told = responses.outcome_keys(
        session, {responses.outcome_key(keys[i.lead_id], i) for i in items if i.lead_id in keys}
    )
    fresh: dict[str, dict[str, Any]] = {}
    results = []
    for item in items:
        if item.lead_id not in keys:
            sentence = "lead_id: no lead with this id is known; send the lead first"
            results.append(Received(item.lead_id, "rejected", errors=[sentence]))
            continue
        if item.at > at.now + AHEAD:
            results.append(
                Received(item.lead_id, "rejected", errors=["at: lies ahead of now; send it when it has happened"])
            )
            continue
        key = responses.outcome_key(keys[item.lead_id], item)
        results.append(Received(item.lead_id, "unchanged" if key in told or key in fresh else "created"))
        if key not in told:
            fresh.setdefault(key, responses.outcome_row(keys[item.lead_id], item, source, at))
    if fresh:
        responses.add_outcomes(session, list(fresh.values()))
    touched = {row["lead_id"] for row in fresh.values()}
    for lead in known.values():
        if lead.id in touched:
            _stand(session, lead, at)
    return results


def stands(session: Session, lead: int, outcome: str) -> bool:
    """Whether this is what stands of a lead."""
    latest = responses.latest_outcome(session, lead)
    return latest is not None and latest.outcome == outcome


def take_back(session: Session, lead: int, at: Moment) -> None:
    """The outcome that counts was told by mistake: what was told before it stands again, to its day."""
    holding.hold(session, lead)
    latest = responses.latest_outcome(session, lead)
    if latest is not None:
        responses.undo_outcome(session, latest.id, at.now)
        _stand(session, leads.by_id(session, lead), at)


def _rehearsed(session: Session, items: list[OutcomeIn]) -> list[OutcomeIn]:
    """While a rehearsal is on, the CRM's ids stand for the rehearsal's leads where there are such."""
    known = leads.known_ids(session, {REHEARSAL + item.lead_id for item in items})
    return [
        item.model_copy(update={"lead_id": REHEARSAL + item.lead_id}) if REHEARSAL + item.lead_id in known else item
        for item in items
    ]


def _stand(session: Session, lead: Row[Any], at: Moment) -> None:
    """Keep on the lead what stands now, and show it."""
    latest = responses.latest_outcome(session, lead.id)
    outcome, ended_at = (latest.outcome, latest.at) if latest is not None else ("", None)
    if (outcome, ended_at) == (lead.outcome, lead.outcome_at):
        return
    responses.stand(session, lead.id, outcome, ended_at)
    if outcome not in OPEN_OUTCOMES:
        routing.nothing_to_decide(session, lead.id, lead.name, at)
    posting.show(session, lead.id, f"outcome:{latest.id if latest is not None else 0}:{at.real.timestamp()}", at.real)
