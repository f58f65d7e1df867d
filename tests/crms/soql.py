"""As much of SOQL as a poll uses: SELECT fields FROM one object WHERE comparisons ORDER BY fields LIMIT a number."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

Row = dict[str, Any]
Test = Callable[[Row], bool]
_QUERY = re.compile(
    r"\s*SELECT\s+(?P<fields>.+?)\s+FROM\s+(?P<object>\w+)(?:\s+WHERE\s+(?P<where>.+?))?"
    r"(?:\s+ORDER\s+BY\s+(?P<order>.+?))?(?:\s+LIMIT\s+(?P<limit>\d+))?\s*",
    re.IGNORECASE | re.DOTALL,
)
_TOKEN = re.compile(r"\s*(\(|\)|'(?:[^'\\]|\\.)*'|>=|<=|!=|=|>|<|[\w.:+-]+)")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    ">": lambda a, b: a is not None and a > b,
    ">=": lambda a, b: a is not None and a >= b,
    "<": lambda a, b: a is not None and a < b,
    "<=": lambda a, b: a is not None and a <= b,
}


class Malformed(ValueError):
    """Not a query that Salesforce would take."""


class Query:
    """A parsed query."""

    def __init__(self, text: str) -> None:
        found = _QUERY.fullmatch(text)
        if not found:
            raise Malformed(text)
        self.fields = [one.strip() for one in found["fields"].split(",")]
        self.object = found["object"]
        self.order = [one.strip() for one in (found["order"] or "").split(",") if one.strip()]
        self.limit = int(found["limit"]) if found["limit"] else None
        self._tokens = _TOKEN.findall(found["where"] or "")
        self.test: Test = self._any() if self._tokens else lambda _: True
        if self._tokens:
            raise Malformed(f"what is {self._tokens[0]!r}?")

    def _take(self) -> str:
        if not self._tokens:
            raise Malformed("ends too early")
        return str(self._tokens.pop(0))

    def _next(self) -> str:
        return self._tokens[0].upper() if self._tokens else ""

    def _any(self) -> Test:
        tests = [self._all()]
        while self._next() == "OR":
            self._take()
            tests.append(self._all())
        return lambda row: any(one(row) for one in tests)

    def _all(self) -> Test:
        tests = [self._one()]
        while self._next() == "AND":
            self._take()
            tests.append(self._one())
        return lambda row: all(one(row) for one in tests)

    def _one(self) -> Test:
        if self._next() == "(":
            self._take()
            inner = self._any()
            if self._take() != ")":
                raise Malformed("a bracket stays open")
            return inner
        name, operator, value = self._take(), self._take(), _literal(self._take())
        if operator not in _COMPARE:
            raise Malformed(f"what is {operator!r}?")
        compare = _COMPARE[operator]
        return lambda row: compare(value_of(row, name), value)


def value_of(row: Row, path: str) -> Any:
    """A field, through relationships too; times as times."""
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT.+", value):
        return datetime.fromisoformat(value)
    return value


def _literal(token: str) -> Any:
    if token.startswith("'"):
        return re.sub(r"\\(.)", r"\1", token[1:-1])
    if token.lower() in ("true", "false"):
        return token.lower() == "true"
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)", token):
        return datetime.fromisoformat(token)
    if re.fullmatch(r"-?\d+(\.\d+)?", token):
        return float(token)
    raise Malformed(f"what is {token!r}?")
