"""Debian's Chromium, driven by Playwright; skipped where it is not installed."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.axe import violations
from tests.browser.demo import Demo
from tests.browser.hand import WIDTH, Hand
from tests.world import World

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# As patient as everything else here: a busy machine is no defect.
expect.set_options(timeout=15_000)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for all stories, gone before other tests want an event loop of their own."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Any]:
    """Open pages of a size; whatever the page complains about fails the story."""
    pages: list[Page] = []
    trouble: list[str] = []

    def open_it(width: int = 1280, height: int = 900, **more: Any) -> Page:
        page = browser.new_page(viewport={"width": width, "height": height}, **more)
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on(
            "console",
            lambda said: trouble.append(f"{said.text} {said.location}") if said.type in ("error", "warning") else None,
        )
        pages.append(page)
        return page

    yield open_it
    # However a story ends, nothing on the page stands in the way of whoever can't see it or has no mouse.
    wrong = [one for page in pages if not page.is_closed() for one in violations(page)]
    for page in pages:
        page.close()
    assert (trouble, wrong) == ([], [])


@pytest.fixture
def hand(open_page: Any, shifted_world: World, scheme: str) -> Hand:
    """Somebody on a phone, in a world whose clock can be moved."""
    return Hand(open_page(WIDTH, 844, color_scheme=scheme), shifted_world, scheme)


@pytest.fixture
def start_demo(tmp_path: Path) -> Iterator[Callable[[], Demo]]:
    """Start demos in one folder, one after the other; none outlives its story, however that ends."""
    started: list[Demo] = []

    def start_it() -> Demo:
        started.append(Demo(tmp_path / "demo"))
        return started[-1]

    yield start_it
    for one in started:
        one.interrupt()


@pytest.fixture
def demo(start_demo: Callable[[], Demo]) -> Demo:
    """A demo at its very beginning."""
    return start_demo()
