"""What happens to a lead between two of its moments: it changes hands, closes, waits, or is scored anew."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from bot import jobs, later
from bot.domain.past import Mapped
from bot.importing import Import
from storage.stats import TrackRecords
from storage.tables import Lead
from tests.stories.test_routing import NAMES, asked_about
from tests.world import ADA, LEADS, RIA, ROB, World, labels, lead_item, words


def test_a_message_that_was_passed_on_stays_closed_while_the_new_owner_is_away(world: World) -> None:
    world.lead("crm:1", RIA, name="Moved Ltd")
    hers = world.see(RIA, "Moved Ltd")
    world.press(RIA, "I see something else", hers)
    form = world.form(RIA)
    world.command(ADA, "rep pause @rob")
    world.lead("crm:1", ROB, name="Moved Ltd")
    assert labels(world.see(RIA, "Passed on")) == []
    world.lead("crm:1", ROB, name="Moved Ltd GmbH")
    world.quiet()
    assert labels(world.see(RIA, "Passed on")) == []
    kept = world.sim.act("submit", RIA, view=form["id"], values={"direction": "more", "reason": "too late"})
    assert not kept.get("closed")
    assert world.responses() == []


@pytest.mark.parametrize("answered", [False, True])
def test_a_new_owner_cannot_tell_whether_the_former_one_answered(world: World, answered: bool) -> None:
    world.lead("crm:1", RIA, name="Leaky Ltd")
    message = world.see(RIA, "Leaky Ltd")
    if answered:
        assert world.override(RIA, message, "more", "between us")["closed"]
    world.lead("crm:1", ROB, name="Leaky Ltd")
    world.see(ROB, "Leaky Ltd")
    world.quiet()
    assert "Leaky Ltd" in json.dumps(world.home(ROB))


def test_a_new_score_reaches_the_new_owner_whatever_the_former_one_did(world: World) -> None:
    for number, answers in ((1, True), (2, False)):
        world.lead(f"crm:{number}", RIA, name=f"Firm {number}")
        first = world.see(RIA, f"*Firm {number}*")
        if answers:
            world.press(RIA, "Noted", first)
        world.lead(f"crm:{number}", ROB, name=f"Firm {number}")
        world.see(ROB, f"*Firm {number}*")
        world.quiet()
        world.lead(f"crm:{number}", ROB, 0.44, name=f"Firm {number}", prior={"scored_at": "2026-11-21T09:00:00Z"})
        world.quiet()
        assert "about *44*" in json.dumps(world.see(ROB, f"*Firm {number}*"))


def test_what_closed_while_it_waited_is_posted_to_nobody_and_is_in_no_figure(world: World) -> None:
    world.command(ADA, "rep pause @ria")
    world.lead("crm:1", RIA, name="Closed Ltd")
    world.lead("crm:2", RIA, name="Open Ltd")
    world.outcome("crm:1", "won")
    assert "1 waiting lead" in words(world.command(ADA, "rep resume @ria")).replace("lead that waited", "waiting lead")
    world.see(RIA, "Open Ltd")
    world.quiet()
    assert "Closed Ltd" not in json.dumps(world.sim.messages(RIA))
    row = next(one for one in world.rows(Lead) if one["lead_id"] == "crm:2")
    with world.deps.db.reading() as session:
        key = row["model_line"], row["horizon_days"], row["band"]
        record = TrackRecords().look(session, [key], datetime.now(UTC) + timedelta(days=row["horizon_days"] + 1))[key]
    assert (record.wins, record.leads) == (0, 1)


def test_an_older_lead_that_comes_to_wait_is_told_of_too(world: World) -> None:
    world.command(ADA, "budget 1")
    world.lead("crm:1", RIA, name="Old Ltd")
    world.see(RIA, "Old Ltd")
    world.lead("crm:2", ROB, name="Two Ltd")
    world.lead("crm:3", ROB, name="Three Ltd")
    jobs.look_after_reps(world.deps)
    world.press(ROB, "Open", world.see(ROB, "1 more lead"))
    world.see(ROB, "*Three Ltd*")
    world.lead("crm:1", ROB, name="Old Ltd")
    world.quiet()
    at = world.deps.clock.moment()
    with world.deps.db.reading() as session:
        assert later.to_announce(session, at)
    jobs.look_after_reps(world.deps)
    world.see(ROB, "Old Ltd")


def test_a_lead_counts_by_the_prior_that_was_posted_whatever_she_answered_to(world: World) -> None:
    again = {"scored_at": "2026-11-21T09:00:00Z"}
    world.send(LEADS, lead_item("crm:1", RIA, 0.1, name="Hz Ltd", prior={"horizon_days": 30}))
    world.send(LEADS, lead_item("crm:2", ROB, 0.1, name="Pts Ltd", prior={"probability": None, "points": 85}))
    world.see(RIA, "30 days")
    world.see(ROB, "Pts Ltd")
    world.quiet()
    world.send(
        LEADS,
        [
            lead_item("crm:1", RIA, 0.4, name="Hz Ltd", prior={"horizon_days": 180} | again),
            lead_item("crm:2", ROB, 0.1, name="Pts Ltd", prior={"probability": None, "points": 15} | again),
        ],
    )
    world.quiet()
    world.press(RIA, "Noted", world.see(RIA, "180 days"))
    world.press(ROB, "Noted", world.see(ROB, "New lead: Pts Ltd"))
    world.quiet()
    first, second = sorted(world.rows(Lead), key=lambda row: str(row["lead_id"]))
    assert (first["probability"], first["horizon_days"], first["seen_probability"]) == (0.1, 30, None)
    assert first["matures_at"] - first["posted_at"] == timedelta(days=30)
    assert second["points"] == 85


def test_a_former_owner_decides_no_longer_about_a_second_look(world: World) -> None:
    for name in NAMES:
        world.command(ADA, f"pool add @{name}")
    lead = asked_about(world)
    world.lead(lead, RIA, probability=0.05)
    question = world.see(RIA, "second pair of eyes")
    world.quiet()
    world.lead(lead, ROB, probability=0.05)
    world.quiet()
    world.press(RIA, "Ask the pool", question)
    world.see(RIA, "This lead is with somebody else now")


def test_a_rehearsal_s_leads_wait_for_nobody(world: World) -> None:
    for text in ("rehearsal on", "pause"):
        world.command(ADA, text)
    world.lead("crm:1", RIA, name="Reh Ltd")
    for text in ("rehearsal off", "resume"):
        world.command(ADA, text)
    world.quiet()
    assert "Reh Ltd" not in json.dumps(world.sim.messages(RIA))


def test_a_bad_first_row_takes_no_answer_out_of_the_figures(world: World, tmp_path: Path) -> None:
    file = tmp_path / "history.csv"
    file.write_text(
        "lead_id,name,owner,posted_at,probability,response,direction,responded_at\nx,y\n"
        "crm:1,Acme,ria@example.com,2026-01-01T00:00:00+00:00,0.1,overridden,more,2026-01-01T01:00:00+00:00\n"
    )
    how: dict[str, Any] = {"post": False, "database": world.deps.db, "at": world.deps.clock.moment()}
    run = Import(file, Mapped(), draw=world.deps.draw, **how)
    run.all(Console(quiet=True))
    assert (run.stored, run.bad) == (1, 1)
    assert [row["asked"] for row in world.rows(Lead)] == [True]


def test_a_control_character_anywhere_sinks_no_other_item(world: World) -> None:
    bad = lead_item("crm:2", RIA, 0.2) | {"url": "https://a\u0000b"}
    worse = lead_item("crm:3", RIA, 0.2) | {"owner": {"email": "a\u0000b@example.com"}}
    results = [one["result"] for one in world.send(LEADS, [lead_item("crm:1", RIA, 0.2), bad, worse])]
    assert results == ["created", "rejected", "rejected"]


def test_her_own_long_words_can_be_opened_whatever_is_in_them(world: World) -> None:
    world.lead("crm:1", RIA, name="Acme Ltd")
    message = world.see(RIA, "Acme Ltd")
    assert world.override(RIA, message, "more", "<p>&amp;</p>" * 240)["closed"]
    world.outcome("crm:1", "lost")
    world.press(RIA, "What I said", world.see(RIA, "Lost on"))
    assert "&lt;p&gt;" in json.dumps(world.form(RIA))


def test_digest_now_is_read_before_it_is_written(world: World) -> None:
    world.press_in("U0MONA", world.home("U0MONA"), "I agree")
    assert "is on its way" in words(world.command(ADA, "digest now @mona"))
    world.see("U0MONA", "No results yet")
