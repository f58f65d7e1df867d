"""Counts for figures, in SQL; what they mean is the domain's business (STATISTICS)."""

import threading
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, not_, or_, select, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import Session

from bot.domain.bands import RECORD_DAYS, RECORD_LIMIT, Record
from bot.domain.cohorts import BEFORE, EARLY, PROBLEM
from bot.domain.release import LESS, MORE, NEITHER
from storage.tables import Lead, Person, ReleaseTeam, UtcDateTime, table

leads, people, release_teams = table(Lead), table(Person), table(ReleaseTeam)
RecordKey = tuple[str, int, int]
FRESH = timedelta(seconds=60)


def won_in_time() -> ColumnElement[bool]:
    """y = 1: won in (posted, posted + horizon]."""
    return and_(
        leads.c.outcome == "won", leads.c.outcome_at > leads.c.posted_at, leads.c.outcome_at <= leads.c.matures_at
    )


def open_when_posted() -> ColumnElement[bool]:
    """An outcome from before it was posted is in no figure: nobody could have answered."""
    return or_(leads.c.outcome_at.is_(None), leads.c.outcome_at > leads.c.posted_at)


class _Landmark(FunctionElement[datetime]):
    """A moment and whole hours later."""

    type = UtcDateTime()
    inherit_cache = True


@compiles(_Landmark, "sqlite")
def _on_sqlite(element: _Landmark, compiler: SQLCompiler, **more: Any) -> str:
    # Whole hours leave the fraction of a second as it is; SQLite itself would round it to thousandths.
    posted, hours = (compiler.process(one, **more) for one in element.clauses)
    shifted = f"strftime('%Y-%m-%d %H:%M:%S', substr({posted}, 1, 19), {hours} || ' hours')"
    return f"({shifted} || substr({posted}, 20))"


@compiles(_Landmark, "postgresql")
def _on_postgresql(element: _Landmark, compiler: SQLCompiler, **more: Any) -> str:
    posted, hours = (compiler.process(one, **more) for one in element.clauses)
    return f"({posted} + make_interval(hours => {hours}))"


def placed() -> ColumnElement[str]:
    """In which cell a matured lead is counted (more, less, neither), or why it is not: early, problem or before.

    Settled within the landmark, disqualified with a data problem, or closed before it was posted. By the database, so
    that a million leads are added up there; a property test holds it to the rule in words.
    """
    settled = leads.c.outcome.not_in(("", "reopened"))
    return case(
        (leads.c.outcome_at <= leads.c.posted_at, BEFORE),
        (and_(settled, leads.c.outcome_at <= _Landmark(leads.c.posted_at, leads.c.landmark_hours)), EARLY),
        (and_(leads.c.outcome == "disqualified", leads.c.data_problem), PROBLEM),
        (leads.c.landmark_direction.in_((MORE, LESS)), leads.c.landmark_direction),
        else_=NEITHER,
    )


def won_as_told() -> ColumnElement[bool]:
    """Won in time; of a lead that a set has told of, as it was told.

    What is made of released sets later (blocks, cohorts) is told once it is large and mixed enough. Were it made of
    outcomes as they stand, one that changes could tip the balance, and show by that what was said about it.
    """
    return func.coalesce(leads.c.told_won, won_in_time())


def placed_as_told() -> ColumnElement[str]:
    """The same of the place."""
    return func.coalesce(leads.c.told_place, placed())


# What figures need of each matured lead, and nothing more.
OF_EACH = (
    leads.c.id,
    leads.c.rep_id,
    # Who said it or, where nobody did, whose lead it is: passed on, it is nobody else's answer.
    func.coalesce(leads.c.author_id, leads.c.rep_id).label("by_id"),
    leads.c.probability,
    # The chance that was answered to.
    func.coalesce(leads.c.seen_probability, leads.c.probability).label("seen"),
    leads.c.horizon_days,
    leads.c.posted_at,
    leads.c.made_up,
    # Without an outcome at its day; and disqualified by something else than wrong data.
    case((leads.c.outcome.in_(("", "reopened")), 1), (leads.c.outcome_at > leads.c.matures_at, 1), else_=0).label(
        "open"
    ),
    case((and_(leads.c.outcome == "disqualified", not_(leads.c.data_problem)), 1), else_=0).label("disqualified"),
    case((won_as_told(), 1), else_=0).label("won"),
    placed_as_told().label("place"),
)


class TrackRecords:
    """The tool's own record by model line, horizon and band, at most a minute old.

    One minute, because many leads arrive together and a record moves by one lead at a time.
    """

    def __init__(self) -> None:
        self._kept: dict[RecordKey, tuple[datetime, Record]] = {}
        self._lock = threading.Lock()

    def look(self, session: Session, keys: Iterable[RecordKey], now: datetime) -> dict[RecordKey, Record]:
        """The records for these (model line, horizon in days, band), as of `now`."""
        found, totals = {}, {}
        for key in set(keys):
            with self._lock:
                at, record = self._kept.get(key, (None, Record()))
            if at is None or not timedelta() <= now - at < FRESH:
                line, horizon, band = key
                if (line, horizon) not in totals:
                    totals[line, horizon] = _all_bands(session, line, horizon, now)
                record = _band(session, line, horizon, band, now, totals[line, horizon])
                with self._lock:
                    self._kept[key] = now, record
            found[key] = record
        return found


def _recent(line: str, horizon: int, now: datetime) -> ColumnElement[bool]:
    return and_(
        leads.c.model_line == line,
        leads.c.horizon_days == horizon,
        leads.c.posted_at.is_not(None),
        leads.c.matures_at <= now,
        leads.c.matures_at >= now - timedelta(days=RECORD_DAYS - horizon),
        leads.c.posted_at >= now - timedelta(days=RECORD_DAYS),
        open_when_posted(),
    )


def _all_bands(session: Session, line: str, horizon: int, now: datetime) -> tuple[int, int]:
    row = session.execute(
        select(func.count(), func.coalesce(func.sum(case((won_in_time(), 1), else_=0)), 0)).where(
            _recent(line, horizon, now)
        )
    ).one()
    return int(row[1]), int(row[0])


def _band(session: Session, line: str, horizon: int, band: int, now: datetime, total: tuple[int, int]) -> Record:
    last = (
        select(case((won_in_time(), 1), else_=0).label("won"))
        .where(_recent(line, horizon, now), leads.c.band == band)
        .order_by(leads.c.matures_at.desc())
        .limit(RECORD_LIMIT)
        .subquery()
    )
    row = session.execute(select(func.coalesce(func.sum(last.c.won), 0), func.count()).select_from(last)).one()
    return Record(int(row[0]), int(row[1]), *total)


def _of_teams(teams: Iterable[int]) -> ColumnElement[bool]:
    members = select(people.c.id).where(people.c.team_id.in_(set(teams)))
    return and_(leads.c.rep_id.in_(members), leads.c.asked, leads.c.posted_at.is_not(None), leads.c.trial.is_(False))


def unreleased(session: Session, teams: Iterable[int], now: datetime) -> Sequence[Row[Any]]:
    """Matured leads of these teams that no digest has counted yet; `considered` says that one has tried."""
    return session.execute(select(*OF_EACH, leads.c.considered).where(_unreleased(teams, now))).all()


def corrected(session: Session, teams: Iterable[int]) -> Sequence[Row[Any]]:
    """Leads that sets about these teams have told of, whose outcome has changed since, oldest first, whosever now.

    `won` is as its set told of it; `won_now` as it stands.
    """
    changed = text("corrected")  # as it stands in the partial index
    told = leads.c.told_won.is_not(None) & (func.coalesce(leads.c.corrected_won, leads.c.told_won) != won_in_time())
    now = case((won_in_time(), 1), else_=0).label("won_now")
    about = select(release_teams.c.release_id).where(release_teams.c.team_id.in_(set(teams)))
    return session.execute(
        select(*OF_EACH, now).where(changed, told, leads.c.release_id.in_(about)).order_by(leads.c.id)
    ).all()


def to_release(teams: Iterable[int], horizon: int, now: datetime) -> ColumnElement[bool]:
    """The same of one horizon, as a condition: the leads of a set that is being released."""
    return and_(_unreleased(teams, now), leads.c.horizon_days == horizon)


def _unreleased(teams: Iterable[int], now: datetime) -> ColumnElement[bool]:
    return and_(
        _of_teams(teams),
        leads.c.matures_at <= now,
        leads.c.release_id.is_(None),
        leads.c.probability.is_not(None),
    )


def not_yet(session: Session, teams: Iterable[int], now: datetime) -> tuple[int, datetime | None, datetime | None]:
    """How many leads of these teams have not matured, and when the first and the last of them will."""
    row = session.execute(
        select(func.count(), func.min(leads.c.matures_at), func.max(leads.c.matures_at)).where(
            _of_teams(teams), leads.c.matures_at > now
        )
    ).one()
    return int(row[0]), row[1], row[2]


def any_matured(session: Session, teams: Iterable[int], now: datetime) -> bool:
    """Whether any lead of these teams counts yet."""
    return (
        session.execute(select(leads.c.id).where(_of_teams(teams), leads.c.matures_at <= now).limit(1)).first()
        is not None
    )


def first_posted(session: Session, teams: Iterable[int]) -> datetime | None:
    """When the first lead of these teams was posted."""
    found: datetime | None = session.execute(select(func.min(leads.c.posted_at)).where(_of_teams(teams))).scalar()
    return found


def team_sizes(session: Session) -> dict[int, int]:
    """How many reps are in each team."""
    rows = session.execute(
        select(people.c.team_id, func.count())
        .where(people.c.is_rep, people.c.team_id.is_not(None))
        .group_by(people.c.team_id)
    )
    return {row[0]: row[1] for row in rows}


def tool_record(session: Session, teams: Iterable[int], now: datetime) -> Sequence[Row[Any]]:
    """The tool's record among matured leads of these teams, by model line, horizon and band; no response is read."""
    return session.execute(
        select(
            leads.c.model_line,
            leads.c.horizon_days,
            leads.c.band,
            func.count().label("leads"),
            func.sum(case((won_in_time(), 1), else_=0)).label("wins"),
        )
        .where(
            _of_teams(teams),
            leads.c.matures_at <= now,
            leads.c.posted_at >= now - timedelta(days=RECORD_DAYS),
            open_when_posted(),
        )
        .group_by(leads.c.model_line, leads.c.horizon_days, leads.c.band)
    ).all()
