"""Somebody answers in a rep's place: named by her, or by an admin with a word to her, never by her manager."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlmodel import Session

from bot.domain.accounts import Ask, Done
from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError
from bot.domain.wording import day, foreign, one_line
from bot.groups import manages_or_did
from bot.views import private
from bot.views.kit import Json
from storage import outbox, people


def name_stand_in(session: Session, ask: Ask) -> Done:
    """`stand-in`: her new leads go to the stand-in until the end of the day that is named."""
    rep = _rep(session, ask)
    if ask.command.on is None:
        return _end(session, ask, rep)
    other = people.by_slack_id(session, ask.command.people[-1])
    if other is None or not other.is_rep or other.id == rep.id:
        raise OtherwiseError("A stand-in is another rep: `/otherwise rep list` shows who there is.")
    if other.stand_in_id is not None:
        raise OtherwiseError(f"{one_line(other.name, 60)} has a stand-in too. Nothing was changed.")
    before = people.by_id(session, rep.stand_in_id) if rep.stand_in_id not in (None, other.id) else None
    after = datetime.combine(ask.command.on + timedelta(days=1), time(), ZoneInfo(rep.zone)).astimezone(UTC)
    people.change(session, rep.id, stand_in_id=other.id, stand_in_until=after)
    last = day(after - timedelta(seconds=1), rep.zone)
    told = [(other, private.you_stand_in(rep.name, last))]
    if before is not None:
        told.append((before, private.stand_in_over(rep.name)))
    if ask.actor.slack_id != rep.slack_id:
        told.append((rep, private.somebody_stands_in(other.name, last, ask.actor.name)))
    _tell(session, told, ask.at)
    stands_in = foreign(other.name, 60)
    return Done(
        f"{stands_in} stands in for {foreign(rep.name, 60)} until {last}: {stands_in} gets the new leads and can't see "
        "what was answered before.",
        final=True,
    )


def end_over(session: Session, at: Moment) -> int:
    """End those whose day has passed; how many."""
    over = people.stand_ins_over(session, at.now)
    for person in over:
        people.change(session, person, stand_in_id=None, stand_in_until=None)
    return len(over)


def _end(session: Session, ask: Ask, rep: Row[Any]) -> Done:
    if rep.stand_in_id is None:
        return Done(f"Nobody stands in for {foreign(rep.name, 60)}. Nothing was changed.")
    told = [(people.by_id(session, rep.stand_in_id), private.stand_in_over(rep.name))]
    if ask.actor.slack_id != rep.slack_id:
        told.append((rep, private.nobody_stands_in(ask.actor.name)))
    people.change(session, rep.id, stand_in_id=None, stand_in_until=None)
    _tell(session, told, ask.at)
    return Done(f"Nobody stands in for {foreign(rep.name, 60)} any more.", final=True)


def _tell(session: Session, told: list[tuple[Row[Any], Json]], at: Moment) -> None:
    stamp = at.real.timestamp()
    letters = [
        {"kind": "post", "lane": one.slack_id, "payload": words, "dedupe_key": f"stand-in:{one.id}:{stamp}"}
        for one, words in told
    ]
    outbox.add(session, letters, at.real)


def _rep(session: Session, ask: Ask) -> Row[Any]:
    """The rep whom it is about, when whoever asks may. Raises OtherwiseError."""
    rep = people.by_slack_id(session, ask.command.people[0])
    if rep is None or not rep.is_rep:
        raise OtherwiseError("The first one named has to be a rep; `/otherwise rep list` shows who is.")
    if rep.slack_id == ask.actor.slack_id:
        return rep
    if manages_or_did(session, ask.actor.slack_id, ask.at.now):
        raise OtherwiseError("A manager can't name who answers for a rep. The rep can, or an admin who manages nobody.")
    if not ask.in_charge:
        raise OtherwiseError("Only that rep or an admin can name who stands in. Nothing was changed.")
    return rep
