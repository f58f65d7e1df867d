"""GET /v1/export: NDJSON, a page at a time."""

import json
from typing import Annotated, Any

from fastapi import FastAPI, Header, Query
from fastapi.responses import JSONResponse, Response

from bot import export, keys
from bot.deps import Deps
from bot.domain.feedback import BadCursor, cursor_of
from handlers.problem import REFUSALS, Problem

DESCRIPTION = (
    "NDJSON in the feedback form, `schema_version` on each line. The header `Otherwise-Cursor` is the next `since`; "
    "`Otherwise-More` says whether there is more now. Scope `export`: leads with prior and outcome, ids hashed, times "
    "to the week; and what was said in released sets, without a lead. `export:joined` and `export:text` add what their "
    "names say, once an admin who manages nobody has switched them on. Overrides are opinions, not labels."
)

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/x-ndjson": {}}},
    400: {"model": Problem, "description": "The cursor is none of ours"},
    **REFUSALS,
}


def add_export(app: FastAPI, deps: Deps) -> None:
    """The route."""

    @app.get("/v1/export", description=DESCRIPTION, response_class=Response, responses=ANSWERS)
    def get_export(
        since: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=export.PAGE)] = export.PAGE,
        authorization: Annotated[str, Header()] = "",
    ) -> Response:
        kind, _, key = authorization.partition(" ")
        with deps.db.reading() as session:
            found = keys.scopes_of(session, key.strip()) if kind.lower() == "bearer" else None
        if found is None:
            sentence = "This key is missing, unknown or revoked. Send Authorization: Bearer <key>."
            return JSONResponse({"error": sentence}, 401)
        name, scopes = found
        if not any(scope.startswith("export") for scope in scopes):
            sentence = "This key lacks the scope `export`. Make one with `otherwise keys add NAME --scope export`."
            return JSONResponse({"error": sentence}, 403)
        at = deps.clock.moment()
        try:
            with deps.db.reading() as session:
                page = export.page(session, scopes, cursor_of(since), deps.draw, at, limit)
        except BadCursor as refusal:
            return JSONResponse({"error": str(refusal)}, 400)
        except export.SwitchedOff as refusal:
            return JSONResponse({"error": str(refusal)}, 403)
        # Told before anything is handed out: who can't be shown that she was read is not read.
        if page.read:
            deps.db.write(lambda s: export.tell_readings(s, page, f"the key “{name}”", at), key="export")
        body = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in page.lines)
        headers = {"Otherwise-Cursor": page.cursor.text(), "Otherwise-More": "true" if page.more else "false"}
        return Response(body, media_type="application/x-ndjson", headers=headers)
