"""What the columns of a CRM's export seem to be, and the dates and numbers in them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.columns import guess
from bot.domain.dates import in_zone, read_date
from bot.domain.past import Mapped

HUBSPOT = {
    "Record ID": "51", "First Name": "Ada", "Last Name": "L", "Company Name": "Acme Ltd",
    "Contact owner": "ria@example.com", "Create Date": "2026-01-05 09:30", "Likelihood to close": "12.5",
    "Lifecycle Stage": "Customer", "Became a Customer Date": "2026-02-05 10:00", "Original Source": "Organic",
}  # fmt: skip
SALESFORCE = {
    "Lead ID": "00Q1", "Company / Account": "Acme Ltd", "Lead Owner": "ria@example.com", "Created Date": "31.01.2026",
    "Einstein Lead Score": "71", "Lead Status": "Closed - Not Converted", "Lead Source": "Web",
}  # fmt: skip
PIPEDRIVE = {
    "Deal - ID": "7", "Deal - Title": "Acme deal", "Deal - Owner": "ria@example.com",
    "Deal - Deal created": "2026-01-31 10:00:00", "Deal - Probability": "100", "Deal - Status": "Won",
    "Deal - Deal closed on": "2026-02-20", "Deal - Value": "99",
}  # fmt: skip


def seen(row: dict[str, Any], **more: Any) -> Any:
    return guess(list(row), [row], Mapped(), post=False, **more)


def test_an_export_of_hubspot() -> None:
    found = seen(HUBSPOT)
    assert found.missing == ()
    assert found.how.columns == {
        "lead_id": "Record ID", "name": "Company Name", "owner": "Contact owner", "posted_at": "Create Date",
        "probability": "Likelihood to close", "outcome": "Lifecycle Stage", "outcome_at": "Became a Customer Date",
    }  # fmt: skip
    assert (found.how.percent, found.how.zone, found.how.facts) == (True, "UTC", ("Original Source",))
    assert "Chances are read as percent." in found.notes
    assert any("before a lead ended" in one for one in found.notes)


def test_a_report_of_salesforce() -> None:
    found = seen(SALESFORCE)
    assert found.missing == ()
    assert (found.how.columns["points"], found.how.columns["outcome"]) == ("Einstein Lead Score", "Lead Status")
    assert found.how.dates == "dmy"
    assert "probability" not in found.how.columns


def test_of_several_columns_the_one_that_tells_of_wins_is_the_outcome() -> None:
    customer = HUBSPOT | {"Lead Status": "Connected"}
    assert seen(customer).how.columns["outcome"] == "Lifecycle Stage"
    opportunity = SALESFORCE | {"Won": "0", "Closed": "0", "Stage": "Negotiation", "Close Date": "2027-03-01"}
    found = seen({name: cell for name, cell in opportunity.items() if name != "Lead Status"})
    assert found.how.columns["outcome"] == "Stage"
    assert "Taken as still open: Negotiation." in found.notes
    flag = seen({name: cell for name, cell in opportunity.items() if name not in ("Lead Status", "Stage")})
    assert flag.how.columns["outcome"] == "Won"
    assert any("no is read as lost" in one for one in flag.notes)


def test_what_can_t_be_read_is_left_out_rather_than_its_row() -> None:
    found = seen(HUBSPOT | {"Contact owner": "Jane Doe", "Amount": "$1,200.00", "Record URL": "here"})
    assert not found.how.columns.keys() & {"owner", "amount", "url"}
    assert "'Contact owner' can't be read as owner, and is left out." in found.notes
    named = guess(
        list(HUBSPOT), [HUBSPOT | {"Contact owner": "ria"}], Mapped(owner_format="{}@example.com"), post=False
    )
    assert named.how.columns["owner"] == "Contact owner"
    assert seen(HUBSPOT | {"Create Date": "05-01-2026"}).how.zone == "UTC"


def test_the_chance_of_a_stage_is_no_prior() -> None:
    found = seen(PIPEDRIVE)
    assert found.missing == ("probability or points",)
    assert any("no prior" in one for one in found.notes)
    assert found.how.columns["outcome"] == "Deal - Status"


def test_what_was_given_stands() -> None:
    given_ = Mapped(columns={"probability": "Deal - Probability", "name": "Deal - Status"})
    found = guess(list(PIPEDRIVE), [PIPEDRIVE], given_, post=False)
    assert found.missing == ()
    assert found.how.columns["name"] == "Deal - Status"
    assert "outcome" not in found.how.columns


def test_stages_that_are_no_end_are_said_to_be_open() -> None:
    rows = [HUBSPOT | {"Lifecycle Stage": stage} for stage in ("Lead", "Customer", "Opportunity")]
    found = guess(list(HUBSPOT), rows, Mapped(), post=False)
    assert found.how.others_open
    assert "Taken as still open: Lead, Opportunity." in found.notes


@pytest.mark.parametrize(
    ("cells", "dates", "proved"),
    [
        (["03/04/2026"], "mdy", False),
        (["03.04.2026"], "dmy", False),
        (["03/04/2026", "31/01/2026"], "dmy", True),
        (["03/31/2026"], "mdy", True),
        (["2026-03-04"], "iso", True),
    ],
)
def test_how_dates_are_written_is_found_where_a_date_proves_it(cells: list[str], dates: str, proved: bool) -> None:
    rows = [HUBSPOT | {"Create Date": cell} for cell in cells]
    found = guess(list(HUBSPOT), rows, Mapped(), post=False)
    assert found.how.dates == dates
    assert any("proves" in one for one in found.notes) is not proved


@pytest.mark.parametrize(
    ("text", "dates", "read"),
    [
        ("3/4/2026", "dmy", "2026-04-03T00:00:00"),
        ("3/4/2026", "mdy", "2026-03-04T00:00:00"),
        ("03.04.2026 17:05", "dmy", "2026-04-03T17:05:00"),
        ("3/4/2026, 5:05 PM", "mdy", "2026-03-04T17:05:00"),
        ("2026-03-04", "dmy", "2026-03-04"),
        ("3/4/2026", "iso", "3/4/2026"),
    ],
)
def test_dates_are_read_as_they_are_written(text: str, dates: str, read: str) -> None:
    assert read_date(text, dates) == read


def test_no_day_is_made_up() -> None:
    for text in ("31/02/2026", "3/4/2026 half past nine"):
        with pytest.raises(ValueError, match=r"day|time"):
            read_date(text, "dmy")


@given(st.datetimes().map(lambda at: at.isoformat()), st.sampled_from(["", "UTC", "Europe/Berlin"]))
def test_a_time_with_its_zone_stays_what_it_is(text: str, zone: str) -> None:
    assert in_zone(text + "+00:00", zone).startswith(text)
    assert (in_zone(text, zone) == text) is (zone == "")


@given(st.lists(st.text(max_size=20), max_size=8), st.text(max_size=20))
def test_whatever_the_columns_are_called_there_is_an_answer(columns: list[str], cell: str) -> None:
    found = guess(columns, [dict.fromkeys(columns, cell)], Mapped(), post=False)
    assert len(set(found.how.columns.values())) == len(found.how.columns)
    assert set(found.how.columns.values()) <= set(columns)
