"""What a monitor is told, and to whom."""

import re
from typing import Any

import httpx
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bot import keys
from tests.sim import ROOT
from tests.world import LEADS, RIA, World, lead_item


def figures(page: str) -> dict[str, float]:
    """Every sample by its name and labels, as Prometheus reads it."""
    found = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            found[sample.name + "".join(f" {value}" for value in sample.labels.values())] = sample.value
    return found


def read(world: World) -> dict[str, float]:
    answer = world.http.get("/metrics")
    assert answer.status_code == 200
    return figures(answer.text)


def test_what_came_in_and_went_out_is_counted(world: World) -> None:
    world.send(LEADS, [lead_item("a", RIA, 0.2), lead_item("b", RIA, 0.2), {"lead_id": "c"}])
    world.quiet()
    world.outcome("a")
    world.http.post(LEADS, content="no JSON")
    seen = read(world)
    assert seen["otherwise_intake_items_total lead created"] == 2
    assert seen["otherwise_intake_items_total lead rejected"] == 1
    assert seen["otherwise_intake_items_total outcome created"] == 1
    assert seen["otherwise_intake_refused_total 400"] == 1
    assert seen["otherwise_messages_total sent"] == 3  # the welcome too
    assert seen["otherwise_intake_seconds_count"] == 2
    assert (seen["otherwise_up database"], seen["otherwise_up slack"]) == (1, 1)
    assert (seen["otherwise_letters pending"], seen["otherwise_oldest_letter_seconds"]) == (0, 0)


def test_what_waits_and_what_died_is_seen(world: World) -> None:
    world.lead("a")
    world.quiet()
    world.sim.fault("chat.postMessage", "error", error="is_archived", times=1)
    world.lead("b")
    world.sim.until(lambda: read(world)["otherwise_letters dead"] == 1)
    world.sim.fault("chat.postMessage", "429", retry_after=600, times=1)
    world.lead("c")
    world.sim.until(lambda: read(world).get("otherwise_messages_total limited") == 1)
    seen = read(world)
    assert seen["otherwise_letters pending"] == 1
    assert 0 < seen["otherwise_oldest_letter_seconds"] < 60
    assert seen["otherwise_messages_total refused"] == 1


def test_every_job_says_when_it_last_ended_well(make_world: Any) -> None:
    world = make_world(otherwise_heartbeat=1)
    wanted = {"digests", "assign", "later", "fridays", "stand-ins", "sample"}
    name = "otherwise_job_done_timestamp_seconds "
    world.sim.until(lambda: wanted <= {key.removeprefix(name) for key in read(world) if key.startswith(name)})


def test_an_answer_moves_no_figure(world: World) -> None:
    world.lead()
    message = world.see(RIA, "Acme Ltd")
    world.quiet()
    own = re.compile("otherwise_(memory|open_files|threads|job)")
    before = {key: value for key, value in read(world).items() if not own.match(key)}
    assert world.override(RIA, message, "more", "They called us.")["closed"]
    world.quiet()
    assert {key: value for key, value in read(world).items() if not own.match(key)} == before


def test_away_from_loopback_it_takes_a_key(make_world: Any) -> None:
    world = make_world(otherwise_http_host="0.0.0.0")  # noqa: S104  # what the test is about
    intake = httpx.get(f"{world.http.base_url}/metrics", headers={"Authorization": f"Bearer {world.key}"})
    assert (world.http.get("/metrics", headers={"Authorization": ""}).status_code, intake.status_code) == (401, 401)
    key = world.deps.db.write(lambda s: keys.make_key(s, "monitor", ["metrics"], world.deps.clock.now()))
    told = world.http.get("/metrics", headers={"Authorization": f"Bearer {key}"})
    assert figures(told.text)["otherwise_up database"] == 1


def test_the_sample_alerts_ask_for_what_there_is(make_world: Any) -> None:
    world = make_world(otherwise_heartbeat=1)
    world.add_people()
    rules = yaml.safe_load((ROOT / "docs" / "alerts.yml").read_text())["groups"][0]["rules"]
    page = world.http.get("/metrics").text
    declared = set(re.findall(r"^# TYPE (\w+)", page, re.M))
    for rule in rules:
        for name in re.findall(r"otherwise_\w+", rule["expr"]):
            assert re.sub(r"_(total|sum|count)$", "", name) in {re.sub("_total$", "", one) for one in declared}, name
