"""Promise 18, whole: each action, form and command, by each role, with each thing that could ride in it, moves nothing
of another's.
"""

import json
from typing import Any

import pytest

from bot.domain.commands import FORMS, shown
from bot.domain.operands import NAME as OTHERWISE
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


ODD = ("", "0", "2", "nonsense", "{}", '{"lead": 999, "prior": 1}', '{"manager": "U0MONA"}')
TYPED = {"direction": "less", "reason": "not hers at all", "estimate": "7", "cues": ["timing"], "team": "North"}


def typed(value: Any) -> dict[str, Any]:
    """A form's values in each shape that a block could have."""
    options = [{"value": one} for one in (value if isinstance(value, list) else [value])]
    return {
        "type": "plain_text_input",
        "value": value if isinstance(value, str) else None,
        "selected_option": options[0],
        "selected_options": options,
        "selected_user": ROB,
        "selected_users": [ROB],
    }


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("role", sorted(ROLES))
@rests_on("asking whose lead it is")
def test_no_role_moves_what_is_another_s_by_any_form(make_world: Any, role: str, without: str) -> None:
    world: World = make_world(otherwise_admins=(MILO,))
    world.add_people(people_file(shared={RIA: "C0DEALS"}))
    world.lead(probability=0.05, name="Hers Ltd")
    message = world.see(RIA, "Hers Ltd", "C0DEALS")
    assert world.override(RIA, message, "more", WORDS, "C0DEALS")["closed"]
    world.quiet()
    world.sim.post("people", id=MILO, name="milo", deleted=True)
    actor = ROLES[role]
    hers = next(e["value"] for block in message["blocks"] for e in block.get("elements", []) if "value" in e)
    before = held(world, actor)
    state = {name: {name: typed(value)} for name, value in TYPED.items()}
    for callback_id in ids.CALLBACKS:
        if callback_id == ids.SUBMIT_FORGET or (actor == ADA and callback_id in (ids.SETUP_TEAM, ids.SETUP_DIGEST)):
            continue  # everybody's for herself; an admin's own
        for riding in (hers, *ODD):
            view = {"callback_id": callback_id, "private_metadata": riding, "state": {"values": state}}
            world.sim.act("submit", actor, forged=view)
            assert WORDS not in json.dumps(world.sim.views(actor)), (callback_id, riding)
        now = held(world, actor)
        moved = {name: (before[name], now[name]) for name in before if before[name] != now[name]}
        assert not moved, f"{callback_id} by {role}: {moved}"


# What may follow each word of a command, by what its usage names.
FOLLOWS = {
    "@user": "@ria", "@user …": "@ria", "@rep @user until DATE|off": "@ria @rob until 2099-01-01", "NAME": "North",
    "ID": "crm:1", "ID won|lost|disqualified [DATE]": "crm:1 lost", "24|48|72": "48",
    "leads 10 reps 5": "leads 20 reps 8",
    "@user [#channel] [email]": "@ria", "[@manager]": "@mona", "[@manager] mon 09:00 [zone]": "@mona tue 10:00",
    "PARENT": "South", "#channel|none": "none", "18:00-08:00|off": "18:00-08:00", "730|off": "30", "on|off": "on",
    "[@user]": "@ria", "[off]": "", "15": "30", "20": "50", "40": "3", "": "", "[WORD|all]": "rep",
}  # fmt: skip


def refused_each(world: World, role: str) -> None:
    """Type every form as that role: nothing moves, and what is for admins is refused as such."""
    actor, before = ROLES[role], held(world, ROLES[role])
    for form in FORMS:
        name = shown(form).removesuffix(form.usage).replace("NAME", "North").removeprefix(OTHERWISE).strip()
        told = world.command(actor, f"{name} {FOLLOWS[form.usage]}".strip())
        assert WORDS not in json.dumps([told, world.sim.views(actor)]), form.name
        now = held(world, actor)
        moved = {key: (before[key], now[key]) for key in before if before[key] != now[key]}
        assert not moved, f"{form.name} by {role}: {moved}"
        if not form.everybody or actor == MILO:
            assert "Otherwise's admins" in told["text"], form.name


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("role", ["another rep", "her manager"])
@rests_on("who runs commands is asked")
def test_no_role_but_an_admin_moves_anything_by_a_command(world: World, role: str, without: str) -> None:
    world.lead(name="Hers Ltd")
    world.override(RIA, world.see(RIA, "Hers Ltd"), "more", WORDS)
    world.quiet()
    refused_each(world, role)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_admin_who_has_left_may_nothing_any_more(make_world: Any) -> None:
    world: World = make_world(otherwise_admins=(MILO,))
    world.add_people()
    world.sim.post("people", id=MILO, name="milo", deleted=True)
    refused_each(world, "an admin who has left")
