"""People's and tests' side of the workspace: /sim/*, the page, and what is kept between two starts."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox import keeping, methods
from sandbox.acting import Refused
from sandbox.faults import CALL_KINDS, SOCKET_KINDS, Fault, Limits
from sandbox.server import Server
from sandbox.stage import Stage
from sandbox.workspace import Channel, Json, User

PAGE = Path(__file__).parent / "page"
SAVE_SECONDS = 1.0
# The page is ours alone: nothing is fetched from anywhere else.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)


class Control:
    """The doors under /sim and the page. `state` keeps the workspace between starts, `clock` is a file to move."""

    def __init__(self, server: Server, *, state: Path | None = None, clock: Path | None = None) -> None:
        self._server, self._state, self._stage = server, state, Stage(server, clock)

    def app(self) -> Starlette:
        """The whole workspace as an ASGI app."""
        sim = {
            "log": (self.get_log, "GET"),
            "changes": (self.get_changes, "GET"),
            "state": (self.get_state, "GET"),
            "views": (self.get_views, "GET"),
            "app": (self.get_app, "GET"),
            "file/{file}": (self.get_file, "GET"),
            **self._stage.doors(),
            "reset": (self.reset, "POST"),
            "faults": (self.add_fault, "POST"),
            "limits": (self.set_limits, "POST"),
            "disconnect": (self.disconnect, "POST"),
            "requests": (self.set_requests, "POST"),
            "people": (self.add_person, "POST"),
            "channels": (self.change_channel, "POST"),
            "scopes": (self.set_scopes, "POST"),
            "act/{verb}": (self.act, "POST"),
        }
        routes: list[BaseRoute] = [
            *self._server.routes(),
            *(Route(f"/sim/{path}", guarded(door), methods=[verb]) for path, (door, verb) in sim.items()),
            Route("/", guarded(self.page), methods=["GET"]),
            Mount("/page", StaticFiles(directory=PAGE)),
        ]
        return Starlette(routes=routes, lifespan=self._kept)

    @asynccontextmanager
    async def _kept(self, _app: Starlette) -> AsyncIterator[None]:
        """Bring back what was kept, and keep it when something happened and at the end."""
        if self._state is None:
            yield
            return
        keeping.bring_back(self._server.ws, self._state)
        saving = asyncio.create_task(self._save_now_and_then(self._state))
        try:
            yield
        finally:
            saving.cancel()
            keeping.keep(self._server.ws, self._state)

    async def _save_now_and_then(self, file: Path) -> None:
        seen = 0
        while True:
            seen += len(await self._server.log.since(seen, 60))
            await asyncio.sleep(SAVE_SECONDS)  # several changes, one write
            keeping.keep(self._server.ws, file)

    async def page(self, _request: Request) -> Response:
        """The page."""
        return FileResponse(PAGE / "index.html", headers={"Content-Security-Policy": POLICY})

    async def get_app(self, _request: Request) -> Response:
        """What the installed app offers, from its manifest: name, commands, tabs."""
        return JSONResponse(self._server.offers)

    async def get_file(self, request: Request) -> Response:
        """An uploaded picture's bytes, as a picture and nothing else."""
        upload = self._server.ws.uploads.get(request.path_params["file"])
        if upload is None or not upload.get("bytes", b"").startswith(b"\x89PNG"):
            return Response("no picture", 404)
        return Response(upload["bytes"], media_type="image/png", headers={"X-Content-Type-Options": "nosniff"})

    async def get_changes(self, request: Request) -> Response:
        """Wait until something happens after entry `since`; the number to ask with next. What happened is not told."""
        since = int(request.query_params.get("since", 0))
        if since <= len(self._server.log.entries):
            await self._server.log.since(since, min(60.0, float(request.query_params.get("wait", 0))))
        return JSONResponse({"next": len(self._server.log.entries)})

    async def get_log(self, request: Request) -> Response:
        """Entries from `since` on; `wait` seconds for the first when there is none."""
        query = request.query_params
        return JSONResponse(
            await self._server.log.since(int(query.get("since", 0)), min(60.0, float(query.get("wait", 0))))
        )

    async def get_state(self, request: Request) -> Response:
        """People and channels, and for each channel what `user` sees there."""
        user = request.query_params.get("user", "")
        channels = []
        for channel in self._server.ws.channels.values():
            if user and user not in channel.members:
                continue
            private = [m.as_slack() | {"ephemeral": True} for m in channel.ephemerals if not user or m.only_for == user]
            shown = [m.as_slack(with_metadata=True) for m in channel.messages]
            channels.append(
                methods.channel_json(channel)
                | {"members": sorted(channel.members), "messages": sorted(shown + private, key=lambda m: m["ts"])}
            )
        people = [
            methods.user_json(person, self._server.ws) | {"email": person.email}
            for person in self._server.ws.users.values()
        ]
        return JSONResponse({"people": people, "channels": channels, "connections": len(self._server.sockets.open)})

    async def get_views(self, request: Request) -> Response:
        """The modals that `user` has open, top last, and her Home."""
        user = request.query_params["user"]
        stack = [self._server.ws.views[one] for one in self._server.ws.stacks.get(user, [])]
        home = self._server.ws.homes.get(user)
        return JSONResponse(
            {
                "stack": [view.as_slack() | {"errors": view.errors} for view in stack],
                "home": home.as_slack() if home else None,
            }
        )

    async def reset(self, _request: Request) -> Response:
        """Forget everything; open connections are dropped."""
        await self._server.sockets.disconnect("drop")
        self._server.faults.waiting.clear()
        self._server.limits = Limits(self._server.limits.on)
        self._server.requests.url = ""
        self._server.start_anew()
        self._server.log.clear()
        return JSONResponse({"ok": True})

    async def add_fault(self, request: Request) -> Response:
        """Let something go wrong; an empty body takes all faults back."""
        body = json.loads(await request.body() or b"{}")
        if not body:
            self._server.faults.waiting.clear()
            return JSONResponse({"ok": True})
        fault = Fault(**body)
        if fault.kind not in (SOCKET_KINDS if fault.method == "socket" else CALL_KINDS):
            return JSONResponse({"ok": False, "error": f"unknown kind {fault.kind!r}"}, 400)
        self._server.faults.waiting.append(fault)
        return JSONResponse({"ok": True})

    async def set_requests(self, request: Request) -> Response:
        """Give the app a request address and its signing secret; an empty `url` goes back to Socket Mode."""
        body = await request.json()
        self._server.requests.url, self._server.requests.secret = str(body["url"]), str(body.get("secret", ""))
        return JSONResponse({"ok": True})

    async def set_limits(self, request: Request) -> Response:
        """Switch rate limits on or off."""
        self._server.limits = Limits(bool((await request.json())["on"]))
        return JSONResponse({"ok": True})

    async def set_scopes(self, request: Request) -> Response:
        """What the bot's token may do, and whether the Messages tab is on: as if the app had been installed so."""
        body = await request.json()
        self._server.ws.scopes = (self._server.ws.scopes | set(body.get("grant", []))) - set(body.get("revoke", []))
        self._server.ws.messages_tab = bool(body.get("messages_tab", self._server.ws.messages_tab))
        return JSONResponse({"ok": True, "scopes": sorted(self._server.ws.scopes)})

    async def disconnect(self, request: Request) -> Response:
        """Close Socket Mode connections as Slack does: `warning`, `refresh_requested` or `drop`."""
        await self._server.sockets.disconnect(str((await request.json())["reason"]))
        return JSONResponse({"ok": True})

    async def add_person(self, request: Request) -> Response:
        """Somebody joins, is changed, or leaves with `deleted`."""
        body = await request.json()
        known = self._server.ws.users.get(body["id"])
        if known is None:
            name, zone = body.get("real_name", body["name"]), body.get("tz", User.tz)
            self._server.ws.users[body["id"]] = User(body["id"], body["name"], name, body.get("email", ""), zone)
        else:
            known.deleted, known.email = bool(body.get("deleted", known.deleted)), body.get("email", known.email)
        return JSONResponse({"ok": True})

    async def change_channel(self, request: Request) -> Response:
        """Make a channel, or change who is in it or whether it is archived."""
        body = await request.json()
        channel = self._server.ws.channels.setdefault(
            body["id"], Channel(body["id"], body.get("name", body["id"].lower()))
        )
        channel.members = (channel.members | set(body.get("add", []))) - set(body.get("remove", []))
        channel.archived = bool(body.get("archived", channel.archived))
        return JSONResponse({"ok": True})

    async def act(self, request: Request) -> Response:
        """Act as a person: click, view_click, submit, close, command, home, message."""
        verb, body = request.path_params["verb"], await request.json()
        self._server.log.add("act", verb=verb, **body)
        user, actor = str(body["user"]), self._server.actor
        try:
            match verb:
                case "click":
                    told = await actor.click(user, body["channel"], body["ts"], body["action_id"], **_which(body))
                case "view_click":
                    values = body.get("values", {})
                    told = await actor.click_in_view(user, body["view"], body["action_id"], values, **_which(body))
                case "submit" if "forged" in body:
                    told = await actor.submit_forged(user, body["forged"])
                case "submit":
                    told = await actor.submit(user, body["view"], body.get("values", {}), force=bool(body.get("force")))
                case "close":
                    told = await actor.close(user, body["view"])
                case "message":
                    told = await actor.message(user, body["channel"], str(body["text"]))
                case "command":
                    told = await actor.command(user, body["channel"], body["command"], body.get("text", ""))
                case "home":
                    told = await actor.event(
                        {"type": "app_home_opened", "user": user, "channel": self._server.ws.dm(user).id, "tab": "home"}
                    )
                case _:
                    raise Refused(f"unknown verb {verb!r}")
        except Refused as refusal:
            return JSONResponse({"refused": str(refusal)}, 409)
        seen = {key: told[key] for key in ("acked", "closed", "errors", "blocked") if key in told}
        self._server.log.add("told", verb=verb, user=user, **_said(body), **seen)
        return JSONResponse(told)


def guarded(door: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """Loopback names only, and no page of another site may act here."""

    async def checked(request: Request) -> Response:
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname
        origin = urlsplit(request.headers.get("origin", "")).hostname
        if host not in ("127.0.0.1", "localhost") or origin not in (None, "127.0.0.1", "localhost"):
            return JSONResponse({"error": "loopback only"}, 403)
        answer: Response = await door(request)
        return answer

    return checked


def _said(body: Json) -> Json:
    """What was pressed, typed or filled in, for whoever follows: a tour's guide, and the checker of histories."""
    kept: Json = {key: body.get(key) for key in ("view", "values")}
    return kept | {key: body[key] for key in ("action_id", "command", "text") if key in body}


def _which(body: Json) -> Json:
    """Which of several buttons of one name is meant, and what a test puts in its place."""
    return {"forged": body.get("forged"), "block_id": str(body.get("block_id", ""))}
