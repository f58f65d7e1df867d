"""What axe-core, a checker of accessibility that others keep, finds wrong with a page as it stands."""

from importlib.resources import files

from playwright.sync_api import Page

SOURCE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """Each rule that is broken, with the first places where it is; all of axe's rules, best practices included."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(SOURCE)
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {[node['target'] for node in one['nodes'][:3]]}"
        for one in found["violations"]
    ]
