"""views.*: modals in a stack of at most three, and the Home."""

import json
import secrets
from typing import Any

from sandbox.blocks import check_view, give_ids
from sandbox.workspace import Json, SlackError, View, Workspace

STACK = 3
VIEW_BYTES = 250_000


def open_view(ws: Workspace, args: Json) -> Json:
    """Open a modal for whoever pressed; it replaces what that person had open."""
    user = ws.use_trigger(str(args.get("trigger_id", "")))
    view = new_view(ws, user, _body(args))
    _drop_stack(ws, user)
    _keep(ws, view)
    return {"view": view.as_slack()}


def push_view(ws: Workspace, args: Json) -> Json:
    """Put a modal on top of the one that is open."""
    user = ws.use_trigger(str(args.get("trigger_id", "")))
    return {"view": push(ws, user, _body(args)).as_slack()}


def update_view(ws: Workspace, args: Json) -> Json:
    """Replace a view's body; its id stays, its hash changes."""
    view = _find(ws, args)
    if args.get("hash") and args["hash"] != view.hash:
        raise SlackError("hash_conflict")
    replace(view, _body(args, home=view.body["type"] == "home"))
    return {"view": view.as_slack()}


def publish_view(ws: Workspace, args: Json) -> Json:
    """Set the Home of one person."""
    user = ws.user(str(args.get("user_id", ""))).id
    body = _body(args, home=True)
    home = ws.homes.get(user)
    if home is None:
        home = new_view(ws, user, body)
        ws.homes[user] = home
        ws.views[home.id] = home
    else:
        if args.get("hash") and args["hash"] != home.hash:
            raise SlackError("hash_conflict")
        replace(home, body)
    return {"view": home.as_slack()}


def new_view(ws: Workspace, user: str, body: Json) -> View:
    """A view that is not shown yet."""
    view_id = "V" + secrets.token_hex(5).upper()
    return View(view_id, user, {**body, "blocks": give_ids(body["blocks"])}, _hash(), root=view_id)


def push(ws: Workspace, user: str, body: Json) -> View:
    """Put a view on the person's stack. Raises SlackError push_limit_reached above three."""
    stack = ws.stacks.setdefault(user, [])
    if len(stack) >= STACK:
        raise SlackError("push_limit_reached")
    view = new_view(ws, user, body)
    if stack:
        view.previous, view.root = stack[-1], ws.views[stack[-1]].root
    _keep(ws, view)
    return view


def replace(view: View, body: Json) -> None:
    """Give a view another body."""
    view.body = {**body, "blocks": give_ids(body["blocks"])}
    view.hash, view.errors = _hash(), {}


def close(ws: Workspace, user: str, *, every: bool = False) -> None:
    """Close the top view, or all of them."""
    if every:
        _drop_stack(ws, user)
    elif stack := ws.stacks.get(user):
        ws.views.pop(stack.pop(), None)


def checked(body: Any, *, home: bool = False) -> Json:
    """A view's body as Slack accepts it. Raises SlackError invalid_arguments or view_too_large."""
    if problems := check_view(body, home=home):
        raise SlackError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {p}" for p in problems]})
    if len(json.dumps(body)) > VIEW_BYTES:
        raise SlackError("view_too_large")
    result: Json = body
    return result


def _body(args: Json, *, home: bool = False) -> Json:
    body = args.get("view")
    try:
        return checked(json.loads(body) if isinstance(body, str) else body, home=home)
    except ValueError:
        raise SlackError("invalid_arguments") from None


def _find(ws: Workspace, args: Json) -> View:
    if args.get("external_id"):
        found = next((v for v in ws.views.values() if v.body.get("external_id") == args["external_id"]), None)
    else:
        found = ws.views.get(str(args.get("view_id", "")))
    if found is None:
        raise SlackError("not_found")
    return found


def _keep(ws: Workspace, view: View) -> None:
    ws.views[view.id] = view
    ws.stacks.setdefault(view.user, []).append(view.id)


def _drop_stack(ws: Workspace, user: str) -> None:
    for view_id in ws.stacks.pop(user, []):
        ws.views.pop(view_id, None)


def _hash() -> str:
    return secrets.token_hex(6)
