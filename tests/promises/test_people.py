"""Promises 4, 12, 17 and 18: who acts, what was said, and text that wants to be more than text."""

import json
from typing import Any

import pytest

from bot import keys
from tests.promises.mechanisms import rests_on
from tests.stories.test_http_mode import by_http
from tests.world import LEADS, MONA, RIA, ROB, World, lead_item, people_file, words

__all__ = ["by_http"]
HOSTILE = {
    "a channel called": "<!channel> <!here|x> <@U0ADA> <#C0GENERAL>",
    "a link in disguise": "<https://evil.example|https://bank.example>",
    "right to left": "\u202egnp.exe \u2066 \u200b\u200d",
    "markup": "*bold* _it_ ~no~ `code` > quote &lt;!channel&gt;",
    "a table's formula": '=HYPERLINK("https://evil.example","x") +1 -1 @SUM(A1)',
    "a query": "'; DROP TABLE lead; --",
    "a page": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "long": "word " * 8000,
    "families": "👩‍👩‍👧‍👦" * 200,
    "a lone accent": "e\u0301" * 500,
}


@rests_on("signatures")
@pytest.mark.parametrize("trouble", ["unsigned", "stale", "altered"])
def test_slack_s_address_takes_only_what_slack_signed_just_now(by_http: World, trouble: str, without: str) -> None:
    by_http.lead()
    message = by_http.see(RIA, "Acme Ltd")
    by_http.sim.fault("socket", trouble)
    told = by_http.press(RIA, "Noted", message)
    # An altered byte may be no form any more; that it was read at all is what must not be.
    statuses = [entry["status"] for entry in by_http.sim.log() if entry["kind"] == "request"]
    assert statuses == [401]
    assert (told["acked"], by_http.responses()) == (False, [])


def asked_with(world: World, key: str) -> int:
    """The status of a lead sent with this key."""
    headers = {"Authorization": f"Bearer {key}"}
    return world.http.post(LEADS, json=lead_item("x", RIA, 0.2), headers=headers).status_code


@rests_on("keys are compared")
def test_intake_takes_no_key_with_a_wrong_secret(world: World, without: str) -> None:
    wrong = world.key[:-1] + ("a" if world.key[-1] != "a" else "b")
    assert (asked_with(world, world.key), asked_with(world, wrong), asked_with(world, "ow")) == (200, 401, 401)


@rests_on("a revoked key is marked so")
def test_intake_takes_no_revoked_key(world: World, without: str) -> None:
    assert asked_with(world, world.key) == 200
    world.deps.db.write(lambda s: keys.revoke_key(s, "tests", world.deps.clock.now()))
    assert asked_with(world, world.key) == 401


@rests_on("one response a form")
def test_a_form_whose_answer_was_lost_is_stored_once_and_other_words_again(world: World, without: str) -> None:
    world.lead()
    world.press(RIA, "I see something else", world.see(RIA, "Acme Ltd"))
    view = world.form(RIA)
    first = {"direction": "more", "reason": "They called us."}
    world.sim.fault("socket", "drop_ack")
    assert not world.sim.act("submit", RIA, view=view["id"], values=first).get("closed")
    world.sim.fault("socket", "drop_ack")
    world.sim.act("submit", RIA, view=view["id"], values=first)
    assert world.responses() == [("overridden", "more", "They called us.")]
    assert world.sim.act("submit", RIA, view=view["id"], values=first | {"reason": "And again today."})["closed"]
    assert world.responses()[1:] == [("overridden", "more", "And again today.")]


@rests_on("escaping")
@pytest.mark.parametrize("kind", ["a channel called", "a link in disguise", "a page"])
def test_foreign_markup_is_shown_as_text(world: World, kind: str, without: str) -> None:
    text = HOSTILE[kind]
    world.lead("hostile", name=text, facts=[{"label": text[:40], "value": text}])
    world.lead("after", name="Afterwards")
    message = world.sim.messages(RIA)
    world.see(RIA, "Afterwards")
    message = next(m for m in world.sim.messages(RIA) if "of 100 leads" in words(m) and "Afterwards" not in words(m))
    shown = json.dumps([message["text"], message["blocks"]], ensure_ascii=False)
    for smuggled in ("<!", "<@", "<#", "<http", "<script", "<img"):
        assert smuggled not in shown, shown


@pytest.mark.parametrize("kind", sorted(HOSTILE))
def test_hostile_text_everywhere_is_taken_cut_and_stored_exactly(world: World, kind: str) -> None:
    text = HOSTILE[kind]
    prior = {
        "reference_class": text[:200],
        "reasons": [{"text": text[:200], "effect": "lowers"}],
        "not_seen": [text[:60]],
        "model": text[:100],
    }
    told = world.send(LEADS, lead_item("hostile", RIA, 0.2, name=text[:200], prior=prior))
    assert told[0]["result"] == "created", told

    def suggestion() -> dict[str, Any] | None:
        return next((m for m in world.sim.messages(RIA) if "suggestion.noted" in json.dumps(m)), None)

    message = world.sim.until(suggestion) or {}
    assert world.override(RIA, message, "more", text[:3000])["closed"]
    assert world.responses() == [("overridden", "more", text[:3000].strip())]
    world.quiet()
    assert not world.open_letters()


@rests_on("asking whose lead it is")
@pytest.mark.parametrize("who", [ROB, MONA])
def test_nobody_answers_somebody_else_s_lead_with_a_forged_button(world: World, who: str, without: str) -> None:
    world.add_people(people_file(shared={RIA: "C0DEALS"}))
    world.lead("hers", RIA, name="Hers")
    message = world.see(RIA, "Hers", "C0DEALS")
    world.press(who, "Noted", message, "C0DEALS")
    world.press(who, "I see something else", message, "C0DEALS")
    assert world.responses() == []
