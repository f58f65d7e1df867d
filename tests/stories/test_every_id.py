"""Every action, form, command and event that was ever given a name answers when it is used, whatever rides in it."""

from typing import Any

import pytest

from bot.domain.sampling import ASKED
from bot.views import ids
from tests.stories.test_reps import RUTH, friday
from tests.stories.test_sample import begin, names
from tests.world import ADA, MONA, RIA, ROB, World

VALUES = (
    "",
    "nonsense",
    '{"lead": 999, "prior": 1}',
    "0",
    "-1",
    "9" * 40,
    f'{{"lead": {"9" * 40}, "prior": 1}}',
    "HERS",
)


def press_each(world: World, user: str, action_id: str, hers: str) -> None:
    """Press it on a message of that person's, with everything that could ride in it."""
    message = world.see(user, "Acme Ltd")
    for value in VALUES:
        forged = {"type": "button", "value": hers if value == "HERS" else value}
        told = world.sim.act(
            "click", user, channel="D" + user[1:], ts=message["ts"], action_id=action_id, forged=forged
        )
        assert told["acked"], (action_id, value)


@pytest.mark.parametrize("action_id", ids.ACTIONS)
def test_every_action_answers(action_id: str, world: World, capsys: Any) -> None:
    world.lead("crm:1")
    world.lead("crm:2", rep=ROB)
    hers = world.see(RIA, "Acme Ltd")
    value = next(
        element["value"] for block in hers["blocks"] for element in block.get("elements", []) if "value" in element
    )
    for user in (RIA, ROB):
        press_each(world, user, action_id, value)
    world.command(ADA, "test-lead")
    world.see(ADA, "A test")
    world.sim.act("click", ADA, channel="D0ADA", ts=world.see(ADA, "A test")["ts"], action_id=action_id, forged={})
    log = capsys.readouterr().out
    assert "listener.unknown" not in log
    assert "listener.failed" not in log, log


def test_every_form_answers_and_says_what_is_missing(shifted_world: World, capsys: Any) -> None:
    world = shifted_world
    world.lead("crm:1")
    now = world.deps.clock.now().isoformat()
    world.lead("crm:2", rep=RUTH, prior={"horizon_days": 5, "scored_at": now})
    seen = set()
    message = world.see(RIA, "Acme Ltd")
    world.press(RIA, "I see something else", message)
    seen.add(send_empty(world, RIA))
    world.sim.act(
        "submit", RIA, view=world.form(RIA)["id"], values={"direction": "more", "reason": "heard it on the phone"}
    )
    world.press(RIA, "Add details", world.see(RIA, "heard it on the phone"))
    seen.add(send_empty(world, RIA))
    world.command(ADA, "setup")
    seen.add(send_empty(world, ADA))
    world.sim.act("submit", ADA, view=world.form(ADA)["id"], values={"team": "North", "manager": MONA})
    seen.add(send_empty(world, ADA))
    friday(world)
    friday(world)
    world.press(RUTH, "Go through them", world.see(RUTH, "Did any of them close?"))
    seen.add(send_empty(world, RUTH))
    begin(world)
    world.lead(names(world, ASKED)[0], rep=ROB)
    world.press(ROB, "Say my number", world.see(ROB, "One of the leads of the comparison"))
    seen.add(send_empty(world, ROB))
    world.press_in(RIA, world.home(RIA), "Forget me …")
    seen.add(send_empty(world, RIA))
    assert seen == set(ids.CALLBACKS)
    log = capsys.readouterr().out
    assert "listener.unknown" not in log
    assert "listener.failed" not in log, log


def send_empty(world: World, user: str) -> str:
    """Send a form as it stands, past Slack's own client; its callback."""
    view = world.form(user)
    told = world.sim.act("submit", user, view=view["id"], values={}, force=True)
    assert told["acked"], view["callback_id"]
    return str(view["callback_id"])


def test_every_command_and_event_answers(world: World) -> None:
    for command in ids.COMMANDS:
        assert world.sim.act("command", RIA, channel="C0GENERAL", command=command, text="")["acked"]
    assert ids.EVENTS == ("app_home_opened",)
    assert world.home(RIA)
    assert world.sim.act("command", RIA, channel="C0GENERAL", command="/other", text="")["status"] == 409
