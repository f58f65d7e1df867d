"""Promise 18, whole: each action, by each role, with each thing that could ride in it, moves nothing of another's."""

import json
from typing import Any

import pytest

from bot.views import ids
from storage.tables import (
    ApiKey,
    Digest,
    Lead,
    Outcome,
    Person,
    Response,
    Sample,
    Sampled,
    SecondLook,
    Suggestion,
    Team,
    Workspace,
)
from tests.promises.mechanisms import rests_on
from tests.stories.test_routing import NAMES, asked_about
from tests.world import ADA, MILO, MONA, RIA, ROB, World, people_file

WORDS = "her own quite particular words"
TABLES = (ApiKey, Digest, Lead, Outcome, Response, Sample, Sampled, SecondLook, Suggestion, Team, Workspace)
# What an admin's own buttons are there to change, when what rides in them is right.
OF_ADMINS = (ids.FORGET, ids.RETAIN, ids.UNDO, ids.ADD_OWNER, ids.TEST_LEAD, ids.RETRY)
ROLES = {"another rep": ROB, "her manager": MONA, "an admin": ADA, "an admin who has left": MILO}
PLAIN = ("", "0", "1", "2", "3", "30", "dead", "number:on", "mute:on", "friday:off", "ria@example.com", "monthly", "me")


def held(world: World, actor: str) -> dict[str, Any]:
    """Everything that is not the actor's own."""
    found: dict[str, Any] = {table.__name__: world.rows(table) for table in TABLES}
    found["Person"] = [row for row in world.rows(Person) if row["slack_id"] != actor]
    return found


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("role", sorted(ROLES))
@rests_on("asking whose lead it is")
def test_no_role_moves_what_is_another_s_by_any_action(make_world: Any, role: str, without: str) -> None:
    world: World = make_world(otherwise_admins=(MILO,))
    world.add_people(people_file(shared={RIA: "C0DEALS"}))
    for name in NAMES:
        world.command(ADA, f"pool add @{name}")
    world.lead(asked_about(world), probability=0.05, name="Hers Ltd")
    message = world.see(RIA, "Hers Ltd", "C0DEALS")
    assert world.override(RIA, message, "more", WORDS, "C0DEALS")["closed"]
    world.see(RIA, "second pair of eyes")
    world.quiet()
    world.sim.post("people", id=MILO, name="milo", deleted=True)
    actor = ROLES[role]
    value = next(e["value"] for block in message["blocks"] for e in block.get("elements", []) if "value" in e)
    before = held(world, actor)
    assert WORDS in json.dumps(before, default=str)
    for action_id in ids.ACTIONS:
        if actor == ADA and action_id in OF_ADMINS:
            continue
        for riding in (value, *PLAIN):
            forged = {"type": "button", "value": riding}
            world.sim.act("click", actor, channel="C0DEALS", ts=message["ts"], action_id=action_id, forged=forged)
            assert WORDS not in json.dumps(world.sim.views(actor)), (action_id, riding)
        now = held(world, actor)
        moved = {name: (before[name], now[name]) for name in before if before[name] != now[name]}
        assert not moved, f"{action_id} by {role}: {moved}"
