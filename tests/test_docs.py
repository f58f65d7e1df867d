"""What the pages show works as it stands there, and where they point there is something."""

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from bot.connectors.json_api import shape_in
from bot.connectors.registry import BUILT_IN

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\((?!https?://)([^)\s]+)\)")


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of one language on a page."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link} is not there"
        assert not anchor or anchor in anchors(target), f"{page.name}: {link} has no such heading"


def test_every_page_is_linked_from_the_readme() -> None:
    linked = set(LINK.findall((ROOT / "README.md").read_text(encoding="utf-8")))
    assert {f"docs/{page.name}" for page in PAGES[2:]} <= {link.partition("#")[0] for link in linked}


def test_every_secret_and_question_of_a_connector_is_documented() -> None:
    text = (ROOT / "docs" / "connectors.md").read_text(encoding="utf-8")
    for kind in BUILT_IN.values():
        assert f"otherwise connect {kind.name}" in text
        for secret in kind.secrets:
            assert f"`{secret.variable}`" in text


def test_the_description_of_a_json_api_is_one(tmp_path: Path) -> None:
    (file := tmp_path / "crm.toml").write_text(blocks("connectors.md", "toml")[0], encoding="utf-8")
    assert shape_in(file)["paging"]["next"] == "$.links.next"


def test_a_connector_of_fifty_lines_is_found_and_read(tmp_path: Path) -> None:
    (code,) = [block for block in blocks("connectors.md", "python") if block.startswith('"""nightly.py')]
    assert len(code.splitlines()) <= 60
    (tmp_path / "nightly.py").write_text(code, encoding="utf-8")
    entry = re.search(r'^nightly = "(.+)"$', blocks("connectors.md", "toml")[1], re.M)
    assert entry
    folder = tmp_path / "nightly-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: nightly\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(f"[otherwise.connectors]\nnightly = {entry.group(1)}\n")
    lead = {"id": "1", "name": "Acme Ltd", "score": 0.12, "owner": "rep@example.com"}
    lines = [json.dumps(lead | {"id": str(n), "at": "2099-01-01T00:00:00+00:00"}) for n in range(250)]
    (tmp_path / "leads.jsonl").write_text("\n".join(lines))
    told = subprocess.run(
        [sys.executable, "-m", "bot", "connect", "nightly", "--dry-run"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "DATABASE_URL": f"sqlite:///{tmp_path}/o.db"},
        input=f"{tmp_path}/leads.jsonl\nchance\n90\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, textwrap.shorten(told.stderr, 500)
    assert "250 records were read" in told.stdout
    assert "e.g. Acme Ltd: 12 in 100, rep@example.com" in told.stdout
