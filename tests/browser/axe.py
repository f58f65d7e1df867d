"""What axe-core, a checker of accessibility that others keep, finds wrong with a page as it stands."""

from importlib.resources import files

from playwright.sync_api import Page

SOURCE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")

# Who speaks to a machine says what she reads on the button: its name has to have those words (off by default in axe).
RUN = """() => axe.run(document, {
  resultTypes: ["violations"], rules: {"label-content-name-mismatch": {enabled: true}},
})"""


def violations(page: Page) -> list[str]:
    """Each rule that is broken, with the first places where it is; axe's rules and its best practices."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(SOURCE)
    found = page.evaluate(RUN)
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {[node['target'] for node in one['nodes'][:3]]}"
        for one in found["violations"]
    ]
