"""What is told beside the three groups: hard leads, cues, own numbers, quotes; each in blocks that give nobody away."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import jobs
from bot.aspects import SHORT_NAME, nameless
from bot.domain.wording import CUES, one_line
from storage.tables import Block, BlockRelease, Digest, Evidence, Lead, WordsRead
from tests.stories.test_digest import HORIZON, NORTH, answer, answered, go_to_monday, leads, pledge, settle
from tests.stories.test_evidence import past  # noqa: F401  # a fixture
from tests.world import ADA, LEADS, MILO, MONA, OUTCOMES, RIA, World, buttons, labels, lead_item, words


def test_cues_and_hard_leads_are_told_with_their_sets(past: Any) -> None:  # noqa: F811
    world: World = past(dealt=False)
    pledge(world)
    jobs.queue_digests(world.deps)
    message = world.see(MONA, "Mentioned most")
    assert "Called more likely" in message["text"]
    assert "hard leads called more likely" in message["text"]
    assert "Where they named timing, what they saw went with what happened: clear." in message["text"]
    assert {cue for row in world.rows(Evidence) for cue in row["cues"]} <= set(CUES)
    assert "Hard leads nobody called more or less likely:" in message["text"]
    kinds = {row["kind"] for row in world.rows(Block)}
    assert {"cues", "hard"} <= kinds
    before = world.rows(Block)
    go_to_monday(world)
    jobs.queue_digests(world.deps)
    world.quiet()
    assert world.rows(Block) == before, "no set is in two blocks of a kind"
    pairs = [(row["kind"], row["release_id"]) for row in world.rows(BlockRelease)]
    assert len(pairs) == len(set(pairs))


def test_an_outcome_that_changes_tips_no_block(shifted_world: World) -> None:
    """Two of the hard leads called more likely were won, which is too few to tell of; who sees a third come, and the
    line with it, would know what was said about that one."""
    world = shifted_world
    pledge(world)
    kinds = {"a": ("more", 0.05), "b": ("more", 0.2), "c": ("less", 0.2), "d": ("", 0.05), "e": ("", 0.2)}
    prior = {"horizon_days": HORIZON, "scored_at": world.deps.clock.now().isoformat()}
    names = [f"{kind}:{rep}" for kind in kinds for rep in NORTH]
    items = [lead_item(one, one.split(":")[1], kinds[one[0]][1], name=one, prior=prior) for one in names]
    world.send(LEADS, items)
    world.quiet()
    for one in names:
        if kinds[one[0]][0]:
            answer(world, one, kinds[one[0]][0])
    settle(world, names, won=[*names[:2], *names[12:16], *names[36:40], *names[48:52]])
    go_to_monday(world)
    world.see(MONA, "60 leads are past 30 days")
    at = (world.deps.clock.now() - timedelta(days=25)).isoformat()
    world.send(OUTCOMES, {"lead_id": names[2], "outcome": "won", "at": at})
    assert [row["lead_id"] for row in world.rows(Lead) if row["corrected"]] == [names[2]]
    go_to_monday(world)
    world.quiet()
    assert "hard" not in {row["kind"] for row in world.rows(Block)}
    assert "hard leads called more likely" not in str(world.sim.messages(MONA))


def test_cues_are_not_called_clear_where_words_were_dealt_out_at_random(past: Any) -> None:  # noqa: F811
    world: World = past(dealt=True)
    pledge(world)
    jobs.queue_digests(world.deps)
    world.see(MONA, "Called more likely")
    go_to_monday(world)
    jobs.queue_digests(world.deps)
    world.quiet()
    assert any(row["cues"] for row in world.rows(Evidence)), "they were looked at"
    assert "Where they named" not in json.dumps(world.sim.messages(MONA))


@pytest.fixture
def told(shifted_world: World) -> World:
    """A released set in which reps gave details: numbers, cues, and six may be quoted."""
    world = shifted_world
    pledge(world)
    names = leads(world, 3)
    for number, lead in enumerate(names[:12]):
        answer(world, lead, "more")
        rep = lead.split(":")[1]
        world.press(rep, "Add details", world.see(rep, f"Reason for {lead}"))
        quote = {"quote": ["yes"]} if number < 6 else {}
        details = {"estimate": "60", "cues": ["timing"], **quote}
        assert world.sim.act("submit", rep, view=world.form(rep)["id"], values=details)["closed"]
    for lead in names[12:24]:
        answer(world, lead, "less")
    settle(world, names, won=names[:6] + names[24:28])
    go_to_monday(world)
    world.quiet()
    go_to_monday(world)
    world.quiet()
    return world


def test_what_was_settled_early_is_in_no_count_of_cues_numbers_or_quotes(shifted_world: World) -> None:
    world = shifted_world
    pledge(world)
    names, early = leads(world, 3), leads(world, 1, prefix="early")
    for lead in names[:12] + early:
        answer(world, lead, "more")
        rep = lead.split(":")[1]
        world.press(rep, "Add details", world.see(rep, f"Reason for {lead}"))
        details = {"estimate": "60", "cues": ["timing"], "quote": ["yes"]}
        assert world.sim.act("submit", rep, view=world.form(rep)["id"], values=details)["closed"]
    for lead in names[12:24]:
        answer(world, lead, "less")
    world.shift(hours=1)
    at = world.deps.clock.now().isoformat()
    world.send(OUTCOMES, [{"lead_id": one, "outcome": "lost", "at": at} for one in early])
    settle(world, names, won=names[:6] + names[24:28])
    go_to_monday(world)
    message = world.see(MONA, "Mentioned most")
    assert "(12 more were settled within 72 hours and left out)" in message["text"]
    assert "Mentioned most: timing (12)." in message["text"]
    cells = {row["kind"]: row["cells"] for row in world.rows(Block)}
    assert cells["numbers"]["many"] == 12
    assert not [one for one in cells["quotes"]["quotes"] if "early" in one]


def test_quotes_are_nameless_consented_and_seen_by_their_authors(told: World) -> None:
    message = [m for m in told.sim.messages(MONA) if "Details" in labels(m)][-1]
    assert told.press(MONA, "Details", message)["acked"]
    shown = words(told.form(MONA))
    assert "In reps' own words, with their consent" in shown
    assert shown.count("Reason for …") == 3
    assert "U0REP" not in shown
    assert "Mentioned most: timing (12)." in shown
    assert "Reason for" not in message["text"], "never in a notification"
    quoted = {row["person_id"] for row in told.rows(WordsRead)}
    assert len(quoted) == 3
    seen = [rep for rep in NORTH if "a quote without your name" in json.dumps(told.home(rep))]
    assert len(seen) == 3
    assert {row["how"] for row in told.rows(WordsRead)} == {"a quote without your name"}


def test_details_are_for_their_manager_alone(told: World) -> None:
    week = told.rows(Digest)[-1]["week"]
    for user in (RIA, MILO, ADA):
        answer = told.command(user, "help")
        forged = {"type": "button", "value": week}
        for action in ("digest.details", "digest.send"):
            told.sim.act("click", user, channel="C0GENERAL", ts=answer["ts"], action_id=action, forged=forged)
        assert told.sim.views(user) == []
        told.see(user, "This digest isn't one of yours", "C0GENERAL")


def test_what_is_clear_can_be_sent_to_the_model_s_owners(past: Any) -> None:  # noqa: F811
    world: World = past(dealt=False)
    world.command(ADA, "modelowner add @ada")
    pledge(world)
    jobs.queue_digests(world.deps)
    message = world.see(MONA, "more than chance explains")
    assert "show the model's owners what reps mention" in words(message)
    assert labels(message) == ["Details", "Send to the model's owners"]
    asked = next(one for one in buttons(message) if one["text"]["text"] == "Send to the model's owners")["confirm"]
    assert "goes to Ada Admin" in asked["text"]["text"], "she is told to whom before anything is sent"
    world.press(MONA, "Send to the model's owners", message)
    world.see(MONA, "Sent to Ada Admin")
    passed_on = words(world.see(ADA, "Mona Manager passes on what a digest says"))
    assert passed_on.startswith("*Made-up data.*")
    assert "Clear: what reps saw went with how leads ended" in passed_on
    assert "Worth doing" not in passed_on, "that was for the manager"
    world.press(MONA, "Send to the model's owners", message)
    world.see(MONA, "Ada Admin has these figures already; nothing was sent again.")
    world.quiet()
    sent = [one for one in world.sim.messages(ADA) if "passes on" in one["text"]]
    assert len(sent) == 1, "once"


def test_one_screen_and_five_sentences(past: Any) -> None:  # noqa: F811
    world: World = past(dealt=False)
    pledge(world)
    jobs.queue_digests(world.deps)
    message = world.see(MONA, "Called more likely")
    sections = [block["text"]["text"] for block in message["blocks"] if block["type"] == "section"]
    sentences = " ".join(sections).replace("\n", " ").replace("4.", "").split(". ")
    assert len(sentences) <= 7, sentences  # five, and the two that the figures' lines hold
    assert len(message["text"]) < 4000


def test_after_two_without_results_monthly_is_offered_and_weekly_comes_back(shifted_world: World) -> None:
    world = shifted_world
    pledge(world)
    for _ in range(3):
        go_to_monday(world)
        world.quiet()
    offered = world.see(MONA, "Monthly until then?")
    assert labels(offered) == ["Monthly", "Keep weekly"]
    world.press(MONA, "Monthly", offered)
    world.see(MONA, "One a month until the first results")
    before = world.rows(Digest)
    for _ in range(5):
        go_to_monday(world)
    months = [(row["due_at"].year, row["due_at"].month) for row in world.rows(Digest)[len(before) :]]
    assert len(months) == len(set(months)) >= 1
    leads(world, 1)
    world.shift(days=HORIZON + 1)
    many = len(world.rows(Digest))
    for _ in range(3):
        go_to_monday(world)
    assert len(world.rows(Digest)) == many + 3, "weekly again by itself"


@given(st.text(min_size=1, max_size=30), st.text(max_size=60), st.text(max_size=60))
def test_no_quote_holds_the_lead_s_name(name: str, before: str, after: str) -> None:
    whole = one_line(name, 200)
    shown = nameless(f"{before} {name} {after}", name)
    # A short name may stand inside of other words, which say nothing of it.
    alone = rf"(?<!\w){re.escape(whole)}(?!\w)" if len(whole) <= SHORT_NAME else re.escape(whole)
    assert set(whole) <= {"…"} or re.search(alone, shown, re.IGNORECASE) is None


@pytest.mark.parametrize(
    ("name", "reason", "shown"),
    [
        ("BMW AG", "BMW wants it in March, a bmw buyer told me", "… wants it in March, a … buyer told me"),
        ("Ann Lee Co", "Ann Lee called, annually they buy", "… … called, annually they buy"),
        ("The Oak Group", "The oak man is in the group", "The … man is in the group"),
        ("R&D-Labs", "their labs are ready", "their … are ready"),
    ],
)
def test_no_word_of_the_lead_s_name_is_quoted_however_short(name: str, reason: str, shown: str) -> None:
    assert nameless(reason, name) == shown


def test_a_preview_tries_nothing(shifted_world: World) -> None:
    world = shifted_world
    names = answered(world)
    settle(world, names, won=names[:6] + names[24:28])
    preview = words(world.command(MONA, "digest preview"))
    assert "36 leads are ready. What they say is worked out when the digest is sent" in preview
    assert "Called" not in preview
    go_to_monday(world)
    world.see(MONA, "Called more likely: 12. Won: 6")
    assert "Called more likely: 12. Won: 6" in words(world.command(MONA, "digest preview"))
