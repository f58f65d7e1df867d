"""Rows of files, whatever they hold: taken in, or refused with reasons."""

import csv
import gzip
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import ImportRefused
from bot.domain.files import rows
from bot.domain.past import FIELDS, BadRow, Mapped, parse_past

NOW = datetime(2026, 11, 23, tzinfo=UTC)
GOOD = {"lead_id": "a", "name": "Acme", "posted_at": "2026-01-01T00:00:00Z", "probability": "0.1", "owner": "r@x.com"}


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=40) | st.floats() | st.none() | st.booleans()))
def test_any_row_is_taken_or_refused_with_reasons(cells: dict[str, object]) -> None:
    try:
        parse_past(GOOD | cells, Mapped(), NOW)
    except BadRow as refusal:
        assert refusal.reasons


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"posted_at": ""}, "posted_at"),
        ({"posted_at": "2026-01-01T00:00:00"}, "posted_at"),
        ({"posted_at": "2030-01-01T00:00:00Z"}, "posted_at"),
        ({"probability": "12"}, "prior.probability"),
        ({"probability": ""}, "prior"),
        ({"outcome": "maybe"}, "outcome"),
        ({"outcome": "won"}, "outcome_at"),
        ({"outcome": "lost", "outcome_at": "2026-12-31T00:00:00Z"}, "outcome_at: lies ahead of now"),
        ({"at_landmark": "perhaps"}, "at_landmark"),
        ({"response": "overridden"}, "direction"),
        ({"reasons": "age 44"}, "reasons"),
        ({"owner": "nobody"}, "owner"),
    ],
)
def test_bad_rows_say_what_is_wrong(cells: dict[str, str], reason: str) -> None:
    with pytest.raises(BadRow) as refused:
        parse_past(GOOD | cells, Mapped(), NOW)
    assert refused.value.reasons[0].startswith(reason)


def test_a_lost_lead_without_a_time_was_open_at_its_horizon() -> None:
    past = parse_past(GOOD | {"outcome": "0"}, Mapped(horizon_days=30), NOW)
    assert past.outcome is not None
    assert (past.outcome.outcome, past.outcome.at) == ("lost", datetime(2026, 1, 31, tzinfo=UTC))
    young = parse_past(GOOD | {"outcome": "0", "posted_at": "2026-11-20T00:00:00Z"}, Mapped(horizon_days=30), NOW)
    assert young.outcome is not None
    assert young.outcome.at == NOW, "nothing is stored that later news could not overtake"


@given(
    st.lists(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20), min_size=2, max_size=2))
)
def test_what_a_csv_writer_writes_is_read_back(cells: list[list[str]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(["a", "b"])
        writer.writerows(cells)
        path = Path(folder) / "x.csv.gz"
        path.write_bytes(gzip.compress(out.getvalue().encode()))
        read = [(row.cells["a"], row.cells["b"]) for row in rows(path) if not row.problem]
    assert read == [(a, b) for a, b in cells]


def test_lines_that_are_not_json_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1}\nnot\n[1]\n\n{"a": 2}\n')
    assert [(row.line, row.problem) for row in rows(path)] == [
        (1, ""),
        (2, "is not JSON"),
        (3, "is not a JSON object"),
        (5, ""),
    ]


@pytest.mark.parametrize(("name", "content"), [("x.txt", b""), ("gone.csv", None), ("x.csv.gz", b"no gzip")])
def test_files_that_are_none_get_a_sentence(tmp_path: Path, name: str, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ImportRefused) as refused:
        list(rows(tmp_path / name))
    assert str(refused.value).endswith(".")
