"""Blocks of released sets that were told of in one respect: queries."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Subquery, and_, case, func, insert, select
from sqlmodel import Session

from bot.domain.release import CELLS
from storage.digests import visible
from storage.stats import OF_EACH, placed_as_told, won_as_told
from storage.tables import Block, BlockRelease, Lead, Release, ReleaseTeam, Response, table

blocks, block_releases, releases = table(Block), table(BlockRelease), table(Release)
release_teams, leads, responses = table(ReleaseTeam), table(Lead), table(Response)
# Parameters of one statement, which every database takes.
AT_ONCE = 500


def untold(session: Session, kind: str, teams: Iterable[int]) -> Sequence[Row[Any]]:
    """Sets about just these teams that no block of a kind holds yet: id, horizon_days; oldest first."""
    wanted = set(teams)
    about = (
        select(release_teams.c.release_id)
        .group_by(release_teams.c.release_id)
        .having(func.count() == len(wanted), func.min(release_teams.c.team_id) == min(wanted))
    )
    inside = select(release_teams.c.release_id).where(release_teams.c.team_id.not_in(wanted))
    done = (
        select(block_releases.c.release_id)
        .join(blocks, blocks.c.id == block_releases.c.block_id)
        .where(blocks.c.kind == kind)
    )
    return session.execute(
        select(releases.c.id, releases.c.horizon_days)
        .where(releases.c.id.in_(about), releases.c.id.not_in(inside), releases.c.id.not_in(done))
        .order_by(releases.c.id)
    ).all()


def of_sets(numbers: list[int]) -> ColumnElement[bool]:
    """Leads of these released sets."""
    return leads.c.release_id.in_(numbers)


def by_difficulty(session: Session, among: ColumnElement[bool]) -> list[Any]:
    """These leads by cell, by whether they were hard, and by who said so (where nobody did, whose they are): how many,
    how many won, and the tool's chances.
    """
    each = (
        select(
            placed_as_told().label("place"),
            leads.c.hard,
            func.coalesce(leads.c.author_id, leads.c.rep_id).label("by_id"),
            leads.c.probability,
            case((won_as_told(), 1), else_=0).label("won"),
        )
        .where(among)
        .subquery()
    )
    groups = each.c.place, each.c.hard, each.c.by_id
    sums = func.count().label("leads"), func.sum(each.c.won).label("won"), func.sum(each.c.probability).label("chances")
    return list(session.execute(select(*groups, *sums).group_by(*groups)).all())


def answered(session: Session, among: ColumnElement[bool]) -> list[Any]:
    """Those of these leads that count and of which something was in force at the landmark: words, cues, number,
    consent, author. What was settled before it, or is left out for another reason, is left out here too.
    """
    said = _newest(among)
    # Consent can be taken back until release, after the outcome too: of it the author's very last word counts.
    last = responses.alias("last")
    later = select(last.c.id).where(last.c.lead_id == said.c.lead_id, last.c.person_id == said.c.person_id)
    refused = later.where(last.c.id > said.c.id, last.c.quote.is_(False)).correlate(said).exists()
    in_force = _in_force(said)
    return list(
        session.execute(
            select(
                *OF_EACH,
                leads.c.hard,
                leads.c.name,
                said.c.person_id.label("author_id"),
                said.c.reason,
                said.c.cues,
                said.c.estimate,
                and_(said.c.quote, ~refused).label("quote"),
            )
            .select_from(leads.join(said, in_force))
            .where(among, placed_as_told().in_(CELLS))
            .order_by(leads.c.id)
        ).all()
    )


def cues_of(session: Session, numbers: list[int]) -> dict[int, list[str]]:
    """What was named with the calls in force at the landmark of these leads, by lead, where anything was."""
    found: dict[int, list[str]] = {}
    for start in range(0, len(numbers), AT_ONCE):
        said = _newest(leads.c.id.in_(numbers[start : start + AT_ONCE]))
        rows = session.execute(select(leads.c.id, said.c.cues).join(said, _in_force(said)))
        found |= {row.id: row.cues for row in rows if row.cues}
    return found


def _newest(among: ColumnElement[bool]) -> Subquery:
    """The newest answer in time to each of these leads."""
    newest = (
        select(func.max(responses.c.id).label("id"))
        .join(leads, leads.c.id == responses.c.lead_id)
        .where(among, responses.c.late.is_(False))
        .group_by(responses.c.lead_id)
        .subquery()
    )
    return select(responses).join(newest, newest.c.id == responses.c.id).subquery()


def _in_force(said: Subquery) -> ColumnElement[bool]:
    """What she said later than the landmark stands on the lead as nothing, so words that went with it are left out."""
    return and_(said.c.lead_id == leads.c.id, said.c.direction == leads.c.landmark_direction, said.c.direction != "")


def add(session: Session, row: dict[str, Any], numbers: list[int]) -> None:
    """Freeze a block."""
    number = int(session.execute(insert(blocks).returning(blocks.c.id), row).scalar_one())
    session.execute(
        insert(block_releases),
        [{"block_id": number, "release_id": one, "kind": row["kind"]} for one in numbers],
    )


def told(session: Session, manager: int, teams: Iterable[int]) -> list[Any]:
    """The blocks that a manager of these teams may read, oldest first."""
    mine = (
        select(block_releases.c.block_id)
        .join(releases, releases.c.id == block_releases.c.release_id)
        .where(visible(manager, teams))
    )
    return list(session.execute(select(blocks).where(blocks.c.id.in_(mine)).order_by(blocks.c.id)).all())
