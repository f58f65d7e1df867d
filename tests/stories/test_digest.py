"""Monday, nine o'clock her time: what the overrides turned out to be worth, in groups, never before it may be said."""

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert

from bot import digests, jobs
from bot.domain import retry
from storage import export, people
from storage.tables import Digest, Lead, Letter, Release, table
from tests.sim import Sim
from tests.world import ADA, EMAIL, LEADS, MILO, MONA, OUTCOMES, REPS, World, lead_item, words

NORTH = REPS[:12]
HORIZON = 30


def monday_after(now: datetime) -> float:
    """Seconds from `now` to the next Monday, noon in Berlin's winter (New York's morning comes later)."""
    ahead = (7 - now.weekday()) % 7 or 7
    target = (now + timedelta(days=ahead)).replace(hour=11, minute=0, second=0)
    return (target - now).total_seconds()


def go_to_monday(world: World) -> None:
    world.shift(seconds=monday_after(world.deps.clock.now()))
    jobs.queue_digests(world.deps)


def pledge(world: World, manager: str = MONA) -> None:
    go_to_monday(world)
    world.press(manager, "I agree", world.see(manager, "rate people"))
    world.see(manager, "You agreed on")


def leads(world: World, per_rep: int, *, prefix: str = "d") -> list[str]:
    """A batch of leads for the twelve reps of the north, posted and seen."""
    now = world.deps.clock.now().isoformat()
    names = [f"{prefix}:{rep}:{n}" for n in range(per_rep) for rep in NORTH]
    items = [
        lead_item(name, name.split(":")[1], 0.2, name=name, prior={"horizon_days": HORIZON, "scored_at": now})
        for name in names
    ]
    world.send(LEADS, items)
    world.quiet()
    return names


def answer(world: World, lead: str, direction: str) -> None:
    rep = lead.split(":")[1]
    assert world.override(rep, world.see(rep, lead), direction, f"Reason for {lead}")["closed"]


def answered(world: World) -> list[str]:
    """A pledge, and three leads of each rep: the first called more likely, the second less; all leads."""
    pledge(world)
    names = leads(world, 3)
    for lead in names[:12]:
        answer(world, lead, "more")
    for lead in names[12:24]:
        answer(world, lead, "less")
    return names


def settle(world: World, names: list[str], won: list[str]) -> None:
    """Ten days on, all of them are closed."""
    world.shift(days=10)
    at = world.deps.clock.now().isoformat()
    outcomes = [{"lead_id": n, "outcome": "won" if n in won else "lost", "at": at} for n in names]
    assert all(one["result"] == "created" for one in world.send(OUTCOMES, outcomes))
    world.shift(days=HORIZON)


def test_no_digest_before_the_pledge_and_the_question_comes_once(shifted_world: World) -> None:
    world = shifted_world
    go_to_monday(world)
    world.see(MONA, "I won't use this tool's numbers")
    jobs.queue_digests(world.deps)
    world.quiet()
    assert len(world.sim.messages(MONA)) == 1
    assert world.rows(Digest) == []
    world.press(MONA, "I agree", world.see(MONA, "rate people"))
    world.see(MONA, "Your first digest is on its way.")
    jobs.queue_digests(world.deps)
    world.see(MONA, "No results yet")
    assert len(world.rows(Digest)) == 1


def test_nobody_else_can_pledge(shifted_world: World) -> None:
    world = shifted_world
    go_to_monday(world)
    message = world.see(MONA, "rate people")
    assert message
    world.lead()
    hers = world.see(REPS[0], "Acme")
    forged = {"type": "button", "value": "pledge"}
    world.sim.act("click", REPS[0], channel="D0REP00", ts=hers["ts"], action_id="pledge.agree", forged=forged)
    world.see(REPS[0], "for managers of a team")
    go_to_monday(world)
    assert world.rows(Digest) == []


def test_waiting_says_when_the_first_results_come(shifted_world: World) -> None:
    world = shifted_world
    pledge(world)
    leads(world, 1)
    go_to_monday(world)
    message = world.see(MONA, "No results yet: a lead counts when its time is up.")
    assert "So far 12 leads." in message["text"]
    assert "Made-up data." in words(message)


def test_the_digest_says_observed_beside_expected_for_each_group(shifted_world: World) -> None:
    world = shifted_world
    pledge(world)
    names = leads(world, 3)
    more, less, rest = names[:12], names[12:24], names[24:]
    for lead in more:
        answer(world, lead, "more")
    for lead in less:
        answer(world, lead, "less")
    settle(world, names, won=more[:6] + rest[:4])
    go_to_monday(world)
    message = world.see(MONA, "leads are past 30 days")
    said = message["text"]
    assert "36 leads are past 30 days." in said
    assert "Reps called 12 of them more likely than the tool did, and 12 less likely." in said
    called = (
        r"Called more likely: 12\. Won: 6; the tool's numbers had pointed to about 2 \(0\.\d–\d\.\d times as many\)\."
    )
    assert re.search(called, said)
    assert "Called less likely: 12. Won: fewer than 3; about 2 expected." in said, "a range would give the count back"
    assert re.search(
        r"more or less likely, same period: 4 won of 12, about 2 expected \(0\.\d–\d\.\d times as many\)\.", said
    )
    assert "these ranges hold however often you look" in said
    assert "this says what went together, not what caused it." in said
    assert words(message).split("\n")[0] == "*Made-up data.*"
    for part in ("Called more likely: 12", "fewer than 3", "not what caused it"):
        assert part in message["text"]
    kinds = [block["type"] for block in message["blocks"]]
    assert "data_table" in kinds
    # A bar would give away what the words hold back.
    assert "data_visualization" not in kinds
    assert not any(email.split("@")[0] in message["text"].lower().split() for email in EMAIL.values())
    assert "Reason for" not in json.dumps(world.sim.messages(MONA))
    assert len(world.rows(Release)) == 1
    assert all(row["release_id"] for row in world.rows(Lead))


def test_a_chart_stands_there_when_nothing_is_held_back(shifted_world: World) -> None:
    world = shifted_world
    names = answered(world)
    settle(world, names, won=names[:6] + names[12:15] + names[24:28])
    go_to_monday(world)
    message = world.see(MONA, "leads are past 30 days")
    (chart,) = [block for block in message["blocks"] if block["type"] == "data_visualization"]
    assert [p["value"] for p in chart["chart"]["series"][0]["data"]] == [6, 3, 4]


def test_a_group_that_would_name_somebody_keeps_the_whole_set_back(shifted_world: World) -> None:
    world = shifted_world
    pledge(world)
    names = leads(world, 3)
    for lead in names[:12]:
        answer(world, lead, "more")
    for lead in names[12:16]:
        answer(world, lead, "less")
    settle(world, names, won=names[:6])
    go_to_monday(world)
    message = world.see(MONA, "Nothing new to count this week.")
    assert "36 leads are ready" in message["text"]
    assert "more likely" not in message["text"]
    assert world.rows(Release) == []


def test_leads_closed_within_the_landmark_and_later_answers_stay_out(shifted_world: World) -> None:
    world = shifted_world
    pledge(world)
    names = leads(world, 4)
    early = names[36:40]
    at = world.deps.clock.now() + timedelta(minutes=1)
    world.shift(hours=1)
    world.send(OUTCOMES, [{"lead_id": n, "outcome": "won", "at": at.isoformat()} for n in early])
    for lead in names[:12]:
        answer(world, lead, "more")
    for lead in names[12:24]:
        answer(world, lead, "less")
    world.shift(days=4)
    answer(world, names[24], "more")
    settle(world, [n for n in names if n not in early], won=names[:6] + names[24:28])
    go_to_monday(world)
    said = world.see(MONA, "leads are past 30 days")["text"]
    assert "44 leads are past 30 days (4 more were settled within 72 hours and left out)." in said
    assert "Called more likely: 12." in said


def test_what_was_open_on_its_day_is_told_so_though_it_has_closed_since(shifted_world: World) -> None:
    world = shifted_world
    names = answered(world)
    late = names[9:12] + names[12:15]
    settle(world, [one for one in names if one not in late], won=names[:4] + names[24:28])
    at = world.deps.clock.now().isoformat()
    world.send(OUTCOMES, [{"lead_id": one, "outcome": "lost", "at": at} for one in late])
    go_to_monday(world)
    said = world.see(MONA, "leads are past 30 days")["text"]
    assert "3 of the 12 had no outcome at day 30; they count as not won" in said


@pytest.mark.parametrize("reads", [False, True])
def test_whoever_reads_figures_and_sells_can_t_take_her_own_leads_out_of_too_few(
    shifted_world: World, reads: bool
) -> None:
    world = shifted_world
    if reads:
        # Rob's leads are among the ten that were called more likely, and he manages the other team.
        world.command(ADA, "team South manager @rob")
    pledge(world)
    names = leads(world, 3)
    for lead in names[:10]:
        answer(world, lead, "more")
    for lead in names[12:24]:
        answer(world, lead, "less")
    settle(world, names, won=names[:5] + names[24:28])
    go_to_monday(world)
    world.quiet()
    assert len(world.rows(Release)) == (0 if reads else 1)


def test_passing_leads_on_makes_no_company(shifted_world: World) -> None:
    """Four reps said it, and the CRM hands their leads to twelve before they count: still four."""
    world = shifted_world
    pledge(world)
    names = [name for name in leads(world, 9) if name.split(":")[1] in NORTH[:4]]
    for lead in names[:12]:
        answer(world, lead, "more")
    for lead in names[12:24]:
        answer(world, lead, "less")
    settle(world, names, won=names[:6] + names[24:28])
    moved = [lead_item(name, NORTH[place % 12], 0.2, name=name) for place, name in enumerate(names)]
    for item in moved:
        item["prior"] |= {"horizon_days": HORIZON, "scored_at": world.deps.clock.now().isoformat()}
    world.send(LEADS, moved)
    assert len({row["rep_id"] for row in world.rows(Lead) if row["landmark_direction"] == "more"}) > 5
    go_to_monday(world)
    world.quiet()
    assert world.rows(Release) == []


def test_what_changes_after_it_was_told_joins_the_next_set_and_touches_none_before(shifted_world: World) -> None:
    world = shifted_world
    names = answered(world)
    settle(world, names, won=names[:6] + names[24:29])
    go_to_monday(world)
    assert "Called more likely: 12. Won: 6" in world.see(MONA, "36 leads are past 30 days")["text"]
    (first,) = world.rows(Release)
    # Two of the six deals fell through; of those nobody called one was won in time after all.
    at = (world.deps.clock.now() - timedelta(days=25)).isoformat()
    said = [{"lead_id": one, "outcome": "reopened", "at": world.deps.clock.now().isoformat()} for one in names[:2]]
    world.send(OUTCOMES, [*said, {"lead_id": names[35], "outcome": "won", "at": at}])
    assert sum(row["corrected"] for row in world.rows(Lead)) == 3
    # A small set takes one of them.
    more = leads(world, 3, prefix="e")
    for lead in more[:12]:
        answer(world, lead, "more")
    for lead in more[12:24]:
        answer(world, lead, "less")
    settle(world, more, won=more[:5] + more[24:28])
    go_to_monday(world)
    # 6 and 5, without the one.
    assert "Called more likely: 24. Won: 10" in world.see(MONA, "72 leads are past 30 days")["text"]
    assert sum(row["corrected"] for row in world.rows(Lead)) == 2
    last = leads(world, 6, prefix="f")
    for lead in last[:24]:
        answer(world, lead, "more")
    for lead in last[24:48]:
        answer(world, lead, "less")
    settle(world, last, won=last[:10] + last[24:28] + last[48:56])
    go_to_monday(world)
    told = world.see(MONA, "144 leads are past 30 days")["text"]
    # 6, 5 and 10, without the two; the third, of those nobody called, waits for the next set.
    assert "Called more likely: 48. Won: 19" in told
    assert "17 won of 48" in told
    assert [row["lead_id"] for row in world.rows(Lead) if row["corrected"]] == [names[35]]
    assert world.rows(Release)[0] == first
    go_to_monday(world)
    world.quiet()
    assert len(world.rows(Release)) == 3


def test_a_set_waits_where_a_correction_would_show_in_it(shifted_world: World) -> None:
    world = shifted_world
    names = answered(world)
    settle(world, names, won=names[:6] + names[24:29])
    go_to_monday(world)
    world.see(MONA, "36 leads are past 30 days")
    world.send(OUTCOMES, {"lead_id": names[0], "outcome": "reopened", "at": world.deps.clock.now().isoformat()})
    more = leads(world, 3, prefix="e")
    for lead in more[:12]:
        answer(world, lead, "more")
    for lead in more[12:24]:
        answer(world, lead, "less")
    # Four won among those called more likely: with the correction three are left, which could not be without it.
    settle(world, more, won=more[:4] + more[24:28])
    go_to_monday(world)
    world.quiet()
    assert len(world.rows(Release)) == 1


def test_two_managers_get_their_own_at_their_own_nine_o_clock(shifted_world: World) -> None:
    world = shifted_world
    now = world.deps.clock.now()
    berlin_nine = monday_after(now) - 3 * 3600 + 60
    world.shift(seconds=berlin_nine)
    jobs.queue_digests(world.deps)
    world.see(MONA, "rate people")
    assert world.sim.messages(MILO) == []
    world.shift(hours=6)
    jobs.queue_digests(world.deps)
    world.see(MILO, "rate people")


def test_months_and_quarters_are_the_manager_s_own() -> None:
    """Nine o'clock on a Monday, the first of a month, is the month before in UTC."""
    there, early = ZoneInfo("Pacific/Auckland"), datetime(2031, 12, 1, 9, tzinfo=ZoneInfo("Pacific/Auckland"))
    assert early.astimezone(UTC).month == 11
    assert digests._month(early.astimezone(UTC), there) == (2031, 12)
    quarter = datetime(2029, 1, 1, 9, tzinfo=there).astimezone(UTC)
    assert digests._quarter(quarter, "Pacific/Auckland") == (2029, 0)


def test_what_fails_for_one_manager_keeps_nothing_from_the_others(shifted_world: World) -> None:
    world = shifted_world
    pledge(world)
    # New York's morning comes later.
    world.shift(hours=6)
    jobs.queue_digests(world.deps)
    world.press(MILO, "I agree", world.see(MILO, "rate people"))
    world.see(MILO, "You agreed on")
    broken = {"manager_id": 1, "cells": {"more": {}}, "settled_early": 0, "data_problems": 0, "horizon_days": HORIZON}
    more = {"made_up": True, "released_at": world.deps.clock.now()}
    with world.deps.db.reading() as session:
        mona = people.by_slack_id(session, MONA).id
    world.deps.db.write(lambda s: s.execute(insert(table(Release)), broken | more | {"manager_id": mona}) and None)
    assert {row["manager_id"] for row in world.rows(Digest)} == {mona}
    go_to_monday(world)
    world.shift(hours=6)
    jobs.queue_digests(world.deps)
    world.quiet()
    made = Counter(row["manager_id"] for row in world.rows(Digest))
    assert made.pop(mona) == 1, "hers waits until it is mended"
    assert list(made.values()) == [1]


def test_a_missed_one_comes_late_and_says_so_and_a_day_later_not_at_all(shifted_world: World) -> None:
    world = shifted_world
    pledge(world)
    go_to_monday(world)
    assert len(world.rows(Digest)) == 1
    world.shift(seconds=monday_after(world.deps.clock.now()) + 10 * 3600)
    jobs.queue_digests(world.deps)
    world.see(MONA, "and comes late.")
    world.shift(seconds=monday_after(world.deps.clock.now()) + 30 * 3600)
    jobs.queue_digests(world.deps)
    assert len(world.rows(Digest)) == 2


def test_a_digest_is_queued_once_however_often_the_heart_beats(shifted_world: World) -> None:
    world = shifted_world
    pledge(world)
    go_to_monday(world)
    for _ in range(5):
        jobs.queue_digests(world.deps)
    world.quiet()
    digests = [row for row in world.rows(Letter) if row["dedupe_key"].startswith("digest:")]
    assert len(digests) == 1


def test_a_small_team_reads_the_tool_s_record_and_no_answers(make_world: Any, tmp_path: Any) -> None:
    clock = tmp_path / "clock"
    clock.write_text("0")
    world: World = make_world(otherwise_clock_file=clock)
    rows = "".join(f"{EMAIL[rep]},North & Co,\n" for rep in REPS[:5])
    world.add_people(f"email,team,manages\n{rows}mona@example.com,,North & Co\n")
    pledge(world)
    now = datetime.now(UTC).isoformat()
    names = [f"s:{REPS[n % 5]}:{n}" for n in range(40)]
    prior = {"horizon_days": HORIZON, "scored_at": now}
    world.send(LEADS, [lead_item(n, n.split(":")[1], 0.2, name=n, prior=prior) for n in names])
    world.quiet()
    answer(world, names[0], "more")
    settle(world, names, won=names[:8])
    go_to_monday(world)
    message = world.see(MONA, "smaller than six")
    for told in (message["text"], words(message)):
        assert re.search(r"North &amp; Co: week \d with Otherwise\.", told), "whose, and nobody called"
    assert "The tool's 15–30 in 100 (30 days): 8 of 40 closed, 20 in 100" in message["text"]
    assert "called" not in message["text"]
    assert "The alarm for the tool's numbers and what happens has not rung within a year." in words(message)
    alarm = {"model_line": "leadscore 3", "horizon_days": HORIZON, "e": 30.0, "leads": 60, "at": world.deps.clock.now()}
    world.deps.db.write(lambda s: export.ring(s, alarm))
    go_to_monday(world)
    world.see(MONA, "parted company: the alarm rang on")


def test_a_small_team_reads_what_came_of_it_once_a_quarter(make_world: Any, tmp_path: Any) -> None:
    clock = tmp_path / "clock"
    clock.write_text("0")
    world: World = make_world(otherwise_clock_file=clock)
    rows = "".join(f"{EMAIL[rep]},North,\n" for rep in REPS[:5])
    world.add_people(f"email,team,manages\n{rows}mona@example.com,,North\n")
    # A quarter's second week: its first digest is there already.
    world.shift(seconds=(_next_quarter(world.deps.clock.now()) - world.deps.clock.now()).total_seconds())
    pledge(world)
    go_to_monday(world)
    world.see(MONA, "No results yet")
    names = [f"s:{REPS[n % 5]}:{n:02}" for n in range(60)]
    prior = {"horizon_days": 10, "scored_at": world.deps.clock.now().isoformat()}
    world.command(ADA, "budget 100")
    world.send(LEADS, [lead_item(n, n.split(":")[1], 0.2, name=n, prior=prior) for n in names])
    world.quiet()
    for lead in names[:20]:
        answer(world, lead, "more")
    for lead in names[20:40]:
        answer(world, lead, "less")
    world.shift(days=5)
    at = world.deps.clock.now().isoformat()
    won = names[:8] + names[40:48]
    world.send(OUTCOMES, [{"lead_id": n, "outcome": "won" if n in won else "lost", "at": at} for n in names])
    world.shift(days=10)
    for _ in range(3):
        go_to_monday(world)
        world.quiet()
    assert world.rows(Release) == [], "the quarter's first digest has been"
    world.shift(seconds=(_next_quarter(world.deps.clock.now()) - world.deps.clock.now()).total_seconds())
    go_to_monday(world)
    world.see(MONA, "Called more likely: 20. Won: 8")
    (told,) = world.rows(Release)
    assert told["cells"]["more"]["leads"] == 20


def _next_quarter(now: datetime) -> datetime:
    month = (now.month - 1) // 3 * 3 + 4
    return now.replace(year=now.year + month // 13, month=(month - 1) % 12 + 1, day=1, hour=12)


def test_a_workspace_that_refuses_the_chart_still_gets_the_words_and_the_table(shifted_world: World) -> None:
    world = shifted_world
    names = answered(world)
    settle(world, names, won=names[:6] + names[12:15] + names[24:28])
    world.sim.fault("chat.postMessage", "error", error="invalid_blocks", times=1)
    go_to_monday(world)
    message = world.see(MONA, "leads are past 30 days")
    kinds = [block["type"] for block in message["blocks"]]
    assert "data_visualization" not in kinds
    assert "data_table" in kinds
    world.quiet()
    assert [row["state"] for row in world.rows(Letter) if row["dedupe_key"].startswith("digest:")] == ["sent"]


@pytest.mark.parametrize("scopes", [[], ["im:history"]])
def test_where_files_may_be_sent_the_refused_chart_comes_as_a_picture_in_its_thread(
    scopes: list[str], make_world: Any, sim: Sim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "SETTLE", timedelta(seconds=0.2))
    sim.post("scopes", grant=["files:write", *scopes])
    clock = tmp_path / "clock"
    clock.write_text("0")
    world: World = make_world(otherwise_clock_file=clock)
    world.add_people()
    names = answered(world)
    settle(world, names, won=names[:6] + names[12:15] + names[24:28])
    world.sim.fault("chat.postMessage", "error", error="invalid_blocks", times=1)
    world.sim.fault("files.getUploadURLExternal", "429", times=1, retry_after=1)
    world.sim.fault("files.completeUploadExternal", "500", times=1)
    go_to_monday(world)
    message = world.see(MONA, "leads are past 30 days")
    picture = world.see(MONA, "Won, beside what the tool expected")
    assert picture["thread_ts"] == message["ts"]
    (file,) = picture["files"]
    assert "Won: More likely 6, Less likely 3, Neither 4" in file["alt_txt"]
    drawn = world.sim.http.get(f"/sim/file/{file['id']}")
    assert drawn.headers["content-type"] == "image/png"
    assert len(drawn.content) > 5_000
    world.quiet()
    sent = [(row["kind"], row["state"]) for row in world.rows(Letter) if row["kind"] == "picture"]
    assert sent == [("picture", "sent")]


def test_digest_now_goes_no_further_than_the_next_week(shifted_world: World) -> None:
    world = shifted_world
    pledge(world)
    go_to_monday(world)
    assert "is on its way" in words(world.command(ADA, "digest now @mona"))
    for _ in range(3):
        assert "has been sent already" in words(world.command(ADA, "digest now @mona"))
    assert len(world.rows(Digest)) == 2
