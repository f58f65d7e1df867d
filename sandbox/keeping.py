"""The workspace between two starts: people, channels, messages and Homes, as JSON. What lives seconds is not kept."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sandbox.workspace import Channel, Message, User, View, Workspace

VERSION = 1


def keep(ws: Workspace, file: Path) -> None:
    """Write it down, whole or not at all."""
    kept = {
        "version": VERSION,
        "users": [asdict(user) for user in ws.users.values()],
        "channels": [asdict(channel) | {"members": sorted(channel.members)} for channel in ws.channels.values()],
        "moves": ws.moves,
        "homes": {user: asdict(view) for user, view in ws.homes.items()},
    }
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(kept))
    fresh.replace(file)


def bring_back(ws: Workspace, file: Path) -> bool:
    """Read it again; whether there was something of this version to read."""
    if not file.exists():
        return False
    kept: dict[str, Any] = json.loads(file.read_text())
    if kept.get("version") != VERSION:
        return False
    ws.users = {one["id"]: User(**one) for one in kept["users"]}
    ws.moves = [(at, offset) for at, offset in kept["moves"]]
    ws.channels = {}
    for one in kept["channels"]:
        messages = {key: [Message(**message) for message in one.pop(key)] for key in ("messages", "ephemerals")}
        channel = Channel(**(one | {"members": set(one["members"])} | messages))
        ws.channels[channel.id] = channel
    ws.homes = {user: View(**one) for user, one in kept["homes"].items()}
    ws.views = {view.id: view for view in ws.homes.values()}
    return True
