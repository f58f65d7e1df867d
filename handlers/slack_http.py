"""HTTP mode: Slack's signed requests, checked before anything in them is read, and given to the same listeners."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from slack_bolt import App, BoltRequest, BoltResponse
from slack_sdk.signature import SignatureVerifier

from bot.http_mode import SLACK_PATH

log = structlog.get_logger()
# Slack's own payloads are far below; a signature is made over all of it.
BODY_LIMIT = 1024 * 1024
LISTENERS = 64
REMEMBERED = 1000


class _Known:
    """Events that this process is working on or is done with: Slack's retries of those need no second look."""

    def __init__(self) -> None:
        self._events: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def add(self, event: str) -> bool:
        """Whether this one is new."""
        with self._lock:
            if event in self._events:
                return False
            self._events[event] = None
            while len(self._events) > REMEMBERED:
                self._events.popitem(last=False)
            return True

    def forget(self, event: str) -> None:
        """Let a retry of this one be tried: it failed."""
        with self._lock:
            self._events.pop(event, None)


def add_slack(app: FastAPI, bolt: App, secret: str) -> None:
    """The one address that Slack is given for events, buttons, forms and commands alike."""
    verifier, known = SignatureVerifier(secret), _Known()
    # Own threads: a Slack that answers slowly may hold up its own clicks, but not the intake's requests.
    pool = ThreadPoolExecutor(LISTENERS, thread_name_prefix="listener-http")

    @app.post(SLACK_PATH, include_in_schema=False)
    async def slack(request: Request) -> Response:
        raw = bytearray()
        async for chunk in request.stream():
            raw += chunk
            if len(raw) > BODY_LIMIT:
                return JSONResponse({"error": "The request is larger than Slack's are."}, 413)
        headers: dict[str, str | Sequence[str]] = dict(request.headers.items())
        try:
            # As bytes: what is not text has no signature of Slack's either.
            signed = verifier.is_valid_request(bytes(raw), dict(request.headers))
        except (ValueError, TypeError):
            signed = False
        if not signed:
            log.warning("slack.unsigned")
            return JSONResponse({"error": "This request is not signed by Slack, or was signed too long ago."}, 401)
        asked = BoltRequest(body=raw.decode(), headers=headers, mode="http")
        answer = await asyncio.get_running_loop().run_in_executor(pool, _listen, bolt, known, asked)
        return Response(answer.body, answer.status, {key: value[0] for key, value in answer.headers.items()})


def _listen(bolt: App, known: _Known, asked: BoltRequest) -> BoltResponse:
    event = str(asked.body.get("event_id", "")) if asked.body.get("type") == "event_callback" else ""
    if tries := asked.headers.get("x-slack-retry-num"):
        log.warning("slack.again", number=tries[0], reason=asked.headers.get("x-slack-retry-reason", [""])[0])
    if event and not known.add(event):
        return BoltResponse(status=200, body="")
    status = 500
    try:
        answer = bolt.dispatch(asked)
        status = answer.status
    finally:
        if event and status >= 500:
            known.forget(event)
    return answer
