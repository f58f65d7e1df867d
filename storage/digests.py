"""Digests and released sets: queries."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, insert, literal, or_, select, update
from sqlmodel import Session

from bot.domain.release import CELLS
from storage.database import changed
from storage.stats import won_in_time
from storage.tables import Digest, Lead, Release, ReleaseTeam, table

# In which cell a lead is told of, or why in none, and whether as won.
Told = tuple[str, bool]
digests, releases, release_teams, leads = table(Digest), table(Release), table(ReleaseTeam), table(Lead)
CHUNK = 500


def queued(session: Session, manager: int, week: str) -> bool:
    """Whether this manager's digest of this week was queued."""
    return (
        session.execute(select(digests.c.id).where(digests.c.manager_id == manager, digests.c.week == week)).first()
        is not None
    )


def newest(session: Session, manager: int, limit: int) -> Sequence[Row[Any]]:
    """A manager's newest digests, newest first."""
    return session.execute(
        select(digests).where(digests.c.manager_id == manager).order_by(digests.c.due_at.desc()).limit(limit)
    ).all()


def of_manager(session: Session, manager: int, number: int) -> Row[Any] | None:
    """One digest, when it is this manager's."""
    return session.execute(select(digests).where(digests.c.id == number, digests.c.manager_id == manager)).one_or_none()


def of_week(session: Session, manager: int, week: str) -> Row[Any] | None:
    """A manager's digest of a week."""
    return session.execute(select(digests).where(digests.c.week == week, digests.c.manager_id == manager)).one_or_none()


def last_due(session: Session, manager: int) -> datetime | None:
    """When the newest digest of this manager was due."""
    found: datetime | None = session.execute(
        select(digests.c.due_at).where(digests.c.manager_id == manager).order_by(digests.c.due_at.desc()).limit(1)
    ).scalar()
    return found


def add(session: Session, row: dict[str, Any]) -> None:
    """Keep a digest; (manager, week) is unique."""
    session.execute(insert(digests), row)


def visible(manager: int, teams: Iterable[int]) -> ColumnElement[bool]:
    """The sets that a manager may read: those about one of these teams, and those she has read already."""
    about = select(release_teams.c.release_id).where(release_teams.c.team_id.in_(set(teams)))
    return or_(releases.c.manager_id == manager, releases.c.id.in_(about))


def released(session: Session, manager: int, teams: Iterable[int]) -> Sequence[Row[Any]]:
    """All sets that a manager of these teams may read, oldest first."""
    return session.execute(select(releases).where(visible(manager, teams)).order_by(releases.c.id)).all()


def release(
    session: Session,
    row: dict[str, Any],
    teams: Iterable[int],
    *,
    members: Mapping[Told, list[int]],
    corrected: Mapping[bool, list[int]],
) -> int | None:
    """Freeze a set: its figures, and its leads' mark; its number. None when another digest took one of the leads.

    `corrected` are leads of earlier sets whose change joins it, by whether they are told of as won now.
    """
    number = int(session.execute(insert(releases).returning(releases.c.id), row).scalar_one())
    session.execute(insert(release_teams), [{"release_id": number, "team_id": team} for team in sorted(teams)])
    marked = 0
    for (place, won), these in members.items():
        told = {"told_won": won} | _changed_since(won) if place in CELLS else {}
        marked += _mark(session, these, release_id=number, told_place=place, **told)
    if marked < sum(len(these) for these in members.values()):
        return None
    for won, these in corrected.items():
        if not these:
            continue
        values = {"corrected_won": won} | _changed_since(won)
        session.execute(update(leads).where(leads.c.id.in_(these)).values(**values))
    return number


def _changed_since(won: bool) -> dict[str, Any]:
    """What has changed since it was read is a correction already."""
    return {"corrected": won_in_time() != literal(won)}


def consider(session: Session, members: list[int]) -> None:
    """Remember that these were tried together and may not be told yet."""
    _mark(session, members, considered=True)


def _mark(session: Session, members: list[int], **values: Any) -> int:
    done = 0
    for start in range(0, len(members), CHUNK):
        part = members[start : start + CHUNK]
        free = leads.c.id.in_(part), leads.c.release_id.is_(None)
        done += changed(session, update(leads).where(*free).values(**values))
    return done
