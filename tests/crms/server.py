"""A small HTTP server that stands for a CRM: JSON over real sockets, with faults that a test plans."""

import json
import re
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit


class Answer(NamedTuple):
    """A status, a body, and further headers."""

    status: int
    body: Any
    headers: dict[str, str] = {}  # noqa: RUF012  # never changed


class Asked(NamedTuple):
    """A request: its query (each name once), its JSON or form, its headers, and the parts of its path."""

    query: dict[str, str]
    body: Any
    headers: Any
    parts: dict[str, str]


Route = Callable[[Asked], Answer]


class Crm:
    """The base: routes, planned faults, a log of requests, and a clock that a test may set."""

    def __init__(self) -> None:
        self.routes: list[tuple[str, re.Pattern[str], Route]] = []
        self.faults: list[Answer | str] = []
        self.asked: list[tuple[str, str]] = []
        # Whatever was sent to it: method, path without its query, body.
        self.sent: list[tuple[str, str, bytes]] = []
        self.ahead = timedelta()
        self.lock = threading.RLock()
        self.released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def now(self) -> datetime:
        """The CRM's clock, in whole milliseconds."""
        at = datetime.now(UTC) + self.ahead
        return at.replace(microsecond=at.microsecond // 1000 * 1000)

    def fail(self, *faults: Answer | str) -> None:
        """Answer the next requests like this: an Answer, or `true`, `cut` (half of the true one), `hang`, `words`."""
        self.faults += faults

    def route(self, method: str, pattern: str, work: Route) -> None:
        """Let `work` answer; named groups in the pattern are its parts."""
        self.routes.append((method, re.compile(pattern), work))

    def answer(self, method: str, path: str, headers: Any, raw: bytes) -> Answer:
        """What the routes say."""
        url = urlsplit(path)
        query = {name: values[-1] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        for wanted, pattern, work in self.routes:
            if method == wanted and (found := pattern.fullmatch(url.path)):
                with self.lock:
                    return work(Asked(query, _body(headers, raw), headers, found.groupdict()))
        return Answer(404, {"message": "there is nothing here"})


def _body(headers: Any, raw: bytes) -> Any:
    if not raw:
        return None
    if "form" in headers.get("Content-Type", ""):
        return {name: values[-1] for name, values in parse_qs(raw.decode()).items()}
    return json.loads(raw)


def _handler(crm: Crm) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(crm.now(), usegmt=True)

        def _do(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            crm.asked.append((self.command, self.path))
            crm.sent.append((self.command, urlsplit(self.path).path, raw))
            fault = crm.faults.pop(0) if crm.faults else None
            if isinstance(fault, Answer):
                self._say(fault)
                return
            if fault == "hang":
                crm.released.wait(30)
                self.close_connection = True
                return
            found = crm.answer(self.command, self.path, self.headers, raw)
            if fault == "words":
                found = Answer(200, None, {"said": "<html>We are working on it.</html>"})
            self._say(found, cut=fault == "cut")

        do_GET = do_POST = do_PATCH = do_DELETE = _do  # http.server's names

        def _say(self, found: Answer, cut: bool = False) -> None:
            words = found.headers.get("said")
            body = words.encode() if words else b"" if found.body is None else json.dumps(found.body).encode()
            self.send_response(found.status)
            self.send_header("Content-Type", "application/json;charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
            for name, value in found.headers.items():
                if name != "said":
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if cut else body)
            if cut:
                self.wfile.flush()
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True

    return Handler
