"""Somebody with a keyboard and a phone's width, in the local workspace's page."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.world import World

WIDTH = 390
# Where pictures go, for looking at; none without it.
SHOTS = os.environ.get("OTHERWISE_SHOTS", "")
BOTH = pytest.mark.parametrize("scheme", ["light", "dark"])
# The page is one; which database is behind it makes no difference to it.
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


class Hand:
    """A person who has a keyboard and a narrow screen."""

    def __init__(self, page: Page, world: World, scheme: str) -> None:
        self.page, self.world, self.scheme = page, world, scheme

    def at(self, user: str, place: str = "app:messages") -> None:
        """Be somebody somewhere."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.world.sim.base}/#{user}/{place}")
        expect(self.page.get_by_role("main")).to_be_visible()

    def press(self, name: str) -> None:
        """Go to the newest button of this name and press Enter."""
        button = self.page.get_by_role("button", name=name).last
        button.focus()
        expect(button).to_be_focused()
        self.page.keyboard.press("Enter")

    def newest(self, words: str) -> Locator:
        """The newest message, once it has these words."""
        message = self.page.get_by_role("article").filter(has_text=words).last
        expect(message).to_be_visible()
        return message

    def look(self, name: str) -> None:
        """Nothing is wider than the screen; and a picture where somebody wants one."""
        assert self.page.evaluate("document.documentElement.scrollWidth") <= WIDTH, name
        if SHOTS:
            self.page.screenshot(path=Path(SHOTS) / f"{name}-{self.scheme}.png")
