"""Leads, their priors and suggestions: queries."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Row, Update, bindparam, func, insert, or_, select, update
from sqlmodel import Session

from bot.domain.bands import band_of
from bot.domain.inbound import LeadIn, PriorIn, is_verdict
from storage.database import added, changed
from storage.tables import Lead, Letter, Person, Prior, Response, Suggestion, table

leads, priors, suggestions, people, letters = (table(m) for m in (Lead, Prior, Suggestion, Person, Letter))
readers, responses = people.alias("reader"), table(Response)
# Built once: putting these together costs more than running them, and they stand on the path to an ack.
_SITUATION = (
    select(
        leads,
        suggestions.c.id.label("suggestion_id"),
        suggestions.c.letter_id.label("suggestion_letter"),
        suggestions.c.prior_id.label("suggestion_prior"),
        suggestions.c.record.label("suggestion_record"),
        suggestions.c.shared.label("suggestion_shared"),
        suggestions.c.number_visible.label("suggestion_number_visible"),
        suggestions.c.revealed.label("suggestion_revealed"),
        suggestions.c.arm.label("suggestion_arm"),
        suggestions.c.rep_id.label("reader_id"),
        suggestions.c.passed_on_at.label("suggestion_passed_on_at"),
        letters.c.channel_id.label("suggestion_channel"),
        letters.c.ts.label("suggestion_ts"),
        people.c.slack_id.label("rep_slack_id"),
        people.c.stand_in_id.label("rep_stand_in_id"),
        readers.c.slack_id.label("reader_slack_id"),
        readers.c.name.label("reader_name"),
        readers.c.zone.label("reader_zone"),
        readers.c.channel_id.label("reader_channel"),
    )
    .outerjoin(suggestions, suggestions.c.lead_id == leads.c.id)
    .outerjoin(letters, letters.c.id == suggestions.c.letter_id)
    .outerjoin(people, people.c.id == leads.c.rep_id)
    .outerjoin(readers, readers.c.id == suggestions.c.rep_id)
    .where(leads.c.id == bindparam("lead"))
    .order_by(suggestions.c.id.desc())
    .limit(1)
)
_HER_LAST = (
    select(responses.c.kind)
    .where(responses.c.lead_id == leads.c.id, responses.c.person_id == suggestions.c.rep_id)
    .order_by(responses.c.id.desc())
    .limit(1)
    .correlate(leads, suggestions)
    .scalar_subquery()
)
_KNOWN = select(leads).where(leads.c.lead_id.in_(bindparam("ids", expanding=True)))
_REPS = select(people).where(
    or_(
        people.c.email.in_(bindparam("emails", expanding=True)),
        people.c.slack_id.in_(bindparam("slack_ids", expanding=True)),
    ),
    people.c.is_rep,
)
_POSTED_SINCE = select(func.count()).where(
    suggestions.c.rep_id == bindparam("rep"), suggestions.c.created_at >= bindparam("since")
)
_NEWEST_PRIOR = select(priors).where(priors.c.lead_id == bindparam("lead")).order_by(priors.c.scored_at.desc()).limit(1)
_LATER = priors.alias("later")
_NEWEST_PRIORS = (
    select(priors)
    .where(priors.c.lead_id.in_(bindparam("leads", expanding=True)))
    .where(
        ~select(_LATER.c.id)
        .where(_LATER.c.lead_id == priors.c.lead_id, _LATER.c.scored_at > priors.c.scored_at)
        .correlate(priors)
        .exists()
    )
)
_PRIOR_AT = select(priors).where(priors.c.lead_id == bindparam("lead"), priors.c.scored_at == bindparam("at"))
_ADD, _ADD_PRIORS, _ADD_SUGGESTIONS = insert(leads), insert(priors), insert(suggestions)
_PRIOR_OF = select(priors).where(priors.c.id == bindparam("prior"), priors.c.lead_id == bindparam("lead"))


def known(session: Session, lead_ids: Iterable[str]) -> dict[str, Row[Any]]:
    """The leads of these external ids, whole, by external id."""
    rows = session.execute(_KNOWN, {"ids": list(set(lead_ids))})
    return {row.lead_id: row for row in rows}


def known_ids(session: Session, lead_ids: set[str]) -> set[str]:
    """Which of these external ids are known."""
    return set(session.execute(select(leads.c.lead_id).where(leads.c.lead_id.in_(lead_ids))).scalars())


def prior_row(lead: int, prior: PriorIn, now: datetime) -> dict[str, Any]:
    """A prior's columns, as it came in."""
    return {
        "lead_id": lead,
        "probability": prior.probability,
        "points": prior.points,
        "horizon_days": prior.horizon_days,
        "model": prior.model,
        "model_line": prior.line,
        "model_version": prior.model_version,
        "reference_class": prior.reference_class,
        "scored_at": prior.scored_at,
        "reasons": [reason.model_dump() for reason in prior.reasons],
        "not_seen": list(prior.not_seen),
        "received_at": now,
    }


def described(item: LeadIn) -> dict[str, Any]:
    """A lead's name, address and facts, without those that would be a second verdict."""
    return {
        "name": item.name,
        "url": item.url,
        "facts": [fact.model_dump() for fact in item.facts if not is_verdict(fact.label)],
        "dropped_facts": [fact.label for fact in item.facts if is_verdict(fact.label)],
    }


def owned(item: LeadIn) -> dict[str, Any]:
    """Whom the item names as owner."""
    return {
        "owner_email": item.owner.email if item.owner else None,
        "owner_slack_id": item.owner.slack_id if item.owner else None,
    }


def figures_of(prior: PriorIn) -> dict[str, Any]:
    """A prior's columns on the lead, as figures use them."""
    return {
        "probability": prior.probability,
        "points": prior.points,
        "band": band_of(prior.probability, prior.points),
        "model_line": prior.line,
        "horizon_days": prior.horizon_days,
    }


def reps(session: Session, emails: set[str], slack_ids: set[str]) -> list[Row[Any]]:
    """The reps with one of these emails or Slack ids."""
    if not emails and not slack_ids:
        return []
    return list(session.execute(_REPS, {"emails": list(emails), "slack_ids": list(slack_ids)}).all())


def add(session: Session, rows: list[dict[str, Any]]) -> list[int]:
    """Insert leads; their ids in the rows' order."""
    return added(session, _ADD, rows)


def add_priors(session: Session, rows: list[dict[str, Any]]) -> list[int]:
    """Insert priors; their ids in the rows' order."""
    return added(session, _ADD_PRIORS, rows)


def add_suggestions(session: Session, rows: list[dict[str, Any]]) -> None:
    """Insert suggestions."""
    session.execute(_ADD_SUGGESTIONS, rows)


def change(session: Session, lead: int, **values: Any) -> None:
    """Set columns of one lead."""
    session.execute(_setting(frozenset(values)), {"changed_lead": lead} | values)


@cache
def _setting(columns: frozenset[str]) -> Update:
    # A handful of different sets of columns, each put together once.
    new = {name: bindparam(name, type_=leads.c[name].type) for name in sorted(columns)}
    return update(leads).where(leads.c.id == bindparam("changed_lead")).values(new)


def change_suggestion(session: Session, suggestion: int, **values: Any) -> None:
    """Set columns of one suggestion."""
    session.execute(update(suggestions).where(suggestions.c.id == suggestion).values(**values))


def newest_prior(session: Session, lead: int) -> Row[Any]:
    """The prior of the latest `scored_at`."""
    return session.execute(_NEWEST_PRIOR, {"lead": lead}).one()


def with_newest_prior(session: Session, rows: Iterable[Row[Any]]) -> list[tuple[str, Row[Any], Row[Any]]]:
    """Each of these leads with its prior of the latest `scored_at`: external id, lead, prior."""
    leads_by_id = {row.id: row for row in rows}
    if not leads_by_id:
        return []
    found = session.execute(_NEWEST_PRIORS, {"leads": list(leads_by_id)}).all()
    return [(leads_by_id[prior.lead_id].lead_id, leads_by_id[prior.lead_id], prior) for prior in found]


def prior_at(session: Session, lead: int, scored_at: datetime) -> Row[Any] | None:
    """The prior made at exactly this moment."""
    return session.execute(_PRIOR_AT, {"lead": lead, "at": scored_at}).one_or_none()


def prior_of(session: Session, lead: int, prior: int) -> Row[Any] | None:
    """A prior by its id, when it belongs to this lead."""
    return session.execute(_PRIOR_OF, {"prior": prior, "lead": lead}).one_or_none()


def mark_posted(session: Session, lead: int, at: datetime) -> None:
    """The first time that it could be seen, and from it when it counts; a trial never does."""
    seen = select(leads.c.posted_at, leads.c.horizon_days, leads.c.trial).where(leads.c.id == lead)
    row = session.execute(seen).one()
    if row.posted_at is None:
        matures_at = None if row.trial else at + timedelta(days=row.horizon_days)
        change(session, lead, posted_at=at, matures_at=matures_at)


def situation(session: Session, lead: int) -> Row[Any] | None:
    """A lead with its newest suggestion and its rep: what a click needs, in one indexed read.

    Lead columns as they are; `suggestion_…`, `rep_…` for its rep and `reader_…` for whom it was
    posted to: her or her stand-in.
    """
    return session.execute(_SITUATION, {"lead": lead}).one_or_none()


def posted_since(session: Session, rep: int, at: datetime) -> int:
    """How many suggestions somebody was sent since then."""
    return int(session.execute(_POSTED_SINCE, {"rep": rep, "since": at}).scalar_one())


def adopt_history(session: Session, rep: Row[Any]) -> int:
    """Leads of the past that carry this rep's email become hers in the figures; how many."""
    hers = or_(leads.c.owner_email == (rep.email or ""), leads.c.owner_slack_id == rep.slack_id)
    return changed(session, update(leads).where(leads.c.rep_id.is_(None), leads.c.history, hers).values(rep_id=rep.id))


def any_lead(session: Session) -> bool:
    """Whether any lead is known, trials aside."""
    return session.execute(select(leads.c.id).where(leads.c.trial.is_(False)).limit(1)).first() is not None


def by_id(session: Session, lead: int) -> Row[Any]:
    """A lead that is there."""
    return session.execute(select(leads).where(leads.c.id == lead)).one()


def by_lead_id(session: Session, lead_id: str) -> Row[Any] | None:
    """A lead by the id that the CRM gave it."""
    return session.execute(select(leads).where(leads.c.lead_id == lead_id)).one_or_none()


def unanswered(session: Session, rep: int, limit: int) -> Sequence[Row[Any]]:
    """A rep's posted leads that are open and that she has not answered, newest first, with their suggestion."""
    return session.execute(
        select(
            leads.c.id,
            leads.c.name,
            leads.c.facts,
            leads.c.posted_at,
            leads.c.trial,
            suggestions.c.id.label("suggestion_id"),
            suggestions.c.prior_id,
        )
        .join(suggestions, suggestions.c.lead_id == leads.c.id)
        .where(
            leads.c.rep_id == rep,
            suggestions.c.rep_id == rep,
            suggestions.c.passed_on_at.is_(None),
            leads.c.posted_at.is_not(None),
            leads.c.outcome.in_(("", "reopened")),
            # What she said herself: that an earlier owner answered is nothing to her.
            func.coalesce(_HER_LAST, "withdrawn") == "withdrawn",
        )
        .order_by(leads.c.posted_at.desc(), leads.c.id.desc())
        .limit(limit)
    ).all()


def received_since(session: Session, at: datetime) -> int:
    """How many leads came in since then, history and trials aside; counted from the newest back."""
    recent = select(leads.c.received_at, leads.c.history, leads.c.trial).order_by(leads.c.id.desc()).limit(10_000)
    rows = recent.subquery()
    mine = (rows.c.received_at >= at) & rows.c.history.is_(False) & rows.c.trial.is_(False)
    return int(session.execute(select(func.count()).select_from(rows).where(mine)).scalar_one())


def newest_ids(session: Session, limit: int) -> list[str]:
    """The ids of the leads that came in last."""
    return list(session.execute(select(leads.c.lead_id).order_by(leads.c.id.desc()).limit(limit)).scalars())


def all_priors(session: Session, lead: int) -> Sequence[Row[Any]]:
    """Every prior of a lead, oldest first."""
    return session.execute(select(priors).where(priors.c.lead_id == lead).order_by(priors.c.scored_at)).all()


def dropped_labels(session: Session, since: datetime) -> set[str]:
    """Labels of facts that were dropped because they would have been a second verdict."""
    rows = session.execute(select(leads.c.dropped_facts).where(leads.c.received_at >= since).limit(5000)).scalars()
    return {label for row in rows for label in row}
