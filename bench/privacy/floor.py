"""A made-up sales floor on a real database: one team, a year of leads, and the digests that its manager reads."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool
from sqlmodel import Session, SQLModel

from bot import digests
from bot.domain.bands import band_of
from bot.domain.clock import Moment
from bot.domain.evidence import expit, logit
from bot.domain.release import LESS, MORE
from bot.domain.wording import CUES
from storage import leads, people, responses
from storage.tables import Workspace

BEGAN = datetime(2024, 1, 1, 12, tzinfo=UTC)
HORIZON, WEEKS, LEADS_A_REP, LEADS_A_WEEK = 60, 52, 5, 100
MANAGER, HARD, CHANGES = 1, 0.15, 0.01
_QUOTE = re.compile(r"> (number \d+)")


@dataclass(frozen=True)
class Known:
    """What the CRM knows of a lead, and what its rep said. `ends`: won, lost, disqualified, early or open.

    `changes` says when the CRM thinks again and as what it ends then.
    """

    id: int
    rep: int
    probability: float
    matures_at: datetime
    ends: str
    said: str
    data_problem: bool
    hard: bool
    cues: tuple[str, ...] = ()
    # What she wrote and may be quoted with; "" where she did not agree.
    quote: str = ""
    changes: tuple[datetime, str] | None = None

    def ends_at(self, at: datetime) -> str:
        """How it has ended, as the CRM has it then."""
        return self.changes[1] if self.changes is not None and self.changes[0] <= at else self.ends


@dataclass(frozen=True)
class Seen:
    """A text that the manager read, and when; a digest or a preview of one."""

    at: datetime
    digest: bool
    text: str
    quotes: tuple[str, ...] = ()


def a_year(reps: int, seed: int) -> tuple[list[Known], list[Seen]]:
    """A year of leads (5 a rep and week, 100 a week at the most) until the last has matured, and what was read of it.

    A digest at a random hour of each week, and a preview beside it.
    """
    random = np.random.default_rng(seed)
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        session.info["signals"] = set()
        session.add(Workspace(id=1))
        session.flush()
        team = people.add_team(session, "North")
        people.add(session, _person("U0MANAGER"))
        for number in range(reps):
            people.add(session, _person(f"U0REP{number:02}", is_rep=True, team_id=team))
        people.set_manager(session, team, MANAGER, BEGAN)
        known = _leads(session, random, np.random.default_rng([seed, 1]), reps)
        known = _changing(known, np.random.default_rng([seed, 2]))
        seen = _reads(session, random, known)
    engine.dispose()
    return known, seen


def _person(slack_id: str, **more: Any) -> dict[str, Any]:
    return {"slack_id": slack_id, "name": slack_id, "added_at": BEGAN, "pledged_at": BEGAN, **more}


def _leads(session: Session, random: np.random.Generator, agreeing: np.random.Generator, reps: int) -> list[Known]:
    """Reps differ in how often they speak up; some hardly ever do, one does all the time. Nor may all be quoted."""
    many = WEEKS * min(LEADS_A_REP * reps, LEADS_A_WEEK)
    rep = random.integers(0, reps, many)
    talks = random.beta(1.2, 4.0, reps)[rep]
    p = np.round(expit(random.normal(-1.8, 0.9, many)), 2).clip(0.01, 0.95)
    cue = np.where(random.random(many) < 0.1, random.choice([-1.0, 1.0], many), 0.0)
    won = random.random(many) < expit(logit(p) + 1.5 * cue)
    sees = (cue != 0) & (random.random(many) < 0.7)
    speaks = random.random(many) < talks
    direction = np.where(sees, cue, np.where(speaks, random.choice([-1.0, 1.0], many), 0.0))
    # Who names cues has favourites; one in all is named far more often than the others.
    names = random.random(many) < random.beta(2.0, 2.0, reps)[rep]
    taste = random.dirichlet(np.r_[3.0, np.full(len(CUES) - 1, 0.4)], reps)
    agrees = agreeing.random(many) < agreeing.beta(1.0, 3.0, reps)[rep]
    posted = np.sort(random.uniform(0, WEEKS * 7, many))
    fate = random.random(many)
    rows, known = [], []
    for n in range(many):
        said = MORE if direction[n] > 0 else LESS if direction[n] < 0 else ""
        ends = "won" if won[n] else "open" if fate[n] < 0.3 else "disqualified" if fate[n] < 0.34 else "lost"
        early = fate[n] > 0.97
        problem = not said and random.random() < 0.02
        posted_at = BEGAN + timedelta(days=float(posted[n]))
        closed = posted_at + timedelta(days=1.0 if early else float(random.uniform(4, HORIZON)))
        matures = posted_at + timedelta(days=HORIZON)
        rows.append(
            {
                "lead_id": f"l{n}",
                "name": f"l{n}",
                "rep_id": int(rep[n]) + MANAGER + 1,
                "received_at": posted_at,
                "probability": float(p[n]),
                "band": band_of(float(p[n])),
                "hard": bool(p[n] < HARD),
                "model_line": "m",
                "horizon_days": HORIZON,
                "posted_at": posted_at,
                "matures_at": matures,
                "landmark_direction": "data" if problem else said,
                "data_problem": problem,
                "outcome": "" if ends == "open" else ends,
                "outcome_at": None if ends == "open" else closed,
            }
        )
        kept = "early" if early and ends != "open" else ends
        cues = (str(random.choice(list(CUES), p=taste[rep[n]])),) if said and names[n] else ()
        quote = f"number {n}" if said and agrees[n] else ""
        lead = Known(n + 1, int(rep[n]), float(p[n]), matures, kept, said or "neither", problem, bool(p[n] < HARD))
        known.append(replace(lead, cues=cues, quote=quote))
    leads.add(session, rows)
    responses.add_many(session, [_answer(one) for one in known if one.said != "neither"])
    return known


def _answer(known: Known) -> dict[str, Any]:
    return {
        "lead_id": known.id,
        "person_id": known.rep + MANAGER + 1,
        "kind": "overridden",
        "direction": known.said,
        "cues": list(known.cues),
        "reason": known.quote or "not to be quoted",
        "quote": bool(known.quote),
        "dedupe_key": f"said:{known.id}",
        "at": known.matures_at - timedelta(days=HORIZON),
    }


def _changing(known: list[Known], random: np.random.Generator) -> list[Known]:
    """One in a hundred is told otherwise after its day: a deal falls through, or was won in time after all."""
    to = {"won": "lost", "lost": "won", "open": "won"}
    drawn = random.random(len(known)) < CHANGES
    later = random.uniform(0, 150, len(known))
    return [
        replace(k, changes=(k.matures_at + timedelta(days=float(days)), to[k.ends])) if one and k.ends in to else k
        for k, one, days in zip(known, drawn, later, strict=True)
    ]


def _reads(session: Session, random: np.random.Generator, known: list[Known]) -> list[Seen]:
    seen, to_come = [], sorted(((k.changes[0], k) for k in known if k.changes is not None), key=lambda pair: pair[0])
    weeks = WEEKS + HORIZON // 7 + 2
    for week in range(1, weeks):
        hours = sorted(random.uniform(0, 7 * 24, 2))
        sent_at = int(random.integers(0, 2))
        for place, hour in enumerate(hours):
            now = BEGAN + timedelta(weeks=week, hours=float(hour))
            at = Moment(now, now)
            while to_come and to_come[0][0] <= now:
                _, k = to_come.pop(0)
                responses.stand(session, k.id, k.ends_at(now), k.matures_at - timedelta(days=1))
            due = digests.coming(session, people.by_id(session, MANAGER), now)
            # An admin may send it early, at an hour of his choice; whoever looks may look as often as he likes.
            made = digests.draft(session, MANAGER, due, at, looking=place != sent_at)
            if place == sent_at:
                digests.queue_digest(session, made, at)
            # Quotes stand in the modal alone, a line each behind a mark.
            quotes = tuple(_QUOTE.findall(str(made.details)))
            seen.append(Seen(now, place == sent_at, str(made.payload["text"]), quotes))
    return seen
