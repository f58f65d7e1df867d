"""A made-up CRM with a plain JSON API, in three ways of paging."""

from datetime import datetime
from typing import Any

from tests.crms.server import Answer, Asked, Crm

TOKEN = "json-test-not-a-secret"
SHAPE = """
base = "{base}"
path = "/api/deals?view=full"
header = "X-Api-Key"
scheme = ""
records = "$.data[*]"

[fields]
id = "$.uid"
created_at = "$.times.created"
changed_at = "$.times.changed"
name = "$.company.name"
score = "$.ml[?@.kind == 'close'].value"
owner_email = "$.owner.mail"
url = "$.link"
outcome = "$.stage"
outcome_at = "$.times.closed"

[facts]
Source = "$.source"

[outcomes]
signed = "won"
dead = "lost"

[paging]
{paging}
"""
LINKS = 'next = "$.links.next"\nchanged_since = "since"'
TOKENS = 'next = "$.cursor"\nparameter = "cursor"\nchanged_since = "since"'
NUMBERS = 'parameter = "page"\nchanged_since = "since"'


class JsonServer(Crm):
    """The CRM."""

    def __init__(self) -> None:
        super().__init__()
        self.deals: list[dict[str, Any]] = []
        self.size = 10
        self.route("GET", "/api/deals", self._list)

    def add(self, uid: str, score: Any, at: datetime | None = None, **more: Any) -> None:
        """One deal."""
        when = (at or self.now()).isoformat()
        self.deals.append(
            {
                "uid": uid,
                "times": {"created": when, "changed": when, "closed": more.pop("closed", None)},
                "company": {"name": "Acme Ltd"},
                "ml": [{"kind": "other", "value": 99}, {"kind": "close", "value": score}],
                "owner": {"mail": more.pop("mail", None)},
                "source": "fair",
                "stage": "open",
                "link": f"{self.base}/deals/{uid}",
            }
            | more
        )

    def _list(self, asked: Asked) -> Answer:
        if asked.headers.get("X-Api-Key") != TOKEN:
            return Answer(401, {"error": "no"})
        if asked.query.get("view") != "full":
            return Answer(400, {"error": "the path's own query is lost"})
        since = asked.query.get("since", "")
        every = [one for one in self.deals if not since or one["times"]["changed"] >= since]
        start = int(asked.query.get("cursor") or (int(asked.query.get("page") or 1) - 1) * self.size)
        end = start + self.size
        more = end < len(every)
        links = {"next": f"{self.base}/api/deals?view=full&since={quoted(since)}&cursor={end}" if more else None}
        return Answer(200, {"data": every[start:end], "links": links, "cursor": str(end) if more else ""})


def quoted(value: str) -> str:
    """For a query."""
    return value.replace("+", "%2B")
