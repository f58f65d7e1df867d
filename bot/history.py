"""History from a file: leads that are past, for the tool's record and, where responses came with them, for figures."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot.domain.bands import is_hard
from bot.domain.clock import Moment
from bot.domain.inbound import LeadIn
from bot.domain.past import Past, PastResponse
from bot.domain.rules import FILE
from storage import leads, responses, workspace


def store_history(session: Session, rows: list[Past], at: Moment, *, asked: bool) -> int:
    """Store those that are new, without a letter or a question; how many. A lead that is known stays as it is.

    `asked` says that the file tells what reps said, so that "nobody overrode it" means something.
    """
    known = leads.known_ids(session, {row.lead.lead_id for row in rows})
    fresh = {row.lead.lead_id: row for row in rows if row.lead.lead_id not in known}
    if not fresh:
        return 0
    past = list(fresh.values())
    reps = _reps(session, past)
    mode = workspace.read(session)
    ids = leads.add(session, [_lead(row, reps, at, mode, asked=asked) for row in past])
    priors = leads.add_priors(
        session, [leads.prior_row(n, row.lead.prior, at.now) for row, n in zip(past, ids, strict=True)]
    )
    ended, said = [], []
    for row, number, prior_id in zip(past, ids, priors, strict=True):
        if row.outcome is not None:
            ended.append(responses.outcome_row(number, row.outcome, FILE, at))
        if row.response is not None:
            said.append(_response(row, row.response, number, prior_id, reps, at))
    if ended:
        responses.add_outcomes(session, ended)
    if said:
        responses.add_many(session, said)
    return len(past)


def _reps(session: Session, past: list[Past]) -> dict[str, int]:
    owners = [row.lead.owner for row in past if row.lead.owner]
    emails = {owner.email for owner in owners if owner.email}
    found = leads.reps(session, emails, {owner.slack_id for owner in owners if owner.slack_id})
    return {key: rep.id for rep in found for key in (rep.email, rep.slack_id) if key}


def _rep_of(lead: LeadIn, reps: dict[str, int]) -> int | None:
    if lead.owner is None:
        return None
    return reps.get(lead.owner.slack_id or "") or reps.get(lead.owner.email or "")


def _lead(row: Past, reps: dict[str, int], at: Moment, mode: Row[Any], *, asked: bool) -> dict[str, Any]:
    landmark = mode.landmark_hours
    item, prior, said = row.lead, row.lead.prior, row.response
    in_time = said is not None and said.at <= row.posted_at + timedelta(hours=landmark)
    standing = said.kind if said is not None and said.kind != "withdrawn" else ""
    direction = said.direction if said is not None and standing == "overridden" and in_time else ""
    if row.at_landmark is not None:
        direction = row.at_landmark
    return {
        "lead_id": item.lead_id,
        "flagged_hard": item.hard,
        "hard": is_hard(prior.probability, item.hard, mode.hard_percent / 100),
        "rep_id": _rep_of(item, reps),
        "waiting": "",
        "asked": asked,
        "history": True,
        "landmark_hours": landmark,
        "made_up": at.made_up,
        "received_at": at.now,
        "posted_at": row.posted_at,
        "matures_at": row.posted_at + timedelta(days=prior.horizon_days),
        "response_kind": standing,
        "landmark_direction": direction,
        "data_problem": said is not None and standing == "overridden" and said.direction == "data",
        "outcome": row.outcome.outcome if row.outcome else "",
        "outcome_at": row.outcome.at if row.outcome else None,
        **leads.described(item),
        **leads.owned(item),
        **leads.figures_of(prior),
    }


def _response(row: Past, said: PastResponse, lead: int, prior: int, reps: dict[str, int], at: Moment) -> dict[str, Any]:
    return {
        "lead_id": lead,
        "prior_id": prior,
        "person_id": _rep_of(row.lead, reps),
        "kind": said.kind,
        "direction": said.direction,
        "reason": said.reason or None,
        "estimate": said.estimate,
        "cues": said.cues,
        "quote": False,
        "number_visible": True,
        "wording": "imported",
        "late": row.outcome is not None and row.outcome.at <= said.at,
        "dedupe_key": f"import:{lead}",
        "made_up": at.made_up,
        "at": said.at,
    }
