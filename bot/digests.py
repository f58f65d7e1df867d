"""The weekly digest: when it is due, what it may say, and one row and one letter for it."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlmodel import Session

from bot import aspects, evidence, owners, pledges, routing
from bot.domain.bands import band_label
from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError
from bot.domain.release import together
from bot.domain.schedule import LATE_AFTER, MISSED_AFTER, OVERDUE_AFTER, Due, last_due, next_due
from bot.groups import scope_of
from bot.released import NewSet, Ready, gather, rules_of, small_rules
from bot.views.digest import digest
from bot.views.digest_figures import Aspects, Figures, HorizonFigures, ToolBand
from bot.views.kit import Json
from storage import aspects as kept_aspects
from storage import digests, forgetting, outbox, people, stats, workspace
from storage import evidence as kept_evidence


class TakenMeanwhile(OtherwiseError):
    """The leads of this digest changed while it was being made; it is made anew at the next heartbeat."""


@dataclass(frozen=True)
class Draft:
    """A digest that is ready to be queued. Its figures are read in a reading session, so that no writer waits."""

    manager: int
    slack_id: str
    due: Due
    headline: str
    payload: Json
    figures: Json
    late: bool
    ready: Ready = field(default_factory=Ready)
    cohorts: list[dict[str, Any]] = field(default_factory=list)
    blocks: list[aspects.NewBlock] = field(default_factory=list)
    details: list[Json] = field(default_factory=list)


def due_managers(session: Session, now: datetime) -> list[tuple[int, Due]]:
    """Managers whose digest is due, was not queued, and is not over 24 hours late; nobody during a pause."""
    found: list[tuple[int, Due]] = []
    if workspace.read(session).paused:
        return found
    for manager in people.managers(session):
        due = last_due(now, *schedule_of(manager, now))
        missed = now - due.at > MISSED_AFTER or due.at < manager.added_at or _skipped(session, manager, due)
        if not missed and not digests.queued(session, manager.id, due.week):
            found.append((manager.id, due))
    return found


def overdue(session: Session, now: datetime) -> int:
    """How many digests of managers who have pledged were due minutes ago and are not queued."""
    pledged = {row.id for row in people.managers(session) if row.pledged_at is not None}
    return sum(manager in pledged and now - due.at > OVERDUE_AFTER for manager, due in due_managers(session, now))


def _skipped(session: Session, manager: Row[Any], due: Due) -> bool:
    """Whether she wants one a month until there are results, has had this month's, and nothing has matured."""
    last, zone = digests.last_due(session, manager.id), ZoneInfo(schedule_of(manager, due.at)[2])
    if not manager.digest_monthly or last is None or _month(last, zone) != _month(due.at, zone):
        return False
    return stats.any_matured(session, scope_of(session, manager.id).teams, due.at) is False


def _month(at: datetime, zone: ZoneInfo) -> tuple[int, int]:
    local = at.astimezone(zone)
    return local.year, local.month


def schedule_of(manager: Row[Any], now: datetime) -> tuple[int, int, str]:
    """A manager's weekday, minute and zone as they apply now: a moved schedule begins with a week."""
    moved = manager.digest_next
    if moved and now >= datetime.fromisoformat(moved["from"]):
        return moved["weekday"], moved["minute"], moved["zone"]
    return manager.digest_weekday, manager.digest_minute, manager.digest_zone or manager.zone


def coming(session: Session, manager: Row[Any], now: datetime) -> Due:
    """The next due time whose week has no digest yet."""
    due = _after(manager, now)
    while digests.queued(session, manager.id, due.week):
        due = _after(manager, due.at)
    return due


def _after(manager: Row[Any], now: datetime) -> Due:
    """The first due time after `now`, by the schedule that applies then and not by today's."""
    due = next_due(now, *schedule_of(manager, now))
    moved = manager.digest_next
    begins = datetime.fromisoformat(moved["from"]) if moved else None
    if begins is not None and now < begins <= due.at:
        # A hair before: a digest that is due just as the week begins is the moved one.
        return next_due(begins - timedelta(microseconds=1), *schedule_of(manager, begins))
    return due


def draft(session: Session, manager: int, due: Due, at: Moment, *, looking: bool = False) -> Draft:
    """Everything that the manager's digest of this week says, from matured leads that may be shown.

    `looking`: for a preview, which tells of sets that were released before and tries no new ones. Two looks at new
    leads would differ by those that matured between them.
    """
    person, scope = people.by_id(session, manager), scope_of(session, manager)
    zone = schedule_of(person, at.now)[2]
    waiting, next_matures, all_matured = stats.not_yet(session, scope.teams, at.now)
    first = stats.first_posted(session, scope.teams)
    ready = gather(session, scope, at.now, trying=not looking, new_quarter=_new_quarter(session, manager, zone, at.now))
    before = digests.released(session, manager, scope.teams)
    rules = rules_of(session, at.now)
    blocks = [] if looking else aspects.gather(session, scope, rules, ready.sets, at.now)
    need = small_rules(rules) if scope.small else rules
    found = evidence.gather(session, manager, scope.teams, ready.leads, ready.waiting, at.now, need)
    late = at.now - due.at > LATE_AFTER
    figures = Figures(
        week=1 if first is None else max(1, 1 + (at.now - first).days // 7),
        zone=zone,
        late=late and not looking,
        due_at=due.at,
        small_team=scope.small,
        teams=scope.hers,
        joined=scope.joined,
        looking=looking,
        made_up=at.made_up or ready.made_up or any(row.made_up for row in before),
        newer=waiting,
        next_matures=next_matures,
        held=ready.held,
        news=bool(ready.sets or blocks),
        horizons=_horizons(before, ready.sets, found),
        bands=_bands(stats.tool_record(session, scope.teams, at.now)),
        access=routing.access(session, at.now),
        week_key=due.week,
        all_matured=all_matured,
        aspects=_aspects([*kept_aspects.told(session, manager, scope.teams), *blocks], found),
        owners=() if scope.small else tuple(row.name for row in owners.owners(session, at.now)),
        ask_monthly=_ask_monthly(session, person),
        drift=tuple(owners.rang(session, at.now)),
        small_needs=small_rules(rules_of(session, at.now)),
        landmark_hours=workspace.read(session).landmark_hours,
    )
    headline, payload, details = digest(figures)
    # Home keeps what was said; charts live in messages only.
    said = [block for block in payload["blocks"] if block["type"] != "data_visualization"]
    kept = {
        "blocks": said,
        "details": details,
        "headline": headline,
        "newer": waiting,
        "held": ready.held,
        "sets": len(before) + len(ready.sets),
    }
    cohorts = [row for one in found.values() for row in one.fresh]
    return Draft(manager, person.slack_id, due, headline, payload, kept, late, ready, cohorts, blocks, details)


def _aspects(blocks: list[Any], found: dict[int, evidence.Found]) -> Aspects:
    """What the blocks tell, and which of the cues that are told at all stand out."""
    told = aspects.told(blocks)
    mentioned = {cue for cue, _ in told.cues}
    return replace(told, clear_cues=[cue for cue in evidence.clear_cues(found.values()) if cue in mentioned])


def _keep_block(session: Session, block: aspects.NewBlock, sets: list[int], at: Moment) -> None:
    """Freeze it; whoever is quoted sees in her Home by whom she may be read."""
    row = {
        "kind": block.kind,
        "horizon_days": block.horizon_days,
        "cells": block.cells,
        "made_up": at.made_up,
        "released_at": at.now,
    }
    kept_aspects.add(session, row, sets)
    if block.quoted:
        rows = [
            {"person_id": rep, "reader": "managers", "how": "a quote without your name", "many": many, "at": at.now}
            for rep, many in sorted(block.quoted.items())
        ]
        forgetting.keep_reading(session, rows)


def _ask_monthly(session: Session, person: Row[Any]) -> bool:
    """After two digests without any result: whether she would rather have one a month until then."""
    last = digests.newest(session, person.id, 2)
    return not person.digest_monthly and len(last) == 2 and all(row.headline == "waiting" for row in last)


def _new_quarter(session: Session, manager: int, zone: str, now: datetime) -> bool:
    """Whether this is the manager's first digest of a quarter of the year, by her calendar when it is made."""
    last = digests.newest(session, manager, 1)
    return not last or _quarter(last[0].queued_at, zone) != _quarter(now, zone)


def _quarter(at: datetime, zone: str) -> tuple[int, int]:
    year, month = _month(at, ZoneInfo(zone))
    return year, (month - 1) // 3


def preview(session: Session, who: str, at: Moment) -> str:
    """The text of a manager's next digest, as it would be today. Raises OtherwiseError when nobody fits."""
    for manager in people.managers(session):
        if who in (manager.slack_id, manager.email):
            pledges.demand(manager, mine=False)
            due = coming(session, manager, at.now)
            return str(draft(session, manager.id, due, at, looking=True).payload["text"])
    raise OtherwiseError(f"{who} manages no team. `otherwise people FILE` names managers.")


def queue_digest(session: Session, ready: Draft, at: Moment) -> bool:
    """Queue it, once for the manager and the week; False when it was queued already.

    Raises TakenMeanwhile when a lead of its sets has been released by another digest since it was read.
    """
    if digests.queued(session, ready.manager, ready.due.week):
        return False
    numbers: list[int] = []
    for one in ready.ready.sets:
        row = {
            "manager_id": ready.manager,
            "cells": one.cells,
            "settled_early": one.settled_early,
            "data_problems": one.data_problems,
            "horizon_days": one.horizon_days,
            "made_up": at.made_up,
            "released_at": at.now,
        }
        number = digests.release(session, row, one.teams, members=one.members, corrected=one.corrected)
        if number is None:
            raise TakenMeanwhile
        numbers.append(number)
    digests.consider(session, ready.ready.tried)
    for block in ready.blocks:
        _keep_block(session, block, [*block.releases, *(numbers[place] for place in block.fresh)], at)
    for row in ready.cohorts:
        kept_evidence.add(session, row | {"made_up": at.made_up, "closed_at": at.now})
    letter = {
        "kind": "post",
        "lane": ready.slack_id,
        "payload": ready.payload,
        "dedupe_key": f"digest:{ready.manager}:{ready.due.week}",
    }
    (number,) = outbox.add(session, [letter], at.real)
    digests.add(
        session,
        {
            "manager_id": ready.manager,
            "week": ready.due.week,
            "due_at": ready.due.at,
            "queued_at": at.now,
            "headline": ready.headline,
            "figures": ready.figures,
            "letter_id": number,
            "made_up": at.made_up,
        },
    )
    return True


def _horizons(before: Any, sets: list[NewSet], found: dict[int, evidence.Found]) -> list[HorizonFigures]:
    """Released figures, old and new, a horizon at a time: numbers of different horizons are never added up."""
    kept: dict[int, list[Any]] = defaultdict(list)
    early: dict[int, int] = defaultdict(int)
    problems: dict[int, int] = defaultdict(int)
    for one in [*before, *sets]:
        kept[one.horizon_days].append(one.cells)
        early[one.horizon_days] += one.settled_early
        problems[one.horizon_days] += one.data_problems
    return [
        HorizonFigures(
            horizon,
            together(cells),
            early[horizon],
            problems[horizon],
            found[horizon].total if horizon in found and found[horizon].cohorts else None,
        )
        for horizon, cells in sorted(kept.items())
    ]


def _bands(rows: Any) -> list[ToolBand]:
    """The tool's own record, a line a band; no response is read."""
    return [
        ToolBand(row.model_line, row.horizon_days, band_label(row.band), int(row.wins or 0), int(row.leads))
        for row in sorted(rows, key=lambda row: (row.model_line, row.horizon_days, row.band))
    ]
