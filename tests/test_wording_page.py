"""docs/wording.md quotes what people read: every phrase there stands in the code that says it, or the page is wrong."""

import ast
import re

import pytest

from tests.sim import ROOT

# What stands in a phrase for what is filled in: figures, a lead's name, a cue, a button, emphasis.
FILLED = re.compile(
    r"\d+ leads?\b|[\d,.–]*\d[\d.,–]*|\*\*|\babout\b|…|\[[^\]]*\]|Acme Ltd|timing|calls, budget|[():;]|\. "
)
FEWEST_WORDS, SHORTEST = 2, 12


def literals() -> str:
    """All text in the bot's code, with a mark where something is filled in."""
    found = []
    for file in sorted((ROOT / "bot").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.JoinedStr):
                parts = [one.value if isinstance(one, ast.Constant) else "\x00" for one in node.values]
                found.append("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return " ".join("\n".join(found).split())


def phrases() -> list[str]:
    page = (ROOT / "docs" / "wording.md").read_text().split("## What is never said")[0]
    table = [line.split("|")[2] for line in page.splitlines() if line.startswith("| ") and line.count("|") >= 4]
    return [one for cell in table[1:] for one in re.findall(r'"([^"]*)"', cell) if len(one) >= SHORTEST]


SAID = literals()


@pytest.mark.parametrize("phrase", phrases())
def test_a_phrase_of_the_page_is_said(phrase: str) -> None:
    fragments = [" ".join(one.split()).strip(" :;,.") for one in FILLED.split(phrase)]
    held = [fragment for fragment in fragments if len(fragment.split()) >= FEWEST_WORDS]
    assert held, "there is nothing in it to hold"
    for fragment in held:
        assert fragment in SAID, fragment


def test_there_are_phrases() -> None:
    assert len(phrases()) > 25
