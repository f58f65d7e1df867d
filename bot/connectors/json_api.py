"""Any JSON API, by configuration: where it is, how it pages, and which JSONPath (RFC 9535) finds which field."""

import tomllib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jsonpath
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.connectors.contract import Config, Kind, Question, Refused, Secret
from bot.connectors.reading import cursor_of, moment, moment_or_first, number, state_of, text
from bot.connectors.web import Web
from bot.domain.crm import Page, Record
from bot.domain.inbound import problems

LAG = timedelta(minutes=2)
NEEDED = ("id", "created_at", "changed_at", "name", "score")
FIELDS = (*NEEDED, "owner_email", "url", "outcome", "outcome_at", "amount", "scored_at", "first_score", "merged_into",
          "gone")  # fmt: skip


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Paging(_Part):
    """How to come to the next page: an address or a token in the answer, or a number that is counted up from 1."""

    next: str = Field(default="", description="JSONPath of the next page's address or token; none when it is missing")
    parameter: str = Field(default="", description="query parameter for that token, or for the page's number")
    changed_since: str = Field(default="", description="query parameter that leaves out what did not change since")


class Shape(_Part):
    """The file that `otherwise connect json --file` reads."""

    base: str = Field(description="https://…")
    path: str = Field(default="/", description="below the base, with any fixed query")
    header: str = Field(default="Authorization", description="header that carries the token")
    scheme: str = Field(default="Bearer", description="what stands before the token in it; may be empty")
    records: str = Field(description="JSONPath of the records in an answer")
    fields: dict[str, str] = Field(description="JSONPath of each field within a record")
    facts: dict[str, str] = Field(default_factory=dict, description="JSONPath of each fact, by its label")
    outcomes: dict[str, str] = Field(
        default_factory=dict, description="what the CRM calls won, lost and disqualified, by its own word"
    )
    paging: Paging = Paging()

    @model_validator(mode="after")
    def _fits(self) -> "Shape":
        if missing := [name for name in NEEDED if name not in self.fields]:
            raise ValueError(f"fields lacks {', '.join(missing)}")
        if unknown := [name for name in self.fields if name not in FIELDS]:
            raise ValueError(f"fields has {unknown[0]!r}, which is none of {', '.join(FIELDS)}")
        if wrong := [one for one in self.outcomes.values() if one not in ("won", "lost", "disqualified")]:
            raise ValueError(f"outcomes has {wrong[0]!r}, which is neither won, lost nor disqualified")
        for path in (self.records, *self.fields.values(), *self.facts.values(), *filter(None, [self.paging.next])):
            try:
                jsonpath.compile(path)
            except jsonpath.JSONPathError:
                raise ValueError(f"{path[:60]!r} is not a JSONPath") from None
        return self


def shape_in(file: Path) -> dict[str, Any]:
    """The description of an API in a TOML file. Raises Refused with what is wrong in it."""
    try:
        return Shape.model_validate(tomllib.loads(file.read_text(encoding="utf-8"))).model_dump()
    except OSError:
        raise Refused(f"There is no file {file.name} here.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as failure:
        raise Refused(f"{file.name} is not TOML: {failure}.") from None
    except ValidationError as failure:
        raise Refused(f"{file.name}: {'; '.join(problems(failure))}.") from None


class JsonApi:
    """One API. See `bot.connectors.contract.Connector`."""

    def __init__(self, config: Config, secret: Callable[[str], str]) -> None:
        self._shape = Shape.model_validate(config["shape"])
        token = secret("OTHERWISE_JSON_TOKEN")
        headers = {self._shape.header: f"{self._shape.scheme} {token}".strip()}
        self._web = Web("The JSON API", self._shape.base, lambda: headers)
        self._paths = {name: jsonpath.compile(path) for name, path in self._shape.fields.items()}
        self._facts = [(label, jsonpath.compile(path)) for label, path in self._shape.facts.items()]

    def who(self) -> str:
        """Whether a first page is there, and has what a record needs."""
        found = self._found(self._web.ask("GET", self._shape.path))
        if not found:
            raise Refused(f"The JSON API answers, but has nothing at {self._shape.records!r}.")
        lacking = [name for name in ("id", "created_at", "changed_at") if self._value(found[0], name) is None]
        if lacking:
            raise Refused(f"The JSON API's first record has no {', '.join(lacking)} where the file says.")
        return f"The JSON API answers with {len(found)} records on its first page."

    def page(self, cursor: str) -> Page:
        """One answer's records; at the end, from the newest change on."""
        state, paging = state_of(cursor), self._shape.paging
        since, newest, at = str(state.get("since") or ""), str(state.get("newest") or ""), state.get("next")
        asked: dict[str, str] = {paging.changed_since: since} if since and paging.changed_since else {}
        path = self._shape.path
        if at and str(at).startswith(("http://", "https://", "/")):
            path, asked = str(at), {}
        elif at:
            asked[paging.parameter] = str(at)
        # Joined by hand: httpx would replace the query that stands in the path.
        query = ("&" if "?" in path else "?") + urlencode(asked) if asked else ""
        whole = self._web.ask("GET", path + query)
        found = self._found(whole)
        records = tuple(self._record(one) for one in found)
        newest = max([newest, *(one.changed_at.isoformat() for one in records)])
        following = self._next(whole, at, bool(found))
        if following:
            return Page(records, cursor_of({"since": since, "newest": newest, "next": following}), more=True)
        return Page(records, cursor_of({"since": _earlier(newest) or since}), more=False)

    def set_owner(self, record: str, was: str | None, email: str) -> bool:
        """Not here: how to write differs too much to be described in a file."""
        raise Refused("Owners can't be written back to a JSON API. Write a connector for it: docs/connectors.md.")

    def clock(self) -> datetime:
        """What time it is there."""
        return self._web.clock()

    def close(self) -> None:
        """Let go of connections."""
        self._web.close()

    def _next(self, whole: Any, at: Any, any_found: bool) -> str | int | None:
        paging = self._shape.paging
        if paging.next:
            value = next(iter(jsonpath.findall(paging.next, whole)), None)
            return text(value) or None
        if paging.parameter and any_found:
            return (int(at) if at else 1) + 1
        return None

    def _found(self, whole: Any) -> list[Any]:
        if not isinstance(whole, dict | list):
            raise Refused("The JSON API answered with neither an object nor a list.")
        found = jsonpath.findall(self._shape.records, whole)
        return list(found[0]) if len(found) == 1 and isinstance(found[0], list) else list(found)

    def _value(self, one: Any, name: str) -> Any:
        path = self._paths.get(name)
        return next(iter(path.findall(one)), None) if path is not None and isinstance(one, dict | list) else None

    def _record(self, one: Any) -> Record:
        said = text(self._value(one, "outcome"))
        identity = text(self._value(one, "id"))
        if not identity:
            raise Refused("The JSON API has a record without an id.")
        url = text(self._value(one, "url"))
        return Record(
            id=identity,
            created_at=moment_or_first(self._value(one, "created_at")),
            changed_at=moment_or_first(self._value(one, "changed_at")),
            name=text(self._value(one, "name")),
            score=number(self._value(one, "score")),
            first_score=number(self._value(one, "first_score")),
            scored_at=moment(self._value(one, "scored_at")),
            owner_email=text(self._value(one, "owner_email")).lower() or None,
            url=url if url.startswith(("http://", "https://")) else None,
            facts=tuple((label, text(value)) for label, path in self._facts for value in path.findall(one)[:1]),
            outcome=self._shape.outcomes.get(said, ""),
            outcome_at=moment(self._value(one, "outcome_at")),
            amount=number(self._value(one, "amount")),
            merged_into=text(self._value(one, "merged_into")),
            gone=self._value(one, "gone") in (True, "true", 1),
        )


def _earlier(newest: str) -> str:
    """A little before the newest change, as an API may leave out what changed in the same second."""
    return (datetime.fromisoformat(newest) - LAG).isoformat() if newest else ""


KIND = Kind(
    name="json",
    title="A JSON API",
    secrets=(Secret("OTHERWISE_JSON_TOKEN", "The token that the API wants"),),
    questions=(
        Question(
            "shape",
            "The TOML file that describes it (docs/connectors.md has one)",
            read=lambda answer: shape_in(Path(answer)),
        ),
    ),
    make=JsonApi,
    takes_owners=False,
)
