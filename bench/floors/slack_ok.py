"""A Slack that says ok to everything, at once or after so many seconds, so that only the bot's own time is measured."""

import asyncio
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

DELAY = 0.0


async def ok(request: Request) -> JSONResponse:
    """The same answer to each call."""
    await request.body()
    await asyncio.sleep(DELAY)
    return JSONResponse({"ok": True, "view": {"id": "V1"}, "team_id": "T", "user_id": "U", "bot_id": "B"})


if __name__ == "__main__":
    DELAY = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
    app = Starlette(routes=[Route("/api/{method}", ok, methods=["POST", "GET"])])
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
