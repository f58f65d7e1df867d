"""axe-core finds nothing wrong with any surface, wide and narrow, light and dark."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import violations
from tests.browser.test_page import SURFACES, at
from tests.world import ADA, MONA, RIA, World


@pytest.mark.parametrize(("width", "theme"), SURFACES)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_axe_finds_nothing_wrong(world: World, open_page: Any, width: int, theme: str) -> None:
    world.lead("crm:1", name="Acme Ltd")
    world.see(RIA, "Acme")
    world.lead("crm:2", name="Bolt Ltd")
    world.override(RIA, world.see(RIA, "Bolt"), "more", "She asked for March.")
    world.quiet()
    page: Page = open_page(width, color_scheme=theme)
    found: dict[str, list[str]] = {}

    def look(what: str) -> None:
        if wrong := violations(page):
            found[what] = wrong

    at(page, world.sim, RIA, "app:messages")
    expect(page.get_by_role("article").last).to_contain_text("Bolt")
    look("messages")
    page.get_by_role("button", name="I see something else").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    look("the form")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Why this number?").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    look("why")
    page.keyboard.press("Escape")
    for user in (RIA, MONA, ADA):
        at(page, world.sim, user, "app:home")
        expect(page.get_by_role("main")).not_to_be_empty()
        look(f"the Home of {user}")
    at(page, world.sim, ADA, "C0GENERAL")
    line = page.get_by_role("combobox", name="Message #general")
    line.press_sequentially("/oth")
    expect(page.get_by_role("listbox", name="Suggestions")).to_be_visible()
    look("a command's hints")
    line.press("Enter")
    line.fill("/otherwise status")
    line.press("Enter")
    expect(page.get_by_role("article").last).to_contain_text("Only visible to you")
    look("a private answer")
    line.fill("/otherwise setup")
    line.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    look("setup")
    assert not found, "\n".join(f"{what}: {wrong}" for what, wrongs in found.items() for wrong in wrongs)


def test_axe_finds_what_is_planted(world: World, open_page: Any) -> None:
    page: Page = open_page()
    at(page, world.sim, RIA, "app:messages")
    expect(page.get_by_role("main")).to_be_visible()
    plant = """() => {
        const box = document.createElement("div");
        box.innerHTML = "<img src='data:,'><button></button><p>faint</p>";
        Object.assign(box.lastChild.style, {color: "#777", backgroundColor: "#999"});
        document.querySelector("main").append(box);
    }"""
    page.evaluate(plant)
    found = " ".join(violations(page))
    page.evaluate("() => document.querySelector('main').lastChild.remove()")
    assert all(rule in found for rule in ("image-alt", "button-name", "color-contrast")), found
