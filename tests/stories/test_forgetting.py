"""Whoever is forgotten, or leaves, is gone from where others look, and nobody's work hangs on it."""

import json

from bot import jobs
from storage import leads
from storage.tables import Audit, Block, Digest, Lead, Letter, Outcome, Person, WordsRead, Workspace
from tests.stories.test_aspects import told  # noqa: F401  # a fixture
from tests.stories.test_digest import go_to_monday
from tests.world import ADA, LEADS, MONA, REPS, RIA, ROB, World, labels, lead_item, words


def forget(world: World, name: str) -> None:
    world.press(ADA, "Forget", world.command(ADA, f"forget @{name}"), "C0GENERAL")
    world.quiet()


def test_whoever_was_quoted_and_is_forgotten_is_quoted_no_more(told: World) -> None:  # noqa: F811
    message = [m for m in told.sim.messages(MONA) if "Details" in labels(m)][-1]
    kept = json.dumps(told.rows(Block) + told.rows(Digest), default=str)
    assert "Reason for" in kept
    # A lead's name may have changed since its words were quoted without it.
    for row in told.rows(Lead):
        told.deps.db.write(lambda s, number=row["id"]: leads.change(s, number, name="Renamed"))
    quoted = {row["person_id"] for row in told.rows(WordsRead)}
    assert len(quoted) == 3
    (name,) = [row["name"].split()[0].lower() for row in told.rows(Person) if row["id"] == min(quoted)]
    forget(told, name)
    # The others of hers go with it: were one gone alone, it would be known for hers.
    kept = json.dumps(told.rows(Block) + told.rows(Digest), default=str)
    assert "Reason for" not in kept
    assert '{"timing": 12}' in kept, "counts stay"
    assert told.press(MONA, "Details", message)["acked"]
    shown = words(told.form(MONA))
    assert "own words" not in shown
    assert "Mentioned most: timing (12)." in shown
    go_to_monday(told)
    told.quiet()
    assert "Reason for" not in json.dumps(told.rows(Digest), default=str)


def test_an_admin_who_is_forgotten_takes_nobody_s_leads_along(world: World) -> None:
    world.command(ADA, "admin add @rob")
    world.command(ROB, "rehearsal on")
    world.lead("crm:0", RIA)
    world.command(ROB, "rehearsal off")
    world.lead("crm:1", RIA, name="Kept Ltd")
    world.see(RIA, "Kept Ltd")
    world.command(ROB, "outcome crm:1 won")
    world.command(ROB, "rehearsal on")
    forget(world, "rob")
    assert world.lead("crm:2", RIA, name="Next Ltd") == {"lead_id": "crm:2", "result": "created"}
    world.see(RIA, "Next Ltd")
    kept = json.dumps([world.rows(one) for one in (Workspace, Outcome, Audit, Lead, Person, Letter)], default=str)
    for gone in (ROB, "Rob", "rob@example.com"):
        assert gone not in kept, gone


def test_forgetting_one_spoils_nobody_else_s_line_in_the_audit(world: World) -> None:
    for person, name in (("U0ANA", "Ana & Co Ruiz"), ("U0SAMA", "Samantha Stone"), ("U0SAMX", "Sam")):
        world.sim.post("people", id=person, name=person[2:].lower(), real_name=name, email=f"{person}@example.com")
        world.command(ADA, f"rep add @{person[2:].lower()}")
    for one in ("ana", "samx"):
        forget(world, one)
    said = words(world.command(ADA, "audit"))
    assert "Ana" not in said
    assert "somebody is a rep now" in said
    assert "Samantha Stone is a rep now" in said
    assert not [row for row in world.rows(Audit) if "Sam is" in str(row["sentence"])]
    world.command(ADA, "rep pause @sama")
    assert "Undone" in words(world.command(ADA, "undo"))


def test_forgetting_somebody_without_an_email_touches_no_lead_that_names_none(world: World) -> None:
    world.sim.post("people", id="U0BARE", name="bare", real_name="Bare Name", email="")
    world.command(ADA, "rep add @bare")
    world.command(ADA, "rep pause @ria")
    world.lead("crm:1", RIA, name="Waits Ltd")
    world.send(LEADS, lead_item("crm:2", None, 0.2, name="Later Ltd") | {"owner": {"slack_id": "U0LATER"}})
    before = [(row["waiting"], row["owner_slack_id"], row["rep_id"]) for row in world.rows(Lead)]
    forget(world, "bare")
    assert [(row["waiting"], row["owner_slack_id"], row["rep_id"]) for row in world.rows(Lead)] == before
    world.command(ADA, "rep resume @ria")
    world.see(RIA, "Waits Ltd")


def test_who_is_no_rep_any_more_is_told_of_no_leads_that_wait(world: World) -> None:
    world.command(ADA, "budget 1")
    world.send(LEADS, [lead_item(f"crm:{n}", rep, 0.3, name=f"Firm {n}") for n in range(3) for rep in (RIA,)])
    world.send(LEADS, [lead_item(f"bob:{n}", REPS[5], 0.3, name=f"Gone {n}") for n in range(3)])
    world.quiet()
    world.command(ADA, "rep remove @ria")
    forget(world, "raj")
    jobs.look_after_reps(world.deps)
    world.quiet()
    assert "more lead" not in json.dumps(world.sim.messages(RIA))
    assert not [row for row in world.rows(Letter) if row["lane"].startswith("forgotten:") and row["state"] != "sent"]
    waits = {row["lead_id"]: (row["waiting"], row["rep_id"]) for row in world.rows(Lead) if row["posted_at"] is None}
    assert [waits[f"crm:{n}"] for n in (1, 2)] == [("owner", None)] * 2
    assert [waits[f"bob:{n}"] for n in (1, 2)] == [("", None)] * 2
    world.command(ADA, "budget 40")
    world.command(ADA, "rep add @ria")
    world.see(RIA, "*Firm 2*")
