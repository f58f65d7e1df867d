"""Which headline stands over results, and what it says to do: by rule, from the evidence of closed cohorts alone."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from bot.domain.evidence import ALARM, LEANING, Conditional
from bot.domain.release import LESS, MORE, NEITHER, frozen, together
from bot.views.digest import digest
from bot.views.digest_figures import Access, Figures, HorizonFigures
from bot.views.statements import access_line
from tests.domain.test_release import a_set

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)


def evidence(times: int, *, against: bool = False) -> Conditional:
    """Strata of three called more likely, of which two are won, and three that nobody called: one (or the reverse)."""
    z = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
    y = np.array([1.0, 1.0, 0.0, 1.0, 0.0, 0.0])
    found = Conditional.nothing()
    for _ in range(times):
        found = found.with_stratum(np.zeros(6), z, y[::-1] if against else y)
    return found


def said(found: Conditional | None, **more: Any) -> str:
    told = together([frozen(a_set({MORE: 9, LESS: 9, NEITHER: 9}))])
    horizon = HorizonFigures(days=60, told=told, settled_early=0, data_problems=0, evidence=found)
    figures = Figures(
        week=9, zone="UTC", late=False, due_at=NOW, small_team=False, made_up=False, newer=12, next_matures=NOW, held=0,
        news=True, horizons=[horizon], all_matured=NOW,
    )  # fmt: skip
    _, message, _ = digest(replace(figures, **more))
    return str(message["blocks"][0]["text"]["text"])


def until(low: float, high: float, *, against: bool = False) -> Conditional:
    """The least of such evidence whose e-value lies between the two."""
    return next(one for n in range(1, 400) if low <= (one := evidence(n, against=against)).e_value() < high)


@pytest.mark.parametrize(
    ("found", "headline", "todo"),
    [
        (
            None,
            "Whether reps saw something that the tool lacks is not settled.",
            "Nothing to change. 12 more",
        ),
        (until(0, LEANING), "is not settled.*", "Nothing to change."),
        (
            until(LEANING, ALARM),
            "Leaning: what reps saw goes with how leads ended so far; it is not settled.*",
            "Nothing",
        ),
        (
            until(ALARM, 1e9),
            "Clear: what reps saw went with how leads ended, more than chance explains.*",
            "Worth doing:",
        ),
        (evidence(120, against=True), "On average the tool came closer here.*", "Ask what misled us, not who."),
    ],
)
def test_a_headline_follows_from_the_evidence(found: Conditional | None, headline: str, todo: str) -> None:
    first, second = said(found).split("\n")[:2]
    assert headline in first
    assert second.startswith(todo)


def test_what_is_clear_is_to_be_shown_to_the_model_s_owners_where_there_are_any() -> None:
    clear = until(ALARM, 1e9)
    assert "show the model's owners what reps mention." in said(clear, owners=("Suki Marsh",))
    assert "ask them what the tool can't see" in said(clear)


def test_a_pool_that_few_reach_comes_before_waiting_and_after_what_is_clear() -> None:
    shut = Access(hard=40, reached=0, aim=20, ratio=0.0, shut_out=25.0)
    for access in (shut, replace(shut, shut_out=1.0, few=True)):
        assert "Few of the leads that the tool thinks unlikely reach your pool." in said(None, access=access)
        assert "Few of the leads" not in said(until(ALARM, 1e9), access=access)
    assert "Few of the leads" not in said(None, access=replace(shut, shut_out=19.0))
    assert access_line(shut).endswith(" That is clearly less often.")
