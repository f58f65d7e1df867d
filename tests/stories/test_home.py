"""Home: what is hers for a rep, digests for a manager, health for an admin; nothing of anybody else's."""

import json
from pathlib import Path
from typing import Any

from bot.views import ids
from storage.tables import Letter
from tests.world import ADA, LEADS, MILO, MONA, RIA, ROB, World, labels, lead_item, words


def test_a_rep_sees_her_open_leads_her_answers_and_her_switch(make_world: Any) -> None:
    world: World = make_world()
    world.add_people()
    world.lead("crm:1")
    world.lead("crm:2", name="Borealis & Co")
    message = world.see(RIA, "Acme Ltd")
    world.see(RIA, "Borealis")
    world.override(RIA, message, "more", "their CFO called me")
    home = world.home(RIA)
    shown = json.dumps(home, ensure_ascii=False)
    assert "Borealis &amp; Co" in shown
    assert "their CFO called me" in shown
    assert "Still open." in shown
    assert "Nobody may ask you to show this." in shown
    assert "Mona Manager gets no digest before" in shown
    assert labels(home).count("I see something else") == 1, "the answered one no longer asks"
    world.press_in(RIA, home, "I see something else")
    form = world.form(RIA)
    world.sim.act("submit", RIA, view=form["id"], values={"direction": "less", "reason": "wrong country"})
    again = world.sim.http.get("/sim/views", params={"user": RIA}).json()["home"]
    assert "wrong country" in json.dumps(again)
    assert labels(again).count("I see something else") == 0
    world.press_in(RIA, again, "Show it when I ask")
    switched = world.sim.http.get("/sim/views", params={"user": RIA}).json()["home"]
    assert "Show it at once" in labels(switched)
    world.lead("crm:3", name="Corvid")
    assert "Show the tool's number" in labels(world.see(RIA, "Corvid"))


def test_her_record_is_read_back_to_its_beginning(make_world: Any) -> None:
    world: World = make_world()
    world.add_people()
    world.command(ADA, "budget 60")
    world.send(LEADS, [lead_item(f"crm:{n}", RIA, 0.2, name=f"Firm {n}.") for n in range(45)])
    for n in range(45):
        message = world.see(RIA, f"*Firm {n}.*")
        if n:
            world.press(RIA, "Noted", message)
        else:
            world.override(RIA, message, "less", "They asked for the slides alone.")
    world.quiet()
    assert "The newest 10 of 45 leads that you answered." in words(world.command(RIA, "my record"))
    world.press_in(RIA, world.home(RIA), "Older")
    view = world.form(RIA)
    assert "11 to 30 of 45 leads" in words(view)
    assert "Firm 34." in words(view)
    assert "Firm 35." not in words(view)
    world.press_in(RIA, view, "Older")
    view = world.form(RIA)
    assert len(world.sim.views(RIA)) == 1, "page for page in one modal"
    assert "31 to 45 of 45 leads" in words(view)
    assert "Older" not in labels(view)
    world.press_in(RIA, view, "What I said")
    assert "They asked for the slides alone." in words(world.form(RIA))
    assert len(world.sim.views(RIA)) == 2, "upon the record, to which she comes back"
    world.press_in(RIA, view, "Newer")
    assert "11 to 30 of 45 leads" in words(world.sim.views(RIA)[0])


def test_nobody_else_finds_her_words_anywhere_in_their_home(make_world: Any) -> None:
    world: World = make_world()
    world.add_people()
    world.lead("crm:1")
    world.override(RIA, world.see(RIA, "Acme Ltd"), "more", "their CFO called me")
    world.quiet()
    for other in (ROB, MONA, MILO, ADA):
        shown = json.dumps(world.home(other))
        assert "CFO" not in shown
        assert "Acme" not in shown
        assert "more likely" not in shown
    assert "Nothing here for you yet" in json.dumps(world.home("U0REP23")) or "haven't answered" in json.dumps(
        world.home("U0REP23")
    )


def test_a_manager_pledges_in_home_and_her_reps_see_that_she_did(make_world: Any) -> None:
    world: World = make_world()
    world.add_people()
    home = world.home(MONA)
    assert labels(home) == ["I agree"]
    world.press_in(MONA, home, "I agree")
    assert "You agreed on" in words(world.sim.http.get("/sim/views", params={"user": MONA}).json()["home"])
    assert "Mona Manager agreed on" in words(world.home(RIA))


def test_an_admin_sees_what_needs_her_adds_an_owner_and_retries(make_world: Any) -> None:
    world: World = make_world()
    world.add_people()
    world.command(ADA, "rep remove @sofia")
    item = {"owner": {"email": "sofia@example.com"}}
    world.lead("crm:1", rep="", **item)
    home = world.home(ADA)
    assert "1 lead waits for sofia@example.com" in words(home)
    world.press_in(ADA, home, "Add")
    world.see("U0REP20", "Acme Ltd")
    assert "Sofia Reyes is a rep now" in json.dumps(world.sim.views(ADA))
    world.command(ADA, "rep add @rob #deals")
    world.sim.post("channels", id="C0DEALS", archived=True)
    world.lead("crm:2", rep=ROB)
    world.quiet()
    home = world.home(ADA)
    assert "1 message could not be delivered" in words(home)
    world.sim.post("channels", id="C0DEALS", archived=False)
    world.press_in(ADA, home, "Try again")
    world.see(ROB, "Acme Ltd", "C0DEALS")
    assert "could not be delivered" not in words(world.home(ADA))
    hers = world.home(RIA)["id"]
    assert world.sim.act("view_click", RIA, view=hers, action_id=ids.RETRY, forged={"value": "dead"})["acked"]
    assert "This is for Otherwise's admins" in json.dumps(world.form(RIA))


def test_who_gets_no_leads_finds_her_own_part_first_and_the_model_s_owner_is_somebody(make_world: Any) -> None:
    world: World = make_world()
    world.add_people()
    world.command(ADA, "test-lead")
    world.see(ADA, "A test")
    world.quiet()
    titles = [block["text"]["text"] for block in world.home(ADA)["blocks"] if block["type"] == "header"]
    assert titles.index("How it runs") < titles.index("Leads you haven't answered")
    suki = "U0REP15"
    world.command(ADA, "rep remove @suki")
    assert "Nothing here for you yet" in json.dumps(world.home(suki))
    world.command(ADA, "modelowner add @suki")
    hers = json.dumps(world.home(suki))
    assert "For the model's owners" in hers
    assert "Nothing was reported these three months." in hers
    assert "Nothing here for you yet" not in hers


def test_what_failed_for_one_reason_is_tried_again_without_the_rest(make_world: Any) -> None:
    world: World = make_world()
    world.add_people()
    for name in ("C0OLDER", "C0CLOSED"):
        world.sim.post("channels", id=name, name=name[2:].lower(), add=[ADA, RIA, ROB, "U0OTHERWISE"])
    world.command(ADA, "rep add @ria #older")
    world.command(ADA, "rep add @rob #closed")
    world.sim.post("channels", id="C0OLDER", archived=True)
    world.sim.fault("chat.postMessage", "error", error="msg_too_long", channel="C0CLOSED")
    world.lead("crm:1", RIA, name="Old Ltd")
    world.lead("crm:2", ROB, name="Closed Ltd")
    world.quiet()
    home = world.home(ADA)
    said = words(home)
    for channel in ("C0OLDER", "C0CLOSED"):
        assert f"1 message could not be delivered (for <#{channel}>)" in said
    world.sim.post("channels", id="C0OLDER", archived=False)
    (block,) = [one for one in home["blocks"] if "C0OLDER" in json.dumps(one) and "accessory" in one]
    world.sim.act("view_click", ADA, view=home["id"], action_id=ids.RETRY, block_id=block["block_id"])
    world.see(RIA, "Old Ltd", "C0OLDER")
    world.quiet()
    left = [row for row in world.rows(Letter) if row["state"] == "dead"]
    assert [(row["lane"], row["attempt"]) for row in left] == [("C0CLOSED", 1)], "the other was not tried again"


def test_a_manager_reads_her_last_digests_in_home_and_only_hers(shifted_world: Any) -> None:
    world: World = shifted_world
    world.command(ADA, "digest now @mona")
    world.press(MONA, "I agree", world.see(MONA, "I won't use"))
    for _week in range(2):
        world.command(ADA, "digest now @mona")
        world.quiet()
        world.shift(days=7)
    home = world.home(MONA)
    assert "made-up data" in words(home).lower()
    assert "Open" in labels(home)
    button = next(b["accessory"] for b in home["blocks"] if b.get("accessory", {}).get("action_id") == ids.PAST_DIGEST)
    world.press_in(MONA, home, "Open")
    assert "No results yet" in json.dumps(world.form(MONA))
    world.command(ADA, "digest now @milo")
    other = world.home(MILO)
    told = world.sim.act(
        "view_click", MILO, view=other["id"], action_id=ids.PAST_DIGEST, forged={"value": button["value"]}
    )
    assert told["acked"]
    assert "isn't one of yours" in json.dumps(world.form(MILO))


def test_home_says_what_could_not_be_done_in_a_window(make_world: Any) -> None:
    world: World = make_world()
    world.add_people()
    world.lead("crm:1", rep="", owner={"email": "who@elsewhere.example"})
    world.press_in(ADA, world.home(ADA), "Add")
    assert "Nobody in Slack has the email who@elsewhere.example" in json.dumps(world.form(ADA))


def test_a_state_is_kept_between_two_starts_of_the_workspace(tmp_path: Path) -> None:
    from tests.sim import Sim

    file = tmp_path / "workspace.json"
    first = Sim("--no-limits", "--state", str(file))
    first.act("message", RIA, channel="C0GENERAL", text="hello <there>")
    first.close()
    second = Sim("--no-limits", "--state", str(file))
    assert [m["text"] for m in second.messages(RIA, "C0GENERAL")] == ["hello &lt;there&gt;"]
    second.close()
