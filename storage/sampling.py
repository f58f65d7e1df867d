"""The blind-first sample: queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, func, insert, or_, select, text, update
from sqlmodel import Session

from bot.domain.sampling import ASKED, BLIND
from storage.tables import Lead, Person, Prior, Sample, Sampled, table

samples, sampled, leads = table(Sample), table(Sampled), table(Lead)
people, priors = table(Person), table(Prior)
# A number given before the tool's was seen, or with it in sight: what each arm is about.
_COUNTS = and_(
    sampled.c.estimate.is_not(None),
    or_(sampled.c.arm == ASKED, and_(sampled.c.arm == BLIND, sampled.c.revealed_by == "answer")),
)


def begin(session: Session, row: dict[str, Any]) -> int:
    """A new sample; its number."""
    return int(session.execute(insert(samples).returning(samples.c.id), row).scalar_one())


def by_id(session: Session, number: int) -> Row[Any]:
    """One sample."""
    return session.execute(select(samples).where(samples.c.id == number)).one()


def newest_ended(session: Session) -> Row[Any] | None:
    """The sample that ended last with a result."""
    ended = select(samples).where(samples.c.ended_at.is_not(None)).order_by(samples.c.id.desc()).limit(1)
    return session.execute(ended).one_or_none()


def end(session: Session, number: int, result: dict[str, Any], at: datetime) -> None:
    """Keep what a sample found."""
    session.execute(update(samples).where(samples.c.id == number).values(result=result, ended_at=at))


def add(session: Session, rows: list[dict[str, Any]]) -> None:
    """Keep how leads were drawn."""
    session.execute(insert(sampled), rows)


def of_lead(session: Session, lead: int) -> Row[Any] | None:
    """How a lead was drawn, if it was."""
    return session.execute(select(sampled).where(sampled.c.lead_id == lead)).one_or_none()


def change(session: Session, number: int, **values: Any) -> None:
    """Set columns of one drawn lead."""
    session.execute(update(sampled).where(sampled.c.id == number).values(**values))


def hidden_since(session: Session, before: datetime, limit: int) -> Sequence[Row[Any]]:
    """Drawn leads whose number is hidden still although they were posted by `before`: id, lead_id."""
    late = leads.c.posted_at <= before
    return session.execute(
        select(sampled.c.id, sampled.c.lead_id)
        .join(leads, leads.c.id == sampled.c.lead_id)
        .where(text("arm = 'blind_first' AND revealed_at IS NULL"), late)
        .order_by(sampled.c.lead_id)
        .limit(limit)
    ).all()


def numbers(session: Session, sample: int, before: datetime) -> Sequence[Row[Any]]:
    """Numbers given before then that count: person_id, arm, estimate, probability (the tool's, on screen)."""
    return session.execute(
        select(sampled.c.person_id, sampled.c.arm, sampled.c.estimate, priors.c.probability)
        .join(priors, priors.c.id == sampled.c.prior_id)
        .where(sampled.c.sample_id == sample, sampled.c.answered_at < before, _COUNTS)
        .order_by(sampled.c.id)
    ).all()


def counted(session: Session, sample: int, before: datetime) -> int:
    """How many numbers given before then count."""
    mine = and_(sampled.c.sample_id == sample, sampled.c.answered_at < before, _COUNTS)
    return int(session.execute(select(func.count()).select_from(sampled).where(mine)).scalar_one())


def asked(session: Session, sample: int, before: datetime) -> dict[str, int]:
    """On how many leads drawn before then a number was asked for, by arm."""
    rows = session.execute(
        select(sampled.c.arm, func.count())
        .where(sampled.c.sample_id == sample, sampled.c.arm.in_((BLIND, ASKED)), sampled.c.at < before)
        .group_by(sampled.c.arm)
    )
    return {row[0]: row[1] for row in rows}


def of_person(session: Session, person: int) -> int:
    """How many numbers of somebody's are kept."""
    hers = and_(sampled.c.person_id == person, sampled.c.estimate.is_not(None))
    return int(session.execute(select(func.count()).select_from(sampled).where(hers)).scalar_one())


def to_tell(session: Session, sample: int) -> Sequence[Row[Any]]:
    """Reps who could take part in this sample and have not been told of it: whole rows."""
    fit = and_(people.c.is_rep, people.c.in_sample, people.c.number_at_once, people.c.channel_id.is_(None))
    free = and_(people.c.muted.is_(False), people.c.paused.is_(False))
    return session.execute(select(people).where(fit, free, people.c.sample_told != sample).order_by(people.c.id)).all()


def told(session: Session) -> Sequence[Row[Any]]:
    """Everybody who was told of a sample that she has not been told the end of."""
    return session.execute(select(people).where(people.c.sample_told != 0).order_by(people.c.id)).all()
