"""People and teams: queries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, or_, select, update
from sqlmodel import Session

from storage.database import changed
from storage.tables import Person, Team, table

people, teams = table(Person), table(Team)


def by_slack_id(session: Session, slack_id: str) -> Row[Any] | None:
    """Somebody by Slack id."""
    return session.execute(select(people).where(people.c.slack_id == slack_id)).one_or_none()


def by_id(session: Session, person: int) -> Row[Any]:
    """Somebody by our id."""
    return session.execute(select(people).where(people.c.id == person)).one()


def maybe(session: Session, person: int) -> Row[Any] | None:
    """Somebody by a number that may be anybody's."""
    return session.execute(select(people).where(people.c.id == person)).one_or_none()


def everybody(session: Session) -> Sequence[Row[Any]]:
    """All people, in order of addition."""
    return session.execute(select(people).order_by(people.c.id)).all()


def all_teams(session: Session) -> Sequence[Row[Any]]:
    """All teams."""
    return session.execute(select(teams).order_by(teams.c.id)).all()


def add(session: Session, row: dict[str, Any]) -> int:
    """Add a person."""
    return int(session.execute(insert(people).returning(people.c.id), row).scalar_one())


def change(session: Session, person: int, **values: Any) -> None:
    """Set columns of one person."""
    session.execute(update(people).where(people.c.id == person).values(**values))


def add_team(session: Session, name: str) -> int:
    """Add a team."""
    return int(session.execute(insert(teams).returning(teams.c.id), {"name": name}).scalar_one())


def by_email(session: Session, email: str) -> Row[Any] | None:
    """Somebody by email."""
    return session.execute(select(people).where(people.c.email == email)).one_or_none()


def has_role(session: Session, person: Row[Any]) -> bool:
    """Whether somebody is anything here: a rep, a manager, an admin, a model's owner."""
    manages = select(teams.c.id).where(teams.c.manager_id == person.id).limit(1)
    here = person.is_rep or person.is_admin or person.is_model_owner
    return bool(here) or session.execute(manages).first() is not None


def change_team(session: Session, team: int, **values: Any) -> None:
    """Set columns of one team."""
    session.execute(update(teams).where(teams.c.id == team).values(**values))


def team_in_use(session: Session, team: int) -> bool:
    """Whether anybody is in it, leads it, or a team stands under it."""
    used = [
        select(people.c.id).where(people.c.team_id == team),
        select(teams.c.id).where(teams.c.parent_id == team),
        select(teams.c.id).where(teams.c.id == team, teams.c.manager_id.is_not(None)),
    ]
    return any(session.execute(one.limit(1)).first() is not None for one in used)


def remove_team(session: Session, team: int) -> None:
    """Forget an empty team."""
    session.execute(delete(teams).where(teams.c.id == team))


def admins(session: Session) -> Sequence[Row[Any]]:
    """Those who were let run the commands."""
    return session.execute(select(people).where(people.c.is_admin).order_by(people.c.id)).all()


def set_manager(session: Session, team: int, manager: int | None, now: datetime) -> None:
    """Name a team's manager. Who managed it is kept as having done so; who does is no model owner any more."""
    before = session.execute(select(teams.c.manager_id).where(teams.c.id == team)).scalar()
    if before is not None and before != manager:
        change(session, before, managed_until=now)
    if manager is not None:
        change(session, manager, is_model_owner=False)
    change_team(session, team, manager_id=manager)


def managers(session: Session) -> Sequence[Row[Any]]:
    """Everybody who manages a team, whole."""
    leading = select(teams.c.manager_id).where(teams.c.manager_id.is_not(None))
    there = people.c.forgotten_at.is_(None)
    return session.execute(select(people).where(people.c.id.in_(leading), there).order_by(people.c.id)).all()


def readers(session: Session, since: datetime) -> frozenset[int]:
    """Who reads figures of others, or did since then: managers, admins, the model's owners."""
    leading = select(teams.c.manager_id).where(teams.c.manager_id.is_not(None))
    reads = or_(people.c.id.in_(leading), people.c.managed_until > since, people.c.is_admin, people.c.is_model_owner)
    return frozenset(session.execute(select(people.c.id).where(reads)).scalars())


def managed_marks(session: Session, since: datetime) -> Sequence[str]:
    """Of people who managed a team since then and were forgotten, by what their Slack ids are known again."""
    kept = people.c.managed_mark.is_not(None) & (people.c.managed_until > since)
    return session.execute(select(people.c.managed_mark).where(kept)).scalars().all()


def old_marks(session: Session, before: datetime) -> Sequence[int]:
    """Whose marks are no longer needed."""
    over = people.c.managed_mark.is_not(None) & (people.c.managed_until <= before)
    return session.execute(select(people.c.id).where(over)).scalars().all()


def pledge(session: Session, person: int, at: datetime) -> bool:
    """Write down a manager's pledge, once; False when it stood already."""
    statement = update(people).where(people.c.id == person, people.c.pledged_at.is_(None)).values(pledged_at=at)
    return bool(changed(session, statement))


def stand_ins_over(session: Session, now: datetime) -> Sequence[int]:
    """Reps whose stand-in's last day has passed."""
    return (
        session.execute(select(people.c.id).where(people.c.stand_in_id.is_not(None), people.c.stand_in_until <= now))
        .scalars()
        .all()
    )
