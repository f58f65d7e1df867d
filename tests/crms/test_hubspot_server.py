"""The HubSpot that our connector is tried against satisfies the official client."""

from collections.abc import Iterator

import pytest
from hubspot import HubSpot
from hubspot.crm.contacts import PublicObjectSearchRequest, SimplePublicObjectInput, SimplePublicObjectInputForCreate
from hubspot.crm.contacts.exceptions import ApiException
from hubspot.crm.contacts.models import PublicMergeInput

from tests.crms.hubspot import SCORE, TOKEN, HubSpotServer


@pytest.fixture
def server() -> Iterator[HubSpotServer]:
    made = HubSpotServer()
    yield made
    made.close()


@pytest.fixture
def client(server: HubSpotServer) -> HubSpot:
    return HubSpot(access_token=TOKEN, host=server.base)


def made(client: HubSpot, **values: str) -> str:
    fresh = client.crm.contacts.basic_api.create(SimplePublicObjectInputForCreate(properties=values, associations=[]))
    return str(fresh.id)


def test_the_official_client_creates_reads_changes_and_archives(client: HubSpot) -> None:
    number = made(client, company="Acme", **{SCORE: "12"})
    api = client.crm.contacts.basic_api
    api.update(number, SimplePublicObjectInput(properties={SCORE: "30"}))
    found = api.get_by_id(number, properties=[SCORE], properties_with_history=[SCORE])
    assert found.properties[SCORE] == "30"
    assert [one.value for one in found.properties_with_history[SCORE]] == ["30", "12"]
    assert found.created_at <= found.updated_at
    api.archive(number)
    with pytest.raises(ApiException):
        api.get_by_id(number)
    assert [one.id for one in api.get_page(archived=True).results] == [number]


def test_the_official_client_pages_through_everything(client: HubSpot) -> None:
    every = [made(client, company=f"Firm {n}") for n in range(25)]
    assert [one.id for one in client.crm.contacts.get_all()] == every
    first = client.crm.contacts.basic_api.get_page(limit=10)
    assert first.paging.next.after == every[9]


def test_the_official_client_searches_by_change_and_id(client: HubSpot) -> None:
    every = [made(client, company=f"Firm {n}") for n in range(5)]
    asked = {
        "filter_groups": [{"filters": [{"propertyName": "hs_object_id", "operator": "GT", "value": every[1]}]}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "DESCENDING"}],
        "limit": 2,
        "properties": ["company"],
    }
    found = client.crm.contacts.search_api.do_search(PublicObjectSearchRequest(**asked))
    assert (found.total, [one.id for one in found.results]) == (3, [every[4], every[3]])
    assert found.paging.next.after == "2"


def test_the_official_client_merges_and_knows_owners_and_properties(client: HubSpot, server: HubSpotServer) -> None:
    server.owners["7"] = "ria@example.com"
    winner, loser = made(client, company="A"), made(client, company="B")
    client.crm.contacts.basic_api.merge(PublicMergeInput(object_id_to_merge=loser, primary_object_id=winner))
    found = client.crm.contacts.basic_api.get_by_id(winner, properties=["hs_merged_object_ids"])
    assert found.properties["hs_merged_object_ids"] == loser
    assert [one.email for one in client.crm.owners.get_all()] == ["ria@example.com"]
    assert client.crm.properties.core_api.get_by_name("contacts", SCORE).label == "Likelihood to close"


def test_the_official_client_is_refused_with_another_token(server: HubSpotServer) -> None:
    with pytest.raises(ApiException, match="401"):
        HubSpot(access_token="pat-other", host=server.base).crm.contacts.basic_api.get_page()
