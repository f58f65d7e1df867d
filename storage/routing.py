"""The routing guard's rows: who could have a lead, who was given it, and who was asked to look too."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, String, and_, case, func, insert, select, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import Session

from storage.database import added, changed
from storage.stats import won_in_time
from storage.tables import Decision, Lead, Person, SecondLook, table

decisions, looks, people, leads = table(Decision), table(SecondLook), table(Person), table(Lead)
# Built once: they stand on the path of every lead.
_AVAILABLE = (
    select(people).where(people.c.is_rep, people.c.paused.is_(False), people.c.muted.is_(False)).order_by(people.c.id)
)
_POOL = select(people).where(people.c.in_pool, people.c.is_rep).order_by(people.c.id)
_ASK = insert(looks)


def available(session: Session) -> Sequence[Row[Any]]:
    """Reps who can be given a lead, in order of addition."""
    return session.execute(_AVAILABLE).all()


def pool(session: Session) -> Sequence[Row[Any]]:
    """Everybody in the pool, paused or not."""
    return session.execute(_POOL).all()


def keep(session: Session, rows: list[dict[str, Any]]) -> None:
    """Keep decisions, one a lead."""
    session.execute(insert(decisions), rows)


def ask(session: Session, rows: list[dict[str, Any]]) -> list[int]:
    """Keep that owners are asked; the ids in the rows' order."""
    return added(session, _ASK, rows)


def look(session: Session, number: int) -> Row[Any] | None:
    """A question with its lead's name and outcome, and its owner's and taker's names and Slack ids."""
    owner, taker = people.alias("owner"), people.alias("taker")
    return session.execute(
        select(
            looks,
            leads.c.name,
            leads.c.outcome,
            leads.c.rep_id,
            owner.c.slack_id.label("owner_slack_id"),
            taker.c.name.label("taker"),
        )
        .join(leads, leads.c.id == looks.c.lead_id)
        .join(owner, owner.c.id == looks.c.owner_id)
        .outerjoin(taker, taker.c.id == looks.c.taken_by_id)
        .where(looks.c.id == number)
    ).one_or_none()


def undecided(session: Session, lead: int) -> Row[Any] | None:
    """The question about a lead for which nobody has come and that its owner has not kept."""
    open_still = (looks.c.answer != "keep") & looks.c.taken_by_id.is_(None)
    statement = select(looks.c.id, looks.c.question_id, looks.c.offers).where(looks.c.lead_id == lead, open_still)
    return session.execute(statement).one_or_none()


def answer(session: Session, number: int, word: str, offers: list[int]) -> bool:
    """Write down keep or ask, once; False when she had answered."""
    statement = update(looks).where(looks.c.id == number, looks.c.answer == "").values(answer=word, offers=offers)
    return bool(changed(session, statement))


def take(session: Session, number: int, person: int, at: datetime) -> bool:
    """Let one member of the pool have it; False when somebody was quicker."""
    statement = (
        update(looks)
        .where(looks.c.id == number, looks.c.answer == "ask", looks.c.taken_by_id.is_(None))
        .values(taken_by_id=person, taken_at=at)
    )
    return bool(changed(session, statement))


def reached(session: Session, lead: int) -> None:
    """The lead has reached the pool after all."""
    session.execute(update(decisions).where(decisions.c.lead_id == lead).values(in_pool=True))


def moved(session: Session, lead: int, rep: int, *, in_pool: bool) -> None:
    """Somebody else has the lead now; whoever of the pool has had it, it has reached the pool."""
    there = {"in_pool": True} if in_pool else {}
    session.execute(update(decisions).where(decisions.c.lead_id == lead).values(actual_id=rep, **there))


def how_decided(session: Session, numbers: list[int]) -> dict[int, str]:
    """Of these leads, how those were routed that were: turn, reserve or owner."""
    rows = session.execute(select(decisions.c.lead_id, decisions.c.by).where(decisions.c.lead_id.in_(numbers)))
    return {row.lead_id: row.by for row in rows}


def looked_at(session: Session, numbers: list[int]) -> set[int]:
    """Of these leads, about which their owner was asked."""
    return set(session.execute(select(looks.c.lead_id).where(looks.c.lead_id.in_(numbers))).scalars())


def first_decided(session: Session) -> datetime | None:
    """When the first lead was routed."""
    found: datetime | None = session.execute(select(func.min(decisions.c.at))).scalar()
    return found


class _Day(FunctionElement[str]):
    """The day of a moment in UTC, as YYYY-MM-DD."""

    type = String()
    inherit_cache = True


@compiles(_Day, "sqlite")
def _on_sqlite(element: _Day, compiler: SQLCompiler, **more: Any) -> str:
    return f"substr({compiler.process(next(iter(element.clauses)), **more)}, 1, 10)"


@compiles(_Day, "postgresql")
def _on_postgresql(element: _Day, compiler: SQLCompiler, **more: Any) -> str:
    return f"to_char({compiler.process(next(iter(element.clauses)), **more)} AT TIME ZONE 'UTC', 'YYYY-MM-DD')"


def decided(session: Session, since: datetime, until: datetime | None = None) -> Sequence[Row[Any]]:
    """Decisions since then, and before `until`, added up by day, team and whether they had an owner.

    day (YYYY-MM-DD, UTC), team_id, owned, leads, hard, in_pool, hard_in_pool: a year's are as many rows as its days
    times its teams.
    """
    day, owned = _Day(decisions.c.at).label("day"), (decisions.c.by == "owner").label("owned")
    before = [decisions.c.at < until] if until is not None else []
    each = (
        select(day, people.c.team_id, owned, decisions.c.hard, decisions.c.in_pool)
        .join(people, people.c.id == decisions.c.actual_id)
        .join(leads, leads.c.id == decisions.c.lead_id)
        .where(decisions.c.at >= since, leads.c.trial.is_(False), *before)
        .subquery()
    )
    by = each.c.day, each.c.team_id, each.c.owned

    def many(which: ColumnElement[bool], name: str) -> ColumnElement[int]:
        return func.sum(case((which, 1), else_=0)).label(name)

    return session.execute(
        select(
            *by,
            func.count().label("leads"),
            many(each.c.hard, "hard"),
            many(each.c.in_pool, "in_pool"),
            many(and_(each.c.hard, each.c.in_pool), "hard_in_pool"),
        )
        .group_by(*by)
        .order_by(each.c.day)
    ).all()


def drawn(session: Session, now: datetime) -> list[tuple[bool, float, bool, int]]:
    """Matured leads that chance could have sent to the pool: whether it did, how likely, if won, and how many."""
    each = (
        select(
            (decisions.c.by == "reserve").label("reserve"),
            decisions.c.propensity,
            case((won_in_time(), 1), else_=0).label("won"),
        )
        .join(leads, leads.c.id == decisions.c.lead_id)
        .where(decisions.c.by.in_(("turn", "reserve")), decisions.c.propensity > 0, decisions.c.propensity < 1)
        .where(leads.c.matures_at <= now, leads.c.trial.is_(False))
        .subquery()
    )
    rows = session.execute(select(each, func.count()).group_by(*each.c).order_by(*each.c))
    return [(bool(sent), float(chance), bool(won), int(many)) for sent, chance, won, many in rows]


def asked(session: Session, since: datetime) -> tuple[int, int, int]:
    """How many owners were asked since then, how many of them asked the pool, and how often somebody came."""
    row = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(case((looks.c.answer == "ask", 1), else_=0)), 0),
            func.count(looks.c.taken_by_id),
        ).where(looks.c.at >= since)
    ).one()
    return int(row[0]), int(row[1]), int(row[2])


def names(rows: Iterable[Row[Any]]) -> list[str]:
    """Their names."""
    return [str(row.name) for row in rows]
