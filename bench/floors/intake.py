"""Floor of the intake: a bare Starlette handler with one raw SQLite insert a request, and one with executemany."""

import sqlite3
import sys
import threading

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

SQL = "INSERT INTO lead (lead_id, body) VALUES (?, ?)"


def build(path: str) -> Starlette:
    """The app, on a file of its own with the same durability as ours: WAL, FULL."""
    raw = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute("CREATE TABLE IF NOT EXISTS lead (id INTEGER PRIMARY KEY, lead_id TEXT, body TEXT)")
    lock = threading.Lock()

    def one(body: bytes) -> None:
        with lock:
            raw.execute(SQL, ("x", body.decode()))

    def many(rows: list[tuple[str, str]]) -> None:
        with lock:
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany(SQL, rows)
            raw.execute("COMMIT")

    async def post(request: Request) -> JSONResponse:
        body = await request.body()
        await run_in_threadpool(one, body)
        return JSONResponse({"ok": True})

    async def batch(request: Request) -> JSONResponse:
        items = await request.json()
        await run_in_threadpool(many, [(item["lead_id"], str(item)) for item in items])
        return JSONResponse({"ok": True})

    return Starlette(routes=[Route("/one", post, methods=["POST"]), Route("/many", batch, methods=["POST"])])


if __name__ == "__main__":
    uvicorn.run(build(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
