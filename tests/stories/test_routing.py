"""Hard leads still reach the people who could crack them: given by turn, by a reserve, or asked for by their owner."""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import insert
from sqlmodel import Session

from bot import jobs, routing
from bot.domain.cohorts import EPOCH
from bot.domain.guard import SECOND_LOOK
from storage.database import added
from storage.tables import Decision, Lead, Person, SecondLook, table
from tests.world import ADA, EMAIL, LEADS, OUTCOMES, REPS, RIA, ROB, ROSA, World, labels, lead_item, words

POOL = REPS[20:24]
STAN = POOL[1]
NAMES = ["sofia", "stan", "sue", "syd"]


@pytest.fixture
def pooled(make_world: Any) -> World:
    """A world with a pool of four, each added by hand."""
    world: World = make_world()
    world.add_people()
    for name in NAMES:
        answer = words(world.command(ADA, f"pool add @{name}"))
    assert "In the pool: Sofia Reyes, Stan Kowal, Sue Park and Syd Moreau." in answer
    return world


def unowned(many: int, probability: float) -> list[dict[str, Any]]:
    return [lead_item(f"u:{probability}:{n}", None, probability, name=f"Firm {n}") for n in range(many)]


def test_leads_without_an_owner_are_given_in_turn(world: World) -> None:
    world.send(LEADS, unowned(48, 0.4))
    world.quiet()
    reps = Counter(row["rep_id"] for row in world.rows(Lead))
    assert sorted(reps.values()) == [2] * 24, "everybody as often"
    assert {row["by"] for row in world.rows(Decision)} == {"turn"}
    assert "Firm 0" in str(world.sim.messages(RIA))


def test_a_share_of_the_hard_ones_goes_to_the_pool_and_each_decision_is_a_row(pooled: World) -> None:
    pooled.send(LEADS, unowned(300, 0.05) + unowned(50, 0.4))
    rows = pooled.rows(Decision)
    assert len(rows) == 350
    reserved = [row for row in rows if row["by"] == "reserve"]
    assert 30 <= len(reserved) <= 95, "about one in five of 300"
    assert all(row["hard"] and row["in_pool"] and row["propensity"] == 0.2 for row in reserved)
    assert all(row["recommended_id"] != row["usual_id"] or row["usual_id"] in {r["actual_id"] for r in reserved}
               for row in reserved)  # fmt: skip
    assert all(row["context"] == {"available": 24, "pool": 4, "key": pooled.deps.draw.id} for row in rows)
    assert {row["propensity"] for row in rows if not row["hard"]} == {0}
    told = words(pooled.command(ADA, "routing"))
    assert "300 of 350 leads were hard" in told
    assert "times as often as all leads" in told
    assert "Whether they reach it less often than others: can't tell yet." in told


def test_nothing_is_said_of_how_often_before_there_are_ten_hard_leads(pooled: World) -> None:
    pooled.send(LEADS, unowned(9, 0.05))
    told = words(pooled.command(ADA, "routing"))
    assert "9 of 9 leads were hard" in told
    assert "Whether they reach it as often as other leads is said from 10 hard leads on." in told
    assert "times as often" not in told


def test_what_the_pool_did_is_told_by_recommendation_from_500_leads_on(make_world: Any, tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text("0")
    world: World = make_world(otherwise_clock_file=clock)
    world.add_people()
    for name in NAMES:
        world.command(ADA, f"pool add @{name}")
    world.command(ADA, "budget 500")
    scored = {"horizon_days": 5, "scored_at": world.deps.clock.now().isoformat()}
    items = [lead_item(f"e:{n}", None, 0.05, name=f"Firm {n}", prior=scored) for n in range(510)]
    for start in range(0, 510, 100):
        world.send(LEADS, items[start : start + 100])
    world.quiet()
    by = {row["lead_id"]: row["by"] for row in world.rows(Decision)}
    sent = [row["lead_id"] for row in world.rows(Lead) if by[row["id"]] == "reserve"]
    rest = [row["lead_id"] for row in world.rows(Lead) if by[row["id"]] == "turn"]
    world.shift(days=1)
    at = world.deps.clock.now().isoformat()
    won = sent[: len(sent) // 2] + rest[: len(rest) // 10]
    world.send(OUTCOMES, [{"lead_id": name, "outcome": "won", "at": at} for name in won])
    assert "Sent there" not in words(world.command(ADA, "routing")), "none has reached its day"
    world.shift(days=5)
    told = words(world.command(ADA, "routing"))
    assert "Past their day are 510 hard leads that nobody owned" in told
    assert re.search(
        r"Sent there, (49|50) in 100 closed; given in turn, 10\. The difference: (39|40) \(\d+ to \d+;", told
    )


def test_nobody_there_means_it_waits_and_says_why_until_somebody_is(make_world: Any) -> None:
    world: World = make_world()
    world.send(LEADS, unowned(2, 0.4))
    assert "2 leads wait without an owner until a rep is there" in words(world.command(ADA, "status"))
    assert "no rep is there to be given it" in words(world.command(ADA, "lead u:0.4:0"))
    world.command(ADA, "rep add @ria")
    jobs.assign_unowned(world.deps)
    world.see(RIA, "Firm 0")
    world.see(RIA, "Firm 1")
    jobs.assign_unowned(world.deps)
    world.quiet()
    assert len(world.rows(Decision)) == 2


def asked_about(world: World) -> str:
    """A lead id whose owner will be asked: the hash decides, so look for one."""
    return next(f"hard:{n}" for n in range(200) if world.deps.draw.share(SECOND_LOOK, f"hard:{n}") < 0.2)


def test_an_owner_is_asked_once_privately_and_keeps_it(pooled: World) -> None:
    lead = asked_about(pooled)
    pooled.lead(lead, probability=0.05)
    question = pooled.see(RIA, "keep it, or ask for a second pair of eyes?")
    assert labels(question) == ["Keep", "Ask the pool"]
    assert "hard" not in words(question).lower()
    assert "5" not in words(question)
    number = str(pooled.rows(SecondLook)[0]["id"])
    forged = {"type": "button", "value": number}
    for action in ("routing.keep", "routing.ask"):
        hers = pooled.command(ROB, "help")["ts"]
        pooled.sim.act("click", ROB, channel="C0GENERAL", ts=hers, action_id=action, forged=forged)
    assert [row["answer"] for row in pooled.rows(SecondLook)] == [""]
    pooled.press(RIA, "Keep", question)
    pooled.see(RIA, "you keep it")
    assert [row["answer"] for row in pooled.rows(SecondLook)] == ["keep"]
    assert pooled.rows(Lead)[0]["rep_id"] == pooled.rows(SecondLook)[0]["owner_id"]
    pooled.lead(lead, probability=0.05)
    pooled.quiet()
    assert len(pooled.rows(SecondLook)) == 1


def test_an_owner_is_asked_about_what_had_waited_for_another_day_when_she_opens_it(pooled: World) -> None:
    pooled.command(ADA, "budget 1")
    drawn = [f"h:{n}" for n in range(200) if pooled.deps.draw.share(SECOND_LOOK, f"h:{n}") < 0.2]
    for n in range(2):
        pooled.lead(drawn[n], RIA, 0.05, name=f"Hard {n}.")
    pooled.see(RIA, "Hard 0.: keep it, or ask")
    pooled.quiet()
    jobs.look_after_reps(pooled.deps)
    waiting = pooled.see(RIA, "Hard 1.")
    assert len(pooled.rows(SecondLook)) == 1, "she has not seen the other"
    pooled.press(RIA, "Open", waiting)
    pooled.see(RIA, "Hard 1.: keep it, or ask")
    assert len(pooled.rows(SecondLook)) == 2


def test_a_row_says_where_a_lead_is_that_waited_or_was_passed_on(pooled: World) -> None:
    pooled.command(ADA, "rep pause @rob")
    for n, rep in enumerate((RIA, ROB)):
        pooled.lead(f"crm:{n}", rep, 0.05, name=f"Hard {n}.")
    assert len(pooled.rows(Decision)) == 1
    pooled.command(ADA, "undo")
    pooled.see(ROB, "Hard 1.")
    assert [(row["by"], row["hard"], row["in_pool"]) for row in pooled.rows(Decision)] == [("owner", True, False)] * 2
    pooled.lead("crm:0", POOL[0], 0.05, name="Hard 0.")
    pooled.see(POOL[0], "Hard 0.")
    ids = {row["slack_id"]: row["id"] for row in pooled.rows(Person)}
    first, second = sorted(pooled.rows(Decision), key=lambda row: row["lead_id"])
    assert (first["actual_id"], first["in_pool"]) == (ids[POOL[0]], True), "the CRM brought it there"
    assert (first["recommended_id"], second["actual_id"]) == (ids[RIA], ids[ROB])


def test_what_was_given_and_handed_back_is_given_again(pooled: World) -> None:
    pooled.command(ADA, "budget 1")
    pooled.send(LEADS, unowned(30, 0.4))
    pooled.quiet()
    later = [row for row in pooled.rows(Lead) if row["waiting"] == "later"]
    assert later
    ids = {row["id"]: row["slack_id"] for row in pooled.rows(Person)}
    gone = ids[later[0]["rep_id"]]
    name = next(name for name, one in EMAIL.items() if name == gone or one == gone)
    pooled.command(ADA, f"rep remove @{EMAIL[name].split('@')[0]}")
    jobs.assign_unowned(pooled.deps)
    again = next(row for row in pooled.rows(Lead) if row["id"] == later[0]["id"])
    assert again["rep_id"] not in (None, later[0]["rep_id"])
    (row,) = [row for row in pooled.rows(Decision) if row["lead_id"] == again["id"]]
    assert row["actual_id"] == again["rep_id"]


def test_no_pool_is_no_pool_that_few_reach(shifted_world: World) -> None:
    from tests.stories.test_digest import go_to_monday, pledge
    from tests.world import MONA

    world = shifted_world
    pledge(world)
    now = (datetime.now(UTC) + timedelta(seconds=world.deps.clock.offset())).isoformat()
    world.send(LEADS, [one | {"prior": one["prior"] | {"scored_at": now}} for one in unowned(40, 0.05)])
    go_to_monday(world)
    message = world.see(MONA, "0 of 40 hard leads reached the pool")
    assert "Few of the leads" not in message["text"]
    assert "See why" not in labels(message)


def test_two_press_at_once_and_one_gets_it(pooled: World) -> None:
    pooled.lead(asked_about(pooled), probability=0.05)
    pooled.press(RIA, "Ask the pool", pooled.see(RIA, "second pair of eyes"))
    offers = {one: pooled.see(one, "could use another pair of eyes") for one in POOL}
    for message in offers.values():
        assert labels(message) == ["I'll take it"]
        assert "Ria" not in words(message)
        assert "hard" not in words(message).lower()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: pooled.press(one, "I'll take it", offers[one]), POOL))
    pooled.quiet()
    (row,) = pooled.rows(SecondLook)
    winner = next(one for one in POOL if "have a word" in str(pooled.sim.messages(one)))
    losers = [one for one in POOL if one != winner]
    assert all("Thank you" in str(pooled.sim.messages(one)) for one in losers)
    assert sum("have a word" in str(pooled.sim.messages(one)) for one in POOL) == 1
    assert row["taken_by_id"] is not None
    pooled.see(RIA, "takes a look at *Acme Ltd* too. It stays yours.")
    assert [one["in_pool"] for one in pooled.rows(Decision)] == [True]
    assert pooled.rows(Lead)[0]["rep_id"] == row["owner_id"], "she keeps her lead"
    late = pooled.sim.act(
        "click", losers[0], channel="D" + losers[0][1:], ts=offers[losers[0]]["ts"], action_id="routing.take",
        forged={"type": "button", "value": str(row["id"])},
    )  # fmt: skip
    assert late["acked"]
    pooled.see(losers[0], "was a moment quicker and has this one")


def test_a_lead_that_has_closed_asks_for_nothing_any_more(pooled: World) -> None:
    lead = asked_about(pooled)
    pooled.lead(lead, probability=0.05)
    question = pooled.see(RIA, "second pair of eyes")
    pooled.press(RIA, "Ask the pool", question)
    pooled.see(POOL[0], "could use another pair of eyes")
    pooled.outcome(lead, "lost")
    for user in (RIA, POOL[0]):
        message = pooled.see(user, "is closed by now, so there is nothing to decide")
        assert labels(message) == []
    pooled.quiet()
    assert "could use another" not in str(pooled.sim.messages(POOL[1]))


def test_who_is_muted_is_asked_for_nothing(pooled: World) -> None:
    pooled.command(POOL[0], "mute")
    pooled.lead(asked_about(pooled), probability=0.05)
    pooled.press(RIA, "Ask the pool", pooled.see(RIA, "second pair of eyes"))
    pooled.see(POOL[1], "could use another pair of eyes")
    pooled.quiet()
    assert "pair of eyes" not in str(pooled.sim.messages(POOL[0]))
    pooled.command(ADA, "rep remove @stan")
    assert "3 people are in the pool" in words(pooled.command(ADA, "pool"))
    pooled.command(ADA, "rep remove @sue")
    assert "2 people are in the pool" in words(pooled.command(ADA, "settings")), "who is no rep is in no pool"


def test_the_offer_can_go_to_a_channel_and_only_the_pool_may_take(pooled: World) -> None:
    assert "I am not in #pool" in words(pooled.command(ADA, "pool channel #pool"))
    assert "Offers to the pool go to #deals" in words(pooled.command(ADA, "pool channel #deals"))
    pooled.lead(asked_about(pooled), probability=0.05)
    pooled.press(RIA, "Ask the pool", pooled.see(RIA, "second pair of eyes"))
    offer = pooled.see(ROSA, "could use another pair of eyes", "C0DEALS")
    pooled.press(ROSA, "I'll take it", offer, "C0DEALS")
    pooled.see(ROSA, "This offer is for the pool", "C0DEALS")
    pooled.press(POOL[0], "I'll take it", offer, "C0DEALS")
    pooled.see(ROSA, "Sofia Reyes has this one", "C0DEALS")


def test_two_in_the_pool_are_no_pool(world: World) -> None:
    world.command(ADA, "pool add @sofia")
    answer = words(world.command(ADA, "pool add @stan"))
    assert "1 more is needed before it works" in answer
    world.send(LEADS, unowned(60, 0.05))
    assert {row["by"] for row in world.rows(Decision)} == {"turn"}
    assert "Undone" in words(world.command(ADA, "undo"))


def test_what_is_hard_is_frozen_at_posting(pooled: World) -> None:
    pooled.lead("crm:1", probability=0.2)
    pooled.quiet()
    pooled.command(ADA, "hard 30")
    pooled.lead("crm:2", probability=0.2)
    assert [row["hard"] for row in pooled.rows(Lead)] == [False, True]


def test_the_digest_says_how_many_hard_leads_reached_the_pool(shifted_world: World) -> None:
    from tests.stories.test_digest import go_to_monday, pledge
    from tests.world import MONA

    world = shifted_world
    for name in NAMES:
        world.command(ADA, f"pool add @{name}")
    pledge(world)
    now = (datetime.now(UTC) + timedelta(seconds=world.deps.clock.offset())).isoformat()
    items = [one | {"prior": one["prior"] | {"scored_at": now}} for one in unowned(60, 0.05)]
    world.send(LEADS, items)
    go_to_monday(world)
    message = world.see(MONA, "hard leads reached the pool (aim: 20 in 100 of the unowned)")
    assert "60 hard leads" in message["text"]
    assert "See why" not in labels(message)


def test_a_pool_that_is_away_is_said_to_get_few_and_a_manager_sees_why(shifted_world: World) -> None:
    from tests.stories.test_digest import go_to_monday, pledge
    from tests.world import MONA

    world = shifted_world
    for name in NAMES:
        world.command(ADA, f"pool add @{name}")
        world.command(ADA, f"rep pause @{name}")
    pledge(world)
    now = (datetime.now(UTC) + timedelta(seconds=world.deps.clock.offset())).isoformat()
    world.send(LEADS, [one | {"prior": one["prior"] | {"scored_at": now}} for one in unowned(40, 0.05)])
    go_to_monday(world)
    message = world.see(MONA, "0 of 40 hard leads reached the pool")
    assert "Few of the leads that the tool thinks unlikely reach your pool." in message["text"]
    assert world.press(MONA, "See why", message)["acked"]
    shown = words(world.form(MONA))
    assert "40 of 40 leads were hard. 0 of those reached the pool" in shown
    assert "In the pool: Sofia Reyes, Stan Kowal, Sue Park and Syd Moreau. All of them are paused" in shown
    world.command(ADA, "rep resume @sofia")
    world.command(STAN, "mute")
    assert "3 of them are paused, so that no leads go to them." in words(world.command(ADA, "routing"))
    answer = world.command(RIA, "help")
    forged = {"type": "button", "value": "routing"}
    world.sim.act("click", RIA, channel="C0GENERAL", ts=answer["ts"], action_id="digest.why", forged=forged)
    assert world.sim.views(RIA) == []


def test_a_fair_share_looked_at_every_week_for_a_year_is_not_called_shut_out(shifted_world: World) -> None:
    """Whole weeks from one beginning: a week that is not over, and the year before, are in no look."""
    world, chance = shifted_world, np.random.default_rng(7)
    world.send(LEADS, unowned(1, 0.05))
    world.quiet()
    (given,) = world.rows(Decision)
    (lead,) = world.rows(Lead)
    began = EPOCH + (world.deps.clock.now() - EPOCH) // timedelta(weeks=1) * timedelta(weeks=1)

    def looks(session: Session) -> list[float]:
        session.execute(table(Decision).delete())
        rows, leads = [], []
        for n in range(52 * 7 * 4):
            hard, at = bool(n % 3 == 0), began + timedelta(hours=6 * n + 1)
            leads.append({key: value for key, value in lead.items() if key != "id"} | {"lead_id": f"w:{n}"})
            kept = {key: given[key] for key in ("by", "context", "usual_id", "recommended_id", "actual_id")}
            drawn = {"hard": hard, "in_pool": bool(chance.random() < 0.2), "propensity": 0.2, "at": at}
            rows.append(kept | drawn)
        numbers = added(session, insert(table(Lead)), leads)
        session.execute(insert(table(Decision)), [row | {"lead_id": n} for row, n in zip(rows, numbers, strict=True)])
        every = [routing.shut_out(session, began + timedelta(days=3 + 7 * week)) for week in range(52)]
        assert routing.shut_out(session, began + timedelta(days=3)) == pytest.approx(1.0), "no week is over"
        assert routing.shut_out(session, began + timedelta(days=366)) != every[-1]
        return every

    found = world.deps.db.write(looks, timeout=30)
    assert max(found) < 20
    assert len(set(found)) > 40


def test_a_lead_that_gets_an_owner_while_it_waits_is_the_owner_s(make_world: Any) -> None:
    world: World = make_world()
    world.send(LEADS, unowned(1, 0.4))
    later = {"owner": {"email": "not.yet@example.com"}}
    world.send(LEADS, [one | later for one in unowned(1, 0.4)])
    world.command(ADA, "rep add @ria")
    jobs.assign_unowned(world.deps)
    world.quiet()
    assert [(row["rep_id"], row["waiting"]) for row in world.rows(Lead)] == [(None, "owner")]


def test_when_nobody_of_the_pool_is_there_she_is_told_so_and_can_ask_again(pooled: World) -> None:
    for name in NAMES:
        pooled.command(ADA, f"rep pause @{name}")
    pooled.command(ADA, "rep resume @sofia")
    pooled.lead(asked_about(pooled), probability=0.05)
    question = pooled.see(RIA, "second pair of eyes")
    pooled.command(ADA, "rep pause @sofia")
    pooled.press(RIA, "Ask the pool", question)
    pooled.see(RIA, "Nobody of the pool is there just now")
    pooled.command(ADA, "rep resume @sofia")
    pooled.press(RIA, "Ask the pool", question)
    pooled.see(POOL[0], "could use another pair of eyes")
