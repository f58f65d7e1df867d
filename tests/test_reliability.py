"""docs/reliability.md names every promise's test and every mechanism, and nothing that is not there."""

import re

from tests.promises.mechanisms import MECHANISMS
from tests.sim import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
PROMISES = ROOT / "tests" / "promises"


def test_every_mechanism_is_switched_off_somewhere_and_on_the_page() -> None:
    code = "".join(file.read_text(encoding="utf-8") for file in PROMISES.glob("test_*.py"))
    for name in MECHANISMS:
        assert f'"{name}"' in code, f"nothing is tried without {name!r}"
        assert f"*{name}*" in PAGE, f"{name!r} is not on the page"


def test_every_test_on_the_page_is_there() -> None:
    named = re.findall(r"`(?:tests/)?([\w/]+\.py)`", PAGE)
    assert len(named) > 10
    for name in named:
        assert (ROOT / "tests" / name).exists() or (ROOT / name).exists(), name


def test_the_twenty_promises_are_numbered() -> None:
    assert [int(number) for number in re.findall(r"^\| (\d+) \|", PAGE, re.M)] == list(range(1, 21))
