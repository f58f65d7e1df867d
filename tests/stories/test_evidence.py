"""Did overrides carry something that the tool lacked? Counted once a cohort, from released leads, for groups alone."""

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bot import jobs
from bot.demo.past import MANAGERS, TEAMS, history
from bot.domain.evidence import words as in_words
from bot.domain.past import Mapped
from bot.importing import Import
from storage.tables import Evidence
from tests.stories.test_digest import go_to_monday, pledge
from tests.world import MONA, World


def people(*, one_manager: bool = False) -> str:
    """The demo's two teams, each with its manager or both with one."""
    lines = [f"{rep}@example.com,{team},," for team, reps in TEAMS.items() for rep in reps]
    managers = {"North; South": MANAGERS["North"]} if one_manager else MANAGERS
    lines += [f"{who}@example.com,,{teams},mon 09:00" for teams, who in managers.items()]
    return "email,team,manages,digest\n" + "\n".join(lines) + "\n"


@pytest.fixture
def past(make_world: Any, tmp_path: Path) -> Any:
    """A world with half a year behind it, in which directions mean something, or are dealt out anew at random."""

    def build(*, dealt: bool, one_manager: bool = False) -> World:
        clock = tmp_path / "clock"
        clock.write_text("0")
        world: World = make_world(otherwise_clock_file=clock)
        world.add_people(people(one_manager=one_manager))
        # All of it is over: half a year and its ninety days lie behind.
        began = datetime.now(UTC) - timedelta(days=100)
        rows = [one.row | {"outcome": one.outcome, "outcome_at": one.ends_at.isoformat()} for one in history(began)]
        if dealt:
            deck = [{key: row.get(key, "") for key in ("response", "direction")} for row in rows]
            random.Random(4).shuffle(deck)
            rows = [row | card for row, card in zip(rows, deck, strict=True)]
        file = tmp_path / "past.jsonl"
        file.write_text("\n".join(json.dumps(row) for row in rows))
        Import(
            file, Mapped(), post=False, database=world.deps.db, at=world.deps.clock.moment(), draw=world.deps.draw
        ).all(Console(quiet=True))
        return world

    return build


def test_what_reps_saw_is_called_clear_and_counted_once(past: Any) -> None:
    world: World = past(dealt=False)
    pledge(world)
    jobs.queue_digests(world.deps)
    message = world.see(MONA, "Same reps, same four weeks")
    assert "Clear: what reps saw went with how leads ended, more than chance explains." in message["text"]
    assert "what they saw went with what happened: clear. The headline rests on this. (Odds" in message["text"]
    cohorts = world.rows(Evidence)
    assert len(cohorts) >= 5
    assert {row["manager_id"] for row in cohorts} == {cohorts[0]["manager_id"]}, "Milo has not pledged"
    go_to_monday(world)
    jobs.queue_digests(world.deps)
    world.quiet()
    assert world.rows(Evidence) == cohorts, "a closed cohort is counted once"
    newest = world.see(MONA, "Nothing new to count")
    assert "went with what happened: clear" in newest["text"]
    assert "what was told before stands" in newest["text"]
    assert "headline rests" not in newest["text"], "it says that nothing is new"


def test_the_same_words_dealt_out_at_random_are_not_called_information(past: Any) -> None:
    world: World = past(dealt=True)
    pledge(world)
    jobs.queue_digests(world.deps)
    message = world.see(MONA, "Same reps, same four weeks")
    assert f"went with what happened: {in_words(1)}" in message["text"]
    assert "is not settled" in message["text"]


def test_a_cohort_with_leads_that_wait_is_not_told_by_its_sum(shifted_world: World) -> None:
    from tests.stories.test_digest import answer, leads, settle

    world = shifted_world
    pledge(world)
    names = leads(world, 3)
    answer(world, names[0], "more")  # one answer alone: its cell may not be shown, nor anything that rests on it
    settle(world, names, won=names[:9])
    world.shift(days=40)
    go_to_monday(world)
    message = world.see(MONA, "ready and will be shown when the group is large enough")
    assert "Same reps" not in message["text"]
    assert world.rows(Evidence) == []
