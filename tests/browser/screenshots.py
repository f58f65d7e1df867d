"""`make screenshots`: the tour's pictures for the README and for looking at, at both widths, light and dark."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.demo import Demo

SIZES = {"desk": (1280, 860), "phone": (390, 844)}
SCHEMES = ("light", "dark")
HOMES = (
    ("U0REP00", "5-home-rep", "Leads you haven't answered"),
    ("U0MONA", "6-home-manager", "Your digests"),
    ("U0ADA", "7-home-admin", "How it runs"),
)


def main() -> None:
    """Take them all anew into the folder that is named."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for size in SIZES:
            for scheme in SCHEMES:
                with tempfile.TemporaryDirectory() as place:
                    demo = Demo(Path(place) / "demo")
                    try:
                        take(browser, demo, folder, size, scheme)
                    finally:
                        demo.interrupt()  # a picture that fails must not leave three programs behind
        browser.close()


def take(browser: Browser, demo: Demo, folder: Path, size: str, scheme: str) -> None:
    """One walk through the tour."""
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]

    def shot(name: str) -> None:
        page.mouse.move(0, 0)
        page.screenshot(path=folder / f"{name}-{size}-{scheme}.png")

    page.goto(demo.base)
    press(page, "Begin")
    press(page, "Be Ria")
    expect(page.get_by_role("button", name="Why this number?")).to_be_visible()
    expect(page.locator("#toast .phone")).to_be_visible()
    shot("1-lead")
    press(page, "I see something else")
    page.get_by_label("more likely").check()
    page.get_by_label("What do you see?").fill("Their CFO called me back herself.")
    shot("2-override")
    press(page, "Save")
    press(page, "Next: the lead closes")
    press(page, "Four days later")
    press(page, "Be Ada, and type it for me")
    press(page, "Send")
    expect(page.get_by_text("Only visible to you")).to_be_visible()
    shot("3-outcome")
    press(page, "Next: what it was worth")
    press(page, "Go to a Monday in three months")
    press(page, "Be Mona")
    press(page, "I agree")
    expect(page.get_by_role("table")).to_be_visible()
    page.locator("#toast .phone").filter(has_text="Made-up").wait_for()
    page.locator("main h1").click()
    shot("4-digest")
    press(page, "Details")
    expect(page.get_by_role("dialog").get_by_text("Same reps, same four weeks")).to_be_visible()
    shot("8-details")
    press(page, "Close")
    for user, name, heading in HOMES:
        page.goto(f"{demo.base}/#{user}/app:home")
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        page.get_by_role("region", name="Home").click(position={"x": 3, "y": 3})
        shot(name)
    page.close()


def press(page: Page, name: str) -> None:
    """Press what is called so, newest last."""
    page.get_by_role("button", name=name).last.click()


if __name__ == "__main__":
    main()
