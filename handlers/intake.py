"""The HTTP intake: leads and outcomes in, one answer an item, and what a load balancer asks."""

import time
from collections.abc import Callable
from ipaddress import ip_address
from math import ceil
from typing import Annotated, Any, Literal, TypeVar

import structlog
from fastapi import Depends, FastAPI, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json
from sqlmodel import Session
from starlette.requests import ClientDisconnect

from bot import keys, leads, outcomes
from bot.deps import Deps
from bot.domain.bands import Record
from bot.domain.errors import Busy, OtherwiseError, PartlyStored
from bot.domain.inbound import BATCH_LIMIT, BODY_LIMIT, LEAD, OUTCOME, LeadIn, OutcomeIn, problems
from bot.domain.rate import Rate
from bot.domain.rules import Received
from bot.log import frames
from handlers.export import add_export
from handlers.metrics import add_metrics
from handlers.problem import REFUSALS, Problem
from storage.database import Database

log = structlog.get_logger()
Item = TypeVar("Item")
# Items in one transaction: some 0.1 s of work, a twentieth of what a write may take.
PART = 100
DESCRIPTION = (
    "Send leads with the scoring tool's close probability, and what became of them. "
    "`Authorization: Bearer <key>`; make a key with `otherwise keys add NAME`. "
    "Each answer has one result an item, in order; a bad item never sinks the others, and the same item twice "
    "changes nothing."
)


class ItemResult(BaseModel):
    """What became of one item."""

    lead_id: str | None
    result: Literal["created", "updated", "rescored", "unchanged", "rejected"]
    errors: list[str] = []
    warnings: list[str] = []


class Answer(BaseModel):
    """One result an item, in order."""

    results: list[ItemResult]


class Refused(Exception):
    """A request that is answered with `status` and a sentence before any item is looked at."""

    def __init__(self, status: int, sentence: str, retry_after: int | None = None) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.retry_after = status, sentence, retry_after


ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "Not JSON, or neither an object nor an array"},
    **REFUSALS,
    413: {"model": Problem, "description": f"More than {BATCH_LIMIT} items or {BODY_LIMIT} bytes"},
    429: {"model": Problem, "description": "Faster than a key may send; wait Retry-After seconds"},
    503: {"model": Problem, "description": "Not stored; send it again after Retry-After seconds"},
}


def http_app(deps: Deps, ready: Callable[[], dict[str, Any]]) -> FastAPI:
    """The intake's app. `ready` tells what `/readyz` shows: `ok`, and why not."""
    rate = Rate(deps.settings.otherwise_intake_per_minute)
    described = _on_loopback(deps.settings.otherwise_http_host)
    app = FastAPI(
        title="Otherwise",
        description=DESCRIPTION,
        version="0.1.0",
        docs_url="/docs" if described else None,
        openapi_url="/openapi.json" if described else None,
        redoc_url=None,
    )

    @app.exception_handler(Refused)
    def refused(_request: Request, failure: Refused) -> JSONResponse:
        deps.metrics.refused(failure.status)
        wait = {} if failure.retry_after is None else {"Retry-After": str(failure.retry_after)}
        return JSONResponse({"error": failure.sentence}, failure.status, wait)

    @app.exception_handler(OtherwiseError)
    def unavailable(_request: Request, failure: OtherwiseError) -> JSONResponse:
        log.warning("intake.unavailable", error=type(failure).__name__)
        deps.metrics.refused(503)
        wait = "1" if isinstance(failure, Busy) else "5"
        return JSONResponse({"error": str(failure)}, 503, {"Retry-After": wait})

    @app.exception_handler(ClientDisconnect)
    def left(_request: Request, _failure: ClientDisconnect) -> JSONResponse:
        # Nobody hears the answer, and nothing was read of what was sent.
        log.info("intake.left")
        return JSONResponse({"error": "The request was not sent to its end."}, 400)

    @app.exception_handler(Exception)
    def failed(_request: Request, failure: Exception) -> JSONResponse:
        log.error("intake.failed", trace=frames(failure))
        deps.metrics.refused(500)
        return JSONResponse(
            {"error": "Something went wrong here, and this was not stored, or not all of it. Send it again."}, 500
        )

    def allowed(authorization: Annotated[str, Header()] = "") -> None:
        kind, _, key = authorization.partition(" ")
        with deps.db.reading() as session:
            may = keys.allows(session, key.strip(), "intake") if kind.lower() == "bearer" else None
        if may is None:
            raise Refused(401, "This key is missing, unknown or revoked. Send Authorization: Bearer <key>.")
        if wait := rate.wait(key.strip().split("_")[1], time.monotonic()):
            raise Refused(429, "This key sends faster than it may. Send more leads in one request.", ceil(wait))
        if not may:
            raise Refused(403, "This key lacks the scope `intake`. Make one with `otherwise keys add NAME`.")

    def answered(kind: str, results: list[Received | None], began: float) -> JSONResponse:
        for one in results:
            if one is not None:
                deps.metrics.took(kind, one.result)
        deps.metrics.answered(time.perf_counter() - began)
        return _answer(results)

    # Two functions for good, so that requests that wait at the same time are stored together (`write_all`).
    def store_leads(session: Session, beside: list[tuple[LeadIn, Record]]) -> list[Received]:
        items, records = [item for item, _ in beside], {leads.record_key(item): record for item, record in beside}
        return leads.receive_leads(session, items, records, deps.draw, deps.clock.moment())

    def store_outcomes(session: Session, items: list[OutcomeIn]) -> list[Received]:
        return outcomes.record_outcomes(session, items, "api", deps.clock.moment())

    async def body(request: Request) -> bytes:
        return await _limited_body(request)

    @app.post("/v1/leads", response_model=Answer, responses=ERRORS, openapi_extra=_schema(LEAD, "leads"))
    def post_leads(_key: Annotated[None, Depends(allowed)], raw: Annotated[bytes, Depends(body)]) -> JSONResponse:
        """One lead, or an array of up to 1,000."""
        began = time.perf_counter()
        items, results = _items(raw, LEAD)
        if items:
            with deps.db.reading() as session:
                records = deps.records.look(session, map(leads.record_key, items), deps.clock.moment().now)
            beside = [(item, records[leads.record_key(item)]) for item in items]
            _fill(results, _stored(deps.db, store_leads, beside, lambda one: one[0].lead_id))
        return answered("lead", results, began)

    @app.post("/v1/outcomes", response_model=Answer, responses=ERRORS, openapi_extra=_schema(OUTCOME, "outcomes"))
    def post_outcomes(_key: Annotated[None, Depends(allowed)], raw: Annotated[bytes, Depends(body)]) -> JSONResponse:
        """One outcome, or an array of up to 1,000. Corrections are sent as further ones; the latest by `at` counts."""
        began = time.perf_counter()
        items, results = _items(raw, OUTCOME)
        if items:
            _fill(results, _stored(deps.db, store_outcomes, items, lambda one: one.lead_id))
        return answered("outcome", results, began)

    add_export(app, deps)
    add_metrics(app, deps, ready, guarded=not described)

    @app.get("/healthz")
    def healthz() -> dict[str, bool]:
        """Whether the process runs."""
        return {"ok": True}

    @app.get("/readyz", responses={503: {"description": "It can't; the same fields say why"}})
    def readyz() -> JSONResponse:
        """Whether it can work: the database answers and the connection to Slack is truly up."""
        state = ready()
        return JSONResponse(state, 200 if state["ok"] else 503)

    return app


def _on_loopback(host: str) -> bool:
    """Whether only this machine reaches the intake; elsewhere its pages would describe it to whoever asks."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


async def _limited_body(request: Request) -> bytes:
    """The body, read no further than the limit."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_LIMIT:
            raise Refused(413, f"The body is over {BODY_LIMIT:,} bytes. Send fewer leads at a time.")
        chunks.append(chunk)
    return b"".join(chunks)


def _items(raw: bytes, kind: TypeAdapter[Any]) -> tuple[list[Any], list[Received | None]]:
    """The items that hold, and a place for each item's result, filled where it was rejected."""
    try:
        parsed = from_json(raw, allow_inf_nan=False)
    except (ValueError, RecursionError):
        raise Refused(400, "The body is not JSON.") from None
    if not isinstance(parsed, dict | list):
        raise Refused(400, "Send one object, or an array of objects.")
    wanted = parsed if isinstance(parsed, list) else [parsed]
    if len(wanted) > BATCH_LIMIT:
        raise Refused(413, f"{len(wanted):,} items; {BATCH_LIMIT:,} fit in one request. Send them in parts.")
    items: list[LeadIn | OutcomeIn] = []
    results: list[Received | None] = []
    for one in wanted:
        try:
            items.append(kind.validate_python(one))
            results.append(None)
        except ValidationError as failure:
            given = one.get("lead_id") if isinstance(one, dict) else None
            results.append(Received(given if isinstance(given, str) else None, "rejected", problems(failure)))
    return items, results


def _stored(
    db: Database, store: Callable[[Session, list[Item]], list[Received]], items: list[Item], name: Callable[[Item], str]
) -> list[Received]:
    """Store the items part by part, so that a big batch has the time it takes and a rep's click need not wait for it.

    Raises what `write` does, and PartlyStored when a part before was stored.
    """
    told: list[Received] = []
    for start in range(0, len(items), PART):
        part = items[start : start + PART]
        try:
            told += db.write_all(store, part, key=name(part[0]))
        except OtherwiseError as failure:
            if told:
                raise PartlyStored from failure
            raise
    return told


def _fill(results: list[Received | None], stored: list[Received]) -> None:
    following = iter(stored)
    for place, result in enumerate(results):
        if result is None:
            results[place] = next(following)


def _answer(results: list[Received | None]) -> JSONResponse:
    shown: list[dict[str, Any]] = []
    for one in results:
        if one is not None:
            item: dict[str, Any] = {"lead_id": one.lead_id, "result": one.result}
            item |= {key: value for key, value in (("errors", one.errors), ("warnings", one.warnings)) if value}
            shown.append(item)
    return JSONResponse({"results": shown})


def _schema(kind: TypeAdapter[Any], what: str) -> dict[str, Any]:
    """The request body for `/docs`: the routes read it themselves, so that one bad item does not sink the others."""
    one = _inlined(kind.json_schema())
    many = {"type": "array", "items": one, "maxItems": BATCH_LIMIT, "title": f"Up to {BATCH_LIMIT:,} {what}"}
    content = {"application/json": {"schema": {"anyOf": [one, many]}}}
    return {"requestBody": {"required": True, "content": content}, "security": [{"bearer": []}]}


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without references, which would point outside of OpenAPI's own components."""
    parts = schema.pop("$defs", {})

    def resolve(node: Any) -> Any:
        if isinstance(node, dict):
            if "$ref" in node:
                return resolve(parts[node["$ref"].rsplit("/", 1)[-1]])
            return {key: resolve(value) for key, value in node.items()}
        return [resolve(one) for one in node] if isinstance(node, list) else node

    resolved: dict[str, Any] = resolve(schema)
    return resolved
