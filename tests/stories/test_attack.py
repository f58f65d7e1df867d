"""Whoever reads every digest and preview, and knows the CRM, learns nobody's answer. The long form: bench.privacy."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bench.privacy.attack import Set, attack
from bench.privacy.corrected import explained, joining
from bench.privacy.cues import against_cues
from bench.privacy.floor import Known, Seen, a_year
from bench.privacy.quotes import against_quotes
from bench.privacy.reading import read
from bot.domain.release import LESS, MORE, NEITHER, Cell, frozen, together
from bot.views.digest import digest
from bot.views.digest_figures import HorizonFigures
from tests.domain.test_release import NOTHING_NEW


@pytest.mark.parametrize("reps", [5, 8, 12])
def test_a_year_of_digests_gives_nobody_away(reps: int) -> None:
    loot = attack(*a_year(reps, seed=reps))
    assert loot.sets >= 3, "an attack on nothing proves nothing"
    assert loot.changed > 0, "outcomes changed after they were told, and joined"
    assert loot.certain == 0
    assert loot.advantage <= 1.0
    assert loot.cue_leads > 0 or reps < 8, "a cue is named in every large team's year"
    assert loot.cue_advantage <= 1.0
    assert loot.quote_leads > 0 or reps < 8, "somebody is quoted in every large team's year"
    assert loot.quote_advantage <= 1.0


def text_of(known: list[Known]) -> str:
    """A digest of these leads, whatever the rules."""
    cells = {name: Cell() for name in (MORE, LESS, NEITHER)}
    for one in known:
        cells[one.said].add(one.rep, one.probability, won=one.ends == "won", unanswered=one.ends == "open")
    figures = replace(NOTHING_NEW, news=True, horizons=[HorizonFigures(60, together([frozen(cells)]), 0, 0)])
    return str(digest(figures)[1]["text"])


def test_the_attacker_has_teeth() -> None:
    """Plain totals, looked at every day, as a tool without rules would show them: somebody is exposed."""
    known, _ = a_year(8, seed=3)
    known = [one for one in known if one.ends != "early" and not one.data_problem]
    began, seen = min(one.matures_at for one in known), []
    for day in range(1, 100):
        until = began + timedelta(days=day)
        seen.append(Seen(until, True, text_of([one for one in known if one.matures_at <= until])))
    assert attack(known, seen).certain > 0


def test_the_attacker_reads_the_line_on_hard_leads_too() -> None:
    """A block in which every hard lead that was won had been called: all of them are exposed."""
    known, _ = a_year(12, seed=5)
    known = [replace(one, changes=None) for one in known if one.ends in ("won", "lost") and not one.data_problem]
    known = [replace(one, said=MORE) if one.hard and one.ends == "won" else one for one in known]
    last = max(one.matures_at for one in known)
    hard = [one for one in known if one.hard]
    called = [one for one in hard if one.said == MORE]
    neither = [one for one in hard if one.said == NEITHER]
    won = sum(one.ends == "won" for one in called)
    line = (
        f" Of {len(called)} hard leads called more likely, {won} were won; the tool's numbers had pointed to about 9. "
        f"Hard leads nobody called more or less likely: 0 won of {len(neither)}, about 9 expected."
    )
    plain = Seen(last, True, text_of(known))
    assert attack(known, [plain]).certain == 0
    assert attack(known, [plain, replace(plain, text=plain.text + line)]).certain > 0


def test_the_attacker_reads_the_line_on_cues_too() -> None:
    """A block in which each lead was called, and each time by the same cue: all of them are exposed."""
    known, _ = a_year(12, seed=5)
    known = [replace(one, said=MORE, cues=("tone",)) for one in known[:40] if one.ends in ("won", "lost")]
    chance = {one.id: {MORE: 1.0, LESS: 0.0, NEITHER: 0.0} for one in known}
    size = {MORE: len(known), LESS: 0, NEITHER: 0}
    one = Set(known, chance, size, None, known[0].matures_at)
    later = one.told_at + timedelta(days=7)
    for many, certain in ((len(known), len(known)), (len(known) - 1, 0)):
        seen = [Seen(later, True, f"Mentioned most: tone ({many}).")]
        assert against_cues(seen, [one]).certain == certain


def test_the_attacker_counts_the_quotes_too() -> None:
    """A block whose two reps are both quoted: whoever had a single lead in it is exposed."""
    known, _ = a_year(12, seed=5)
    known = [replace(known[0], rep=1), *(replace(one, rep=2) for one in known[1:20])]
    chance = {one.id: {MORE: 0.2, LESS: 0.2, NEITHER: 0.6} for one in known}
    one = Set(known, chance, {MORE: 4, LESS: 4, NEITHER: 12}, None, known[0].matures_at)
    later = one.told_at + timedelta(days=7)
    for quotes, certain in ((("number 1", "number 2"), 1), (("number 1",), 0)):
        assert against_quotes([Seen(later, True, "", quotes)], [one]).certain == certain


def test_the_attacker_reads_what_a_changed_outcome_does_to_a_set() -> None:
    """A set without company, whose count could not be as it is told without the change: it is exposed."""
    known, _ = a_year(12, seed=5)
    one = known[0]
    size = {MORE: 10, LESS: 10, NEITHER: 10}
    for wins, certain in ((4, 1), (12, 0)):
        # Called more likely, so many were won, and one more than there were to be won in all: or two that lie apart.
        chance = {one.id: {MORE: 0.2, LESS: 0.2, NEITHER: 0.6}}
        moved = {MORE: 5, NEITHER: 0} if certain else {MORE: 4, NEITHER: 4}
        found, sure = explained([(one, 1)], chance, size, moved, wins)
        assert sure == certain
        assert sum(each.share for each in found) == pytest.approx(1)
        assert sum(chance[one.id].values()) == pytest.approx(1)
        assert (chance[one.id][MORE] == 1) == bool(certain)
    assert joining(known, size) == sorted(known, key=lambda k: k.id)[:1], "a small set takes one"


def test_the_attacker_reads_what_the_digest_says() -> None:
    _, seen = a_year(12, seed=1)
    told = [read(one.text) for one in seen]
    last = next(figures for figures in reversed(told) if figures is not None)
    assert sum(last.leads.values()) > 1000
    assert set(last.won) >= {MORE, NEITHER}
    assert set(last.expected) == {MORE, NEITHER}
