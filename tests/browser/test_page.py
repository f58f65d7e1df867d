"""The workspace's page around the real bot: commands with hints, forms that keep words, Home, unread marks."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.sim import Sim
from tests.world import ADA, MONA, RIA, ROB, World

SURFACES = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]


@pytest.fixture
def office(world: World) -> World:
    """The cast, with a lead for Ria."""
    world.lead("crm:1", name="Acme & <Sons>")
    world.see(RIA, "Acme")
    world.quiet()
    return world


def at(page: Page, sim: Sim, user: str, place: str) -> None:
    """Be somebody somewhere, by the page's address."""
    page.goto(f"{sim.base}/#{user}/{place}")


def test_a_form_keeps_her_words_while_the_bot_is_away_and_saves_them_when_it_is_back(
    office: World, open_page: Any
) -> None:
    page = open_page()
    at(page, office.sim, RIA, "app:messages")
    page.get_by_role("button", name="I see something else").click()
    page.get_by_label("more likely").check()
    page.get_by_label("What do you see?").fill("She asked for March.")
    office.sim.fault("socket", "lose_envelope")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").filter(has_text="some trouble connecting")).to_be_visible()
    expect(page.get_by_label("What do you see?")).to_have_value("She asked for March.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("article").last).to_contain_text("She asked for March.")
    assert [row[2] for row in office.responses()] == ["She asked for March."]


def test_foreign_text_is_text_on_the_page(office: World, open_page: Any) -> None:
    page = open_page()
    at(page, office.sim, RIA, "app:messages")
    expect(page.get_by_role("article").last).to_contain_text("Acme & <Sons>")
    page.get_by_role("button", name="I see something else").click()
    expect(page.get_by_role("dialog")).to_contain_text("Acme & <Sons>")


def test_a_command_is_completed_hinted_and_answered_privately(office: World, open_page: Any) -> None:
    page = open_page()
    at(page, office.sim, ADA, "C0GENERAL")
    line = page.get_by_role("combobox", name="Message #general")
    line.press_sequentially("/oth")
    expect(page.get_by_role("option", name="/otherwise")).to_be_visible()
    line.press("Enter")
    expect(line).to_have_value("/otherwise ")
    expect(page.get_by_text(re.compile(r"rep add @user \[#channel\]"))).to_be_visible()
    line.press_sequentially("rep pause @ri")
    names = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    expect(names).to_have_text(["@ria Ria Holt", "@rita Rita Sousa"])
    line.press("Enter")
    expect(line).to_have_value("/otherwise rep pause @ria ")
    line.press("Enter")
    answer = page.get_by_role("article").last
    expect(answer).to_contain_text("Only visible to you")
    expect(answer).to_contain_text("Ria Holt is paused")
    answer.get_by_role("button", name="Undo this change").click()
    expect(page.get_by_role("article").last).to_contain_text("Undone: “Ria Holt is paused")
    page.get_by_label("You are").select_option("Rob Sand")
    expect(page.get_by_role("log", name="Messages")).not_to_contain_text("Ria Holt is paused")


def test_unread_marks_and_the_notification_preview(office: World, open_page: Any) -> None:
    page = open_page()
    at(page, office.sim, RIA, "C0GENERAL")
    expect(page.get_by_role("link", name="Otherwise 2 unread")).to_be_visible()
    page.get_by_role("link", name="Otherwise 2 unread").click()
    page.get_by_role("button", name="Notifications").click()
    preview = page.get_by_role("article").last.get_by_text(re.compile("^New lead: Acme & <Sons>"))
    expect(preview).to_be_visible()
    expect(preview).not_to_contain_text("12")
    page.get_by_role("link", name="# general").click()
    expect(page.get_by_role("link", name=re.compile("unread"))).to_have_count(0)


def test_the_app_s_messages_are_found_by_their_channel_s_id_too(office: World, open_page: Any) -> None:
    page = open_page()
    at(page, office.sim, RIA, "D" + RIA[1:])
    expect(page.get_by_role("button", name="I see something else")).to_be_visible()
    expect(page.get_by_text("undefined")).to_have_count(0)


def test_withdrawing_asks_first(office: World, open_page: Any) -> None:
    office.override(RIA, office.see(RIA, "Acme"), "more", "She asked for March.")
    office.quiet()
    page = open_page()
    at(page, office.sim, RIA, "app:messages")
    withdraw, asked = page.get_by_role("button", name="Withdraw what I said"), page.get_by_role("dialog")
    withdraw.click()
    expect(asked).to_contain_text("no press brings it back")
    page.keyboard.press("Escape")
    expect(asked).to_have_count(0)
    withdraw.click()
    asked.get_by_role("button", name="Keep it").click()
    expect(asked).to_have_count(0)
    assert [kind for kind, _, _ in office.responses()] == ["overridden"]
    withdraw.click()
    asked.get_by_role("button", name="Withdraw", exact=True).click()
    expect(page.get_by_role("button", name="I see something else")).to_be_visible()
    assert [kind for kind, _, _ in office.responses()] == ["overridden", "withdrawn"]


def test_home_answers_and_a_second_press_meets_what_is_there(office: World, open_page: Any) -> None:
    page = open_page()
    at(page, office.sim, RIA, "app:home")
    home = page.get_by_role("region", name="Home")
    home.get_by_role("button", name="Show it when I ask").click()
    expect(home.get_by_role("button", name="Show it at once")).to_be_visible()
    home.get_by_role("button", name="I see something else in Acme & <Sons>").click()
    page.get_by_label("less likely").check()
    page.get_by_label("What do you see?").fill("Polite, but no problem to solve.")
    page.get_by_role("button", name="Save").click()
    expect(home).to_contain_text("Polite, but no problem to solve.")
    at(page, office.sim, ROB, "app:home")
    expect(home.get_by_role("heading", name="Leads you haven't answered")).to_be_visible()
    expect(home).not_to_contain_text("Polite")


def test_the_setup_goes_through_three_steps_in_the_browser(make_world: Any, open_page: Any) -> None:
    world: World = make_world()
    page = open_page()
    at(page, world.sim, ADA, "C0GENERAL")
    line = page.get_by_role("combobox", name="Message #general")
    line.fill("/otherwise setup")
    line.press("Enter")
    form = page.get_by_role("dialog")
    form.get_by_label("Team").fill("North")
    form.get_by_label("Its manager").select_option("Mona Manager")
    for rep in ("Ria Holt", "Rob Sand"):
        form.get_by_label(rep).check()
    form.get_by_role("button", name="Next").click()
    form.get_by_label("At", exact=True).fill("25:00")
    form.get_by_role("button", name="Next").click()
    expect(form.get_by_role("alert").filter(has_text="from 00:00 to 23:59")).to_be_visible()
    form.get_by_label("At", exact=True).fill("08:30")
    form.get_by_role("button", name="Next").click()
    form.get_by_role("button", name="Send me a test lead").click()
    form.get_by_role("button", name="Done").click()
    at(page, world.sim, ADA, "app:messages")
    expect(page.get_by_role("article").filter(has_text="A test: no real lead")).to_be_visible()
    at(page, world.sim, MONA, "app:messages")
    expect(page.get_by_role("article").filter(has_text="rate people")).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), SURFACES)
def test_nothing_is_wider_than_the_screen_or_smaller_than_it_should_be(
    office: World, open_page: Any, width: int, scheme: str
) -> None:
    page = open_page(width, 844, color_scheme=scheme)
    for user, place in (
        (RIA, "app:messages"),
        (RIA, "app:home"),
        (ADA, "app:home"),
        (MONA, "app:home"),
        (ADA, "C0GENERAL"),
    ):
        at(page, office.sim, user, place)
        expect(page.get_by_role("main")).to_be_visible()
        expect(page.get_by_text("Opening…")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (user, place)
        small = page.evaluate(
            "[...document.querySelectorAll('body *')].filter(one => one.children.length === 0 && one.textContent.trim()"
            " && one.checkVisibility() && parseFloat(getComputedStyle(one).fontSize) < 11).map(one => one.outerHTML)"
        )
        assert small == [], (user, place)


def test_a_workspace_that_is_gone_is_said_at_the_top(browser: Any) -> None:
    own = Sim("--no-limits")
    page = browser.new_page()
    page.goto(f"{own.base}/#{RIA}/C0GENERAL")
    expect(page.get_by_role("heading", name="# general")).to_be_visible()
    own.close()
    expect(page.get_by_role("alert").filter(has_text="The workspace does not answer")).to_be_visible(timeout=30_000)
    page.close()
