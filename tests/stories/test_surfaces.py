"""Nobody but a rep learns from any surface how she answered: whatever she said, all that others see is the same.

The same hour is played with different answers by one rep, and everything that anybody else can bring up is written
down: every command, every button with her own lead in it, every Home, channel, letter, route and log. The lists come
from the code, so that a new command, id or route is tried without being named here.
"""

import dataclasses
import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import Session

from bot import home, insight, jobs, keys, lead_desk, metrics, outcomes, place
from bot.domain.commands import FORMS
from bot.domain.errors import NotYours
from bot.domain.sampling import BLIND
from bot.views import ids
from handlers import forms
from storage import outbox
from storage.tables import ApiKey, Lead, Letter, Response, Sampled, table
from tests.sim import Sim
from tests.stories.test_commands import RIGHT
from tests.stories.test_sample import begin, names, say
from tests.world import ADA, LEADS, MILO, MONA, RIA, ROB, World, lead_item, people_file, settings_for

SECRET = "her own quite particular words"
OTHERS = (ADA, MONA, MILO, ROB)
ANSWERS = ("none", "noted", "more", "less", "other", "data", "withdrawn")
# Differs between any two hours: times, random ids, and a letter's mark, which may have a time in it.
VARIES = re.compile(
    r'"(ts|hash|trigger_id|id|root_view_id|block_id|client_msg_id)": "[^"]*"'
    r'|"letter": "[^"]*"|\d\d:\d\d|\d{10}\.\d+|[0-9a-f]{8,}|reference \w+'
)
# What the process measures of itself, which no two runs share.
MEASURED = re.compile(r"(?m)^otherwise_(intake_seconds|memory_bytes|open_files|threads|job_done|\w+_created).*$")
Seen = dict[str, str]


def play(world: World, said: str, plant: Callable[[World], None] | None = None) -> Seen:
    """An hour in which Ria answers so, in a channel that others read; what all others see of it."""
    world.add_people(people_file(shared={RIA: "C0DEALS"}))
    world.lead("crm:1", name="Secretive Ltd")
    world.lead("crm:2", rep=ROB, name="Other Inc")
    message = world.see(RIA, "Secretive Ltd", "C0DEALS")
    world.quiet()
    respond(world, message, said)
    world.quiet()
    first = {f"{name}, before the end": text for name, text in written(world).items()}
    # The tool looks again, and the lead ends: what is shown of both must not depend on her.
    item = lead_item("crm:1", RIA, 0.4, name="Secretive Ltd", prior={"scored_at": "2026-11-21T09:00:00Z"})
    told = [json.dumps(world.send(LEADS, item)), json.dumps(world.outcome("crm:1", "won"))]
    world.quiet()
    if plant is not None:
        plant(world)
    seen = first | {"POST /v1/leads": told[0], "POST /v1/outcomes": told[1]}
    # Before the commands too: one of them tells an outcome, and that edit would cover what is to be seen here.
    seen |= {f"{name}, after the end": text for name, text in written(world).items()}
    seen |= routes(world) | homes(world) | pressed(world, message) | commanded(world)
    jobs.give_back(world.deps)
    world.quiet()
    seen |= written(world)
    return {name: VARIES.sub("~", text) for name, text in seen.items()}


def play_a_sample(world: World, said: str) -> Seen:
    """The same where Ria's lead is drawn into the blind-first sample: she says a number, skips, or does nothing."""
    world.add_people(people_file())
    begin(world)
    (name,) = names(world, BLIND)
    world.lead(name, name="Secretive Ltd")
    world.lead("rob:1", rep=ROB, name="Other Inc")
    message = world.see(RIA, "Yours first")
    world.quiet()
    if said == "skip":
        world.press(RIA, "Show the tool's number", message)
    elif said:
        say(world, RIA, message, said)
    world.quiet()
    jobs.look_after_sample(world.deps)
    world.outcome(name, "won")
    world.quiet()
    seen = routes(world) | homes(world) | commanded(world)
    world.quiet()
    seen |= written(world)
    return {place: VARIES.sub("~", text) for place, text in seen.items()}


def play_alone(world: World, said: str) -> Seen:
    """The same where Ria alone reads her leads: what shows her that the tool has looked again shows nobody else."""
    world.add_people(people_file())
    for name, rep in (("crm:1", RIA), ("crm:2", ROB)):
        world.lead(name, rep, name="Secretive Ltd")
        world.see(rep, "Secretive Ltd")
    if said:
        respond(world, world.see(RIA, "Secretive Ltd"), said, "D" + RIA[1:])
    world.quiet()
    later = (world.deps.clock.now() + timedelta(seconds=1)).isoformat()
    for name, rep in (("crm:1", RIA), ("crm:2", ROB)):
        world.send(LEADS, lead_item(name, rep, 0.6, name="Secretive Ltd", prior={"scored_at": later}))
    world.quiet()
    seen = routes(world) | homes(world) | commanded(world)
    world.quiet()
    return {place: VARIES.sub("~", text) for place, text in (seen | written(world)).items()}


def play_rescored(world: World, said: str) -> Seen:
    """Weeks in which the tool has looked again, at another number and another horizon, before she answers or does not.

    What others read then must go by what was posted: by what she answered to it would tell that she had.
    """
    world.add_people(people_file())
    world.press_in(MONA, world.home(MONA), "I agree")
    again = {"crm:1": {"horizon_days": 20}, "crm:2": {"horizon_days": 60}}
    for name, prior in again.items():
        world.lead(name, RIA, name=f"Firm {name}.", prior={"horizon_days": 60})
        posted = world.see(RIA, f"Firm {name}.")["ts"]
        later = (world.deps.clock.now() + timedelta(seconds=1)).isoformat()
        world.send(LEADS, lead_item(name, RIA, 0.6, name=f"Firm {name}.", prior=prior | {"scored_at": later}))
        world.quiet()
        if said:
            shown = next(one for one in world.sim.messages(RIA) if one["ts"] == posted)
            respond(world, shown, said, "D" + RIA[1:])
    world.shift(days=22)
    for name in again:
        world.outcome(name, "won")
    seen = {}
    for days in (3, 40):
        world.shift(days=days)
        world.quiet()
        now = routes(world) | homes(world) | commanded(world)
        seen |= {f"{place} after {days} days": text for place, text in now.items()}
    return {place: VARIES.sub("~", text) for place, text in (seen | written(world)).items()}


def respond(world: World, message: dict[str, Any], said: str, channel: str = "C0DEALS") -> None:
    if said == "noted":
        world.press(RIA, "Noted", message, channel)
    elif said in ("more", "less", "other", "data", "withdrawn"):
        world.override(RIA, message, "more" if said == "withdrawn" else said, SECRET, channel)
        if channel != "C0DEALS":
            return
        confirmed = world.see(RIA, "Saved. Thank you.", channel)
        if said == "withdrawn":
            world.press(RIA, "Withdraw", confirmed, "C0DEALS")
        elif said == "less":
            world.press(RIA, "Add details", confirmed, "C0DEALS")
            details = {"estimate": "7", "cues": ["timing"], "quote": ["yes"]}
            world.sim.act("submit", RIA, view=world.form(RIA)["id"], values=details)


def commanded(world: World) -> Seen:
    """Every form of the command, by each of them."""
    by_name = {name: text for name, text, _ in RIGHT}
    seen = {}
    for user in OTHERS:
        for form in FORMS:
            if world.open_letters():
                world.quiet()  # how many letters are on their way is a matter of moments
            told = world.command(user, by_name[form.name])
            seen[f"/otherwise {form.name} by {user}"] = json.dumps(told["blocks"], ensure_ascii=False)
    return seen


def pressed(world: World, message: dict[str, Any]) -> Seen:
    """Every button with her lead in it, by each of them: what opens, and what is said to them."""
    value = next(e["value"] for block in message["blocks"] for e in block.get("elements", []) if "value" in e)
    seen = {}
    for user in OTHERS:
        for action_id in ids.ACTIONS:
            if action_id == ids.UNDO:
                continue  # it changes what the next would see, alike in every world; tried in test_every_id
            forged = {"type": "button", "value": value}
            told = world.sim.act("click", user, channel="C0DEALS", ts=message["ts"], action_id=action_id, forged=forged)
            seen[f"{action_id} by {user}"] = json.dumps([told.get("acked"), world.sim.views(user)], ensure_ascii=False)
    return seen


def homes(world: World) -> Seen:
    return {f"Home of {user}": json.dumps(world.home(user), ensure_ascii=False) for user in OTHERS}


def routes(world: World) -> Seen:
    """Every GET route, with a key of each scope."""
    seen = {}
    for scope in (*keys.SCOPES, ""):
        token = make_key(world, scope)
        for path in ("/v1/export", "/healthz", "/openapi.json", "/docs", "/v1/leads", "/v1/outcomes", "/metrics"):
            told = world.http.get(path, headers={"Authorization": f"Bearer {token}"})
            seen[f"GET {path} with {scope}"] = f"{told.status_code} {MEASURED.sub('', told.text)}"
    assert "otherwise_messages_total" in seen["GET /metrics with metrics"]
    served = {getattr(route, "path", "") for route in world_routes(world)}
    missing = served - {"/v1/export", "/healthz", "/openapi.json", "/docs", "/docs/oauth2-redirect", "/v1/leads",
                        "/v1/outcomes", "/readyz", "/metrics"}  # fmt: skip
    assert not missing, f"a route that this test does not try: {missing}"
    return seen


def make_key(world: World, scope: str) -> str:
    at, name = world.deps.clock.now(), f"{scope} {len(world.rows(ApiKey))}"
    return world.deps.db.write(lambda s: keys.make_key(s, name, [scope] if scope else [], at))


def world_routes(world: World) -> list[Any]:
    from handlers.intake import http_app

    return list(http_app(world.deps, dict).routes)


def written(world: World) -> Seen:
    """Channels as others read them, and every letter that is not hers."""
    seen = {f"#{channel} of {user}": json.dumps(world.sim.messages(user, channel), ensure_ascii=False)
            for user in OTHERS for channel in ("", "C0DEALS", "C0GENERAL")}  # fmt: skip
    letters = [
        row for row in world.rows(Letter) if not row["lane"].startswith(("private:", "edit:")) and row["lane"] != RIA
    ]
    seen["letters"] = json.dumps([[row["lane"], row["payload"]] for row in letters], ensure_ascii=False, default=str)
    return seen


_PLAYED: dict[str, Seen] = {}


@pytest.fixture
def hour(sim: Sim, tmp_path: Path) -> Callable[..., Seen]:
    """Play an hour on a fresh workspace and database; the one without an answer once for all tests."""

    def played(said: str, plant: Callable[[World], None] | None = None) -> Seen:
        if plant is None and said in _PLAYED:
            return _PLAYED[said]
        sim.post("reset")
        sim.post("limits", on=False)
        name = f"{said}-{plant.__name__}" if plant is not None else said
        world = World(sim, settings_for(sim, f"sqlite:///{tmp_path}/{name}.db"))
        try:
            seen = play(world, said, plant)
        finally:
            world.close()
        if plant is None:
            _PLAYED[said] = seen
        return seen

    return played


def differences(one: Seen, other: Seen) -> list[str]:
    """Where two hours differ."""
    return [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]


def show(name: str, one: Seen, other: Seen) -> str:
    """Where a surface begins to differ."""
    a, b = one.get(name, ""), other.get(name, "")
    place = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return f"{name}: …{a[max(0, place - 200) : place + 200]}… against …{b[max(0, place - 200) : place + 200]}…"


@pytest.mark.parametrize("said", ANSWERS)
def test_whatever_she_says_others_see_the_same(said: str, hour: Callable[..., Seen], capsys: Any) -> None:
    nothing = hour("none")
    capsys.readouterr()
    seen = hour(said)
    assert SECRET not in capsys.readouterr().out, "the log holds no words"
    found = differences(nothing, seen)
    assert found == [], show(found[0], nothing, seen)
    assert SECRET not in json.dumps(seen)
    assert len(seen) > len(OTHERS) * (len(FORMS) + len(ids.ACTIONS) - 1), "every command and button was tried"


def test_her_number_in_a_sample_is_seen_by_nobody(sim: Sim, tmp_path: Path, capsys: Any) -> None:
    """The same weeks with nothing said, a skip, and numbers far apart."""
    seen: dict[str, Seen] = {}
    for said in ("", "skip", "3", "97"):
        sim.post("reset")
        sim.post("limits", on=False)
        clock = tmp_path / f"clock{said}"
        clock.write_text("0")
        database = f"sqlite:///{tmp_path}/sample{said}.db"
        world = World(sim, settings_for(sim, database, otherwise_clock_file=clock))
        try:
            seen[said] = play_a_sample(world, said)
            assert world.rows(Sampled)[0]["estimate"] == (int(said) / 100 if said.isdigit() else None)
        finally:
            world.close()
    for said in ("skip", "3", "97"):
        found = differences(seen[""], seen[said])
        assert found == [], show(found[0], seen[""], seen[said])
    assert "0.97" not in capsys.readouterr().out, "the log holds no numbers of hers"


def test_that_the_tool_looked_again_tells_nobody_whether_she_had_answered(sim: Sim, tmp_path: Path) -> None:
    seen: dict[str, Seen] = {}
    for said in ("", "noted", "more"):
        sim.post("reset")
        sim.post("limits", on=False)
        world = World(sim, settings_for(sim, f"sqlite:///{tmp_path}/alone{said}.db"))
        try:
            seen[said] = play_alone(world, said)
            threads = [row for row in world.rows(Letter) if row["kind"] == "thread"]
            assert len(threads) == (1 if said else 2), "she is told where she has not answered"
        finally:
            world.close()
    for said in ("noted", "more"):
        found = differences(seen[""], seen[said])
        assert found == [], show(found[0], seen[""], seen[said])


def test_that_she_answered_to_a_second_number_moves_no_record_and_no_day(sim: Sim, tmp_path: Path) -> None:
    seen: dict[str, Seen] = {}
    for said in ("", "noted", "more"):
        sim.post("reset")
        sim.post("limits", on=False)
        clock = tmp_path / f"clock{said}"
        clock.write_text("0")
        database = f"sqlite:///{tmp_path}/rescored{said}.db"
        world = World(sim, settings_for(sim, database, otherwise_clock_file=clock))
        try:
            seen[said] = play_rescored(world, said)
            rows = [row for row in world.rows(Lead) if row["lead_id"] in ("crm:1", "crm:2")]
            kept = [(row["probability"], row["horizon_days"], row["seen_probability"]) for row in rows]
            assert kept == [(0.12, 60, None), (0.12, 60, 0.6 if said else None)]
        finally:
            world.close()
    assert "won" in seen[""]["GET /v1/export with export after 40 days"]
    for said in ("noted", "more"):
        # One of the commands opens the export of single answers: the exception that every rep is told of.
        found = [name for name in differences(seen[""], seen[said]) if not re.search("with export:(joined|text)", name)]
        assert found == [], show(found[0], seen[""], seen[said])


def plant_in_a_letter(world: World) -> None:
    """As if a letter to her manager told."""
    row = {"kind": "post", "lane": MONA, "payload": {"text": "Ria has answered."}, "dedupe_key": "planted"}
    world.deps.db.write(lambda s: outbox.add(s, [row], world.deps.clock.moment().real))
    world.quiet()


def plant_in_a_channel(world: World) -> None:
    """As if her message in the channel changed a little."""
    letter = next(row for row in world.rows(Letter) if row["lane"] == "C0DEALS" and row["kind"] == "post")
    payload = letter["payload"] | {"text": letter["payload"]["text"] + " Answered."}
    world.deps.db.write(lambda s: outbox.edit(s, letter["id"], payload, "planted", world.deps.clock.moment().real))
    world.quiet()


@pytest.mark.parametrize("plant", [plant_in_a_letter, plant_in_a_channel])
def test_a_planted_leak_is_found(plant: Callable[[World], None], hour: Callable[..., Seen]) -> None:
    assert differences(hour("none"), hour("none", plant)) != []


def _answered(session: Session) -> int:
    """What a defect would let out: how many answers there are."""
    return int(session.execute(select(func.count()).select_from(table(Response))).scalar_one())


def in_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    real = home.home

    def leaking(session: Session, *given: Any, **more: Any) -> Any:
        page = real(session, *given, **more)
        return dataclasses.replace(page, made_up=page.made_up or _answered(session) > 0)

    monkeypatch.setattr(home, "home", leaking)


def in_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    real = lead_desk._route
    monkeypatch.setattr(
        lead_desk, "_route", lambda session, lead, zone: real(session, lead, zone) + "!" * _answered(session)
    )


def in_a_metric(monkeypatch: pytest.MonkeyPatch) -> None:
    # Not edits: of several only the newest is sent, so how many are is a matter of moments.
    monkeypatch.setattr(metrics, "COUNTED", ("post", "private"))


def in_what_a_button_says(monkeypatch: pytest.MonkeyPatch) -> None:
    real = place.find_place

    def leaking(session: Session, *given: Any) -> Any:
        try:
            return real(session, *given)
        except NotYours:
            raise NotYours("This was answered." if _answered(session) else "This was not.") from None

    for module in (place, insight, forms):
        monkeypatch.setattr(module, "find_place", leaking)


def in_a_route(monkeypatch: pytest.MonkeyPatch) -> None:
    real = outcomes.record_outcomes

    def leaking(session: Session, *given: Any) -> Any:
        return [dataclasses.replace(one, warnings=["answered"] * _answered(session)) for one in real(session, *given)]

    monkeypatch.setattr(outcomes, "record_outcomes", leaking)


@pytest.mark.parametrize("defect", [in_a_home, in_a_command, in_a_metric, in_what_a_button_says, in_a_route])
def test_a_defect_that_lets_an_answer_out_is_found(
    defect: Callable[[pytest.MonkeyPatch], None], hour: Callable[..., Seen], monkeypatch: pytest.MonkeyPatch
) -> None:
    defect(monkeypatch)

    def nothing(world: World) -> None:
        """A run of its own, which is not kept for the other tests."""

    assert differences(hour("none", nothing), hour("more", nothing)) != []
