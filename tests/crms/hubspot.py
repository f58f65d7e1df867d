"""A HubSpot of contacts and deals that the official client is content with: CRM API v3, as far as a poll goes."""

from datetime import UTC, datetime
from typing import Any

from tests.crms.server import Answer, Asked, Crm

TOKEN = "pat-test-not-a-secret"
CHANGED = {"contacts": "lastmodifieddate", "deals": "hs_lastmodifieddate"}
OBJECT = r"/crm/v3/objects/(?P<kind>contacts|deals)"
SCORE = "hs_predictivecontactscore_v2"
LIMIT = 10_000


def iso(at: datetime) -> str:
    """A time as HubSpot writes it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


class HubSpotServer(Crm):
    """One account."""

    def __init__(self) -> None:
        super().__init__()
        self.records: dict[str, dict[str, dict[str, Any]]] = {"contacts": {}, "deals": {}}
        self.owners: dict[str, str] = {}
        self.next_id = 100
        self.route("GET", "/account-info/v3/details", self._guarded(self._account))
        self.route("GET", "/crm/v3/owners/?", self._guarded(self._owners))
        self.route("GET", r"/crm/v3/properties/(?P<kind>\w+)/(?P<name>\w+)", self._guarded(self._property))
        self.route("GET", OBJECT, self._guarded(self._list))
        self.route("POST", OBJECT, self._guarded(self._create))
        self.route("POST", OBJECT + "/search", self._guarded(self._search))
        self.route("POST", OBJECT + "/merge", self._guarded(self._merge))
        self.route("GET", OBJECT + r"/(?P<id>\d+)", self._guarded(self._get))
        self.route("PATCH", OBJECT + r"/(?P<id>\d+)", self._guarded(self._update))
        self.route("DELETE", OBJECT + r"/(?P<id>\d+)", self._guarded(self._archive))

    def add(self, kind: str = "contacts", at: datetime | None = None, **values: str) -> str:
        """A record, made at a moment; its id."""
        made, number = at or self.now(), str(self.next_id)
        self.next_id += 1
        self.records[kind][number] = {
            "id": number,
            "createdAt": iso(made),
            "archived": False,
            "properties": {},
            "history": {},
        }
        self.change(number, kind, made, **values)
        return number

    def change(self, number: str, kind: str = "contacts", at: datetime | None = None, **values: str) -> None:
        """Set properties at a moment."""
        record, when = self.records[kind][number], iso(at or self.now())
        for name, value in values.items():
            record["properties"][name] = value
            record["history"].setdefault(name, []).insert(0, {"value": value, "timestamp": when, "sourceType": "API"})
        record["updatedAt"] = when

    def _guarded(self, work: Any) -> Any:
        def answer(asked: Asked) -> Answer:
            if asked.headers.get("Authorization") != f"Bearer {TOKEN}":
                return Answer(401, {"status": "error", "message": "no", "category": "INVALID_AUTHENTICATION"})
            found: Answer = work(asked)
            return found

        return answer

    def _account(self, _: Asked) -> Answer:
        return Answer(
            200,
            {"portalId": 4711, "uiDomain": "app.hubspot.com", "timeZone": "UTC", "accountType": "STANDARD",
             "companyCurrency": "EUR", "additionalCurrencies": [], "utcOffset": "+00:00",
             "utcOffsetMilliseconds": 0, "dataHostingLocation": "eu1"},
        )  # fmt: skip

    def _owners(self, asked: Asked) -> Answer:
        start, limit = int(asked.query.get("after") or 0), int(asked.query.get("limit") or 100)
        every = [
            {"id": key, "email": email, "userId": int(key), "createdAt": iso(self.now()), "updatedAt": iso(self.now()),
             "archived": False, "type": "PERSON", "firstName": "A", "lastName": "B", "teams": []}
            for key, email in self.owners.items()
        ]  # fmt: skip
        return Answer(200, _paged(every[start : start + limit], start + limit, len(every)))

    def _property(self, asked: Asked) -> Answer:
        if asked.parts["name"] != SCORE:
            return _missing()
        body = {"name": SCORE, "label": "Likelihood to close", "type": "number", "fieldType": "number",
                "groupName": "g", "description": "", "options": []}  # fmt: skip
        return Answer(200, body)

    def _list(self, asked: Asked) -> Answer:
        archived = asked.query.get("archived", "").lower() == "true"
        limit, after = int(asked.query.get("limit") or 10), int(asked.query.get("after") or 0)
        if limit > (50 if "propertiesWithHistory" in asked.query else 100):
            return Answer(400, {"status": "error", "message": "limit", "category": "VALIDATION_ERROR"})
        every = [one for one in self.records[asked.parts["kind"]].values() if one["archived"] == archived]
        rest = sorted((one for one in every if int(one["id"]) > after), key=lambda one: int(one["id"]))
        body: dict[str, Any] = {"results": [self._shown(one, asked) for one in rest[:limit]]}
        if len(rest) > limit:
            body["paging"] = {"next": {"after": rest[limit - 1]["id"], "link": "?after"}}
        return Answer(200, body)

    def _search(self, asked: Asked) -> Answer:
        kind, wanted = asked.parts["kind"], asked.body
        limit, after = int(wanted.get("limit") or 10), int(wanted.get("after") or 0)
        if limit > 200 or after + limit > LIMIT:
            return Answer(400, {"status": "error", "message": "limit", "category": "VALIDATION_ERROR"})
        every = [one for one in self.records[kind].values() if not one["archived"]]
        groups = wanted.get("filterGroups") or []
        found = [
            one
            for one in every
            if not groups or any(all(self._holds(kind, one, f) for f in group["filters"]) for group in groups)
        ]
        for sort in wanted.get("sorts") or []:
            back = sort["direction"] == "DESCENDING"
            found.sort(key=lambda one: self._number(kind, one, sort["propertyName"]), reverse=back)
        shown = [self._shown(one, asked, wanted.get("properties")) for one in found[after : after + limit]]
        return Answer(200, {"total": len(found)} | _paged(shown, after + limit, len(found)))

    def _number(self, kind: str, one: dict[str, Any], name: str) -> int:
        if name == CHANGED[kind]:
            at = datetime.fromisoformat(one["updatedAt"])
            return round(at.timestamp() * 1000)
        return int(one["id"] if name == "hs_object_id" else one["properties"][name])

    def _holds(self, kind: str, one: dict[str, Any], wanted: dict[str, Any]) -> bool:
        mine, theirs = self._number(kind, one, wanted["propertyName"]), int(wanted["value"])
        return {"EQ": mine == theirs, "GT": mine > theirs, "GTE": mine >= theirs}[wanted["operator"]]

    def _get(self, asked: Asked) -> Answer:
        one = self.records[asked.parts["kind"]].get(asked.parts["id"])
        return _missing() if one is None or one["archived"] else Answer(200, self._shown(one, asked))

    def _create(self, asked: Asked) -> Answer:
        number = self.add(asked.parts["kind"], **asked.body["properties"])
        return Answer(201, self._shown(self.records[asked.parts["kind"]][number], asked))

    def _update(self, asked: Asked) -> Answer:
        kind, number = asked.parts["kind"], asked.parts["id"]
        if number not in self.records[kind]:
            return _missing()
        self.change(number, kind, **asked.body["properties"])
        return Answer(200, self._shown(self.records[kind][number], asked))

    def _archive(self, asked: Asked) -> Answer:
        one = self.records[asked.parts["kind"]].get(asked.parts["id"])
        if one is not None:
            one |= {"archived": True, "archivedAt": iso(self.now())}
        return Answer(204, None)

    def _merge(self, asked: Asked) -> Answer:
        kind, winner, loser = asked.parts["kind"], asked.body["primaryObjectId"], asked.body["objectIdToMerge"]
        del self.records[kind][loser]
        known = self.records[kind][winner]["properties"].get("hs_merged_object_ids", "")
        self.change(winner, kind, hs_merged_object_ids=";".join(filter(None, [known, loser])))
        return Answer(200, self._shown(self.records[kind][winner], asked))

    def _shown(self, one: dict[str, Any], asked: Asked, names: list[str] | None = None) -> dict[str, Any]:
        wanted = names if names is not None else [n for n in asked.query.get("properties", "").split(",") if n]
        kind = asked.parts["kind"]
        own = {"createdate": one["createdAt"], CHANGED[kind]: one["updatedAt"], "hs_object_id": one["id"]}
        values = own | {name: one["properties"].get(name) for name in wanted if name not in own}
        shown = {key: one[key] for key in ("id", "createdAt", "updatedAt", "archived", "archivedAt") if key in one}
        shown["properties"] = values
        past = [n for n in asked.query.get("propertiesWithHistory", "").split(",") if n]
        if past:
            shown["propertiesWithHistory"] = {name: one["history"].get(name, []) for name in past}
        return shown


def _paged(results: list[Any], behind: int, whole: int) -> dict[str, Any]:
    body: dict[str, Any] = {"results": results}
    if behind < whole:
        body["paging"] = {"next": {"after": str(behind), "link": f"?after={behind}"}}
    return body


def _missing() -> Answer:
    return Answer(404, {"status": "error", "message": "resource not found", "category": "OBJECT_NOT_FOUND"})
