"""What a manager, a model's owner and a rep read back, by keyboard alone on a phone's width, light and dark."""

from datetime import timedelta
from pathlib import Path

from playwright.sync_api import expect

from bot import jobs
from storage import export
from tests.browser.hand import BOTH, ON_SQLITE, Hand
from tests.stories.test_digest import go_to_monday, pledge
from tests.stories.test_export import bring_in
from tests.stories.test_routing import NAMES, unowned
from tests.world import ADA, EMAIL, LEADS, MONA, OUTCOMES, REPS, RIA, World, lead_item

SUKI = "U0REP15"


@ON_SQLITE
@BOTH
def test_a_manager_sees_why_few_hard_leads_reach_the_pool(hand: Hand) -> None:
    world = hand.world
    for name in NAMES:
        world.command(ADA, f"pool add @{name}")
        world.command(ADA, f"rep pause @{name}")
    pledge(world)
    now = world.deps.clock.now().isoformat()
    world.send(LEADS, [one | {"prior": one["prior"] | {"scored_at": now}} for one in unowned(40, 0.05)])
    world.quiet()
    go_to_monday(world)
    world.see(MONA, "0 of 40 hard leads reached the pool")
    hand.at(MONA)
    hand.newest("Few of the leads that the tool thinks unlikely reach your pool.")
    hand.look("digest-few")
    hand.press("See why")
    dialog = hand.page.get_by_role("dialog", name="Where leads went")
    expect(dialog).to_contain_text("40 of 40 leads were hard. 0 of those reached the pool")
    hand.look("digest-why")
    hand.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


@ON_SQLITE
@BOTH
def test_a_small_team_s_manager_reads_of_the_tool_and_of_its_alarm(hand: Hand) -> None:
    world = hand.world
    _only_five(world)
    pledge(world)
    now = world.deps.clock.now()
    prior = {"horizon_days": 30, "scored_at": now.isoformat()}
    names = [f"s:{n}" for n in range(40)]
    world.send(LEADS, [lead_item(name, REPS[n % 5], 0.2, name=name, prior=prior) for n, name in enumerate(names)])
    world.quiet()
    world.shift(days=10)
    at = world.deps.clock.now().isoformat()
    ends = [{"lead_id": name, "outcome": "lost" if n % 5 else "won", "at": at} for n, name in enumerate(names)]
    world.send(OUTCOMES, ends)
    world.shift(days=30)
    alarm = {"model_line": "leadscore 3", "horizon_days": 30, "e": 30.0, "leads": 60, "at": world.deps.clock.now()}
    world.deps.db.write(lambda s: export.ring(s, alarm))
    go_to_monday(world)
    world.see(MONA, "the alarm rang on")
    hand.at(MONA)
    hand.newest("the alarm rang on")
    hand.look("digest-small")


@ON_SQLITE
@BOTH
def test_a_model_s_owner_reads_of_a_month_too_small_to_judge_the_fit(hand: Hand, tmp_path: Path) -> None:
    world = hand.world
    world.command(ADA, "modelowner add @suki")
    posted = world.deps.clock.now() - timedelta(days=20)
    rows = [
        {
            "lead_id": f"d:{n}", "name": f"Firm {n}", "probability": 0.1 if n % 2 else 0.4, "horizon_days": 10,
            "model": "m", "posted_at": posted.isoformat(), "outcome": "lost" if n % 5 else "won",
            "outcome_at": (posted + timedelta(days=4)).isoformat(),
        }
        for n in range(40)
    ]  # fmt: skip
    bring_in(world, tmp_path, rows)
    jobs.give_back(world.deps)
    hand.at(SUKI)
    hand.newest("too few to judge the fit")
    hand.look("month-by-band")


@ON_SQLITE
@BOTH
def test_a_rep_pages_through_her_record_and_comes_back_to_it(hand: Hand) -> None:
    world = hand.world
    world.command(ADA, "budget 60")
    world.send(LEADS, [lead_item(f"crm:{n}", RIA, 0.2, name=f"Firm {n}.") for n in range(25)])
    for n in range(25):
        message = world.see(RIA, f"*Firm {n}.*")
        if n == 2:
            world.override(RIA, message, "less", "They asked for the slides alone.")
        else:
            world.press(RIA, "Noted", message)
    world.quiet()
    hand.at(RIA, "app:home")
    hand.press("Older answers of yours")
    dialog = hand.page.get_by_role("dialog", name="Your record")
    expect(dialog).to_contain_text("11 to 25 of 25 leads")
    hand.look("record")
    hand.press("What I said")
    said = hand.page.get_by_role("dialog", name="What I said")
    expect(said).to_contain_text("They asked for the slides alone.")
    hand.look("record-words")
    hand.page.keyboard.press("Escape")
    expect(said).to_have_count(0)
    expect(dialog).to_contain_text("11 to 25 of 25 leads")
    hand.page.keyboard.press("Escape")
    expect(hand.page.get_by_role("dialog")).to_have_count(0)


def _only_five(world: World) -> None:
    """The north with five reps: a team too small for figures of answers."""
    gone = " ".join(f"@{EMAIL[rep].split('@')[0]}" for rep in REPS[5:12])
    world.command(ADA, f"team North reps remove {gone}")
