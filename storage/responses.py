"""Responses and outcomes: queries on append-only history."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, or_, select, true, update
from sqlmodel import Session

from bot.domain.clock import Moment
from bot.domain.inbound import OutcomeIn
from storage.tables import Lead, Outcome, Prior, Response, table

responses, outcomes, leads, priors = table(Response), table(Outcome), table(Lead), table(Prior)


# Built once, as they stand on the path to an ack.
_BY_KEY = select(responses).where(responses.c.dedupe_key == bindparam("key"))
_CURRENT = (
    select(responses)
    .where(responses.c.lead_id == bindparam("lead"), responses.c.person_id == bindparam("person"))
    .order_by(responses.c.id.desc())
    .limit(1)
)
_ADD = insert(responses).returning(responses.c.id)
_BEFORE = (
    select(responses.c.id)
    .where(responses.c.lead_id == bindparam("lead"), responses.c.at <= bindparam("until"))
    .limit(1)
)


def by_key(session: Session, dedupe_key: str) -> Row[Any] | None:
    """The response stored under this key, if it was."""
    return session.execute(_BY_KEY, {"key": dedupe_key}).one_or_none()


def add(session: Session, row: dict[str, Any]) -> int:
    """Store a response."""
    return int(session.execute(_ADD, row).scalar_one())


def stand(session: Session, lead: int, outcome: str, at: datetime | None) -> None:
    """Keep on a lead what stands of its outcomes, and that a set has told of another, by the row as it is now."""
    told = or_(leads.c.corrected, leads.c.release_id.is_not(None))
    session.execute(update(leads).where(leads.c.id == lead).values(outcome=outcome, outcome_at=at, corrected=told))


def add_many(session: Session, rows: list[dict[str, Any]]) -> None:
    """Store many, from a file."""
    session.execute(insert(responses), rows)


def current(session: Session, lead: int, person: int | None) -> Row[Any] | None:
    """The newest response to a lead by one person."""
    return session.execute(_CURRENT, {"lead": lead, "person": person}).one_or_none()


def override_by_others(session: Session, lead: int, person: int) -> Row[Any] | None:
    """An override that stands by somebody else than this person, the newest: direction and person_id; or None."""
    newest = (
        select(func.max(responses.c.id).label("id"))
        .where(responses.c.lead_id == lead, responses.c.person_id != person, responses.c.late.is_(False))
        .group_by(responses.c.person_id)
        .subquery()
    )
    return session.execute(
        select(responses.c.direction, responses.c.person_id)
        .join(newest, newest.c.id == responses.c.id)
        .where(responses.c.kind == "overridden")
        .order_by(responses.c.id.desc())
        .limit(1)
    ).one_or_none()


def of_author(session: Session, lead: int, person: int) -> Sequence[Row[Any]]:
    """All that one person said about a lead, oldest first."""
    return session.execute(
        select(responses).where(responses.c.lead_id == lead, responses.c.person_id == person).order_by(responses.c.id)
    ).all()


def newest_of(session: Session, person: int, limit: int) -> Sequence[Row[Any]]:
    """What one person said last, newest first, a row a lead: the response that stands, and the lead's columns."""
    newest = (
        select(func.max(responses.c.id).label("id"))
        .where(responses.c.person_id == person)
        .group_by(responses.c.lead_id)
        .subquery()
    )
    return session.execute(
        select(
            responses.c.at,
            responses.c.kind,
            responses.c.direction,
            responses.c.reason,
            responses.c.prior_id,
            responses.c.late,
            responses.c.person_id,
            leads.c.id.label("lead"),
            leads.c.name,
            leads.c.outcome,
            leads.c.outcome_at,
            # The chance that she answered to, whatever came to the lead later, or to somebody else.
            priors.c.probability,
            leads.c.matures_at,
            leads.c.posted_at,
            leads.c.trial,
            leads.c.landmark_direction,
            leads.c.author_id,
        )
        .join(newest, newest.c.id == responses.c.id)
        .join(leads, leads.c.id == responses.c.lead_id)
        .outerjoin(priors, priors.c.id == responses.c.prior_id)
        .order_by(responses.c.at.desc(), responses.c.id.desc())
        .limit(limit)
    ).all()


def adopt_history(session: Session, person: int) -> None:
    """What came with leads of the past before somebody was known is hers, as the leads are."""
    hers = select(leads.c.id).where(leads.c.rep_id == person, leads.c.history)
    nobodys = responses.c.person_id.is_(None) & responses.c.lead_id.in_(hers)
    session.execute(update(responses).where(nobodys).values(person_id=person))


def count_of(session: Session, person: int) -> int:
    """How many rows are kept of what one person said."""
    return int(
        session.execute(select(func.count()).select_from(responses).where(responses.c.person_id == person)).scalar_one()
    )


def add_outcomes(session: Session, rows: list[dict[str, Any]]) -> None:
    """Store outcomes."""
    session.execute(insert(outcomes), rows)


def outcome_key(lead: int, item: OutcomeIn) -> str:
    """What makes an outcome the same as one that was told before."""
    return f"{lead}:{item.outcome}:{item.at.isoformat()}:{item.amount}"


def outcome_row(lead: int, item: OutcomeIn, source: str, at: Moment) -> dict[str, Any]:
    """An outcome's columns, as it came in."""
    return {
        "lead_id": lead,
        "outcome": item.outcome,
        "at": item.at,
        "amount": item.amount,
        "source": source,
        "dedupe_key": outcome_key(lead, item),
        "made_up": at.made_up,
        "received_at": at.now,
    }


def outcome_keys(session: Session, keys: set[str]) -> set[str]:
    """Which of these outcomes are stored already."""
    return set(session.execute(select(outcomes.c.dedupe_key).where(outcomes.c.dedupe_key.in_(keys))).scalars())


def latest_outcome(session: Session, lead: int, source: str = "") -> Row[Any] | None:
    """The outcome that counts: the latest by `at`, ties by arrival. With `source`, of what that one said."""
    mine = outcomes.c.source == source if source else true()
    return session.execute(
        select(outcomes)
        .where(outcomes.c.lead_id == lead, outcomes.c.undone_at.is_(None), mine)
        .order_by(outcomes.c.at.desc(), outcomes.c.id.desc())
        .limit(1)
    ).one_or_none()


def undo_outcome(session: Session, number: int, at: datetime) -> None:
    """One that was told by mistake counts no more; told again, it is another."""
    values = {"undone_at": at, "dedupe_key": f"undone:{number}"}
    session.execute(update(outcomes).where(outcomes.c.id == number).values(**values))


def first_answer_before(session: Session, lead: int, at: datetime) -> bool:
    """Whether anything was said about the lead by then."""
    return session.execute(_BEFORE, {"lead": lead, "until": at}).first() is not None
