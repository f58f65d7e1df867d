"""HubSpot: contacts or deals through its CRM API (v3), with the token of a private app.

First all records by id, with the history of the score; from then on what changed, by time of change and, where many
changed in one millisecond, by id. Pages are never counted: a record that changes meanwhile would move the others.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.connectors.contract import Config, Forbidden, Kind, NoSuchUser, NotThere, Question, Refused, Secret
from bot.connectors.reading import cursor_of, moment, moment_or_first, number, state_of, text
from bot.connectors.web import Web
from bot.domain.crm import Page, Record

# HubSpot gives at most 50 records with history at once, and 200 without.
FIRST_PAGE, PAGE = 50, 100
# Its search lags behind what is stored; what changed shortly before the last look is read again.
LAG = timedelta(minutes=2)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
CHANGED = {"contacts": "lastmodifieddate", "deals": "hs_lastmodifieddate"}
READ = {
    "contacts": (
        "firstname", "lastname", "email", "company", "jobtitle", "hs_analytics_source", "lifecyclestage",
        "hs_lead_status", "hs_merged_object_ids",
    ),
    "deals": (
        "dealname", "dealtype", "hs_analytics_source", "amount", "closedate", "hs_is_closed", "hs_is_closed_won",
        "hs_merged_object_ids",
    ),
}  # fmt: skip
FACTS = {
    "contacts": (("Source", "hs_analytics_source"), ("Job title", "jobtitle")),
    "deals": (("Source", "hs_analytics_source"), ("Type", "dealtype")),
}
PLACES = {"contacts": "0-1", "deals": "0-3"}


class HubSpot:
    """One account. See `bot.connectors.contract.Connector`."""

    def __init__(self, config: Config, secret: Callable[[str], str]) -> None:
        token = secret("OTHERWISE_HUBSPOT_TOKEN")
        self._web = Web("HubSpot", config["base"], lambda: {"Authorization": f"Bearer {token}"})
        self._kind, self._score = str(config["object"]), str(config["score"])
        if self._kind not in CHANGED:
            raise Refused(f"HubSpot: {self._kind[:20]!r} is neither contacts nor deals.")
        self._won = str(config.get("won_stage") or "customer")
        self._entered = f"hs_v2_date_entered_{self._won}"
        self._disqualified = str(config.get("disqualified_status") or "UNQUALIFIED")
        self._path = f"/crm/v3/objects/{self._kind}"
        self._emails: dict[str, str] = {}
        self._link: str | None = None

    def who(self) -> str:
        """Which account, and what the score is called there."""
        account = self._account().get("portalId", "without a number")
        try:
            found = self._web.ask("GET", f"/crm/v3/properties/{self._kind}/{self._score}")
        except NotThere:
            raise Refused(
                f"HubSpot has no property {self._score!r} on {self._kind}. Its internal name is on the property's page."
            ) from None
        label = text(found.get("label")) or self._score
        return f"HubSpot account {account}: {self._kind}, scored in “{label}”."

    def page(self, cursor: str) -> Page:
        """All records once, then what changed; once a day what was deleted."""
        state = state_of(cursor)
        at = state.get("at", "all")
        if at == "all":
            return self._all(state)
        return self._gone(state) if at == "gone" else self._changes(state)

    def set_owner(self, record: str, was: str | None, email: str) -> bool:
        """Give a record to the owner with this email, unless somebody else has taken it meanwhile."""
        found = self._web.ask("GET", f"{self._path}/{record}", params={"properties": "hubspot_owner_id"})
        if self._email(text(found["properties"].get("hubspot_owner_id"))) != was:
            return False
        self._read_owners()
        owner = next((key for key, value in self._emails.items() if value == email), "")
        if not owner:
            raise NoSuchUser(f"{email} is no user of HubSpot, so the lead can't be given to them there.")
        self._web.ask("PATCH", f"{self._path}/{record}", json={"properties": {"hubspot_owner_id": owner}})
        return True

    def clock(self) -> datetime:
        """What time it is there."""
        return self._web.clock()

    def close(self) -> None:
        """Let go of connections."""
        self._web.close()

    def _all(self, state: dict[str, Any]) -> Page:
        params = {"limit": FIRST_PAGE, "properties": self._properties(), "propertiesWithHistory": self._score}
        if state.get("after"):
            params["after"] = state["after"]
        found = self._web.ask("GET", self._path, params=params)
        # What changes while this is going on is read again, by HubSpot's clock.
        since = state.get("since") or max(0, _milliseconds(self._web.clock() - LAG))
        after = _after(found)
        following = {"at": "all", "after": after, "since": since} if after else {"at": "changes", "since": since}
        return Page(self._records(found), cursor_of(following), more=True)

    def _changes(self, state: dict[str, Any]) -> Page:
        since, tied = int(state["since"]), state.get("tied")
        if state.get("rest"):
            since = max(0, since - LAG // MILLISECOND)
        changed = CHANGED[self._kind]
        if tied is not None:
            filters = [_filter(changed, "EQ", since), _filter("hs_object_id", "GT", tied)]
        else:
            filters = [_filter(changed, "GTE", since)]
        asked = {
            "filterGroups": [{"filters": filters}],
            "sorts": [{"propertyName": "hs_object_id" if tied is not None else changed, "direction": "ASCENDING"}],
            "properties": self._properties().split(","),
            "limit": PAGE,
        }
        found = self._web.ask("POST", f"{self._path}/search", json=asked)
        results = found.get("results") or []
        more = len(results) == PAGE or tied is not None
        return Page(self._records(found), cursor_of(self._behind(state, since, results)), more)

    def _behind(self, state: dict[str, Any], since: int, results: list[dict[str, Any]]) -> dict[str, Any]:
        """Where to go on: behind the last change, or within the one millisecond that fills a page, or rest."""
        changes: dict[str, Any] = {"at": "changes", "gone_on": state.get("gone_on", "")}
        tied = state.get("tied")
        if results and tied is not None:
            return changes | {"since": since, "tied": str(results[-1]["id"])}
        if tied is not None:
            return changes | {"since": since + 1}
        last = max((self._changed_at(one) for one in results), default=since)
        if len(results) == PAGE:
            return changes | ({"since": last} if last > since else {"since": since, "tied": "0"})
        today = f"{self._web.clock():%Y-%m-%d}"
        at, newest = "gone" if changes["gone_on"] != today else "changes", max(last, int(state["since"]))
        # Once its clock is past the lag, what was to come late has come.
        lags = newest + LAG // MILLISECOND > _milliseconds(self._web.clock())
        return {"at": at, "since": newest, "rest": lags, "gone_on": today}

    def _gone(self, state: dict[str, Any]) -> Page:
        params: dict[str, Any] = {"limit": PAGE, "archived": "true"}
        if state.get("after"):
            params["after"] = state["after"]
        found = self._web.ask("GET", self._path, params=params)
        after = _after(found)
        following = state | ({"after": after} if after else {"at": "changes", "after": ""})
        return Page(self._records(found), cursor_of(following), more=True)

    def _properties(self) -> str:
        own = [self._score, "hubspot_owner_id", "createdate", CHANGED[self._kind]]
        return ",".join([*own, *READ[self._kind], *([self._entered] if self._kind == "contacts" else [])])

    def _changed_at(self, found: dict[str, Any]) -> int:
        value = (found.get("properties") or {}).get(CHANGED[self._kind]) or found.get("updatedAt")
        return _milliseconds(moment_or_first(value))

    def _records(self, found: dict[str, Any]) -> tuple[Record, ...]:
        return tuple(self._record(one) for one in found.get("results") or [])

    def _record(self, found: dict[str, Any]) -> Record:
        values = {key: text(value) for key, value in (found.get("properties") or {}).items()}
        past = (found.get("propertiesWithHistory") or {}).get(self._score) or []
        scored = [one for one in past if number(one.get("value")) is not None and moment(one.get("timestamp"))]
        first = min(scored, key=lambda one: moment_or_first(one["timestamp"]), default=None)
        outcome, at = self._outcome(values)
        return Record(
            id=str(found["id"]),
            created_at=moment_or_first(found.get("createdAt") or values.get("createdate")),
            changed_at=EPOCH + self._changed_at(found) * MILLISECOND,
            name=self._name(values),
            score=number(values.get(self._score)),
            first_score=number(first["value"]) if first else None,
            scored_at=moment(first["timestamp"]) if first else None,
            owner_email=self._email(values.get("hubspot_owner_id", "")),
            url=self._url(str(found["id"])),
            facts=tuple((label, values[name]) for label, name in FACTS[self._kind] if values.get(name)),
            outcome=outcome,
            outcome_at=at,
            amount=number(values.get("amount")),
            absorbed=tuple(one for one in values.get("hs_merged_object_ids", "").split(";") if one),
            gone=bool(found.get("archived")),
        )

    def _name(self, values: dict[str, str]) -> str:
        if self._kind == "deals":
            return values.get("dealname", "")
        person = f"{values.get('firstname', '')} {values.get('lastname', '')}".strip()
        return values.get("company") or person or values.get("email", "")

    def _outcome(self, values: dict[str, str]) -> tuple[str, datetime | None]:
        if self._kind == "deals":
            at = moment(values.get("closedate"))
            if values.get("hs_is_closed_won") == "true":
                return "won", at
            return ("lost", at) if values.get("hs_is_closed") == "true" else ("", None)
        entered, stage = moment(values.get(self._entered)), values.get("lifecyclestage")
        # Of HubSpot's own stages one comes behind customer.
        if stage == self._won or (stage == "evangelist" and entered is not None):
            return "won", entered
        return ("disqualified", None) if values.get("hs_lead_status") == self._disqualified else ("", None)

    def _email(self, owner: str) -> str | None:
        if not owner:
            return None
        if owner not in self._emails:
            self._read_owners()
        return self._emails.setdefault(owner, "") or None

    def _read_owners(self) -> None:
        after = ""
        while True:
            found = self._web.ask("GET", "/crm/v3/owners", params={"limit": 100} | ({"after": after} if after else {}))
            for one in found.get("results") or []:
                self._emails[str(one["id"])] = text(one.get("email")).lower()
            after = _after(found)
            if not after:
                return

    def _url(self, record: str) -> str | None:
        if self._link is None:
            account = self._account()
            place = f"https://{account.get('uiDomain') or 'app.hubspot.com'}/contacts"
            self._link = f"{place}/{account['portalId']}/record/{PLACES[self._kind]}" if account else ""
        return f"{self._link}/{record}" if self._link else None

    def _account(self) -> dict[str, Any]:
        """The account's number and address; nothing where the token may not ask for it, as all else goes without."""
        try:
            return dict(self._web.ask("GET", "/account-info/v3/details"))
        except (Forbidden, NotThere):
            return {}


def _after(found: dict[str, Any]) -> str:
    return str(((found.get("paging") or {}).get("next") or {}).get("after") or "")


def _filter(name: str, operator: str, value: Any) -> dict[str, str]:
    return {"propertyName": name, "operator": operator, "value": str(value)}


def _milliseconds(at: datetime) -> int:
    return (at - EPOCH) // MILLISECOND


KIND = Kind(
    name="hubspot",
    title="HubSpot",
    secrets=(
        Secret(
            "OTHERWISE_HUBSPOT_TOKEN",
            "Token of a private app (Settings, Integrations, Private Apps) that may read contacts or deals and owners",
        ),
    ),
    questions=(
        Question("object", "What is a lead there?", "contacts", ("contacts", "deals")),
        Question("score", "Internal name of the property with the score", "hs_predictivecontactscore_v2"),
        Question("won_stage", "Lifecycle stage of a contact that was won", "customer", only=("object", "contacts")),
        Question(
            "disqualified_status",
            "Lead status of a contact that was disqualified",
            "UNQUALIFIED",
            only=("object", "contacts"),
        ),
        Question("base", "HubSpot's address", "https://api.hubapi.com", asked=False),
    ),
    make=HubSpot,
)
