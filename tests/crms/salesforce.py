"""A Salesforce of Leads, Opportunities and Users that simple-salesforce is content with, as far as a poll goes."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from tests.crms.server import Answer, Asked, Crm
from tests.crms.soql import Malformed, Query, value_of

CLIENT_ID, CLIENT_SECRET = "test-client", "test-client-not-a-secret"
DATA = r"/services/data/v[\d.]+"
SCORE = "Score__c"
PREFIXES = {"Lead": "00Q", "Opportunity": "006", "User": "005"}
FIELDS = {
    "Lead": {
        "Id", "CreatedDate", "SystemModstamp", "IsDeleted", "Name", "FirstName", "LastName", "Company", "LeadSource",
        "Industry", "Status", "OwnerId", "Owner.Email", "Owner.Type", "MasterRecordId", "IsConverted", "ConvertedDate",
        "ConvertedOpportunityId", "ConvertedOpportunity.IsWon", "ConvertedOpportunity.IsClosed",
        "ConvertedOpportunity.CloseDate", "ConvertedOpportunity.Amount", "ConvertedOpportunity.SystemModstamp", SCORE,
    },
    "Opportunity": {
        "Id", "CreatedDate", "SystemModstamp", "IsDeleted", "Name", "LeadSource", "Type", "OwnerId", "Owner.Email",
        "IsWon", "IsClosed", "CloseDate", "Amount", SCORE,
    },
    "User": {"Id", "Email", "IsActive", "Name"},
}  # fmt: skip


def stamp(at: datetime) -> str:
    """A time as Salesforce writes it."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000+0000"


class SalesforceServer(Crm):
    """One org. `batch` is how many rows it gives at once, whatever was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, dict[str, dict[str, Any]]] = {"Lead": {}, "Opportunity": {}, "User": {}}
        self.batch = 2000
        self.tokens: set[str] = set()
        self._made = 0
        self._kept: dict[str, tuple[Query, list[dict[str, Any]]]] = {}
        objects = DATA + r"/sobjects/(?P<object>\w+)"
        self.route("POST", "/services/oauth2/token", self._token)
        self.route("GET", objects + "/describe/?", self._guarded(self._describe))
        self.route("GET", DATA + "/query/?", self._guarded(lambda asked: self._query(asked, deleted=False)))
        self.route("GET", DATA + "/queryAll/?", self._guarded(lambda asked: self._query(asked, deleted=True)))
        self.route("GET", DATA + r"/query(?:All)?/(?P<place>\w+-\d+)", self._guarded(self._more))
        self.route("POST", objects + "/?", self._guarded(self._create))
        self.route("GET", objects + r"/(?P<id>\w+)", self._guarded(self._get))
        self.route("PATCH", objects + r"/(?P<id>\w+)", self._guarded(self._update))
        self.route("DELETE", objects + r"/(?P<id>\w+)", self._guarded(self._delete))

    def add(self, kind: str, at: datetime | None = None, **values: Any) -> str:
        """A row, made at a moment; its id."""
        self._made += 1
        number, when = f"{PREFIXES[kind]}{self._made:012}AAA", stamp(at or self.now())
        row = dict.fromkeys(name for name in FIELDS[kind] if "." not in name)
        booleans = {name: False for name in row if name.startswith("Is")}
        self.rows[kind][number] = row | booleans | {"Id": number, "CreatedDate": when, "SystemModstamp": when} | values
        return number

    def change(self, kind: str, number: str, at: datetime | None = None, **values: Any) -> None:
        """Set fields at a moment."""
        self.rows[kind][number] |= {"SystemModstamp": stamp(at or self.now())} | values

    def merge(self, winner: str, loser: str) -> None:
        """Two leads become one: the other is deleted, and names it."""
        self.change("Lead", loser, IsDeleted=True, MasterRecordId=winner)
        self.change("Lead", winner)

    def _token(self, asked: Asked) -> Answer:
        wanted = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        given = dict(asked.body or {})
        basic = asked.headers.get("Authorization", "")
        if basic.startswith("Basic "):
            import base64

            given["client_id"], _, given["client_secret"] = base64.b64decode(basic[6:]).decode().partition(":")
        if {key: given.get(key) for key in wanted} != wanted:
            return Answer(400, {"error": "invalid_client_id", "error_description": "client identifier invalid"})
        token = f"00D-token-{len(self.tokens)}"
        self.tokens.add(token)
        return Answer(200, {"access_token": token, "instance_url": self.base, "token_type": "Bearer"})

    def _guarded(self, work: Any) -> Any:
        def answer(asked: Asked) -> Answer:
            if asked.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
                return Answer(401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}])
            found: Answer = work(asked)
            return found

        return answer

    def _describe(self, asked: Asked) -> Answer:
        kind = asked.parts["object"]
        if kind not in FIELDS:
            return _missing()
        labels = {SCORE: "Chance to convert"}
        plain = sorted(name for name in FIELDS[kind] if "." not in name)
        return Answer(200, {"name": kind, "fields": [{"name": n, "label": labels.get(n, n)} for n in plain]})

    def _query(self, asked: Asked, *, deleted: bool) -> Answer:
        try:
            query = Query(asked.query["q"])
            unknown = [name for name in query.fields if name not in FIELDS[query.object]]
        except (Malformed, KeyError) as failure:
            return Answer(400, [{"message": str(failure), "errorCode": "MALFORMED_QUERY"}])
        if unknown:
            return Answer(400, [{"message": f"No such column '{unknown[0]}'", "errorCode": "INVALID_FIELD"}])
        full = [self._joined(query.object, row) for row in self.rows[query.object].values()]
        found = [row for row in full if (deleted or not row.get("IsDeleted")) and query.test(row)]
        for name in reversed(query.order):
            found.sort(key=lambda row: value_of(row, name))  # used at once
        place = f"01g{len(self._kept):012}"
        self._kept[place] = (query, found[: query.limit])
        return self._batch(place, 0)

    def _more(self, asked: Asked) -> Answer:
        place, _, start = asked.parts["place"].partition("-")
        return self._batch(place, int(start))

    def _batch(self, place: str, start: int) -> Answer:
        query, found = self._kept[place]
        end = start + self.batch
        body: dict[str, Any] = {
            "totalSize": len(found),
            "done": end >= len(found),
            "records": [_shown(query, row) for row in found[start:end]],
        }
        if not body["done"]:
            body["nextRecordsUrl"] = f"/services/data/v60.0/query/{quote(place)}-{end}"
        return Answer(200, body)

    def _joined(self, kind: str, row: dict[str, Any]) -> dict[str, Any]:
        owner = self.rows["User"].get(row.get("OwnerId") or "")
        queue = {"Email": "queue@example.com", "Type": "Queue"}
        joined = row | {"Owner": {"Email": owner["Email"], "Type": "User"} if owner else queue}
        if kind == "Lead":
            joined["ConvertedOpportunity"] = self.rows["Opportunity"].get(row["ConvertedOpportunityId"] or "")
        return joined

    def _create(self, asked: Asked) -> Answer:
        values = dict(asked.body)
        if asked.parts["object"] == "Lead":
            values["Name"] = f"{values.get('FirstName', '')} {values.get('LastName', '')}".strip()
        return Answer(201, {"id": self.add(asked.parts["object"], **values), "success": True, "errors": []})

    def _get(self, asked: Asked) -> Answer:
        row = self.rows[asked.parts["object"]].get(asked.parts["id"])
        return Answer(200, row) if row is not None and not row.get("IsDeleted") else _missing()

    def _update(self, asked: Asked) -> Answer:
        if asked.parts["id"] not in self.rows[asked.parts["object"]]:
            return _missing()
        self.change(asked.parts["object"], asked.parts["id"], **asked.body)
        return Answer(204, None)

    def _delete(self, asked: Asked) -> Answer:
        self.change(asked.parts["object"], asked.parts["id"], IsDeleted=True)
        return Answer(204, None)


def _shown(query: Query, row: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"attributes": {"type": query.object, "url": f"/sobjects/{query.object}/{row.get('Id')}"}}
    for name in query.fields:
        parent, _, inner = name.partition(".")
        if not inner:
            shown[name] = row.get(name)
        elif row.get(parent) is None:
            shown[parent] = None
        else:
            shown.setdefault(parent, {"attributes": {"type": parent}})[inner] = row[parent].get(inner)
    return shown


def _missing() -> Answer:
    return Answer(404, [{"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}])
