"""The routing guard: leads without an owner are given to somebody, a share of the hard ones to the pool; owners keep
theirs and may be asked whether the pool should look too (PRODUCT §6).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot.domain import guard as rules
from bot.domain.assignment import Draw
from bot.domain.bands import wilson
from bot.domain.calibration import watch_began
from bot.domain.clock import Moment
from bot.domain.cohorts import EPOCH
from bot.domain.errors import OtherwiseError
from bot.domain.guard import POOL_NEEDED, SECOND_LOOK, Routed, Week, access_ratio, after, route
from bot.domain.rules import OPEN_OUTCOMES
from bot.views import routing as views
from bot.views.digest_figures import Access
from storage import audit, outbox, people, routing, workspace

WEEK, ACCESS_WEEKS, ACCESS_NEEDED = timedelta(weeks=1), timedelta(weeks=12), 10
Decided = list[tuple[int, bool, Routed]]


@dataclass
class Guard:
    """Who can be given a lead just now. `turn` moves on with each that is given in turn."""

    draw: Draw
    reps: dict[int, Row[Any]] = field(default_factory=dict)
    # Those of the pool who are there; none while the pool is smaller than three.
    pool: list[int] = field(default_factory=list)
    share: float = 0.0
    turn: int | None = None

    @property
    def available(self) -> list[int]:
        """Everybody who can be given a lead."""
        return list(self.reps)

    def give(self, lead_id: str, *, hard: bool) -> Routed:
        """Choose a rep for a lead that nobody owns."""
        routed = route(
            self.draw, lead_id, hard=hard, usual=after(self.turn, self.available), pool=self.pool, share=self.share
        )
        # The turn moves on either way, so that the reserve takes from nobody's share of the others.
        self.turn = routed.usual
        return routed

    def keep(self, session: Session, decided: Decided, at: Moment) -> None:
        """Write down what was decided, and whose turn it was."""
        if not decided:
            return
        context = {"available": len(self.reps), "pool": len(self.pool)}
        rows = [
            {
                "lead_id": lead,
                "by": routed.by,
                "hard": hard,
                # An owner's lead is drawn for nobody, by no key.
                "context": context | {"key": "" if routed.by == "owner" else self.draw.id},
                "usual_id": routed.usual,
                "recommended_id": routed.rep,
                "actual_id": routed.rep,
                "propensity": routed.propensity,
                "in_pool": routed.rep in self.pool,
                "made_up": at.made_up,
                "at": at.now,
            }
            for lead, hard, routed in decided
        ]
        routing.keep(session, rows)
        if any(routed.by != "owner" for _, _, routed in decided):
            workspace.change(session, turn_id=self.turn)

    def ask_owners(
        self, session: Session, leads: list[dict[str, Any]], ids: list[int], decided: Decided, at: Moment
    ) -> None:
        """Ask a share of the owners of hard leads, privately and once a lead, whether the pool should look too."""
        rows = dict(zip(ids, leads, strict=True))
        for number, hard, routed in decided:
            row = rows[number]
            if (
                routed.by != "owner"
                or not hard
                or routed.rep in self.pool
                or row["trial"]
                or routed.rep not in self.reps
            ):
                continue
            if self.draw.share(SECOND_LOOK, row["lead_id"]) >= self.share:
                continue
            owner = self.reps[routed.rep]
            if not owner.asks_second_look:
                continue
            letter = {"kind": "post", "lane": owner.slack_id, "payload": {}, "dedupe_key": f"second-look:{number}"}
            (question,) = outbox.add(session, [letter], at.real)
            look = {
                "lead_id": number,
                "owner_id": owner.id,
                "propensity": self.share,
                "question_id": question,
                "made_up": at.made_up,
                "at": at.now,
            }
            (made,) = routing.ask(session, [look])
            outbox.edit(session, question, views.question(row["name"], made), f"second-look:{number}:0", at.real)


def keep_owned(session: Session, mode: Row[Any], rows: Sequence[Row[Any]], rep: int, at: Moment) -> None:
    """Leads that had waited for their owner come to her now: one row each, as if they had come today."""
    present = guard(session, Draw(b""), mode, unowned=False)
    if present.pool:
        known = routing.how_decided(session, [row.id for row in rows])
        owned = [(row.id, row.hard, Routed(rep, rep, "owner", 0.0)) for row in rows if row.id not in known]
        present.keep(session, owned, at)


def ask_about(session: Session, draw: Draw, mode: Row[Any], rows: Sequence[Row[Any]], at: Moment) -> None:
    """Ask owners about hard leads as these are posted: of those that had waited they were not asked when they came."""
    numbers = [row.id for row in rows]
    by, asked = routing.how_decided(session, numbers), routing.looked_at(session, numbers)
    owned = [
        (row.id, row.hard, Routed(row.rep_id, row.rep_id, "owner", 0.0))
        for row in rows
        if by.get(row.id) == "owner" and row.id not in asked
    ]
    guard(session, draw, mode, unowned=False).ask_owners(
        session, [dict(row._mapping) for row in rows], numbers, owned, at
    )


NOBODY = Guard(Draw(b""))


def guard(session: Session, draw: Draw, mode: Row[Any], *, unowned: bool) -> Guard:
    """Who is there now. `mode` is the workspace's row; `unowned`: whether a lead without an owner is to be given."""
    whole = routing.pool(session)
    if not whole and not unowned:
        return Guard(draw)
    reps = {row.id: row for row in routing.available(session)}
    pool = [row.id for row in whole if row.id in reps] if len(whole) >= POOL_NEEDED else []
    return Guard(draw, reps, pool, mode.pool_share / 100, mode.turn_id)


def keep_lead(session: Session, number: int, slack_id: str, at: Moment) -> None:
    """[Keep]. Raises OtherwiseError for anybody but its owner."""
    row = _hers(session, number, slack_id)
    if routing.answer(session, number, "keep", []):
        outbox.edit(session, row.question_id, views.kept(row.name), f"second-look:{row.lead_id}:keep", at.real)


def ask_pool(session: Session, number: int, slack_id: str, at: Moment) -> None:
    """[Ask the pool]: the offer goes to the pool's channel, or to each member who is there."""
    row = _hers(session, number, slack_id)
    if row.answer:
        return
    if row.outcome not in OPEN_OUTCOMES:
        raise OtherwiseError("This lead is closed already, so nobody was asked.")
    channel = workspace.read(session).pool_channel_id
    lanes = (
        [channel] if channel else [one.slack_id for one in routing.pool(session) if not one.paused and not one.muted]
    )
    lanes = [lane for lane in lanes if lane != slack_id]
    if not lanes:
        raise OtherwiseError("Nobody of the pool is there just now. The lead stays yours; you can ask again later.")
    payload = views.offer(row.name, number)
    letters = [
        {"kind": "post", "lane": lane, "payload": payload, "dedupe_key": f"offer:{number}:{lane}"} for lane in lanes
    ]
    routing.answer(session, number, "ask", outbox.add(session, letters, at.real))
    outbox.edit(session, row.question_id, views.asked(row.name), f"second-look:{row.lead_id}:ask", at.real)


def take_look(session: Session, number: int, slack_id: str, at: Moment) -> None:
    """[I'll take it]: the first gets it. Raises OtherwiseError, kindly, for everybody else."""
    row, person = routing.look(session, number), people.by_slack_id(session, slack_id)
    if row is None or row.answer != "ask":
        raise OtherwiseError("This offer is no longer there.")
    if person is None or not person.in_pool:
        raise OtherwiseError("This offer is for the pool. Thank you for looking.")
    if row.outcome not in OPEN_OUTCOMES:
        raise OtherwiseError("This lead is closed by now. Thank you for looking.")
    if not routing.take(session, number, person.id, at.now):
        again = routing.look(session, number)
        if again is not None and again.taken_by_id == person.id:
            return
        who = again.taker if again is not None else "Somebody"
        raise OtherwiseError(f"{who} was a moment quicker and has this one. Thank you for looking.")
    routing.reached(session, row.lead_id)
    for letter in row.offers:
        outbox.edit(session, letter, views.taken(row.name, person.name), f"offer:{letter}:taken", at.real)
    outbox.edit(
        session, row.question_id, views.helped(row.name, person.name), f"second-look:{row.lead_id}:taken", at.real
    )
    letters = [
        {
            "lane": row.owner_slack_id,
            "payload": views.somebody_comes(row.name, slack_id),
            "dedupe_key": f"helper:{number}",
        },
        {"lane": slack_id, "payload": views.yours(row.name, row.owner_slack_id), "dedupe_key": f"helps:{number}"},
    ]
    outbox.add(session, [{"kind": "post"} | letter for letter in letters], at.real)


def nothing_to_decide(session: Session, lead: int, name: str, at: Moment) -> None:
    """A lead has closed: what asks for a second look at it says so, and has no buttons any more."""
    row = routing.undecided(session, lead)
    for letter in [row.question_id, *row.offers] if row is not None else []:
        outbox.edit(session, letter, views.closed(name), f"second-look:{letter}:closed", at.real)


def access(session: Session, now: datetime) -> Access | None:
    """Where the last twelve weeks' hard leads went, over all teams; None below ten of them."""
    rows = routing.decided(session, now - ACCESS_WEEKS)
    weeks = _by_week(rows)
    hard = sum(week.hard for week in weeks)
    if hard < ACCESS_NEEDED:
        return None
    reached, aim = sum(week.hard_in_pool for week in weeks), workspace.read(session).pool_share
    return Access(hard, reached, aim, access_ratio(weeks), shut_out(session, now), _few(session, rows, aim))


def _few(session: Session, rows: Iterable[Row[Any]], aim: int) -> bool:
    """Whether of the hard leads that nobody owned fewer reached the pool than the aim, since it is what it is now.

    A plain look that says "see why" and claims nothing: with chance alone it does so about once in forty looks.
    """
    if len(routing.pool(session)) < POOL_NEEDED:
        return False
    changed = audit.latest_of(session, "pool ")
    unowned = [row for row in rows if not row.owned and (changed is None or row.day > changed.date().isoformat())]
    hard, there = sum(int(row.hard) for row in unowned), sum(int(row.hard_in_pool) for row in unowned)
    return hard >= ACCESS_NEEDED and wilson(there, hard)[1] < aim / 100


def shut_out(session: Session, now: datetime) -> float:
    """The e-value of "hard leads reach the pool less often than others" so far this year, counted from the first lead
    that was routed.

    Whole weeks from one beginning: weeks that roll along with today, or a week that is not over, would promise nothing
    to somebody who looks again and again (STATISTICS §4).
    """
    first = routing.first_decided(session)
    if first is None:
        return 1.0
    began = EPOCH + ((first - EPOCH) // WEEK) * WEEK
    over = EPOCH + (now - EPOCH) // WEEK * WEEK
    return rules.shut_out(_by_week(routing.decided(session, watch_began(began, now), over)))


def weeks(session: Session, since: datetime) -> list[Week]:
    """What reached the pool, week by week, over all teams."""
    return _by_week(routing.decided(session, since))


def _by_week(rows: Iterable[Row[Any]]) -> list[Week]:
    found: dict[int, list[int]] = {}
    for row in rows:
        day = datetime.combine(date.fromisoformat(row.day), time(), UTC)
        week = found.setdefault((day - EPOCH) // WEEK, [0, 0, 0, 0])
        for place, many in enumerate((row.leads, row.hard, row.in_pool, row.hard_in_pool)):
            week[place] += int(many)
    return [Week(*counts) for _, counts in sorted(found.items())]


def _hers(session: Session, number: int, slack_id: str) -> Row[Any]:
    row = routing.look(session, number)
    if row is None or row.owner_slack_id != slack_id:
        raise OtherwiseError("This question is for the lead's owner. Nothing was changed.")
    if row.rep_id != row.owner_id:
        raise OtherwiseError("This lead is with somebody else now. Nothing was changed.")
    return row
