"""Nothing that leaves the house for a CRM or a webhook's receiver depends on how a rep answered.

The same ninety days are played with different answers, beside a connected CRM that owners are written back to and a
webhook of the plain scope. What both were sent is compared.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from storage import webhooks
from tests.crms import SECRETS
from tests.crms.hubspot import HubSpotServer
from tests.promises.test_crm import connected
from tests.sim import Sim
from tests.stories.test_crm import scored
from tests.stories.test_surfaces import SECRET
from tests.stories.test_webhooks import KEY, Receiver
from tests.world import EMAIL, REPS, RIA, World, settings_for

VARIES = re.compile(r'"(timestamp|cursor|released_at)": "[^"]*"|\d{4}-\d\d-\d\dT[^"]*|"set": \d+')
WRITES = ("PATCH", "PUT", "DELETE")


def play(world: World, hub: HubSpotServer, receiver: Receiver, said: str) -> tuple[list[Any], str]:
    """Ninety days in which Ria answers so; what was written to the CRM, and what the receiver was sent."""
    world.add_people()
    now = world.deps.clock.now()
    connected(world, hub, writes_owners=True)
    hook = {"name": "w", "url": f"{receiver.base}/hook", "scopes": ["export"], "created_at": now}
    world.deps.db.write(lambda s: webhooks.add(s, hook))
    hers = hub.add(**scored(12, company="Secretive Ltd"))
    message = world.see(RIA, "Secretive Ltd")
    free = hub.add(**scored(40, owner="", company="Nobody's Ltd"))
    if said == "noted":
        world.press(RIA, "Noted", message)
    elif said != "none":
        world.override(RIA, message, said, SECRET)
    world.sim.until(lambda: hub.records["contacts"][free]["properties"]["hubspot_owner_id"], 20)
    hub.change(hers, lifecyclestage="customer")
    hub.change(free, hs_lead_status="UNQUALIFIED")
    world.sim.until(lambda: world.open_letters() == [] and all(row["outcome"] for row in leads(world)), 20)
    world.shift(days=91)
    world.sim.until(lambda: len(receiver.lines()) == 2, 20)
    assert SECRET not in str(hub.sent) + str(receiver.sent)
    written = [(method, path, body) for method, path, body in hub.sent if method in WRITES]
    return written, VARIES.sub("~", json.dumps(receiver.lines()))


def leads(world: World) -> list[dict[str, Any]]:
    from storage.tables import Lead

    return world.rows(Lead)


def test_what_a_crm_and_a_webhook_are_sent_is_the_same_whatever_she_says(
    sim: Sim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    seen = {}
    for said in ("none", "noted", "more", "data"):
        sim.post("reset")
        sim.post("limits", on=False)
        (clock := tmp_path / f"clock-{said}").write_text("0")
        more = {"otherwise_poll": 1, "otherwise_heartbeat": 1, "otherwise_webhooks_inside": True}
        hub, receiver = HubSpotServer(), Receiver()
        hub.owners |= {str(number): EMAIL[rep] for number, rep in enumerate(REPS, 1)}
        world = World(
            sim,
            settings_for(
                sim,
                f"sqlite:///{tmp_path}/{said}.db",
                otherwise_clock_file=clock,
                otherwise_hash_key=KEY,
                **more,
            ),
        )
        try:
            seen[said] = play(world, hub, receiver, said)
        finally:
            world.close()
            hub.close()
            receiver.close()
    assert len(seen["none"][0]) == 1, "the owner of the lead that nobody owned"
    for said in ("noted", "more", "data"):
        assert seen[said] == seen["none"], said
