"""The Web API's methods on messages, channels and people: each takes the workspace and checked arguments."""

import json
import secrets
from typing import Any

from sandbox.blocks import check_blocks, give_ids
from sandbox.workspace import (
    APP_ID,
    BOT_ID,
    BOT_USER,
    TEAM_DOMAIN,
    TEAM_ID,
    Channel,
    Json,
    Message,
    SlackError,
    User,
    Workspace,
)

TEXT_LIMIT = 40_000


def auth_test(ws: Workspace, args: Json) -> Json:
    """Who the token is."""
    return {
        "url": f"https://{TEAM_DOMAIN}.example.com/",
        "team": "Local workspace",
        "user": "otherwise",
        "team_id": TEAM_ID,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def api_test(ws: Workspace, args: Json) -> Json:
    """Whether Slack is there."""
    return {"args": {key: value for key, value in args.items() if key != "token"}}


def team_info(ws: Workspace, args: Json) -> Json:
    """The workspace."""
    return {"team": {"id": TEAM_ID, "name": "Local workspace", "domain": TEAM_DOMAIN}}


def bots_info(ws: Workspace, args: Json) -> Json:
    """The bot."""
    if args.get("bot", BOT_ID) != BOT_ID:
        raise SlackError("bot_not_found")
    return {"bot": {"id": BOT_ID, "deleted": False, "name": "otherwise", "app_id": APP_ID, "user_id": BOT_USER}}


def post_message(ws: Workspace, args: Json) -> Json:
    """Post to a channel, a DM, or a person (whose DM is opened)."""
    channel = _destination(ws, args)
    text, blocks = _content(args)
    thread = args.get("thread_ts", "")
    if thread and channel.find(thread) is None:
        raise SlackError("thread_not_found")
    message = Message(
        ws.ts(),
        BOT_USER,
        text,
        blocks,
        thread_ts=thread,
        metadata=_metadata(args),
        client_msg_id=args.get("client_msg_id", ""),
    )
    channel.messages.append(message)
    return {"channel": channel.id, "ts": message.ts, "message": message.as_slack()}


def update(ws: Workspace, args: Json) -> Json:
    """Edit one of the bot's own messages."""
    channel = ws.channel(_need(args, "channel"))
    if channel.archived:
        raise SlackError("is_archived")
    message = next((m for m in channel.messages if m.ts == _need(args, "ts")), None)
    if message is None:
        raise SlackError("message_not_found")
    if message.user != BOT_USER:
        raise SlackError("cant_update_message")
    message.text, message.blocks = _content(args)
    message.edited = True
    if "metadata" in args:
        message.metadata = _metadata(args)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": message.as_slack()}


def delete(ws: Workspace, args: Json) -> Json:
    """Delete one of the bot's own messages."""
    channel = ws.channel(_need(args, "channel"))
    message = next((m for m in channel.messages if m.ts == _need(args, "ts")), None)
    if message is None:
        raise SlackError("message_not_found")
    if message.user != BOT_USER:
        raise SlackError("cant_delete_message")
    channel.messages.remove(message)
    return {"channel": channel.id, "ts": message.ts}


def post_ephemeral(ws: Workspace, args: Json) -> Json:
    """Post for one reader only."""
    channel, user = _destination(ws, args), _need(args, "user")
    ws.user(user)
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    text, blocks = _content(args)
    message = Message(ws.ts(), BOT_USER, text, blocks, only_for=user, thread_ts=args.get("thread_ts", ""))
    channel.ephemerals.append(message)
    return {"message_ts": message.ts}


def get_permalink(ws: Workspace, args: Json) -> Json:
    """The address of a message."""
    channel, ts = ws.channel(_need(args, "channel")), _need(args, "message_ts")
    if channel.find(ts) is None:
        raise SlackError("message_not_found")
    link = f"https://{TEAM_DOMAIN}.example.com/archives/{channel.id}/p{ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": link}


def open_conversation(ws: Workspace, args: Json) -> Json:
    """Open the DM with one person."""
    user_id = str(args.get("users", "")).strip()
    if not user_id or "," in user_id:
        raise SlackError("invalid_arguments" if user_id else "users_list_not_supplied")
    user = ws.users.get(user_id)
    if user is None:
        raise SlackError("user_not_found")
    if user.deleted:
        raise SlackError("user_disabled")
    if user.is_bot:
        raise SlackError("cannot_dm_bot")
    return {"channel": {"id": ws.dm(user_id).id}}


def conversation_info(ws: Workspace, args: Json) -> Json:
    """A channel."""
    channel = ws.channel(_need(args, "channel"))
    return {"channel": channel_json(channel, members=_flag(args.get("include_num_members")))}


def list_conversations(ws: Workspace, args: Json) -> Json:
    """Channels the bot can see."""
    seen = [c for c in ws.channels.values() if not c.dm_with and (not c.private or BOT_USER in c.members)]
    if _flag(args.get("exclude_archived")):
        seen = [channel for channel in seen if not channel.archived]
    page, cursor = _page(seen, args)
    return {"channels": [channel_json(c) for c in page], "response_metadata": {"next_cursor": cursor}}


def conversation_members(ws: Workspace, args: Json) -> Json:
    """Who is in a channel."""
    page, cursor = _page(sorted(ws.channel(_need(args, "channel")).members), args)
    return {"members": page, "response_metadata": {"next_cursor": cursor}}


def history(ws: Workspace, args: Json) -> Json:
    """A channel's messages, newest first."""
    channel = ws.channel(_need(args, "channel"))
    messages = [m for m in channel.messages if not m.thread_ts or m.thread_ts == m.ts]
    return _messages(messages[::-1], args)


def replies(ws: Workspace, args: Json) -> Json:
    """A thread's messages, oldest first."""
    channel, ts = ws.channel(_need(args, "channel")), _need(args, "ts")
    if channel.find(ts) is None:
        raise SlackError("thread_not_found")
    return _messages([m for m in channel.messages if ts in (m.ts, m.thread_ts)], args)


def user_info(ws: Workspace, args: Json) -> Json:
    """A person."""
    return {"user": user_json(ws.user(_need(args, "user")), ws)}


def list_users(ws: Workspace, args: Json) -> Json:
    """Everybody."""
    page, cursor = _page(list(ws.users.values()), args)
    return {"members": [user_json(user, ws) for user in page], "response_metadata": {"next_cursor": cursor}}


def lookup_by_email(ws: Workspace, args: Json) -> Json:
    """A person by email."""
    email = _need(args, "email").lower()
    for user in ws.users.values():
        if user.email == email and not user.deleted:
            return {"user": user_json(user, ws)}
    raise SlackError("users_not_found")


def upload_url(ws: Workspace, args: Json) -> Json:
    """Where to put a file's bytes."""
    file_id = "F" + secrets.token_hex(5).upper()
    told = {"name": _need(args, "filename"), "length": int(_need(args, "length")), "alt": args.get("alt_txt", "")}
    ws.uploads[file_id] = told | {"got": None}
    return {"file_id": file_id, "upload_url": f"{args['_base']}upload/{file_id}"}


def complete_upload(ws: Workspace, args: Json) -> Json:
    """Share what was uploaded."""
    files = _loads(_need(args, "files"))
    out = []
    for one in files:
        upload = ws.uploads.get(one.get("id"))
        if upload is None or upload["got"] != upload["length"]:
            raise SlackError("file_not_found")
        title = one.get("title", upload["name"])
        out.append({"id": one["id"], "title": title, "name": upload["name"], "alt_txt": upload["alt"]})
    if args.get("channel_id"):
        channel = ws.channel(args["channel_id"])
        _may_post(ws, channel)
        thread, said = args.get("thread_ts", ""), args.get("initial_comment", "")
        if thread and channel.find(thread) is None:
            raise SlackError("thread_not_found")
        channel.messages.append(Message(ws.ts(), BOT_USER, said, [], thread_ts=thread, files=out))
    return {"files": out}


def channel_json(channel: Channel, *, members: bool = False) -> Json:
    """A channel as Slack tells it to the bot."""
    out: Json = {
        "id": channel.id,
        "created": 1_700_000_000,
        "is_archived": channel.archived,
        "is_im": bool(channel.dm_with),
        "is_private": channel.private,
        "is_channel": not channel.private and not channel.dm_with,
        "is_member": BOT_USER in channel.members,
    }
    out |= {"user": channel.dm_with} if channel.dm_with else {"name": channel.name}
    return out | ({"num_members": len(channel.members)} if members else {})


def user_json(user: User, ws: Workspace) -> Json:
    """A person as Slack tells it to the bot."""
    profile: Json = {"real_name": user.real_name, "display_name": user.name}
    if user.email and "users:read.email" in ws.scopes:
        profile["email"] = user.email
    return {
        "id": user.id,
        "team_id": TEAM_ID,
        "name": user.name,
        "deleted": user.deleted,
        "real_name": user.real_name,
        "tz": user.tz,
        "profile": profile,
        "is_admin": user.is_admin,
        "is_owner": False,
        "is_bot": user.is_bot,
    }


def _need(args: Json, key: str) -> str:
    if not args.get(key):
        raise SlackError(
            "invalid_arguments", response_metadata={"messages": [f"[ERROR] missing required field: {key}"]}
        )
    return str(args[key])


def _destination(ws: Workspace, args: Json) -> Channel:
    target = _need(args, "channel")
    if target in ws.users:
        user = ws.users[target]
        if user.deleted:
            raise SlackError("user_disabled")
        if user.is_bot:
            raise SlackError("cannot_dm_bot")
        channel = ws.dm(target)
    else:
        channel = ws.channel(target)
    _may_post(ws, channel)
    return channel


def _may_post(ws: Workspace, channel: Channel) -> None:
    if channel.archived:
        raise SlackError("is_archived")
    if channel.dm_with:
        if not ws.messages_tab:
            raise SlackError("messages_tab_disabled")
        if ws.users[channel.dm_with].deleted:
            raise SlackError("user_disabled")
    elif BOT_USER not in channel.members and (channel.private or "chat:write.public" not in ws.scopes):
        raise SlackError("not_in_channel")


def _content(args: Json) -> tuple[str, list[Json]]:
    text = str(args.get("text") or "")
    blocks = _loads(args["blocks"]) if args.get("blocks") else []
    if args.get("attachments"):
        raise SlackError("invalid_arguments", response_metadata={"messages": ["[ERROR] attachments are not for us"]})
    if not text and not blocks:
        raise SlackError("no_text")
    if len(text) > TEXT_LIMIT:
        raise SlackError("msg_too_long")
    if problems := check_blocks(blocks, "message"):
        raise SlackError("invalid_blocks", errors=problems, response_metadata={"messages": problems})
    return text, give_ids(blocks)


def _metadata(args: Json) -> Json | None:
    if not args.get("metadata"):
        return None
    metadata: Json = _loads(args["metadata"])
    if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
        raise SlackError("invalid_metadata_format")
    return metadata


def _messages(messages: list[Message], args: Json) -> Json:
    oldest = float(args.get("oldest") or 0)
    kept = [message for message in messages if float(message.ts) >= oldest]
    page, cursor = _page(kept, args)
    with_metadata = _flag(args.get("include_all_metadata"))
    return {
        "messages": [message.as_slack(with_metadata=with_metadata) for message in page],
        "has_more": bool(cursor),
        "response_metadata": {"next_cursor": cursor},
    }


def _page(things: list[Any], args: Json) -> tuple[list[Any], str]:
    limit = int(args.get("limit") or 100)
    start = int(args.get("cursor") or 0)
    end = start + limit
    return things[start:end], str(end) if end < len(things) else ""


def _flag(value: Any) -> bool:
    return str(value).lower() in ("1", "true")


def _loads(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise SlackError("invalid_arguments", response_metadata={"messages": ["[ERROR] not JSON"]}) from None
