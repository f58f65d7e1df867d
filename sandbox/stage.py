"""What is put around the workspace for somebody who looks on: the app's clock, and a tour on the page."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.server import Server
from sandbox.workspace import Json


class Stage:
    """The doors for whoever gives a tour. `clock` is the app's clock file, where it has one."""

    def __init__(self, server: Server, clock: Path | None) -> None:
        self._server, self._clock = server, clock
        self._tour: Json = {}

    def doors(self) -> dict[str, tuple[Callable[[Request], Any], str]]:
        """Paths under /sim, with their door and verb."""
        return {
            "clock": (self.get_clock, "GET"),
            "clock/move": (self.move_clock, "POST"),
            "tour": (self.get_tour, "GET"),
            "tour/set": (self.set_tour, "POST"),
            "tour/{word}": (self.tell_guide, "POST"),
        }

    async def get_clock(self, _request: Request) -> Response:
        """How far the app's clock is moved, in seconds; null when it can't be. `moves` are [when, to how far]."""
        offset = None if self._clock is None else _offset(self._clock)
        return JSONResponse({"offset": offset, "moves": self._server.ws.moves})

    async def move_clock(self, request: Request) -> Response:
        """Set the app's clock forward to an offset in seconds. It never goes back: history would lie ahead of it."""
        wanted = float((await request.json())["offset"])
        if self._clock is None:
            return JSONResponse({"error": "this workspace has no clock to move"}, 409)
        if wanted < _offset(self._clock):
            return JSONResponse({"error": "the clock only goes forward"}, 409)
        fresh = self._clock.with_suffix(".new")
        fresh.write_text(str(wanted))
        fresh.replace(self._clock)
        self._server.ws.moves.append((time.time(), wanted))
        self._server.log.add("clock", offset=wanted)
        return JSONResponse({"offset": wanted})

    async def get_tour(self, _request: Request) -> Response:
        """The tour that somebody has put here, or nothing."""
        return JSONResponse(self._tour)

    async def set_tour(self, request: Request) -> Response:
        """Put a tour on the page: its steps, as the page reads them."""
        self._tour = await request.json()
        self._server.log.add("tour", word="set")
        return JSONResponse({"ok": True})

    async def tell_guide(self, request: Request) -> Response:
        """Somebody wants to begin or to go on: whoever gives the tour hears of it in the log."""
        self._server.log.add("tour", word=request.path_params["word"], **json.loads(await request.body() or b"{}"))
        return JSONResponse({"ok": True})


def _offset(file: Path) -> float:
    try:
        return float(file.read_text())
    except (FileNotFoundError, ValueError):
        return 0.0
