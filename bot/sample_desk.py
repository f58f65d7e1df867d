"""The blind-first sample from the desk: on, off, how far it is, who is told, and its one result."""

from collections import Counter
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot.domain.accounts import Ask, Done
from bot.domain.clock import Moment
from bot.domain.sampling import ARM_PART, ASKED, BLIND, NOTICE, PLANNED, TOLD_IN, Number, effect, finds, week_began
from bot.domain.wording import day
from bot.released import rules_of
from bot.roster import set_workspace
from bot.sampling import notice_key
from bot.views import sampling as views
from bot.views.kit import Json
from storage import outbox, people, sampling, workspace

# No result rests on one rep for more than this.
LARGEST = 0.5


def switch_on(session: Session, ask: Ask) -> Done:
    """`blind on`: every rep whose leads could be drawn is told now; two days later it begins."""
    if workspace.read(session).sample_id is not None:
        return Done("The sample is on already. `/otherwise blind status` tells how far it is.")
    row = {"planned": PLANNED, "began_at": ask.at.now, "made_up": ask.at.made_up}
    change = set_workspace(session, sample_id=sampling.begin(session, row))
    tell_reps(session, ask.at)
    first = day(ask.at.now + NOTICE, ask.actor.zone)
    return Done(views.switched_on(first, PLANNED, finds(PLANNED // 2)), (change,) if change else ())


def switch_off(session: Session, ask: Ask) -> Done:
    """`blind off`: nothing more is drawn. What was given is kept, and is in no result."""
    change = set_workspace(session, sample_id=None)
    if change is None:
        return Done("The sample is off already. Nothing was changed.")
    tell_reps(session, ask.at)
    return Done(views.SWITCHED_OFF, (change,))


def show(session: Session, ask: Ask) -> Done:
    """`blind status`: the result when there is one, else how many numbers there were on Monday, in tens."""
    running = workspace.read(session).sample_id
    if running is not None:
        sample = sampling.by_id(session, running)
        begins = sample.began_at + NOTICE
        if ask.at.now < begins:
            return Done(views.begins(day(begins, ask.actor.zone)))
        many = sampling.counted(session, running, week_began(ask.at.now))
        return Done(views.progress(many // TOLD_IN * TOLD_IN, sample.planned))
    ended = sampling.newest_ended(session)
    return Done(views.result(ended.result, day(ended.ended_at, ask.actor.zone)) if ended is not None else views.OFF)


def tell_reps(session: Session, at: Moment) -> int:
    """Tell reps of a sample before any of their leads can be drawn, and when it is over; how many were told."""
    running = workspace.read(session).sample_id
    if running is None:
        told = sampling.told(session)
        for row in told:
            if row.is_rep and not row.muted:
                _say(session, row, views.over(), f"over:{notice_key(row.sample_told, row.id, at.now)}", at)
        for row in told:
            people.change(session, row.id, sample_told=0, sample_told_at=None)
        return len(told)
    reps = sampling.to_tell(session, running)
    for row in reps:
        _say(session, row, views.notice(), notice_key(running, row.id, at.now), at)
        people.change(session, row.id, sample_told=running, sample_told_at=at.now)
    return len(reps)


def to_tell(session: Session) -> bool:
    """Whether reps are to be told that a sample begins, or that it is over."""
    running = workspace.read(session).sample_id
    return bool(sampling.told(session) if running is None else sampling.to_tell(session, running))


def found(session: Session, at: Moment) -> tuple[int, dict[str, Any]] | None:
    """The running sample and its one result, once all its numbers are there; else None.

    Looked at by the week, and a result needs as many reps as a digest's figures do, none of them with more than half.
    """
    running = workspace.read(session).sample_id
    if running is None:
        return None
    planned, before = sampling.by_id(session, running).planned, week_began(at.now)
    if sampling.counted(session, running, before) < planned:
        return None
    rows = sampling.numbers(session, running, before)
    each = [Number(row.person_id, row.arm, row.estimate, row.probability) for row in rows]
    result, arms = effect(each), Counter(one.arm for one in each)
    if result is None or min(arms[BLIND], arms[ASKED]) < planned // ARM_PART:
        return None
    if result.reps < rules_of(session, at.now).reps or result.largest > LARGEST:
        return None
    return running, asdict(result) | {"given": arms, "asked": sampling.asked(session, running, before)}


def finish(session: Session, sample: int, result: dict[str, Any], at: Moment) -> None:
    """End the sample with what it found, unless somebody has switched it off meanwhile."""
    if workspace.read(session).sample_id == sample:
        sampling.end(session, sample, result, at.now)
        workspace.change(session, sample_id=None)
        tell_reps(session, at)


def _say(session: Session, rep: Row[Any], payload: Json, key: str, at: Moment) -> None:
    letter = {"kind": "post", "lane": rep.slack_id, "payload": payload, "dedupe_key": key}
    outbox.add_once(session, letter, at.real)
