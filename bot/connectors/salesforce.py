"""Salesforce: Leads or Opportunities through REST and SOQL, as a connected app with the client credentials flow.

What changed is read by SystemModstamp and Id, which no change in between can shift. A lead's end is that of the
opportunity that it was converted to, which changes without the lead; so those are looked for by their own stamp.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.connectors.contract import Config, Kind, NoSuchUser, NotThere, Question, Refused, Secret
from bot.connectors.reading import cursor_of, moment, moment_or_first, number, state_of, text
from bot.connectors.web import Web
from bot.domain.crm import Page, Record

DATA = "/services/data/v60.0"
# As many as it gives in one answer; each answer is one of the day's calls.
PAGE = 2000
# A change is stamped when it is made and seen when it is committed; so the last minutes are read again.
LAG = timedelta(minutes=5)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OPPORTUNITY = "ConvertedOpportunity"
# A lead's own changes, and those of the opportunity it became.
STAMPS = {"own": "SystemModstamp", "deals": f"{OPPORTUNITY}.SystemModstamp"}
READ = {
    "Lead": (
        "Id", "CreatedDate", "SystemModstamp", "IsDeleted", "Name", "Company", "LeadSource", "Industry", "Status",
        "Owner.Email", "Owner.Type", "MasterRecordId", "IsConverted", f"{OPPORTUNITY}.IsWon",
        f"{OPPORTUNITY}.IsClosed", f"{OPPORTUNITY}.CloseDate", f"{OPPORTUNITY}.Amount",
        f"{OPPORTUNITY}.SystemModstamp",
    ),
    "Opportunity": (
        "Id", "CreatedDate", "SystemModstamp", "IsDeleted", "Name", "LeadSource", "Type", "Owner.Email", "IsWon",
        "IsClosed", "CloseDate", "Amount",
    ),
}  # fmt: skip
FACTS = {
    "Lead": (("Source", "LeadSource"), ("Industry", "Industry")),
    "Opportunity": (("Source", "LeadSource"), ("Type", "Type")),
}


class Salesforce:
    """One org. See `bot.connectors.contract.Connector`."""

    def __init__(self, config: Config, secret: Callable[[str], str]) -> None:
        self._id, self._secret = secret("OTHERWISE_SALESFORCE_CLIENT_ID"), secret("OTHERWISE_SALESFORCE_CLIENT_SECRET")
        self._kind, self._score = str(config["object"]), str(config["score"])
        if self._kind not in READ:
            raise Refused(f"Salesforce: {self._kind[:20]!r} is neither Lead nor Opportunity.")
        if not self._score.replace("_", "").isalnum():
            raise Refused(f"Salesforce: {self._score[:40]!r} is not a field's API name, such as Score__c.")
        self._disqualified = str(config.get("disqualified_status") or "Closed - Not Converted")
        self._token = ""
        self._web = Web("Salesforce", str(config["base"]), self._headers, self._renew)

    def who(self) -> str:
        """Which org, and what the score is called there."""
        try:
            found = self._web.ask("GET", f"{DATA}/sobjects/{self._kind}/describe")
        except NotThere:
            raise Refused(f"Salesforce does not show {self._kind} to this user: it lacks a permission.") from None
        labels = {str(one.get("name")): text(one.get("label")) for one in found.get("fields") or []}
        if self._score not in labels:
            raise Refused(f"Salesforce shows no field {self._score!r} on {self._kind} to this user.")
        return f"Salesforce at {self._web.base.split('://')[-1]}: {self._kind}, scored in “{labels[self._score]}”."

    def page(self, cursor: str) -> Page:
        """What changed, by stamp and id; then leads whose opportunity changed."""
        state = state_of(cursor)
        stream, rested = state.get("at", "own"), list(state.get("rest") or [])
        kept = state.get(stream) or [_stamp(EPOCH), ""]
        since, behind = (_stamp(moment_or_first(kept[0]) - LAG), "") if stream in rested else kept
        found = self._web.ask("GET", f"{DATA}/queryAll", params={"q": self._changed(stream, since, behind)})
        results = found.get("records") or []
        # The server may give fewer at once than were asked for; then it says that it is not done.
        full = len(results) == PAGE or not found.get("done", True)
        last = _place(results[-1], STAMPS[stream]) if results else kept
        reached = last if full else max(kept, last)
        # Once its clock is past the lag, what was to come late has come.
        lags = not full and moment_or_first(reached[0]) + LAG > self._web.clock()
        following = {
            # What is read first shows the opportunities too, as they stand now by Salesforce's clock.
            "deals": state.get("deals") or [_stamp(self._web.clock() - LAG), ""],
            **{key: value for key, value in state.items() if key == "own"},
            stream: reached,
            "at": stream if full else "deals" if stream == "own" and self._kind == "Lead" else "own",
            "rest": [one for one in rested if one != stream] + ([stream] if lags else []),
        }
        more = full or following["at"] == "deals"
        return Page(tuple(self._record(one) for one in results), cursor_of(following), more)

    def _changed(self, stream: str, since: str, behind: str) -> str:
        stamp = STAMPS[stream]
        converted = "IsConverted = true AND " if stream == "deals" else ""
        tied = f" OR ({stamp} = {since} AND Id > '{behind}')" if behind else f" OR {stamp} = {since}"
        where = f"{converted}({stamp} > {since}{tied}) ORDER BY {stamp}, Id LIMIT {PAGE}"
        return _soql([*READ[self._kind], self._score], self._kind, where)

    def set_owner(self, record: str, was: str | None, email: str) -> bool:
        """Give a record to the user with this email, unless somebody else has taken it meanwhile."""
        owner = [name for name in READ[self._kind] if name.startswith("Owner.")]
        (found,) = self._query(_soql(owner, self._kind, f"Id = '{_escaped(record)}'")) or [{}]
        if not found or _owner(found) != was:
            return False
        users = self._query(_soql(["Id"], "User", f"Email = '{_escaped(email)}' AND IsActive = true LIMIT 2"))
        if len(users) != 1:
            raise NoSuchUser(f"{email} is {'no' if not users else 'more than one'} active user of Salesforce.")
        self._web.ask("PATCH", f"{DATA}/sobjects/{self._kind}/{record}", json={"OwnerId": users[0]["Id"]})
        return True

    def clock(self) -> datetime:
        """What time it is there."""
        return self._web.clock()

    def close(self) -> None:
        """Let go of connections."""
        self._web.close()

    def _query(self, soql: str) -> list[dict[str, Any]]:
        return list(self._web.ask("GET", f"{DATA}/query", params={"q": soql}).get("records") or [])

    def _headers(self) -> dict[str, str]:
        if not self._token:
            self._renew()
        return {"Authorization": f"Bearer {self._token}"}

    def _renew(self) -> None:
        login = Web("Salesforce", self._web.base, dict)
        form = {"grant_type": "client_credentials", "client_id": self._id, "client_secret": self._secret}
        try:
            found = login.ask("POST", "/services/oauth2/token", data=form)
        except Refused:
            raise Refused(
                "Salesforce does not accept the client id and secret. Look at the connected app: is the client "
                "credentials flow on, with a user to run as?"
            ) from None
        finally:
            login.close()
        self._token = str(found["access_token"])

    def _record(self, found: dict[str, Any]) -> Record:
        changed = max(
            moment_or_first(found.get("SystemModstamp")),
            moment_or_first(_inner(found, f"{OPPORTUNITY}.SystemModstamp")),
        )
        outcome, day = self._outcome(found)
        closed = moment(day)
        identity = str(found["Id"])
        return Record(
            id=identity,
            created_at=moment_or_first(found.get("CreatedDate")),
            changed_at=changed,
            name=text(found.get("Company")) or text(found.get("Name")),
            score=number(found.get(self._score)),
            owner_email=_owner(found),
            url=f"{self._web.base}/{identity}",
            facts=tuple((label, text(found[name])) for label, name in FACTS[self._kind] if found.get(name)),
            outcome=outcome,
            # A close date is a day; the end was known when it was written down, and not before its own lead.
            outcome_at=min(closed + timedelta(days=1), changed) if closed else None,
            amount=number(found.get("Amount") or _inner(found, f"{OPPORTUNITY}.Amount")),
            merged_into=text(found.get("MasterRecordId")),
            gone=bool(found.get("IsDeleted")),
        )

    def _outcome(self, found: dict[str, Any]) -> tuple[str, Any]:
        deal = found if self._kind == "Opportunity" else found.get(OPPORTUNITY) or {}
        if deal.get("IsClosed"):
            return ("won" if deal.get("IsWon") else "lost"), deal.get("CloseDate")
        if self._kind == "Lead" and not found.get("IsConverted") and found.get("Status") == self._disqualified:
            return "disqualified", None
        return "", None


def _owner(found: dict[str, Any]) -> str | None:
    """The email of the user who has it; a queue, which only a lead may have as owner, is nobody."""
    owner = found.get("Owner") or {}
    return text(owner.get("Email")).lower() or None if owner.get("Type", "User") == "User" else None


def _inner(found: dict[str, Any], path: str) -> Any:
    value: Any = found
    for name in path.split("."):
        value = (value or {}).get(name)
    return value


def _place(found: dict[str, Any], stamp: str) -> list[str]:
    return [_stamp(moment_or_first(_inner(found, stamp))), str(found["Id"])]


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def _soql(names: list[str], kind: str, where: str) -> str:
    """A query. SOQL over REST has no parameters: names are ours or were looked at, values are escaped."""
    return f"SELECT {', '.join(names)} FROM {kind} WHERE {where}"  # noqa: S608  # as said: there is no other way


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")


KIND = Kind(
    name="salesforce",
    title="Salesforce",
    secrets=(
        Secret("OTHERWISE_SALESFORCE_CLIENT_ID", "Consumer key of a connected app with the client credentials flow"),
        Secret("OTHERWISE_SALESFORCE_CLIENT_SECRET", "Its consumer secret"),
    ),
    questions=(
        Question("base", "Your My Domain address, such as https://company.my.salesforce.com"),
        Question("object", "What is a lead there?", "Lead", ("Lead", "Opportunity")),
        Question("score", "API name of the field with the score, such as Score__c"),
        Question(
            "disqualified_status",
            "Status of a lead that was disqualified",
            "Closed - Not Converted",
            only=("object", "Lead"),
        ),
    ),
    make=Salesforce,
)
