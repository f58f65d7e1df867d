"""What the database adds up for figures is what the rules say of each lead by itself, on both databases."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from sqlmodel import Session

from bot import evidence
from bot.domain.bands import band_of
from bot.domain.cohorts import EPOCH, LENGTH, PROBLEM, began, cohort_of
from bot.domain.evidence import Past, recalibration
from bot.domain.release import CELLS, Rules
from storage import aspects, people
from storage.database import Database, added
from storage.migrate import upgrade
from storage.stats import OF_EACH, placed
from storage.tables import Evidence, Lead, Person, Release, table
from tests.postgres import postgres_url

leads, releases, kept = table(Lead), table(Release), table(Evidence)
POSTED = datetime(2026, 3, 28, 23, 59, 59, 999_999, tzinfo=UTC)
HORIZON, COHORTS = 30, 6
# What the rule asks of a lead, beside what figures need of each.
RULE = leads.c.landmark_hours, leads.c.landmark_direction, leads.c.outcome, leads.c.outcome_at, leads.c.data_problem


def place_of(lead: Any) -> str:
    """The rule of STATISTICS, lead by lead."""
    if lead.outcome_at is not None and lead.outcome_at <= lead.posted_at:
        return "before"
    landmark = lead.posted_at + timedelta(hours=lead.landmark_hours)
    if lead.outcome not in ("", "reopened") and lead.outcome_at is not None and lead.outcome_at <= landmark:
        return "early"
    if lead.outcome == "disqualified" and lead.data_problem:
        return "problem"
    return lead.landmark_direction or "neither"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def db(request: Any, tmp_path_factory: Any) -> Iterator[Database]:
    """A database of each kind with four people."""
    folder: Path = tmp_path_factory.mktemp("figures")
    url = f"sqlite:///{folder}/otherwise.db" if request.param == "sqlite" else postgres_url(request)
    upgrade(url)
    made = Database(url)
    for name in ("Mona", "Ria", "Rob", "Rosa"):
        row = {"slack_id": f"U0{name}", "name": name, "added_at": EPOCH}
        made.write(lambda s, row=row: people.add(s, row))
    yield made
    made.close()


def lead(number: int, rep: int, p: float, posted: datetime, **more: Any) -> dict[str, Any]:
    """A lead's row, posted and matured."""
    return {
        "lead_id": f"lead:{number}", "name": "Acme", "rep_id": rep, "waiting": "", "received_at": posted, "asked": True,
        "probability": p, "band": band_of(p, None), "model_line": "m", "horizon_days": HORIZON, "landmark_hours": 72,
        "posted_at": posted, "matures_at": posted + timedelta(days=HORIZON), "landmark_direction": "", "outcome": "",
        "outcome_at": None, "data_problem": False, "release_id": None, "hard": p < 0.15,
    } | more  # fmt: skip


close = st.sampled_from([-1, 0, 1]).map(lambda n: timedelta(microseconds=n))
ends = st.one_of(
    close,
    close.map(lambda little: timedelta(hours=24) + little),
    close.map(lambda little: timedelta(hours=72) + little),
    st.timedeltas(min_value=timedelta(days=-2), max_value=timedelta(days=40)),
)
ways = st.tuples(
    st.timedeltas(timedelta(), timedelta(days=365)).map(lambda later: began(732) + later),
    st.sampled_from([24, 72]),
    st.sampled_from(["", "more", "less"]),
    st.sampled_from(["", "reopened", "won", "lost", "disqualified"]),
    st.none() | ends,
    st.booleans(),
)


@given(st.lists(ways, min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_the_database_puts_each_lead_where_the_rule_does(db: Database, cases: list[Any]) -> None:
    rows = []
    for number, (posted, hours, said, outcome, after, problem) in enumerate(cases):
        ended = None if after is None else posted + after
        more = {"landmark_hours": hours, "landmark_direction": said, "outcome": outcome, "outcome_at": ended}
        rows.append(lead(number, 2, 0.12, posted, data_problem=problem, **more))

    def places(session: Session) -> list[tuple[str, str]]:
        session.execute(leads.delete())
        ids = added(session, insert(leads), rows)
        found = dict(iter(session.execute(select(leads.c.id, placed()))))
        return [(found[number], place_of(SimpleNamespace(**row))) for number, row in zip(ids, rows, strict=True)]

    for told, right in db.write(places, timeout=20):
        assert told == right


def test_a_landmark_a_microsecond_before_midnight_is_no_second_off(db: Database) -> None:
    landmark = timedelta(hours=72)
    rows = [
        lead(number, 2, 0.12, POSTED, outcome="won", outcome_at=POSTED + landmark + timedelta(microseconds=little))
        for number, little in enumerate((-1, 0, 1))
    ]

    def places(session: Session) -> list[str]:
        session.execute(leads.delete())
        ids = added(session, insert(leads), rows)
        found = dict(iter(session.execute(select(leads.c.id, placed()))))
        return [found[number] for number in ids]

    assert db.write(places) == ["early", "early", "neither"]


def filled(session: Session, seed: int) -> None:
    """Six cohorts of leads of three reps in one released set, with a set of a cohort here and there not released."""
    random = np.random.default_rng(seed)
    for one in (leads, kept, releases):
        session.execute(one.delete())
    manager = session.execute(select(table(Person).c.id).where(table(Person).c.slack_id == "U0Mona")).scalar_one()
    row = {"manager_id": manager, "cells": {}, "horizon_days": HORIZON, "released_at": EPOCH}
    number = session.execute(insert(releases).returning(releases.c.id), row).scalar_one()
    rows = []
    for place in range(600):
        posted = began(700) + LENGTH * COHORTS * float(random.random())
        said = str(random.choice(["", "", "more", "less"]))
        ended = posted + timedelta(days=float(random.uniform(-1, 29)))
        rows.append(
            lead(
                place,
                2 + place % 3,
                round(float(random.uniform(0, 1)), 2),
                posted,
                landmark_direction=said,
                outcome=str(random.choice(["won", "lost", "disqualified"])),
                outcome_at=ended,
                data_problem=bool(random.random() < 0.3),
                # Every fifth is of the set that is being made.
                release_id=None if place % 5 == 0 else number,
            )
        )
    session.execute(insert(leads), rows)


@pytest.mark.parametrize("done", [set(), {700, 701, 702}, {700, 702}, {701, 703}])
@pytest.mark.parametrize("waiting", [set(), {702}, {703}])
def test_a_cohort_is_held_against_every_counted_lead_before_it(db: Database, done: set[int], waiting: set[int]) -> None:
    def work(session: Session) -> tuple[list[tuple[int, float, float, int]], list[Any]]:
        filled(session, 3)
        mona = session.execute(select(releases.c.manager_id)).scalar_one()
        nothing = evidence._packed(evidence.Conditional.nothing().gain)
        for cohort in done:
            row = {"manager_id": mona, "horizon_days": HORIZON, "cohort": cohort, "leads": 1, "level": 0.0}
            session.execute(insert(kept), row | {"slope": 1.0, "gain": nothing, "cues": {}, "closed_at": EPOCH})
        rows = session.execute(select(*OF_EACH, *RULE, leads.c.release_id)).all()
        late = [row for row in rows if row.release_id is None]
        now = began(705) + timedelta(days=HORIZON, hours=1)
        found = evidence.gather(session, mona, frozenset({1}), {HORIZON: late}, {HORIZON: waiting}, now, Rules(10, 3))
        told = [(one["cohort"], one["level"], one["slope"], one["leads"]) for one in found[HORIZON].fresh]
        return told, [(cohort_of(row.posted_at), row.probability, row.won, place_of(row)) for row in rows]

    told, each = db.write(work, timeout=20)
    counted = [one for one in each if one[3] in CELLS]
    assert [one[0] for one in told] == [n for n in range(700, 705) if n not in done and n not in waiting]
    for cohort, level, slope, many in told:
        before = [one for one in counted if one[0] < cohort]
        p, y = (np.array([one[place] for one in before], dtype=float) for place in (1, 2))
        assert (level, slope) == pytest.approx(recalibration(p, y), abs=1e-9)
        assert many == sum(one[0] == cohort for one in counted)


def test_cohorts_are_counted_together_with_later_ones_until_they_are_large_and_mixed_enough(db: Database) -> None:
    def work(session: Session, need: Rules) -> tuple[list[int], Counter[tuple[int, str]]]:
        filled(session, 3)
        mona = session.execute(select(releases.c.manager_id)).scalar_one()
        rows = session.execute(select(*OF_EACH, leads.c.release_id)).all()
        late = {HORIZON: [row for row in rows if row.release_id is None]}
        now = began(705) + timedelta(days=HORIZON, hours=1)
        found = evidence.gather(session, mona, frozenset({1}), late, {}, now, need)[HORIZON]
        assert found.cohorts == len(found.fresh)
        assert bool(found.total.gain.any()) == bool(found.fresh), "what is held back is in no sum"
        return [one["cohort"] for one in found.fresh], Counter((cohort_of(row.posted_at), row.place) for row in rows)

    one_by_one, many = db.write(lambda s: work(s, Rules(10, 3)), timeout=20)
    assert one_by_one == [700, 701, 702, 703, 704]
    two = min(many[700, name] + many[701, name] for name in CELLS)
    assert max(many[cohort, "less"] for cohort in range(700, 705)) < two
    in_pairs, _ = db.write(lambda s: work(s, Rules(two, 3)), timeout=20)
    assert in_pairs in ([700, 701], [700, 701, 702, 703])
    assert db.write(lambda s: work(s, Rules(10, 4)), timeout=20)[0] == [], "three reps are too few"


def test_hard_leads_are_added_up_by_cell_and_rep(db: Database) -> None:
    def work(session: Session) -> tuple[list[Any], list[Any]]:
        filled(session, 4)
        rows = session.execute(select(*OF_EACH, *RULE, leads.c.hard)).all()
        found = aspects.by_difficulty(session, leads.c.id.is_not(None))
        told = [(row.place, bool(row.hard), row.by_id, row.leads, row.won, row.chances) for row in found]
        return told, [(place_of(row), bool(row.hard), row.rep_id, row.won, row.probability) for row in rows]

    told, each = db.write(work, timeout=20)
    groups = sorted({one[:3] for one in each})
    assert sorted(one[:3] for one in told) == groups
    assert any(place == PROBLEM for place, _, _ in groups)
    for one in told:
        mine = [row for row in each if row[:3] == one[:3]]
        assert one[3:5] == (len(mine), sum(row[3] for row in mine))
        assert one[5] == pytest.approx(sum(row[4] for row in mine))


# Full steps of Newton's went back and forth here, and the end depended on the order of additions.
@example([(0.0, 1.0), (0.0, 1.0), (0.3, 0.0), (0.3, 1.0), (0.3, 0.0), (0.3, 0.0)])
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.01, 0.3, 0.31, 1.0]), st.sampled_from([0.0, 1.0])), max_size=60))
def test_a_number_s_leads_together_say_what_they_say_one_by_one(rows: list[tuple[float, float]]) -> None:
    p, y = (np.array([row[place] for row in rows]) for place in (0, 1))
    half = len(rows) // 2
    past = Past.of(p[:half], y[:half]) + Past.of(p[half:], y[half:])
    assert list(past.p) == sorted(set(p)), "each number once"
    assert recalibration(past.p, past.won, past.leads) == pytest.approx(recalibration(p, y), abs=1e-8)
