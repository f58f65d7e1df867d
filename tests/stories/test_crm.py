"""A CRM is connected: counted before anything is posted, read page by page, and told who has which lead if wanted."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import crm
from storage import connections
from storage.tables import Lead, Outcome, Prior
from tests.crms import SECRETS, hubspot, json_api, salesforce
from tests.crms.hubspot import HubSpotServer
from tests.crms.salesforce import SalesforceServer
from tests.crms.server import Answer
from tests.crms.test_connectors import force
from tests.sim import ROOT
from tests.world import ADA, EMAIL, REPS, RIA, ROB, World, words

__all__ = ["force"]  # a fixture


@pytest.fixture
def hub() -> Iterator[HubSpotServer]:
    made = HubSpotServer()
    made.owners |= {str(number): EMAIL[rep] for number, rep in enumerate(REPS, 1)} | {"99": "new@example.com"}
    yield made
    made.close()


@pytest.fixture
def polling(make_world: Any, monkeypatch: pytest.MonkeyPatch) -> World:
    """A bot that looks at its CRMs each second."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    made: World = make_world(otherwise_poll=1)
    made.add_people()
    return made


def connect(world: World, *words_: str, answers: str = "", folder: Path = ROOT, code: int = 0) -> str:
    """Type `otherwise connect …`; what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "bot", "connect", *words_],
        cwd=folder,
        env=os.environ | {"DATABASE_URL": world.settings.database_url, "PYTHONPATH": str(ROOT)},
        input=answers,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout + done.stderr


def set_for(hub: HubSpotServer, **more: str) -> list[str]:
    """What would be asked for, given."""
    every = {
        "object": "contacts",
        "score": hubspot.SCORE,
        "won_stage": "customer",
        "disqualified_status": "UNQUALIFIED",
        "base": hub.base,
        "scale": "percent",
        "horizon": "90",
        "post": "yes",
    }
    return [part for key, value in (every | more).items() for part in ("--set", f"{key}={value}")]


def scored(score: int | str, owner: int | str = 1, **more: str) -> dict[str, str]:
    return {hubspot.SCORE: str(score), "hubspot_owner_id": str(owner), "company": "Acme Ltd"} | more


def read_to_the_end(world: World, name: str = "hubspot") -> None:
    """Wait until it is read once more from now."""

    def read_at() -> Any:
        with world.deps.db.reading() as session:
            row = connections.by_name(session, name)
        return row.read_at if row is not None else None

    before = read_at()
    world.sim.until(lambda: read_at() != before, 20)
    before = read_at()
    world.sim.until(lambda: read_at() != before, 20)


def lead_of(world: World, lead_id: str) -> dict[str, Any]:
    (one,) = [row for row in world.rows(Lead) if row["lead_id"] == lead_id]
    return one


@pytest.fixture(autouse=True)
def in_small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are stored two records at a time here, so that the stories go through parts."""
    monkeypatch.setattr(crm, "PART", 2)


def test_from_hubspot_to_a_suggestion_an_answer_an_outcome_and_an_owner(polling: World, hub: HubSpotServer) -> None:
    old = hub.now() - timedelta(days=200)
    for number in range(40):
        end = {"lifecyclestage": "customer"} if number % 4 == 0 else {"hs_lead_status": "UNQUALIFIED"}
        one = hub.add(at=old, **scored(30))
        hub.change(one, at=old + timedelta(days=20), **end, **{hubspot.SCORE: "99"})
    recent = hub.add(at=hub.now() - timedelta(days=2), **scored(12))
    hub.add(at=old, company="Not scored")
    answers = f"contacts\n{hubspot.SCORE}\ncustomer\nUNQUALIFIED\npercent\n90\nyes\n"
    told = connect(polling, "hubspot", "--set", f"base={hub.base}", answers=answers)
    assert "HubSpot account 4711" in told
    assert "Scores run from 12 to 99" in told
    assert "42 records were read" in told
    assert "1 open and created within seven days" in told
    assert "40 kept as history" in told
    assert "1 not scored yet" in told
    assert "e.g. Acme Ltd: 12 in 100, ria@example.com" in told
    message = polling.see(RIA, "Acme Ltd")
    assert "about *12* close" in words(message)
    # The record is made of what was said first, not of the 99 that the tool said when all was over.
    assert {row["probability"] for row in polling.rows(Prior)} == {0.3, 0.12}
    assert "close within 90 days" in words(message)
    polling.override(RIA, message, "more", "She asked for a date")
    hub.change(recent, lifecyclestage="customer")
    polling.sim.until(lambda: lead_of(polling, f"hubspot:{recent}")["outcome"] == "won")
    polling.sim.until(lambda: "Won on" in words(polling.see(RIA, "Acme Ltd")))

    free = hub.add(**scored(40, owner="", company="Nobody's Ltd"))
    polling.sim.until(lambda: [row for row in polling.rows(Lead) if row["lead_id"] == f"hubspot:{free}"])
    polling.quiet()
    given = lead_of(polling, f"hubspot:{free}")
    assert given["rep_id"]
    assert not hub.records["contacts"][free]["properties"]["hubspot_owner_id"], "nothing is written unasked"
    assert "Nobody's Ltd: nobody there" in connect(polling, "hubspot", "--owners", answers="yes\n")
    owner = polling.sim.until(lambda: hub.records["contacts"][free]["properties"]["hubspot_owner_id"])
    polling.sim.until(lambda: lead_of(polling, f"hubspot:{free}")["owner_email"] == hub.owners[owner])
    # What she said is nowhere in the CRM.
    assert "asked for a date" not in str(hub.records)
    assert all(method in ("GET", "POST", "PATCH") for method, _ in hub.asked)
    assert [path for method, path in hub.asked if method == "PATCH"] == [f"/crm/v3/objects/contacts/{free}"]


def test_from_salesforce_to_a_suggestion_an_answer_an_outcome_and_an_owner(
    polling: World, force: SalesforceServer
) -> None:
    users = {rep: force.add("User", Email=EMAIL[rep], IsActive=True) for rep in REPS}
    lead = force.add("Lead", Company="Acme Ltd", OwnerId=users[RIA], LeadSource="Web", **{salesforce.SCORE: 0.12})
    answers = f"{force.base}\nLead\n{salesforce.SCORE}\n\nchance\n90\nyes\n"
    assert "1 open and created within seven days" in connect(polling, "salesforce", answers=answers)
    message = polling.see(RIA, "Acme Ltd")
    assert "about *12* close" in words(message)
    polling.override(RIA, message, "less", "No budget this year")
    deal = force.add("Opportunity", IsClosed=False, IsWon=False, CloseDate="2026-12-24")
    force.change("Lead", lead, IsConverted=True, ConvertedOpportunityId=deal)
    read_to_the_end(polling, "salesforce")
    assert lead_of(polling, f"salesforce:{lead}")["outcome"] == ""
    force.change("Opportunity", deal, IsClosed=True, IsWon=False)
    polling.sim.until(lambda: lead_of(polling, f"salesforce:{lead}")["outcome"] == "lost")
    free = force.add("Lead", Company="Nobody's Ltd", OwnerId="queue", **{salesforce.SCORE: 0.4})
    polling.sim.until(lambda: [row for row in polling.rows(Lead) if row["lead_id"] == f"salesforce:{free}"])
    connect(polling, "salesforce", "--owners", answers="yes\n")
    polling.sim.until(lambda: force.rows["Lead"][free]["OwnerId"] in users.values())
    assert "No budget" not in str(force.rows)


def test_from_any_json_api_to_a_suggestion_and_an_outcome(
    polling: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTHERWISE_JSON_TOKEN", json_api.TOKEN)
    server = json_api.JsonServer()
    try:
        (tmp_path / "crm.toml").write_text(json_api.SHAPE.format(base=server.base, paging=json_api.LINKS))
        server.add("d1", 12, mail="ria@example.com")
        told = connect(polling, "json", answers=f"{tmp_path}/crm.toml\npercent\n90\nyes\n")
        assert "1 open and created within seven days" in told
        assert "about *12* close" in words(polling.see(RIA, "Acme Ltd"))
        with server.lock:
            changed = {"created": server.deals[0]["times"]["created"], "changed": server.now().isoformat()}
            server.deals[0] |= {"stage": "signed", "times": changed | {"closed": None}}
        polling.sim.until(lambda: lead_of(polling, "json:d1")["outcome"] == "won", 20)
        told = connect(polling, "json", "--owners", code=1)
        assert "can't be written back to json" in told
    finally:
        server.close()


def test_a_rep_whom_the_crm_does_not_know_holds_nobody_else_up(polling: World, hub: HubSpotServer) -> None:
    connect(polling, "hubspot", *set_for(hub))
    connect(polling, "hubspot", "--owners", answers="yes\n")
    for number in [key for key, email in hub.owners.items() if email == EMAIL[RIA]]:
        del hub.owners[number]
    free = [hub.add(**scored(40, owner="", company=f"Free {n}")) for n in range(45)]
    polling.sim.until(lambda: len(polling.rows(Lead)) == len(free), 20)
    polling.quiet()

    def given() -> int:
        return sum(bool(hub.records["contacts"][one]["properties"]["hubspot_owner_id"]) for one in free)

    hers = sum(row["rep_id"] == 1 for row in polling.rows(Lead))
    assert hers > 0
    polling.sim.until(lambda: given() == len(free) - hers, 30)


def test_a_dry_run_stores_nothing_and_says_who_is_missing(polling: World, hub: HubSpotServer) -> None:
    hub.add(**scored(12, owner=99))
    hub.add(**scored(140, owner=1))
    hub.add(**scored(20, owner=""))
    told = connect(polling, "hubspot", "--dry-run", *set_for(hub))
    assert "2 open and created" in told
    assert "1 lead waits for new@example.com, who is no rep here yet" in told
    assert "1 lead has no owner" in told
    assert "1 refused. prior.probability: Input should be less than or equal to 1" in told
    assert "nothing was stored" in told
    assert "hubspot: not connected" in connect(polling)
    assert polling.rows(Lead) == []


def test_without_a_yes_only_what_is_created_from_then_on_is_posted(polling: World, hub: HubSpotServer) -> None:
    before = hub.add(at=hub.now() - timedelta(hours=1), **scored(12))
    connect(polling, "hubspot", *set_for(hub, post="no"))
    after = hub.add(at=hub.now() + timedelta(seconds=1), **scored(15, company="After Ltd"))
    polling.see(RIA, "After Ltd")
    assert lead_of(polling, f"hubspot:{before}")["history"]
    assert not lead_of(polling, f"hubspot:{after}")["history"]


def test_reading_the_same_again_and_again_changes_nothing(polling: World, hub: HubSpotServer) -> None:
    numbers = [hub.add(**scored(n % 100, owner=n % 5 + 1, company=f"Firm {n}")) for n in range(120)]
    connect(polling, "hubspot", *set_for(hub))
    polling.sim.until(lambda: len(polling.rows(Lead)) == len(numbers))
    polling.quiet()
    hub.change(numbers[0], jobtitle="CEO")
    before, calls = polling.rows(Prior), len(polling.sim.calls("chat.postMessage"))
    polling.deps.db.write(lambda s: connections.change(s, "hubspot", cursor=""))
    read_to_the_end(polling)
    polling.quiet()
    assert polling.rows(Prior) == before
    assert len(polling.sim.calls("chat.postMessage")) == calls


def test_a_new_score_is_shown_and_the_same_one_is_not_told_again(polling: World, hub: HubSpotServer) -> None:
    number = hub.add(**scored(12))
    connect(polling, "hubspot", *set_for(hub))
    polling.see(RIA, "about *12* close")
    hub.change(number, **{hubspot.SCORE: "31"})
    polling.see(RIA, "about *31* close")
    assert [row["probability"] for row in polling.rows(Prior)] == [0.12, 0.31]


def test_a_lead_that_the_pool_took_stays_there_until_the_crm_names_somebody_new(
    polling: World, hub: HubSpotServer
) -> None:
    number = hub.add(**scored(12))
    connect(polling, "hubspot", *set_for(hub))
    polling.see(RIA, "Acme Ltd")
    polling.quiet()
    rob = next(row["id"] for row in people_of(polling) if row["slack_id"] == ROB)
    polling.deps.db.write(lambda s: leads_change(s, lead_of(polling, f"hubspot:{number}")["id"], rep_id=rob))
    hub.change(number, jobtitle="CEO")
    read_to_the_end(polling)
    assert lead_of(polling, f"hubspot:{number}")["rep_id"] == rob
    hub.change(number, hubspot_owner_id="3")
    polling.see(REPS[2], "Acme Ltd")


def test_two_records_that_become_one_are_asked_about_once_and_end_together(polling: World, hub: HubSpotServer) -> None:
    loser = hub.add(**scored(12))
    connect(polling, "hubspot", *set_for(hub))
    polling.see(RIA, "Acme Ltd")
    winner = hub.add(company="Acme Limited", hubspot_owner_id="2")
    with hub.lock:
        del hub.records["contacts"][loser]
        hub.change(winner, hs_merged_object_ids=loser, **{hubspot.SCORE: "20"})
    polling.sim.until(lambda: lead_of(polling, f"hubspot:{loser}")["merged_into"] == f"hubspot:{winner}")
    hub.change(winner, lifecyclestage="customer")
    polling.sim.until(lambda: lead_of(polling, f"hubspot:{loser}")["outcome"] == "won")
    assert [row["lead_id"] for row in polling.rows(Lead)] == [f"hubspot:{loser}"]


def test_a_lead_that_waits_and_is_deleted_is_given_to_nobody(polling: World, hub: HubSpotServer) -> None:
    number = hub.add(**scored(12, owner=99))
    connect(polling, "hubspot", *set_for(hub))
    polling.sim.until(lambda: polling.rows(Lead))
    assert "1 lead waits for new@example.com" in words(polling.command(ADA, "status"))
    with hub.lock:
        hub.records["contacts"][number] |= {"archived": True}
    hub.ahead = timedelta(days=1)  # deletions are looked for once a day
    polling.sim.until(lambda: not lead_of(polling, f"hubspot:{number}")["waiting"])


def test_a_lead_that_ended_and_is_open_again_can_be_answered_again(polling: World, hub: HubSpotServer) -> None:
    number = hub.add(**scored(12))
    connect(polling, "hubspot", *set_for(hub))
    polling.see(RIA, "Acme Ltd")
    hub.change(number, lifecyclestage="customer")
    polling.sim.until(lambda: lead_of(polling, f"hubspot:{number}")["outcome"] == "won")
    hub.change(number, lifecyclestage="lead")
    polling.sim.until(lambda: lead_of(polling, f"hubspot:{number}")["outcome"] == "reopened")
    hub.change(number, hs_lead_status="UNQUALIFIED")
    polling.sim.until(lambda: lead_of(polling, f"hubspot:{number}")["outcome"] == "disqualified")
    assert {row["source"] for row in polling.rows(Outcome)} == {"crm:hubspot"}


def test_the_crm_corrects_what_it_said_of_the_past(polling: World, hub: HubSpotServer) -> None:
    number = hub.add(at=hub.now() - timedelta(days=20), **scored(12))
    hub.change(number, at=hub.now() - timedelta(days=5), hs_lead_status="UNQUALIFIED")
    connect(polling, "hubspot", *set_for(hub))
    polling.sim.until(lambda: polling.rows(Lead))
    assert lead_of(polling, f"hubspot:{number}")["history"]
    hub.change(number, hs_lead_status="")
    polling.sim.until(lambda: lead_of(polling, f"hubspot:{number}")["outcome"] == "reopened")
    hub.change(number, lifecyclestage="customer")
    polling.sim.until(lambda: lead_of(polling, f"hubspot:{number}")["outcome"] == "won")


def test_what_an_admin_said_stands_until_the_crm_says_something_of_its_own(polling: World, hub: HubSpotServer) -> None:
    number = hub.add(**scored(12))
    connect(polling, "hubspot", *set_for(hub))
    polling.see(RIA, "Acme Ltd")
    polling.outcome(f"hubspot:{number}", "lost")
    hub.change(number, jobtitle="CEO")
    read_to_the_end(polling)
    assert lead_of(polling, f"hubspot:{number}")["outcome"] == "lost"


def test_an_end_without_a_time_is_not_told_again_with_each_change(polling: World, hub: HubSpotServer) -> None:
    number = hub.add(**scored(12))
    connect(polling, "hubspot", *set_for(hub))
    polling.see(RIA, "Acme Ltd")
    hub.change(number, hs_lead_status="UNQUALIFIED")
    polling.sim.until(lambda: lead_of(polling, f"hubspot:{number}")["outcome"] == "disqualified")
    polling.outcome(f"hubspot:{number}", "reopened")
    hub.change(number, jobtitle="CEO")
    read_to_the_end(polling)
    assert lead_of(polling, f"hubspot:{number}")["outcome"] == "reopened"
    hub.change(number, lifecyclestage="customer", hs_lead_status="")
    polling.sim.until(lambda: lead_of(polling, f"hubspot:{number}")["outcome"] == "won")


def test_what_is_read_during_a_rehearsal_is_read_again_for_the_reps_after_it(
    polling: World, hub: HubSpotServer
) -> None:
    connect(polling, "hubspot", *set_for(hub))
    read_to_the_end(polling)
    polling.command(ADA, "rehearsal on")
    number = hub.add(**scored(12))
    polling.see(ADA, "Acme Ltd")
    hub.change(number, jobtitle="CEO")
    read_to_the_end(polling)
    assert len(polling.rows(Prior)) == 1, "the same number is told once, in a rehearsal too"
    assert [row["lead_id"] for row in polling.rows(Lead)] == [f"rehearsal:hubspot:{number}"]
    polling.command(ADA, "rehearsal off")
    polling.see(RIA, "Acme Ltd")
    read_to_the_end(polling)
    assert len(polling.rows(Lead)) == 2


def test_a_salesforce_lead_that_took_in_another_is_not_asked_about_again(
    polling: World, force: SalesforceServer
) -> None:
    ria = force.add("User", Email=EMAIL[RIA], IsActive=True)
    loser = force.add("Lead", Company="Acme Ltd", OwnerId=ria, **{salesforce.SCORE: 0.12})
    winner = force.add("Lead", Company="Acme Limited", OwnerId=ria)
    connect(polling, "salesforce", answers=f"{force.base}\nLead\n{salesforce.SCORE}\n\nchance\n90\nyes\n")
    polling.see(RIA, "Acme Ltd")
    force.merge(winner, loser)
    polling.sim.until(lambda: lead_of(polling, f"salesforce:{loser}")["merged_into"])
    force.change("Lead", winner, **{salesforce.SCORE: 0.3})
    read_to_the_end(polling, "salesforce")
    assert [row["lead_id"] for row in polling.rows(Lead)] == [f"salesforce:{loser}"]


def test_a_crm_that_asks_to_slow_down_while_it_is_connected_is_waited_for(polling: World, hub: HubSpotServer) -> None:
    hub.add(**scored(12))
    hub.fail("true", "true", Answer(429, {}, {"Retry-After": "1"}))
    told = connect(polling, "hubspot", *set_for(hub))
    assert "asks us to slow down. Going on in 1 seconds" in told
    assert "Connected." in told


def test_trouble_is_said_in_a_sentence_and_passes_by_itself(
    polling: World, hub: HubSpotServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(polling, "hubspot", *set_for(hub))
    read_to_the_end(polling)
    hub.fail(Answer(401, {}))
    told = polling.sim.until(lambda: "can't be read" in (said := words(polling.command(ADA, "status"))) and said, 20)
    assert "HubSpot can't be read. HubSpot does not accept the token" in told
    assert hubspot.TOKEN not in told
    hub.add(**scored(12))
    polling.deps.db.write(lambda s: connections.change(s, "hubspot", not_before=None))  # five minutes later
    polling.see(RIA, "Acme Ltd")
    assert "can't be read" not in words(polling.command(ADA, "status"))
    hub.fail(Answer(429, {}, {"Retry-After": "2"}))
    polling.sim.until(lambda: "slow down" in words(polling.command(ADA, "status")), 20)
    hub.add(**scored(12, company="Later Ltd"))
    polling.see(RIA, "Later Ltd")


def test_a_missing_secret_is_asked_for_once_and_kept_where_only_its_user_reads(
    polling: World, hub: HubSpotServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OTHERWISE_HUBSPOT_TOKEN")
    told = connect(polling, "hubspot", *set_for(hub), answers="wrong\n", folder=tmp_path, code=1)
    assert "does not accept the token" in told
    assert not (tmp_path / ".env").exists()
    told = connect(polling, "hubspot", *set_for(hub), answers=f"{hubspot.TOKEN}\n", folder=tmp_path)
    assert hubspot.TOKEN not in told
    assert (tmp_path / ".env").read_text() == f"OTHERWISE_HUBSPOT_TOKEN={hubspot.TOKEN}\n"
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0


def test_what_is_read_no_more_leaves_its_leads(polling: World, hub: HubSpotServer) -> None:
    hub.add(**scored(12))
    connect(polling, "hubspot", *set_for(hub))
    polling.see(RIA, "Acme Ltd")
    assert "read no more" in connect(polling, "hubspot", "--off")
    asked = len(hub.asked)
    assert "not connected" in connect(polling, "hubspot", "--off")
    assert len(polling.rows(Lead)) == 1
    assert len(hub.asked) - asked <= 1


def people_of(world: World) -> list[dict[str, Any]]:
    from storage.tables import Person

    return world.rows(Person)


def leads_change(session: Any, lead: int, **values: Any) -> None:
    from storage import leads

    leads.change(session, lead, **values)
