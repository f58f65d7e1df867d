"""The workspace as an HTTP and WebSocket server: Slack's side under /api and /link, people's side under /sim."""

import asyncio
import json
import time
from collections.abc import Callable
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from sandbox import methods, views
from sandbox.acting import Actor, say
from sandbox.blocks import check_blocks, give_ids
from sandbox.faults import LOST, Fault, Faults, HalfAnswer, Limits
from sandbox.log import Log
from sandbox.requests import Requests
from sandbox.seed import seed
from sandbox.sockets import Ack, Sockets
from sandbox.workspace import (
    APP_TOKEN,
    BOT_TOKEN,
    RESPONSE_URL_SECONDS,
    RESPONSE_URL_USES,
    Json,
    SlackError,
    Workspace,
)

Method = Callable[[Workspace, Json], Json]
_POST_ARGS = {
    "channel", "text", "blocks", "thread_ts", "metadata", "client_msg_id", "unfurl_links", "unfurl_media",
    "reply_broadcast", "mrkdwn", "username", "icon_emoji", "attachments",
}  # fmt: skip
# name: (method, scope or "" for none, arguments it takes)
METHODS: dict[str, tuple[Method, str, set[str]]] = {
    "api.test": (methods.api_test, "", {"error", "foo"}),
    "auth.test": (methods.auth_test, "", set()),
    "team.info": (methods.team_info, "team:read", set()),
    "bots.info": (methods.bots_info, "users:read", {"bot"}),
    "chat.postMessage": (methods.post_message, "chat:write", _POST_ARGS),
    "chat.update": (
        methods.update,
        "chat:write",
        {"channel", "ts", "text", "blocks", "metadata", "attachments", "unfurl_links", "unfurl_media"},
    ),
    "chat.delete": (methods.delete, "chat:write", {"channel", "ts"}),
    "chat.postEphemeral": (methods.post_ephemeral, "chat:write", {"channel", "user", "text", "blocks", "thread_ts"}),
    "chat.getPermalink": (methods.get_permalink, "", {"channel", "message_ts"}),
    "conversations.open": (methods.open_conversation, "im:write", {"users", "return_im", "channel"}),
    "conversations.info": (methods.conversation_info, "read", {"channel", "include_num_members", "include_locale"}),
    "conversations.list": (
        methods.list_conversations,
        "channels:read",
        {"types", "limit", "cursor", "exclude_archived", "team_id"},
    ),
    "conversations.members": (methods.conversation_members, "read", {"channel", "limit", "cursor"}),
    "conversations.history": (
        methods.history,
        "history",
        {"channel", "limit", "cursor", "oldest", "latest", "inclusive", "include_all_metadata"},
    ),
    "conversations.replies": (
        methods.replies,
        "history",
        {"channel", "ts", "limit", "cursor", "oldest", "latest", "inclusive", "include_all_metadata"},
    ),
    "users.info": (methods.user_info, "users:read", {"user", "include_locale"}),
    "users.list": (methods.list_users, "users:read", {"limit", "cursor", "include_locale", "team_id"}),
    "users.lookupByEmail": (methods.lookup_by_email, "users:read.email", {"email"}),
    "views.open": (views.open_view, "", {"view", "trigger_id", "interactivity_pointer"}),
    "views.push": (views.push_view, "", {"view", "trigger_id", "interactivity_pointer"}),
    "views.update": (views.update_view, "", {"view", "view_id", "external_id", "hash"}),
    "views.publish": (views.publish_view, "", {"view", "user_id", "hash"}),
    "files.getUploadURLExternal": (
        methods.upload_url,
        "files:write",
        {"filename", "length", "alt_txt", "snippet_type"},
    ),
    "files.completeUploadExternal": (
        methods.complete_upload,
        "files:write",
        {"files", "channel_id", "channels", "initial_comment", "thread_ts"},
    ),
}


class Server:
    """One workspace and its doors. Built per process; `reset` gives the next test a fresh one."""

    def __init__(self, manifest: Json, *, grant: set[str], limits: bool, base: str) -> None:
        self._scopes = set(manifest["oauth_config"]["scopes"]["bot"]) | grant
        tabs, self._base = manifest["features"]["app_home"], base
        self._messages_tab = bool(tabs["messages_tab_enabled"])
        self.offers: Json = {
            "name": manifest["display_information"]["name"],
            "home": bool(tabs["home_tab_enabled"]),
            "messages": self._messages_tab,
            "read_only": bool(tabs.get("messages_tab_read_only_enabled")),
            "commands": manifest["features"].get("slash_commands", []),
        }
        self.log, self.faults, self.limits = Log(), Faults(), Limits(limits)
        self.sockets, self.requests = Sockets(self.log, self.faults), Requests(self.log, self.faults)
        self.ws = self._fresh()

    def start_anew(self) -> None:
        """Forget the workspace and seed another."""
        self.ws = self._fresh()

    def _fresh(self) -> Workspace:
        workspace = Workspace(set(self._scopes), messages_tab=self._messages_tab)
        seed(workspace)
        self.actor = Actor(workspace, self.deliver, self._base, self.offers["commands"])
        return workspace

    async def deliver(self, kind: str, payload: Json, *, accepts_response: bool = True) -> Ack:
        """Bring something to the app: to its request address where it has one, else over a socket."""
        way = self.requests if self.requests.url else self.sockets
        return await way.deliver(kind, payload, accepts_response=accepts_response)

    def routes(self) -> list[BaseRoute]:
        """Slack's doors."""
        return [
            Route("/api/{method}", self.web_api, methods=["GET", "POST"]),
            Route("/respond/{token}", self.respond, methods=["POST"]),
            Route("/api/upload/{file}", self.upload, methods=["POST"]),
            WebSocketRoute("/link", self.sockets.serve),
        ]

    async def web_api(self, request: Request) -> Response:
        """One Web API call: arguments, token, limits, faults, scope, method, in that order."""
        name, args, began = request.path_params["method"], await _arguments(request), time.time()
        token = request.headers.get("authorization", "").removeprefix("Bearer ").strip() or str(args.pop("token", ""))
        args.pop("token", None)
        fault = self.faults.take(name, args)
        wait = self.limits.wait(name, args)
        if fault and fault.kind == "429":
            wait = 0.001 if fault.retry_after is None else fault.retry_after
        if wait:
            headers = {} if fault and fault.retry_after is None else {"Retry-After": str(max(1, round(wait + 0.499)))}
            self.log.add("call", method=name, args=args, ok=False, error="ratelimited", began=began)
            return JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers)
        if fault and fault.kind in ("hang", "delay"):
            await asyncio.sleep(fault.seconds)
        if fault and fault.kind == "500":
            self.log.add("call", method=name, args=args, ok=False, error="http 500", began=began)
            return Response("trouble", 500)
        answer = self._answer(name, args, token, fault, request.headers.get("host", ""))
        lost = bool(fault and fault.kind in LOST)
        self.log.add("call", method=name, args=args, began=began, lost=lost, **_summary(answer))
        if fault and fault.kind in ("half_answer", "cut_answer"):
            return HalfAnswer(answer, cut=fault.kind == "cut_answer")
        if lost:
            return Response("bad gateway", 502)
        return JSONResponse(answer, headers={"x-oauth-scopes": ",".join(sorted(self.ws.scopes))})

    def _answer(self, name: str, args: Json, token: str, fault: Fault | None, host: str) -> Json:
        try:
            if fault and fault.kind == "error":
                raise SlackError(fault.error)
            if name == "apps.connections.open":
                if token != APP_TOKEN:
                    raise SlackError("invalid_auth" if token else "not_authed")
                # By the way that the caller came, so that a test can put something between.
                return {"ok": True, "url": f"ws://{host}/link?ticket={self.sockets.ticket()}&app_id=A0"}
            if name not in METHODS:
                raise SlackError("unknown_method", req_method=name)
            method, scope, known = METHODS[name]
            if token != BOT_TOKEN and name != "api.test":
                raise SlackError("invalid_auth" if token else "not_authed")
            self._need_scope(scope, args)
            if unknown := sorted(set(args) - known - {"team_id"}):
                raise SlackError("invalid_arguments", response_metadata={"messages": [f"[ERROR] unknown: {unknown}"]})
            return {"ok": True} | method(self.ws, args | {"_base": self._base + "api/"})
        except SlackError as failure:
            return {"ok": False, "error": failure.code} | failure.more

    def _need_scope(self, scope: str, args: Json) -> None:
        if scope in ("read", "history"):
            channel = self.ws.channels.get(str(args.get("channel", "")))
            kind = "channels" if channel is None or not (channel.dm_with or channel.private) else "groups"
            scope = f"{'im' if channel is not None and channel.dm_with else kind}:{scope}"
        if scope and scope not in self.ws.scopes:
            raise SlackError("missing_scope", needed=scope, provided=",".join(sorted(self.ws.scopes)))

    async def respond(self, request: Request) -> Response:
        """A response_url: five uses, half an hour."""
        url = self.ws.response_urls.get(request.path_params["token"])
        body = json.loads(await request.body() or b"{}")
        if url is None or url.uses >= RESPONSE_URL_USES or time.monotonic() - url.at > RESPONSE_URL_SECONDS:
            self.log.add("respond", ok=False, error="used_url", body=body)
            return JSONResponse({"ok": False, "error": "used_url"}, 404)
        if problems := check_blocks(body.get("blocks") or [], "message"):
            self.log.add("respond", ok=False, error="invalid_blocks", errors=problems, body=body)
            return JSONResponse({"ok": False, "error": "invalid_blocks"}, 400)
        url.uses += 1
        body["blocks"] = give_ids(body.get("blocks") or [])
        channel = self.ws.channels[url.channel]
        old = channel.find(url.ts) if url.ts else None
        if body.get("delete_original") and old is not None:
            (channel.ephemerals if old.only_for else channel.messages).remove(old)
        elif body.get("replace_original") and old is not None:
            old.text, old.blocks, old.edited = str(body.get("text", "")), body["blocks"], True
        else:
            say(self.ws, channel, body, url.user)
        self.log.add("respond", ok=True, channel=channel.id, user=url.user, body=body)
        return Response("ok")

    async def upload(self, request: Request) -> Response:
        """A file's bytes."""
        upload = self.ws.uploads.get(request.path_params["file"])
        if upload is None:
            return Response("unknown file", 404)
        form = await request.form() if "multipart" in request.headers.get("content-type", "") else None
        if form is None:
            upload["bytes"] = await request.body()
        else:
            upload["bytes"] = b"".join([await part.read() for part in form.values() if not isinstance(part, str)])
        upload["got"] = len(upload["bytes"])
        return Response("OK")


async def _arguments(request: Request) -> Json:
    """Query, form and JSON merged: clients differ in where they put what."""
    args: Json = dict(request.query_params)
    body = await request.body()
    kind = request.headers.get("content-type", "")
    if "json" in kind and body:
        args |= json.loads(body)
    elif "multipart" in kind:
        args |= {key: value for key, value in (await request.form()).items() if isinstance(value, str)}
    elif body:
        args |= dict(parse_qsl(body.decode(), keep_blank_values=True))
    return args


def _summary(answer: Json) -> Json:
    keys = ("ok", "error", "ts", "channel", "message_ts", "errors")
    return {key: answer[key] for key in keys if key in answer and not isinstance(answer[key], dict)}
