"""Where no system tells how leads ended, the rep is asked: on a Friday, once more a week later, and then not again."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot import outcomes
from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError
from bot.domain.inbound import OutcomeIn
from bot.domain.pace import FRIDAY_LEADS, is_friday_morning, local_day
from bot.views import fridays as views
from storage import fridays, outbox, people, workspace

TOLD_ELSEWHERE = timedelta(days=60)
RECENT = timedelta(days=10)
# Two blocks less than a modal holds, and few enough to go through.
AT_ONCE = 45


def to_ask(session: Session, at: Moment) -> list[int]:
    """Reps to be asked now: where it is Friday morning, and no CRM, file or admin has told of any outcome lately."""
    if workspace.read(session).paused or fridays.told_elsewhere(session, at.now - TOLD_ELSEWHERE):
        return []
    return [
        row.id
        for row in people.everybody(session)
        if row.is_rep
        and row.asks_outcomes
        and not row.muted
        and not row.paused
        and is_friday_morning(at.now, row.zone)
        and not fridays.asked_on(session, row.id, local_day(at.now, row.zone))
    ]


def ask(session: Session, rep: int, at: Moment) -> bool:
    """Ask one rep about leads that reached their day; whether there was something to ask."""
    row, before = people.by_id(session, rep), fridays.newest(session, rep, 2)
    if len(before) == 2 and all(one.answered_at is None for one in before):
        return False
    last = before[0] if before else None
    again = last is not None and last.answered_at is None and at.now - last.at < RECENT
    since = at.now - FRIDAY_LEADS if last is None else last.at
    asked = fridays.open_leads(session, rep, since, at.now, list(last.leads) if last is not None and again else [])
    if not asked:
        return False
    # What does not fit is asked next time: from there it goes on.
    at_last = at.now if len(asked) <= AT_ONCE else asked[AT_ONCE - 1].matures_at
    asked = asked[:AT_ONCE]
    day = local_day(at.now, row.zone)
    payload = views.question(len(asked), {one.horizon_days for one in asked}, again=again)
    letter = {"kind": "post", "lane": row.slack_id, "payload": payload, "dedupe_key": f"friday:{rep}:{day}"}
    (number,) = outbox.add(session, [letter], at.real)
    fridays.add(
        session,
        {
            "person_id": rep,
            "day": day,
            "leads": [one.id for one in asked],
            "letter_id": number,
            "reminds": again,
            "at": at_last,
        },
    )
    return True


def form(session: Session, slack_id: str) -> tuple[int, list[Row[Any]]]:
    """What [Go through them] shows: the newest question's number and its leads. Raises OtherwiseError."""
    row = people.by_slack_id(session, slack_id)
    found = fridays.newest(session, row.id, 1) if row is not None else []
    leads = fridays.open_leads(session, row.id, None, None, list(found[0].leads)) if row is not None and found else []
    if not leads:
        raise OtherwiseError("All of these have an outcome by now. Thank you.")
    return int(found[0].id), list(leads[:AT_ONCE])


def answer(session: Session, slack_id: str, number: int, said: dict[int, str], at: Moment) -> int:
    """Keep what she told: won means within its days. How many. Raises OtherwiseError for anybody else."""
    row, asked = people.by_slack_id(session, slack_id), fridays.by_id(session, number)
    if row is None or asked is None or asked.person_id != row.id:
        raise OtherwiseError("This question is for somebody else. Nothing was changed.")
    leads = {one.id: one for one in fridays.open_leads(session, row.id, None, None, list(asked.leads))}
    items = [
        OutcomeIn(lead_id=leads[lead].lead_id, outcome="won" if word == "won" else "lost", at=leads[lead].matures_at)
        for lead, word in said.items()
        if lead in leads and word in ("won", "lost")
    ]
    told = outcomes.record_outcomes(session, items, f"rep:{row.id}", at)
    fridays.answered(session, number, at.now)
    outbox.edit(session, asked.letter_id, views.thanks(len(items)), f"friday:{number}:thanks", at.real)
    return sum(one.result == "created" for one in told)
