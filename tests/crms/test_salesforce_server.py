"""The Salesforce that our connector is tried against satisfies simple-salesforce."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, SalesforceLogin
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)

from tests.crms.salesforce import CLIENT_ID, CLIENT_SECRET, SCORE, SalesforceServer


class Here(HTTPAdapter):
    """Sends what is meant for Salesforce's own addresses to the test's server."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    def send(self, request: requests.PreparedRequest, *args: object, **more: object) -> requests.Response:
        parts = urlsplit(request.url or "")
        request.url = self._base + str(parts.path) + (f"?{parts.query!s}" if parts.query else "")
        return super().send(request, *args, **more)  # type: ignore[arg-type]


@pytest.fixture
def server() -> Iterator[SalesforceServer]:
    made = SalesforceServer()
    yield made
    made.close()


def session_to(server: SalesforceServer) -> requests.Session:
    session = requests.Session()
    session.mount("https://", Here(server.base))
    return session


@pytest.fixture
def client(server: SalesforceServer) -> Iterator[Salesforce]:
    session = session_to(server)
    token, _ = SalesforceLogin(
        consumer_key=CLIENT_ID, consumer_secret=CLIENT_SECRET, domain="company.my", session=session
    )
    yield Salesforce(instance="company.my.salesforce.com", session_id=token, session=session)
    session.close()


def test_it_logs_in_with_client_credentials_and_not_with_others(server: SalesforceServer) -> None:
    with session_to(server) as session, pytest.raises(SalesforceAuthenticationFailed):
        SalesforceLogin(consumer_key=CLIENT_ID, consumer_secret="other", domain="company.my", session=session)


def test_it_creates_reads_changes_and_deletes(client: Salesforce) -> None:
    number = client.Lead.create({"LastName": "Ada", "Company": "Acme", SCORE: 12})["id"]
    client.Lead.update(number, {SCORE: 30})
    assert client.Lead.get(number)[SCORE] == 30
    client.Lead.delete(number)
    with pytest.raises(SalesforceResourceNotFound):
        client.Lead.get(number)
    assert client.query("SELECT Id FROM Lead")["totalSize"] == 0
    gone = client.query("SELECT Id, IsDeleted FROM Lead", include_deleted=True)
    assert [one["IsDeleted"] for one in gone["records"]] == [True]


def test_it_pages_through_everything(client: Salesforce, server: SalesforceServer) -> None:
    every = [server.add("Lead", Company=f"Firm {n}") for n in range(25)]
    server.batch = 10
    found = client.query_all("SELECT Id FROM Lead WHERE IsDeleted = false ORDER BY Id")
    assert [one["Id"] for one in found["records"]] == every


def test_it_asks_through_relationships_and_is_told_of_unknown_fields(
    client: Salesforce, server: SalesforceServer
) -> None:
    ria = server.add("User", Email="ria@example.com", IsActive=True)
    deal = server.add("Opportunity", IsClosed=True, IsWon=True, CloseDate="2026-11-20")
    server.add("Lead", OwnerId=ria, IsConverted=True, ConvertedOpportunityId=deal)
    server.add("Lead")
    found = client.query("SELECT Owner.Email, ConvertedOpportunity.IsWon FROM Lead WHERE IsConverted = true")
    (one,) = found["records"]
    assert (one["Owner"]["Email"], one["ConvertedOpportunity"]["IsWon"]) == ("ria@example.com", True)
    with pytest.raises(SalesforceMalformedRequest):
        client.query("SELECT Nothing__c FROM Lead")
    assert SCORE in [one["name"] for one in client.Lead.describe()["fields"]]


def test_a_token_that_has_expired_is_refused(client: Salesforce, server: SalesforceServer) -> None:
    server.tokens.clear()
    with pytest.raises(SalesforceExpiredSession):
        client.query("SELECT Id FROM Lead")
