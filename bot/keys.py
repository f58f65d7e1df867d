"""Keys of the HTTP intake: made once, shown once, kept as a hash."""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime

from sqlmodel import Session

from bot.domain.errors import OtherwiseError
from storage import keys
from storage.keys import every

__all__ = ["SCOPES", "allows", "every", "make_key", "revoke_key", "rotate_key"]
SCOPES = ("intake", "export", "export:joined", "export:text", "metrics")
PREFIX = 8


def make_key(session: Session, name: str, scopes: list[str], now: datetime) -> str:
    """Add a key and return it, for the only time. Raises OtherwiseError for a name in use or an unknown scope."""
    if unknown := [scope for scope in scopes if scope not in SCOPES]:
        raise OtherwiseError(f"There is no scope {unknown[0]!r}. Scopes: {', '.join(SCOPES)}.")
    if keys.named(session, name) is not None:
        raise OtherwiseError(f"A key named {name!r} exists already; choose another name, or revoke it first.")
    public, secret = secrets.token_hex(PREFIX // 2), secrets.token_urlsafe(24)
    row = {"name": name, "prefix": public, "hash": _hash(secret), "scopes": scopes, "created_at": now}
    keys.add(session, row)
    return f"ow_{public}_{secret}"


def revoke_key(session: Session, name: str, now: datetime) -> bool:
    """Stop a key from working; False when none of this name does."""
    return keys.revoke(session, name, now)


def rotate_key(session: Session, name: str, now: datetime, until: datetime) -> str:
    """A new key of the same name and scopes, returned for the only time; the old one works `until` then, renamed.

    Raises OtherwiseError when no key of this name works.
    """
    old = keys.named(session, name)
    if old is None or old.revoked_at is not None:
        raise OtherwiseError(f"No key named {name!r} works. `otherwise keys list` shows them.")
    keys.retire(session, old.id, f"{name} (old, {old.prefix})", until)
    return make_key(session, name, list(old.scopes), now)


def allows(session: Session, key: str, scope: str) -> bool | None:
    """Whether the key may do this; None when it is no key of ours, or was revoked."""
    found = scopes_of(session, key)
    return None if found is None else scope in found[1]


def scopes_of(session: Session, key: str) -> tuple[str, set[str]] | None:
    """A key's name and what it may do; None when it is no key of ours, or was revoked."""
    parts = key.split("_", 2)
    row = keys.by_prefix(session, parts[1]) if len(parts) == 3 and parts[0] == "ow" else None
    # A hash is compared in any case, so that a wrong prefix takes as long as a wrong secret.
    right = hmac.compare_digest(row.hash if row is not None else _hash(""), _hash(parts[-1]))
    if row is None or not right or (row.revoked_at is not None and row.revoked_at <= datetime.now(UTC)):
        return None
    return row.name, set(row.scopes)


def _hash(secret: str) -> str:
    # The secret has 192 random bits: a plain hash can't be searched, and a slow one would bound the intake's speed.
    return hashlib.sha256(secret.encode()).hexdigest()
