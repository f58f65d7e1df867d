"""GET /metrics, for Prometheus: on loopback, or with a key of scope `metrics`."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import FastAPI, Header
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from bot import keys
from bot.deps import Deps
from bot.metrics import Now
from handlers.problem import REFUSALS

ANSWERS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {}}}, 401: REFUSALS[401]}


def add_metrics(app: FastAPI, deps: Deps, ready: Callable[[], dict[str, Any]], *, guarded: bool) -> None:
    """The route; `guarded` when others than this machine reach it."""

    @app.get("/metrics", response_class=Response, responses=ANSWERS)
    def metrics(authorization: Annotated[str, Header()] = "") -> Response:
        """Whether work gets done, in Prometheus' form. Nothing in it tells that somebody answered."""
        if guarded:
            kind, _, key = authorization.partition(" ")
            with deps.db.reading() as session:
                may = keys.allows(session, key.strip(), "metrics") if kind.lower() == "bearer" else None
            if not may:
                return JSONResponse({"error": "This needs a key: `otherwise keys add NAME --scope metrics`."}, 401)
        page = deps.metrics.page(Now(deps.db.reading, deps.clock.moment(), ready()))
        return Response(page, media_type=CONTENT_TYPE_PLAIN_0_0_4)
