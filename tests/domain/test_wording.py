"""What people read, for any text that anybody may send: within limits, escaped, without the number up front."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.bands import Record
from bot.domain.wording import cut, escape, few, foreign, in_hundred
from bot.views import forms
from bot.views.kit import Ref
from bot.views.suggestion import Card, Said, suggestion
from sandbox.blocks import check_blocks, check_view

TEXT = st.text(max_size=400)
HOSTILE = "<!channel> & <@U123> \u202e\u200b👩‍👩‍👧‍👦 é *bold* `code`"
REF = Ref(lead=1, prior=2)


@st.composite
def cards(draw: st.DrawFn) -> Card:
    wins, more = draw(st.integers(0, 300)), draw(st.integers(0, 300))
    kind = draw(st.sampled_from(["", "noted", "overridden"]))
    return Card(
        ref=REF,
        name=draw(TEXT.filter(str.strip)),
        horizon_days=draw(st.integers(1, 730)),
        record=Record(wins, wins + more, wins + 5, wins + more + 50),
        probability=draw(st.none() | st.floats(0, 1)),
        facts=[{"label": "Source", "value": draw(TEXT)} for _ in range(draw(st.integers(0, 4)))],
        not_seen=draw(st.lists(st.text(min_size=1, max_size=60), max_size=20)),
        shared=draw(st.booleans()),
        number_visible=draw(st.booleans()),
        said=Said(kind, "more", draw(st.text(max_size=3000))) if kind else None,
        outcome=draw(st.sampled_from(["", "won", "lost", "disqualified", "reopened"])),
        outcome_at=datetime(2026, 12, 3, tzinfo=UTC),
        passed_on=draw(st.booleans()),
    )


@settings(max_examples=300, deadline=None)
@given(cards())
def test_every_suggestion_is_within_slack_s_rules(card: Card) -> None:
    made = suggestion(card)
    assert check_blocks(made["blocks"], "message") == []
    assert 0 < len(made["text"]) <= 4000 * 6
    assert "hard" not in str(made).replace(escape(card.name), "") or "hard" in card.name + str(card.facts) + str(
        card.not_seen
    ) + str(card.said)


@settings(max_examples=300, deadline=None)
@given(cards(), st.integers(2, 98))
def test_no_number_of_the_tool_in_the_first_150_characters(card: Card, percent: int) -> None:
    plain = Card(**(card.__dict__ | {"name": "Acme", "facts": [], "not_seen": [], "probability": percent / 100}))
    assert not any(character.isdigit() for character in suggestion(plain)["text"][:150])


@given(TEXT, st.integers(5, 100))
@example(HOSTILE, 20)
def test_foreign_text_can_smuggle_nothing_in(text: str, limit: int) -> None:
    shown = foreign(text, limit)
    assert "<" not in shown
    assert ">" not in shown
    assert "\n" not in shown
    bare = shown.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
    assert len(bare) <= limit
    assert escape(bare) == shown


@given(st.integers(1, 30))
def test_a_cut_never_falls_inside_an_emoji(limit: int) -> None:
    family = "👩‍👩‍👧‍👦"
    shown = cut(f"Hi {family} there, and more of it", limit)
    assert len(shown) <= max(limit, 1)
    rest = shown.rstrip("…").removeprefix("Hi ")
    assert "\u200d" not in rest or family in rest


@given(st.floats(0, 1))
def test_a_chance_is_a_count_of_a_hundred_and_never_a_percentage(probability: float) -> None:
    said = in_hundred(probability)
    assert said.startswith(("about ", "fewer than ", "more than "))
    assert "%" not in said


@given(st.integers(0, 200), st.integers(0, 200))
def test_few_wins_and_few_losses_are_not_given_away(wins: int, losses: int) -> None:
    said = few(wins, wins + losses)
    assert said.isdigit() == (wins >= 3 and losses >= 3)


@settings(deadline=None)
@given(TEXT.filter(str.strip), st.sampled_from(["", "more", "data"]), st.text(max_size=3000))
def test_every_form_is_within_slack_s_rules(name: str, direction: str, reason: str) -> None:
    assert check_view(forms.override_form(REF, name, direction=direction, reason=reason), home=False) == []
    made = forms.details_form(REF, name, estimate=0.5, cues=["tone"], quote=True)
    assert check_view(made, home=False) == []
    said = forms.OwnWords(datetime(2026, 1, 1, tzinfo=UTC), "overridden", "more", reason)
    rows = [said, said, replace(said, details="Your number: 60 of 100.")]
    assert check_view(forms.seen_view(name, rows, "UTC", REF, quoted=True), home=False) == []
