"""Any JSON API: described in a file, read in each way of paging, and every mistake in the file said."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.connectors.contract import Connector, Refused
from bot.connectors.json_api import shape_in
from bot.connectors.registry import kind_of
from tests.crms.json_api import LINKS, NUMBERS, SHAPE, TOKEN, TOKENS, JsonServer
from tests.crms.test_connectors import of, told

LONG_AGO = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[JsonServer]:
    made = JsonServer()
    yield made
    made.close()


@pytest.fixture(params=[LINKS, TOKENS, NUMBERS], ids=["links", "tokens", "numbers"])
def api(request: pytest.FixtureRequest, server: JsonServer, tmp_path: Path) -> Iterator[Connector]:
    file = tmp_path / "crm.toml"
    file.write_text(SHAPE.format(base=server.base, paging=request.param))
    made = kind_of("json").make({"shape": shape_in(file)}, {"OTHERWISE_JSON_TOKEN": TOKEN}.__getitem__)
    yield made
    made.close()


def test_everything_is_told_once_and_then_what_changes(server: JsonServer, api: Connector) -> None:
    for n in range(35):
        server.add(f"d{n}", n, at=LONG_AGO + timedelta(minutes=5 * n), mail="Ria@example.com")
    assert api.who() == "The JSON API answers with 10 records on its first page."
    first, cursor = told(api)
    assert [one.id for one in first] == [f"d{n}" for n in range(35)]
    assert (first[3].name, first[3].score, first[3].owner_email) == ("Acme Ltd", 3.0, "ria@example.com")
    assert (first[3].facts, first[3].url) == ((("Source", "fair"),), f"{server.base}/deals/d3")
    server.add("new", 50)
    server.deals[4]["stage"], server.deals[4]["times"]["closed"] = "signed", "2026-11-20"
    server.deals[4]["times"]["changed"] = server.now().isoformat()
    second, cursor = told(api, cursor)
    # The newest that was there before is told again, in case more came in its second.
    assert {one.id for one in second} == {"new", "d4", "d34"}
    assert (of(second, "d4").outcome, of(second, "d4").outcome_at) == ("won", datetime(2026, 11, 20, tzinfo=UTC))


def test_a_token_that_is_refused_is_said(server: JsonServer, tmp_path: Path) -> None:
    file = tmp_path / "crm.toml"
    file.write_text(SHAPE.format(base=server.base, paging=LINKS))
    made = kind_of("json").make({"shape": shape_in(file)}, {"OTHERWISE_JSON_TOKEN": "other"}.__getitem__)
    with pytest.raises(Refused, match="does not accept the token"):
        made.who()
    made.close()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('id = "$.uid"\n', "", "fields lacks id"),
        ('id = "$.uid"', 'id = "$.uid"\nother = "$.x"', "fields has 'other'"),
        ('"$.company.name"', '"$.company["', "not a JSONPath"),
        ('signed = "won"', 'signed = "sold"', "neither won, lost nor disqualified"),
        ("[fields]", "[fields", "not TOML"),
        ('header = "X-Api-Key"', 'headers = "X-Api-Key"', "headers"),
    ],
)
def test_each_mistake_in_the_file_is_said(tmp_path: Path, before: str, after: str, words: str) -> None:
    file = tmp_path / "crm.toml"
    text = SHAPE.format(base="https://crm.example.com", paging=LINKS)
    assert before in text
    file.write_text(text.replace(before, after, 1))
    with pytest.raises(Refused, match=words):
        shape_in(file)
    with pytest.raises(Refused, match="no file"):
        shape_in(tmp_path / "none.toml")
