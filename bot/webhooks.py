"""Webhooks: where lines of the export are sent to as they come, with secrets that are worked out and never kept."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot import export
from bot.domain.assignment import Draw
from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError, SettingsError
from bot.domain.feedback import cursor_of
from bot.domain.retry import State
from bot.domain.webhook import OVERLAP, shown_secret
from storage import webhooks, workspace

SCOPES = ("export", "export:joined", "export:text")
# Lines in a message: some 40 kB, which any receiver takes.
LINES = 100


def secrets_of(row: Row[Any], draw: Draw, real: datetime) -> list[bytes]:
    """What signs now: the newest secret, and the one before for a day after a rotation."""
    # Its moment too: one that is removed and added again has another secret, whatever number it gets.
    own = f"webhook\x1f{row.id}\x1f{row.name}\x1f{row.created_at.isoformat()}"
    found = [draw.secret(f"{own}\x1f{row.generation}")]
    if row.rotated_at is not None and real < row.rotated_at + OVERLAP:
        found.append(draw.secret(f"{own}\x1f{row.generation - 1}"))
    return found


def add(session: Session, name: str, url: str, scopes: list[str], draw: Draw, at: Moment, *, own_key: bool) -> str:
    """Store one and return its secret. Raises OtherwiseError for a name in use or an unknown scope, SettingsError
    where there is no key of its own to work secrets out from.
    """
    need_own_key(own_key)
    if unknown := [scope for scope in scopes if scope not in SCOPES]:
        raise OtherwiseError(f"There is no scope {unknown[0]!r} for a webhook. Scopes: {', '.join(SCOPES)}.")
    if webhooks.by_name(session, name) is not None:
        raise OtherwiseError(f"A webhook named {name!r} exists already; choose another name, or remove it first.")
    webhooks.add(session, {"name": name, "url": url, "scopes": scopes, "created_at": at.now})
    return secret(session, name, draw, at)


def secret(session: Session, name: str, draw: Draw, at: Moment) -> str:
    """The secret that signs now, as receivers' libraries take it. Raises OtherwiseError when there is no such one."""
    return shown_secret(secrets_of(named(session, name), draw, at.real)[0])


def rotate(session: Session, name: str, draw: Draw, at: Moment) -> str:
    """A new secret; the old one signs too for a day. Raises OtherwiseError when there is none, or one is under way."""
    row = named(session, name)
    if row.rotated_at is not None and at.real < row.rotated_at + OVERLAP:
        ends = row.rotated_at + OVERLAP
        raise OtherwiseError(f"Its secret was rotated lately, and the one before signs until {ends:%d %b %H:%M} UTC.")
    webhooks.change(session, name, generation=row.generation + 1, rotated_at=at.real)
    return secret(session, name, draw, at)


def replay(session: Session, name: str, since: str) -> None:
    """Send again what comes behind a cursor, or everything. Raises OtherwiseError, BadCursor."""
    row = named(session, name)
    behind = cursor_of(since)
    export.placed(session, behind)
    webhooks.withdraw(session, row.id)
    webhooks.change(session, name, cursor=behind.text() if since else "", round=row.round + 1)


def resume(session: Session, name: str, real: datetime) -> None:
    """Go on where it stopped, or wait no longer. Raises OtherwiseError when there is no such one."""
    webhooks.hurry(session, named(session, name).id, real)


def named(session: Session, name: str) -> Row[Any]:
    """One by its name. Raises OtherwiseError."""
    row = webhooks.by_name(session, name)
    if row is None:
        raise OtherwiseError(f"There is no webhook {name!r}. `otherwise webhooks list` shows them.")
    return row


def lines(session: Session, row: Row[Any], behind: str, draw: Draw, at: Moment, until: str = "") -> export.Page:
    """What lies behind a place, as much as a message holds, or up to `until`.

    Raises SwitchedOff for a scope that is switched off here.
    """
    end = cursor_of(until) if until else None
    return export.page(session, set(row.scopes), cursor_of(behind), draw, at, LINES, end)


@dataclass(frozen=True)
class Standing:
    """How it goes with one: what keeps its next message from arriving, if anything, and whether that was given up."""

    row: Row[Any]
    trouble: str = ""
    stopped: bool = False


def standings(session: Session) -> list[Standing]:
    """How it goes with each, by name."""
    unsent, mode = webhooks.unsent(session), workspace.read(session)
    found = []
    for row in webhooks.everything(session):
        letter = unsent.get(webhooks.lane(row.id))
        off = export.is_off(mode, set(row.scopes))
        trouble = str(export.SwitchedOff()) if off else letter.fix or "" if letter is not None else ""
        found.append(Standing(row, trouble, letter is not None and letter.state == State.DEAD.value))
    return found


def tell(session: Session, row: Row[Any], page: export.Page, message: str, at: Moment) -> None:
    """Let reps see that what they said is read, once a message, before it is handed out."""
    export.tell_readings(session, page, f"the webhook “{row.name}”", at)
    webhooks.change(session, row.name, told=message)


def need_own_key(own_key: bool) -> None:
    """Raise SettingsError unless OTHERWISE_HASH_KEY is set: else a new bot token would change every secret."""
    if not own_key:
        raise SettingsError("OTHERWISE_HASH_KEY is missing: webhooks' secrets are made of it. Put a long one in .env.")
