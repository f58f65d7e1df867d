"""What came with the guard, the sample and the reps' own side, by keyboard alone on a phone's width, light and dark."""

from playwright.sync_api import expect

from bot import jobs
from bot.domain.sampling import BLIND
from tests.browser.hand import BOTH, ON_SQLITE, Hand
from tests.stories.test_reps import friday, send_many
from tests.stories.test_routing import NAMES, POOL, asked_about
from tests.stories.test_sample import begin, names
from tests.world import ADA, LEADS, RIA, lead_item


@ON_SQLITE
@BOTH
def test_a_hard_lead_s_owner_asks_the_pool_and_one_of_it_takes_it(hand: Hand) -> None:
    world = hand.world
    for name in NAMES:
        world.command(ADA, f"pool add @{name}")
    world.lead(asked_about(world), probability=0.05)
    world.see(RIA, "second pair of eyes")
    hand.at(RIA)
    hand.newest("keep it, or ask for a second pair of eyes?")
    hand.look("guard-question")
    hand.press("Ask the pool")
    world.see(POOL[0], "could use another pair of eyes")
    hand.at(POOL[0])
    hand.newest("could use another pair of eyes")
    hand.look("guard-offer")
    hand.press("I'll take it")
    hand.newest("have a word")
    hand.look("guard-taken")
    hand.at(RIA)
    hand.newest("takes a look at")


@ON_SQLITE
@BOTH
def test_a_number_of_her_own_before_the_tool_s(hand: Hand) -> None:
    world = hand.world
    begin(world)
    hand.at(RIA)
    hand.newest("A comparison begins in two days.")
    hand.look("sample-notice")
    (name,) = names(world, BLIND)
    world.lead(name, name="Yours First Ltd")
    hand.newest("Yours first")
    hand.look("sample-asked")
    hand.press("Say my number")
    expect(hand.page.get_by_role("dialog")).to_be_visible()
    hand.look("sample-form")
    hand.page.keyboard.type("30")
    hand.press("Save")
    expect(hand.page.get_by_role("dialog")).to_have_count(0)
    hand.newest("about 12")
    hand.look("sample-both")


@ON_SQLITE
@BOTH
def test_what_waited_and_what_became_of_leads(hand: Hand) -> None:
    world = hand.world
    world.command(ADA, "budget 2")
    send_many(world, 5)
    jobs.look_after_reps(world.deps)
    world.see(RIA, "more leads")
    hand.at(RIA)
    hand.newest("3 more leads")
    hand.look("later")
    hand.press("Open")
    hand.newest("Firm 4")
    world.command(ADA, "budget 40")
    # From a Monday on, so that only the second Friday asks.
    friday(world)
    world.shift(days=3)
    prior = {"horizon_days": 5, "scored_at": world.deps.clock.now().isoformat()}
    world.send(LEADS, [lead_item(f"f:{n}", RIA, 0.3, name=f"Week {n}", prior=prior) for n in range(3)])
    world.quiet()
    friday(world)
    friday(world)
    world.see(RIA, "Did any of them close?")
    hand.newest("Did any of them close?")
    hand.look("friday")
    hand.press("Go through them")
    expect(hand.page.get_by_role("dialog")).to_be_visible()
    hand.look("friday-form")
    hand.press("Save")
    expect(hand.page.get_by_role("dialog")).to_have_count(0)


@ON_SQLITE
@BOTH
def test_she_asks_to_be_forgotten_and_thinks_again(hand: Hand) -> None:
    world = hand.world
    send_many(world, 1)
    world.override(RIA, world.see(RIA, "*Firm 0*"), "less", "quite another secret")
    world.quiet()
    hand.at(RIA, "app:home")
    expect(hand.page.get_by_role("button", name="Forget me …")).to_be_visible()
    hand.look("home-rep")
    hand.press("Forget me …")
    dialog = hand.page.get_by_role("dialog")
    expect(dialog).to_contain_text("can't be undone")
    hand.look("forget")
    hand.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert [row[2] for row in world.responses()] == ["quite another secret"]
