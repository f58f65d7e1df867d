"""What leaves the house: queries. Which of it a key may see is decided above."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import FromClause, Row, and_, case, func, insert, or_, select, text, update
from sqlmodel import Session

from storage.stats import OF_EACH, open_when_posted, won_in_time
from storage.tables import Alarm, Decision, Lead, Person, Prior, Release, Response, Sampled, Suggestion, table

leads, priors, releases, responses = table(Lead), table(Prior), table(Release), table(Response)
people, suggestions, decisions, alarms = table(Person), table(Suggestion), table(Decision), table(Alarm)
sampled = table(Sampled)


def matured(session: Session, after: tuple[datetime, int], now: datetime, limit: int) -> Sequence[Row[Any]]:
    """Matured leads behind a cursor (matured at, id), each with the prior that was made first; no response is read."""
    other = priors.alias("other")
    earlier = select(other.c.id).where(other.c.lead_id == priors.c.lead_id, other.c.scored_at < priors.c.scored_at)
    at, number = after
    behind = or_(leads.c.matures_at > at, and_(leads.c.matures_at == at, leads.c.id > number))
    return session.execute(
        select(
            leads.c.id,
            leads.c.lead_id,
            leads.c.name,
            leads.c.posted_at,
            leads.c.matures_at,
            leads.c.outcome,
            leads.c.outcome_at,
            leads.c.flagged_hard,
            leads.c.made_up,
            leads.c.owner_email,
            leads.c.owner_slack_id,
            leads.c.rep_id,
            people.c.email.label("rep_email"),
            people.c.slack_id.label("rep_slack_id"),
            leads.c.landmark_direction,
            case((won_in_time(), 1), else_=0).label("won"),
            priors.c.probability,
            priors.c.points,
            priors.c.horizon_days,
            priors.c.model,
            priors.c.model_line,
            priors.c.model_version,
            priors.c.reference_class,
            priors.c.scored_at,
        )
        .select_from(
            leads.join(priors, priors.c.lead_id == leads.c.id).outerjoin(people, people.c.id == leads.c.rep_id)
        )
        # The second bound says no more than `behind` does, and lets the index begin there.
        .where(
            leads.c.matures_at <= now,
            leads.c.matures_at >= at,
            leads.c.trial.is_(False),
            behind,
            ~earlier.correlate(priors).exists(),
        )
        .order_by(leads.c.matures_at, leads.c.id)
        .limit(limit)
    ).all()


def matured_at(session: Session, lead: int) -> datetime | None:
    """When a lead matured; None where there is no such lead, or it never counts."""
    found: datetime | None = session.execute(select(leads.c.matures_at).where(leads.c.id == lead)).scalar()
    return found


def answers(session: Session, numbers: list[int]) -> dict[int, Row[Any]]:
    """The response that stands on each of these leads, with what was on screen; for those who may join."""
    newest = (
        select(func.max(responses.c.id).label("id"))
        .where(responses.c.lead_id.in_(numbers), responses.c.late.is_(False))
        .group_by(responses.c.lead_id)
        .subquery()
    )
    rows = session.execute(select(responses).join(newest, newest.c.id == responses.c.id)).all()
    return {row.lead_id: row for row in rows}


def routes(session: Session, numbers: list[int]) -> dict[int, Row[Any]]:
    """How each of these leads was routed; `usual`, `recommended` and `actual` are emails or else Slack ids."""
    whom = {name: people.alias(name) for name in ("usual", "recommended", "actual")}
    joined: FromClause = decisions
    for name, one in whom.items():
        joined = joined.join(one, one.c.id == decisions.c[f"{name}_id"])
    names = [func.coalesce(one.c.email, one.c.slack_id).label(name) for name, one in whom.items()]
    rows = session.execute(select(decisions, *names).select_from(joined).where(decisions.c.lead_id.in_(numbers))).all()
    return {row.lead_id: row for row in rows}


def arms(session: Session, numbers: list[int]) -> dict[int, str]:
    """In which arm of a blind-first sample each of these leads is, of those that are in one."""
    rows = session.execute(select(sampled.c.lead_id, sampled.c.arm).where(sampled.c.lead_id.in_(numbers)))
    return {row.lead_id: row.arm for row in rows}


def released_after(session: Session, number: int, limit: int) -> Sequence[Row[Any]]:
    """Released sets behind a number."""
    return session.execute(select(releases).where(releases.c.id > number).order_by(releases.c.id).limit(limit)).all()


def members(session: Session, release: int) -> Sequence[Row[Any]]:
    """The leads of a released set, for what was said of how many."""
    return session.execute(select(*OF_EACH).where(leads.c.release_id == release)).all()


def untold_problems(session: Session, since: datetime) -> Sequence[Row[Any]]:
    """Leads whose data a rep has called wrong since then and that no model owner was told of: id and lead_id."""
    said = (responses.c.lead_id == leads.c.id) & (responses.c.direction == "data") & (responses.c.at >= since)
    return session.execute(
        select(leads.c.id, leads.c.lead_id)
        # As it stands in the partial index, which neither database would use with a parameter in its place.
        .where(text("data_problem AND problem_told_at IS NULL"), leads.c.trial.is_(False))
        .where(leads.c.history.is_(False), select(responses.c.id).where(said).exists())
        .order_by(leads.c.id)
        .limit(200)
    ).all()


def problems_told(session: Session, numbers: list[int], at: datetime) -> None:
    """They were told of these."""
    session.execute(update(leads).where(leads.c.id.in_(numbers)).values(problem_told_at=at))


def told_problems(session: Session, since: datetime, limit: int) -> Sequence[Row[Any]]:
    """Leads of which model owners were told since then, newest first: lead_id and when; whatever was said after."""
    return session.execute(
        select(leads.c.lead_id, leads.c.problem_told_at)
        .where(leads.c.problem_told_at >= since)
        .order_by(leads.c.problem_told_at.desc(), leads.c.id.desc())
        .limit(limit)
    ).all()


def model_owners(session: Session) -> Sequence[Row[Any]]:
    """Who is told what the tool might learn."""
    return session.execute(select(people).where(people.c.is_model_owner).order_by(people.c.id)).all()


def lines_since(session: Session, since: datetime, now: datetime) -> Sequence[Row[Any]]:
    """Model lines with leads that matured since then: model_line, horizon_days, how many."""
    return session.execute(
        select(leads.c.model_line, leads.c.horizon_days, func.count().label("many"))
        .where(leads.c.matures_at > since, leads.c.matures_at <= now, leads.c.trial.is_(False))
        .where(leads.c.probability.is_not(None))
        .group_by(leads.c.model_line, leads.c.horizon_days)
    ).all()


def by_number(session: Session, line: str, horizon: int, since: datetime, now: datetime) -> Sequence[Row[Any]]:
    """A line's matured leads since then by band and the tool's number, in that order: how many, and how many won."""
    by = leads.c.band, leads.c.probability
    return session.execute(
        select(*by, func.count().label("leads"), func.sum(case((won_in_time(), 1), else_=0)).label("won"))
        .where(leads.c.model_line == line, leads.c.horizon_days == horizon, leads.c.probability.is_not(None))
        .where(leads.c.matures_at > since, leads.c.matures_at <= now, leads.c.trial.is_(False), open_when_posted())
        .group_by(*by)
        .order_by(*by)
    ).all()


def of_line(
    session: Session, line: str, horizon: int, since: datetime, now: datetime, *, limit: int
) -> Sequence[Row[Any]]:
    """A line's matured leads since then: band, probability, won; the newest `limit` of them."""
    return session.execute(
        select(leads.c.band, leads.c.probability, case((won_in_time(), 1), else_=0).label("won"))
        .where(leads.c.model_line == line, leads.c.horizon_days == horizon, leads.c.probability.is_not(None))
        .where(leads.c.matures_at > since, leads.c.matures_at <= now, leads.c.trial.is_(False), open_when_posted())
        .order_by(leads.c.matures_at.desc(), leads.c.id.desc())
        .limit(limit)
    ).all()


def first_matured(session: Session, line: str, horizon: int) -> datetime:
    """When the first lead of a model line matured; the line has one."""
    mine = (leads.c.model_line == line) & (leads.c.horizon_days == horizon) & leads.c.posted_at.is_not(None)
    found: datetime = session.execute(select(func.min(leads.c.matures_at)).where(mine)).scalar_one()
    return found


def last_alarm(session: Session, line: str, horizon: int) -> Row[Any] | None:
    """When the alarm last rang for a model line."""
    return session.execute(
        select(alarms)
        .where(alarms.c.model_line == line, alarms.c.horizon_days == horizon)
        .order_by(alarms.c.id.desc())
        .limit(1)
    ).one_or_none()


def ring(session: Session, row: dict[str, Any]) -> None:
    """Keep that it rang."""
    session.execute(insert(alarms), row)


def alarms_since(session: Session, since: datetime) -> Sequence[Row[Any]]:
    """When the alarm rang last for each model line, of those since then."""
    newest = select(func.max(alarms.c.id)).group_by(alarms.c.model_line, alarms.c.horizon_days)
    return session.execute(
        select(alarms).where(alarms.c.id.in_(newest), alarms.c.at >= since).order_by(alarms.c.model_line)
    ).all()
