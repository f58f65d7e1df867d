"""The tour of three steps: by mouse, by keyboard alone, and with a thumb at 390 pixels."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.demo import Demo, reach

WORDS = "Their CFO called me back <b>herself</b> & asked for March."
NO_NUMBER = re.compile(r"New lead: Larkspur Joinery \(inbound, 80 staff\)\. Inside: a starting point from the tool")


def begin(page: Page, demo: Demo) -> None:
    """Open the page at its address, without saying who or where one is."""
    page.goto(demo.base)
    expect(page.get_by_role("heading", name="Otherwise in three minutes")).to_be_visible()


def last_message(page: Page) -> Locator:
    """The newest message in front of her."""
    return page.get_by_role("article").last


def saw_the_suggestion(page: Page) -> None:
    """What step 1 says to look at is there."""
    message = last_message(page)
    expect(message).to_contain_text("of 100 leads like this, about 12 close within 90 days")
    expect(message).to_contain_text(re.compile(r"Here so far: \d+ of \d+ closed"))
    expect(message).to_contain_text("Hasn't seen: calls, budget.")
    assert message.get_by_role("button").all_text_contents() == ["Noted", "I see something else", "Why this number?"]


def saw_the_digest(page: Page) -> None:
    """What step 3 says to look at is there: groups beside what was expected, and no rep's name."""
    message = page.get_by_role("article").filter(has_text="Made-up data.").last
    expect(message).to_contain_text(
        re.compile(r"Called more likely: \d+\. Won: \d+; the tool's numbers had pointed to")
    )
    expect(message).to_contain_text("Leads nobody called more or less likely, same period")
    expect(message).to_contain_text("this says what went together, not what caused it")
    expect(
        message.get_by_role("img", name=re.compile("^Won, beside what the tool expected. More likely: Won"))
    ).to_be_visible()
    expect(message.get_by_role("table", name="Leads past 90 days")).to_be_visible()
    said = message.inner_text()
    assert not [name for name in ("Ria", "Rob", "Rosa", "Remy", "Ruth", "Raj", "CFO") if name in said]


def test_the_tour_by_mouse(demo: Demo, open_page: Any) -> None:
    page = open_page()
    begin(page, demo)
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("button", name="Be Ria").click()
    expect(page.get_by_role("status").filter(has_text=NO_NUMBER)).not_to_contain_text("12")
    saw_the_suggestion(page)
    last_message(page).get_by_role("button", name="I see something else").click()
    form = page.get_by_role("dialog", name="I see something else")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_text("Please complete this required field.")).to_have_count(2)
    expect(form.get_by_label("the data is wrong")).to_have_accessible_description(
        "The model's owners get the lead's id. They may guess who said so."
    )
    form.get_by_label("more likely").check()
    form.get_by_label("What do you see?").fill(WORDS)
    form.get_by_role("button", name="Save").click()
    expect(last_message(page)).to_contain_text(WORDS)
    expect(page.get_by_text("the notification carries no score")).to_be_visible()
    page.get_by_role("button", name="Next: the lead closes").click()
    page.get_by_role("button", name="Four days later").click()
    page.get_by_role("button", name="Be Ada, and type it for me").click()
    page.get_by_role("button", name="Send").click()
    expect(last_message(page)).to_contain_text("Only visible to you")
    expect(last_message(page)).to_contain_text(re.compile(r"Larkspur Joinery: won on \d+ \w+ \(it was open\)"))
    expect(page.get_by_text("only you see the answer")).to_be_visible()
    page.get_by_role("button", name="Next: what it was worth").click()
    page.get_by_role("button", name="Go to a Monday in three months").click()
    page.get_by_role("button", name="Be Mona").click()
    page.get_by_role("button", name="I agree").click()
    saw_the_digest(page)
    page.get_by_role("button", name="I have read it").click()
    expect(page.get_by_text("That was all of it")).to_be_visible()
    page.get_by_label("You are").select_option("Ria Holt")
    expect(last_message(page)).to_contain_text(
        re.compile(r"Won on \d+ \w+\. You had said more likely; the tool, about 12")
    )
    page.get_by_role("link", name="Home").click()
    expect(page.get_by_role("region", name="Home")).to_contain_text("Mona Manager agreed on")


def test_the_tour_by_keyboard_alone(demo: Demo, open_page: Any) -> None:
    page = open_page()
    begin(page, demo)

    def press(name: str, key: str = "Enter") -> None:
        reach(page, name)
        page.keyboard.press(key)

    press("Begin")
    expect(page.get_by_role("button", name="Be Ria")).to_be_visible()
    press("Be Ria")
    saw_the_suggestion(page)
    press("I see something else")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Space")  # the form has put the focus on its first choice
    reach(page, "What do you see?")
    page.keyboard.type("Warm on the phone.")
    press("Save")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(last_message(page)).to_contain_text("Warm on the phone.")
    press("Next: the lead closes")
    expect(page.get_by_role("button", name="Four days later")).to_be_visible()
    press("Four days later")
    expect(page.get_by_role("button", name="Be Ada, and type it for me")).to_be_visible()
    press("Be Ada, and type it for me")
    expect(page.get_by_role("combobox", name="Message #general")).to_be_focused()
    page.keyboard.press("Enter")
    expect(last_message(page)).to_contain_text("Larkspur Joinery: won on")
    press("Next: what it was worth")
    expect(page.get_by_role("button", name="Go to a Monday in three months")).to_be_visible()
    press("Go to a Monday in three months")
    expect(page.get_by_role("button", name="Be Mona")).to_be_visible()
    press("Be Mona")
    expect(page.get_by_role("button", name="I agree")).to_be_visible()
    press("I agree")
    saw_the_digest(page)
    press("I have read it")
    expect(page.get_by_text("That was all of it")).to_be_visible()


def test_the_tour_with_a_thumb_at_390_pixels(demo: Demo, open_page: Any) -> None:
    page = open_page(390, 844, has_touch=True)
    begin(page, demo)

    def tap(name: str, *, folded: bool = False) -> None:
        if folded:
            page.get_by_text("Otherwise in three minutes").tap()  # the panel was folded up to one line
        page.get_by_role("button", name=name).last.tap()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390

    tap("Begin")
    tap("Be Ria")
    saw_the_suggestion(page)
    box = last_message(page).get_by_role("button", name="I see something else").bounding_box()
    assert box is not None
    assert box["height"] >= 40, "large enough for a thumb"
    tap("I see something else")
    page.get_by_label("less likely").tap()
    page.get_by_label("What do you see?").fill("Only wanted the slides.")
    tap("Save")
    expect(last_message(page)).to_contain_text("Only wanted the slides.")
    tap("Next: the lead closes")
    tap("Four days later")
    tap("Be Ada, and type it for me")
    tap("Send")
    expect(last_message(page)).to_contain_text("Larkspur Joinery: won on")
    tap("Next: what it was worth")
    tap("Go to a Monday in three months")
    tap("Be Mona")
    tap("I agree")
    saw_the_digest(page)
    tap("I have read it", folded=True)
    expect(page.get_by_text("That was all of it")).to_be_visible()
