"""The connectors against servers that other people's clients are content with: all is told, nothing is skipped."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.connectors.contract import Connector, Later, Refused
from bot.connectors.registry import kind_of
from bot.connectors.web import Web
from bot.domain.crm import Record
from tests.crms import SECRETS, hubspot, salesforce
from tests.crms.hubspot import HubSpotServer
from tests.crms.salesforce import SalesforceServer
from tests.crms.server import Answer

LONG_AGO = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture
def hub() -> Iterator[HubSpotServer]:
    made = HubSpotServer()
    made.owners["7"] = "ria@example.com"
    yield made
    made.close()


@pytest.fixture
def force() -> Iterator[SalesforceServer]:
    made = SalesforceServer()
    yield made
    made.close()


def opened(name: str, **config: Any) -> Connector:
    return kind_of(name).make(config, SECRETS.__getitem__)


@pytest.fixture
def contacts(hub: HubSpotServer) -> Iterator[Connector]:
    made = opened("hubspot", object="contacts", score=hubspot.SCORE, base=hub.base)
    yield made
    made.close()


@pytest.fixture
def leads(force: SalesforceServer) -> Iterator[Connector]:
    made = opened("salesforce", object="Lead", score=salesforce.SCORE, base=force.base)
    yield made
    made.close()


def told(connector: Connector, cursor: str = "") -> tuple[list[Record], str]:
    """Everything until there is nothing more just now, and the place behind it."""
    found: list[Record] = []
    for _ in range(500):
        page = connector.page(cursor)
        found, cursor = found + list(page.records), page.cursor
        if not page.more:
            return found, cursor
    raise AssertionError("it never ends")


def of(records: list[Record], number: str) -> Record:
    return [one for one in records if one.id == number][-1]


def test_hubspot_tells_everything_once_and_then_what_changes(hub: HubSpotServer, contacts: Connector) -> None:
    every = [
        hub.add(at=LONG_AGO, company=f"Firm {n}", hubspot_owner_id="7", **{hubspot.SCORE: str(n % 100)})
        for n in range(230)
    ]
    first, cursor = told(contacts)
    assert [one.id for one in first] == every
    assert (first[3].name, first[3].score, first[3].owner_email) == ("Firm 3", 3.0, "ria@example.com")
    assert (first[3].first_score, first[3].scored_at) == (3.0, LONG_AGO)
    assert first[3].url == f"https://app.hubspot.com/contacts/4711/record/0-1/{every[3]}"
    hub.change(every[5], **{hubspot.SCORE: "77"})
    fresh = hub.add(company="New", **{hubspot.SCORE: "9"})
    second, cursor = told(contacts, cursor)
    assert {one.id for one in second} == {every[5], fresh}
    assert of(second, every[5]).score == 77.0


def test_hubspot_skips_nothing_when_a_thousand_change_in_one_millisecond(
    hub: HubSpotServer, contacts: Connector
) -> None:
    _, cursor = told(contacts)
    at = hub.now() + timedelta(seconds=1)
    every = {hub.add(at=at, company=f"Firm {n}") for n in range(1000)}
    later = hub.add(at=at + timedelta(milliseconds=5), company="Later")
    found, cursor = told(contacts, cursor)
    assert {one.id for one in found} == every | {later}


def test_hubspot_skips_nothing_when_records_change_between_two_pages(hub: HubSpotServer, contacts: Connector) -> None:
    _, cursor = told(contacts)
    start = hub.now() + timedelta(seconds=1)
    every = [hub.add(at=start + timedelta(milliseconds=n), company=f"Firm {n}") for n in range(150)]
    page = contacts.page(cursor)
    # All that was on the first page moves to the end, as offsets would not survive.
    for number in every[:90]:
        hub.change(number, at=start + timedelta(seconds=2))
    rest, _ = told(contacts, page.cursor)
    assert {one.id for one in [*page.records, *rest]} == set(every)


def test_hubspot_goes_beyond_the_ten_thousand_that_a_search_gives(hub: HubSpotServer, contacts: Connector) -> None:
    _, cursor = told(contacts)
    start = hub.now() + timedelta(seconds=1)
    every = {hub.add(at=start + timedelta(milliseconds=n // 3), company=f"Firm {n}") for n in range(10_300)}
    found, _ = told(contacts, cursor)
    assert {one.id for one in found} == every


def test_hubspot_tells_of_ends_merges_and_deletions(hub: HubSpotServer, contacts: Connector) -> None:
    won, lost, merged, deleted = (hub.add(company=name) for name in ("Won", "Lost", "Merged", "Deleted"))
    _, cursor = told(contacts)
    hub.change(won, lifecyclestage="customer", hs_v2_date_entered_customer="2026-11-20T09:00:00.000Z")
    hub.change(lost, hs_lead_status="UNQUALIFIED")
    hub._merge(_asked(primaryObjectId=won, objectIdToMerge=merged))
    hub.records["contacts"][deleted] |= {"archived": True}
    second, cursor = told(contacts, cursor)
    third, _ = told(contacts, cursor)
    found = second + third
    assert (of(found, won).outcome, of(found, won).outcome_at) == ("won", datetime(2026, 11, 20, 9, tzinfo=UTC))
    assert of(found, won).absorbed == (merged,)
    assert of(found, lost).outcome == "disqualified"
    assert of(found, deleted).gone


def test_hubspot_is_read_without_the_account_s_number_where_the_token_may_not_ask(hub: HubSpotServer) -> None:
    hub.add(company="Acme")
    contacts = opened("hubspot", object="contacts", score=hubspot.SCORE, base=hub.base)
    hub.fail(Answer(403, {}))
    assert contacts.who().startswith("HubSpot account without a number")
    hub.fail("true", Answer(403, {}))
    assert [(one.name, one.url) for one in contacts.page("").records] == [("Acme", None)]
    contacts.close()


def test_hubspot_deals_end_with_their_stage(hub: HubSpotServer) -> None:
    deals = opened("hubspot", object="deals", score=hubspot.SCORE, base=hub.base)
    won = hub.add("deals", dealname="Big", hs_is_closed_won="true", hs_is_closed="true", amount="12.5",
                  closedate="2026-11-20T09:00:00.000Z")  # fmt: skip
    lost = hub.add("deals", dealname="Small", hs_is_closed="true", closedate="2026-11-20T09:00:00.000Z")
    found, _ = told(deals)
    assert (of(found, won).outcome, of(found, won).amount, of(found, won).name) == ("won", 12.5, "Big")
    assert of(found, lost).outcome == "lost"
    deals.close()


def test_hubspot_gives_a_record_away_unless_somebody_else_has_it_by_now(
    hub: HubSpotServer, contacts: Connector
) -> None:
    number = hub.add(company="Acme")
    assert contacts.set_owner(number, None, "ria@example.com")
    assert hub.records["contacts"][number]["properties"]["hubspot_owner_id"] == "7"
    assert not contacts.set_owner(number, None, "ria@example.com")
    with pytest.raises(Refused, match="no user of HubSpot"):
        contacts.set_owner(number, "ria@example.com", "nobody@example.com")


def test_salesforce_tells_everything_once_and_then_what_changes(force: SalesforceServer, leads: Connector) -> None:
    ria = force.add("User", Email="Ria@example.com", IsActive=True)
    every = [
        force.add(
            "Lead",
            at=LONG_AGO + timedelta(minutes=n),
            Company=f"Firm {n}",
            OwnerId=ria,
            LeadSource="Web",
            **{salesforce.SCORE: n},
        )
        for n in range(450)
    ]
    first, cursor = told(leads)
    assert [one.id for one in first] == every
    assert (first[3].name, first[3].score, first[3].owner_email) == ("Firm 3", 3.0, "ria@example.com")
    assert first[3].facts == (("Source", "Web"),)
    force.change("Lead", every[5], **{salesforce.SCORE: 77})
    fresh = force.add("Lead", Company="New", OwnerId="queue")
    second, cursor = told(leads, cursor)
    assert {one.id for one in second} == {every[5], fresh}
    # What came last may be followed by what was written before it and is seen after it; later, no more.
    assert {one.id for one in told(leads, cursor)[0]} == {every[5], fresh}
    force.ahead = timedelta(minutes=6)
    assert told(leads, told(leads, cursor)[1])[0] == []
    assert of(second, fresh).owner_email is None


def test_salesforce_skips_nothing_when_it_gives_fewer_than_asked_and_many_share_a_second(
    force: SalesforceServer, leads: Connector
) -> None:
    force.batch = 7
    every = {force.add("Lead", at=LONG_AGO, Company=f"Firm {n}") for n in range(500)}
    found, _ = told(leads)
    assert {one.id for one in found} == every


def test_salesforce_tells_of_ends_that_only_the_opportunity_knows(force: SalesforceServer, leads: Connector) -> None:
    deal = force.add("Opportunity", at=LONG_AGO, IsClosed=False, IsWon=False, CloseDate="2026-12-24")
    lead = force.add("Lead", at=LONG_AGO, Company="Acme", IsConverted=True, ConvertedOpportunityId=deal)
    unfit = force.add("Lead", at=LONG_AGO, Company="Unfit", Status="Closed - Not Converted")
    first, cursor = told(leads)
    assert (of(first, lead).outcome, of(first, unfit).outcome) == ("", "disqualified")
    force.change("Opportunity", deal, IsClosed=True, IsWon=True)
    second, cursor = told(leads, cursor)
    assert of(second, lead).outcome == "won"
    # The planned day of the end lies ahead; it had ended by the time that was written down.
    assert of(second, lead).outcome_at == of(second, lead).changed_at
    winner = force.add("Lead", Company="Acme again")
    force.merge(winner, lead)
    third, _ = told(leads, cursor)
    assert (of(third, lead).gone, of(third, lead).merged_into) == (True, winner)


def test_salesforce_gives_a_lead_away_unless_somebody_else_has_it_by_now(
    force: SalesforceServer, leads: Connector
) -> None:
    ria = force.add("User", Email="ria@example.com", IsActive=True)
    lead = force.add("Lead", Company="Acme", OwnerId="queue")
    assert leads.set_owner(lead, None, "ria@example.com")
    assert force.rows["Lead"][lead]["OwnerId"] == ria
    assert not leads.set_owner(lead, None, "ria@example.com")
    with pytest.raises(Refused, match="no active user"):
        leads.set_owner(lead, "ria@example.com", "o'hara@example.com")


def test_salesforce_s_opportunities_have_users_as_owners_and_ends_of_their_own(force: SalesforceServer) -> None:
    ria = force.add("User", Email="ria@example.com", IsActive=True)
    rob = force.add("User", Email="rob@example.com", IsActive=True)
    open_ = force.add("Opportunity", Name="Big", OwnerId=ria, **{salesforce.SCORE: 0.2})
    won = force.add("Opportunity", Name="Won", OwnerId=ria, IsClosed=True, IsWon=True, CloseDate="2026-11-01")
    deals = opened("salesforce", object="Opportunity", score=salesforce.SCORE, base=force.base)
    found, cursor = told(deals)
    assert (of(found, open_).owner_email, of(found, open_).outcome) == ("ria@example.com", "")
    assert of(found, won).outcome == "won"
    assert deals.set_owner(open_, "ria@example.com", "rob@example.com")
    assert force.rows["Opportunity"][open_]["OwnerId"] == rob
    assert of(told(deals, cursor)[0], open_).owner_email == "rob@example.com"
    deals.close()


def test_a_refusal_names_the_service_s_own_word_for_it(force: SalesforceServer, leads: Connector) -> None:
    told(leads)
    force.fail(Answer(400, [{"message": "No such column 'Industry'", "errorCode": "INVALID_FIELD"}]))
    with pytest.raises(Refused, match=r"refused the request \(400, INVALID_FIELD\)"):
        leads.page("")


def test_hubspot_s_evangelists_were_won_and_another_stage_may_be_the_won_one(hub: HubSpotServer) -> None:
    at = "2026-11-20T09:00:00.000Z"
    fan = hub.add(company="Fan", lifecyclestage="evangelist", hs_v2_date_entered_customer=at)
    odd = hub.add(company="Odd", lifecyclestage="evangelist")
    signed = hub.add(company="Signed", lifecyclestage="77", hs_v2_date_entered_77=at)
    contacts = opened("hubspot", object="contacts", score=hubspot.SCORE, base=hub.base)
    found, _ = told(contacts)
    assert [of(found, one).outcome for one in (fan, odd, signed)] == ["won", "", ""]
    contacts.close()
    contacts = opened("hubspot", object="contacts", score=hubspot.SCORE, base=hub.base, won_stage="77")
    found, _ = told(contacts)
    assert (of(found, signed).outcome, of(found, signed).outcome_at) == ("won", datetime(2026, 11, 20, 9, tzinfo=UTC))
    contacts.close()


def test_an_expired_token_is_renewed_once(force: SalesforceServer, leads: Connector) -> None:
    told(leads)
    force.tokens.clear()
    assert told(leads)[0] == []
    assert len([path for _, path in force.asked if "oauth2" in path]) == 2


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (Answer(429, {}, {"Retry-After": "7"}), Later, "slow down"),
        (Answer(503, {}), Later, "trouble of its own"),
        (Answer(500, {}), Later, "trouble of its own"),
        (Answer(403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED"}]), Later, "no calls left"),
        (Answer(403, {}), Refused, "permission"),
        (Answer(401, {}), Refused, "token"),
        (Answer(400, {}), Refused, "400"),
        (Answer(302, {}, {"Location": "https://elsewhere.example.com"}), Refused, "302"),
        ("cut", Later, "broke off"),
        ("words", Later, "not JSON"),
    ],
)
def test_each_way_of_failing_says_what_happened(
    hub: HubSpotServer, contacts: Connector, fault: Any, kind: type[Exception], words: str
) -> None:
    hub.fail(fault)
    with pytest.raises(kind, match=words) as failure:
        contacts.page("")
    if isinstance(failure.value, Later) and fault == Answer(429, {}, {"Retry-After": "7"}):
        assert failure.value.seconds == 7
    assert hubspot.TOKEN not in str(failure.value)
    # Whatever it was, nothing is left of it.
    assert contacts.page("").records == ()


def test_retry_after_as_a_date_is_counted_by_the_server_s_own_clock(hub: HubSpotServer, contacts: Connector) -> None:
    hub.ahead = timedelta(hours=5)
    when = hub.now() + timedelta(seconds=30)
    hub.fail(Answer(429, {}, {"Retry-After": f"{when:%a, %d %b %Y %H:%M:%S GMT}"}))
    with pytest.raises(Later) as failure:
        contacts.page("")
    assert 27 <= failure.value.seconds <= 30


def test_a_server_that_never_answers_is_given_up(hub: HubSpotServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.connectors.web.WAIT", 0.3)
    contacts = opened("hubspot", object="contacts", score=hubspot.SCORE, base=hub.base)
    hub.fail("hang")
    with pytest.raises(Later, match="in time"):
        contacts.page("")
    contacts.close()


def test_nobody_there_is_said_and_so_is_an_address_that_is_none() -> None:
    with pytest.raises(Later, match="Nothing answers"):
        Web("It", "http://127.0.0.1:9", dict).ask("GET", "/")
    for address in ("ftp://example.com", "example.com", ""):
        with pytest.raises(Refused, match="not an address"):
            Web("It", address, dict)
    with pytest.raises(Refused, match="https"):
        Web("It", "http://example.com", dict)


def test_a_token_never_follows_a_link_to_another_place(hub: HubSpotServer) -> None:
    with pytest.raises(Refused, match="another address"):
        Web("It", hub.base, dict).ask("GET", "https://elsewhere.example.com/next")


def test_who_says_what_is_missing(hub: HubSpotServer, force: SalesforceServer, leads: Connector) -> None:
    contacts = opened("hubspot", object="contacts", score=hubspot.SCORE, base=hub.base)
    other, neither = (
        opened("hubspot", object="contacts", score="other", base=hub.base),
        opened("salesforce", object="Lead", score="Other__c", base=force.base),
    )
    assert contacts.who() == "HubSpot account 4711: contacts, scored in “Likelihood to close”."
    with pytest.raises(Refused, match="no property 'other'"):
        other.who()
    assert leads.who().endswith("Lead, scored in “Chance to convert”.")
    with pytest.raises(Refused, match="no field 'Other__c'"):
        neither.who()
    for one in (contacts, other, neither):
        one.close()
    with pytest.raises(Refused, match="not a field's API name"):
        opened("salesforce", object="Lead", score="a FROM User --", base=force.base)
    with pytest.raises(Refused, match="no connector 'other'"):
        kind_of("other")


def _asked(**body: str) -> Any:
    from tests.crms.server import Asked

    return Asked({}, body, {}, {"kind": "contacts"})
