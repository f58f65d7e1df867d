"""Everybody's Home: what is hers, and nothing of anybody else's."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot import digests, owners
from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError
from bot.groups import in_a_large_one
from bot.released import rules_of, small_rules
from bot.status import health
from bot.views.home import DigestLine, HomePage, ManagerPart
from bot.views.kit import Json, Ref
from bot.views.record import Answer, Counts, RecordPage
from bot.views.rep_home import OpenLead, Promise, Reading, RepPart
from storage import digests as kept_digests
from storage import forgetting, leads, people, responses, sampling, workspace

SHOWN, PAGE, LOOKED_AT, DIGESTS, READINGS = 10, 20, 2000, 12, 10
RATE_NEEDED = 30


def home(session: Session, slack_id: str, zone: str, at: Moment, *, in_charge: bool) -> HomePage:
    """Everything that stands in somebody's Home. `in_charge` says that she may run the commands."""
    person = people.by_slack_id(session, slack_id)
    manages = person is not None and person.id in {row.id for row in people.managers(session)}
    return HomePage(
        zone=person.zone if person is not None else zone,
        rep=_rep(session, person, at.now) if person is not None and _has_leads(session, person) else None,
        manager=_manager(session, person, at.now) if person is not None and manages else None,
        health=health(session, at, zone) if in_charge else None,
        made_up=at.made_up,
        gets_leads=person is not None and person.is_rep,
        owner=owners.part(session, slack_id, at.now),
    )


def own_record(session: Session, slack_id: str, at: Moment) -> RepPart:
    """`my record`. Raises OtherwiseError for somebody of whom nothing is kept."""
    person = people.by_slack_id(session, slack_id)
    if person is None or not _has_leads(session, person):
        raise OtherwiseError("Nothing is kept about you here: you are no rep, and no lead was posted to you.")
    return _rep(session, person, at.now)


def record_page(session: Session, slack_id: str, first: int) -> RecordPage:
    """A page of what somebody answered, from the `first` on. Raises OtherwiseError where there is none."""
    person = people.by_slack_id(session, slack_id)
    standing, capped = _standing(session, person) if person is not None else ([], False)
    if person is None or not standing[first:]:
        raise OtherwiseError("There are no older answers of yours.")
    return _page(person, standing, first, PAGE, capped=capped)


def digest_blocks(session: Session, slack_id: str, number: int) -> tuple[str, list[Json]]:
    """One of a manager's own digests: its week and blocks. Raises OtherwiseError for anybody else's."""
    person = people.by_slack_id(session, slack_id)
    row = kept_digests.of_manager(session, person.id, number) if person is not None else None
    if row is None:
        raise OtherwiseError("This digest isn't one of yours.")
    return row.week, list(row.figures.get("blocks", []))


def digest_details(session: Session, slack_id: str, week: str) -> list[Json]:
    """What stands behind [Details] of a manager's own digest. Raises OtherwiseError for anybody else."""
    person = people.by_slack_id(session, slack_id)
    row = kept_digests.of_week(session, person.id, week) if person is not None else None
    if row is None:
        raise OtherwiseError("This digest isn't one of yours.")
    return list(row.figures.get("details") or row.figures.get("blocks", []))


def switch_number(session: Session, slack_id: str, *, at_once: bool) -> None:
    """Show the tool's number at once on her next suggestions, or when she asks."""
    person = people.by_slack_id(session, slack_id)
    if person is None:
        raise OtherwiseError("There is nothing to switch: no lead was posted to you yet.")
    people.change(session, person.id, number_at_once=at_once)


def roles(session: Session, slack_id: str) -> tuple[bool, bool]:
    """Whether somebody gets leads or has answered some, and whether somebody manages a team."""
    person = people.by_slack_id(session, slack_id)
    if person is None:
        return False, False
    return _has_leads(session, person), person.id in {row.id for row in people.managers(session)}


def _has_leads(session: Session, person: Row[Any]) -> bool:
    return bool(person.is_rep or responses.count_of(session, person.id) or leads.unanswered(session, person.id, 1))


def _rep(session: Session, person: Row[Any], now: datetime) -> RepPart:
    open_leads = leads.unanswered(session, person.id, SHOWN + 1)
    standing, capped = _standing(session, person)
    return RepPart(
        zone=person.zone,
        open_leads=[
            OpenLead(
                ref=Ref(lead=row.id, prior=row.prior_id, suggestion=row.suggestion_id, home=True),
                name=row.name,
                facts=row.facts,
                posted_at=row.posted_at,
            )
            for row in open_leads[:SHOWN]
        ],
        more_open=len(open_leads) > SHOWN,
        record=_page(person, standing, 0, SHOWN, capped=capped),
        counts=_counts(standing, now),
        kept_rows=responses.count_of(session, person.id) + sampling.of_person(session, person.id),
        promises=_promises(session, person),
        number_at_once=person.number_at_once,
        paused=person.paused,
        muted=person.muted,
        asks_outcomes=person.asks_outcomes,
        asks_second_look=person.asks_second_look,
        in_sample=person.in_sample,
        sample_on=bool(person.sample_told),
        stand_in=people.by_id(session, person.stand_in_id).name if person.stand_in_id else "",
        stand_in_until=person.stand_in_until,
        group=_group(session, person, now),
        readings=[Reading(r.reader, r.how, r.many, r.at) for r in forgetting.readings_of(session, person.id, READINGS)],
        readings_many=forgetting.readings_many(session, person.id),
        exported=_exported(session),
    )


def _page(person: Row[Any], standing: list[Row[Any]], first: int, size: int, *, capped: bool) -> RecordPage:
    shown = [_answer(row) for row in standing[first : first + size]]
    return RecordPage(person.zone, shown, first, len(standing), size, capped)


def _standing(session: Session, person: Row[Any]) -> tuple[list[Row[Any]], bool]:
    """What of somebody's newest answers stands, and whether there are older ones."""
    said = responses.newest_of(session, person.id, LOOKED_AT)
    return [row for row in said if row.kind != "withdrawn"], len(said) == LOOKED_AT


def _exported(session: Session) -> str:
    mode = workspace.read(session)
    return ("text" if mode.text_on else "joined") if mode.joined_on else ""


def _group(session: Session, person: Row[Any], now: datetime) -> tuple[int, int]:
    rules = rules_of(session, now)
    if person.team_id is not None and not in_a_large_one(session, person.team_id):
        rules = small_rules(rules)
    return rules.leads, rules.reps


def _answer(row: Row[Any]) -> Answer:
    return Answer(
        ref=Ref(lead=row.lead, prior=row.prior_id or 0, home=True),
        name=row.name,
        at=row.at,
        kind=row.kind,
        direction=row.direction,
        reason=row.reason or "",
        outcome=row.outcome,
        outcome_at=row.outcome_at,
        probability=row.probability,
        trial=row.trial,
    )


def _counts(said: list[Row[Any]], now: datetime) -> Counts | None:
    """Her own matured calls, from thirty on: below that a rate would say nothing."""
    matured = [
        row
        for row in said
        if row.landmark_direction in ("more", "less")
        # What stands may be a former owner's, of whom nothing is to be learned from her own counts.
        and row.author_id in (None, row.person_id)
        and row.direction == row.landmark_direction
        and not row.late
        and row.matures_at is not None
        and row.matures_at <= now
    ]
    if len(matured) < RATE_NEEDED:
        return None
    more = [row for row in matured if row.landmark_direction == "more"]
    less = [row for row in matured if row.landmark_direction == "less"]
    return Counts(
        more=len(more),
        more_won=sum(map(_won_in_time, more)),
        less=len(less),
        less_won=sum(map(_won_in_time, less)),
    )


def _won_in_time(row: Row[Any]) -> bool:
    return bool(row.outcome == "won" and row.posted_at is not None and row.posted_at < row.outcome_at <= row.matures_at)


def _promises(session: Session, person: Row[Any]) -> list[Promise]:
    """What her managers have agreed to, up the line."""
    teams = {team.id: team for team in people.all_teams(session)}
    found: list[Promise] = []
    team = teams.get(person.team_id)
    seen: set[int] = set()
    while team is not None and team.id not in seen:
        seen.add(team.id)
        if team.manager_id is not None:
            manager = people.by_id(session, team.manager_id)
            found.append(Promise(manager.name, manager.pledged_at))
        team = teams.get(team.parent_id)
    return found


def _manager(session: Session, person: Row[Any], now: datetime) -> ManagerPart:
    rows = kept_digests.newest(session, person.id, DIGESTS)
    schedule = digests.schedule_of(person, now)
    return ManagerPart(
        zone=schedule[2],
        pledged_at=person.pledged_at,
        next_at=digests.coming(session, person, now).at,
        digests=[DigestLine(row.id, row.due_at, row.headline, row.made_up) for row in rows],
        latest=list(rows[0].figures.get("blocks", [])) if rows else [],
    )
