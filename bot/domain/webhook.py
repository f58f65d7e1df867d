"""Standard Webhooks: what is signed and how, and when a message is tried again.

Source: the Standard Webhooks specification, version 1.0.0 (signature scheme `v1`, HMAC-SHA256 over id.timestamp.body).
"""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

from bot.domain.retry import Decision, State

# Seconds, minutes, then hours: three days in all, after which somebody has to look.
RETRIES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
# For how long the secret before the last rotation signs too.
OVERLAP = timedelta(hours=24)


def signed(secrets: list[bytes], identity: str, at: int, body: bytes) -> dict[str, str]:
    """The headers of a message sent `at` (seconds since 1970), with a signature for each secret."""
    content = f"{identity}.{at}.".encode() + body
    parts = [base64.b64encode(hmac.digest(secret, content, "sha256")).decode() for secret in secrets]
    return {
        "webhook-id": identity,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{part}" for part in parts),
    }


def shown_secret(secret: bytes) -> str:
    """A secret as receivers' libraries take it."""
    return "whsec_" + base64.b64encode(secret).decode()


def identity_of(webhook: int, behind: str, until: str) -> str:
    """A message's id: the same for what lies between the same places, so that a receiver knows one that repeats."""
    return "msg_" + hashlib.sha256(f"{webhook}\x1f{behind}\x1f{until}".encode()).hexdigest()[:32]


def decide(sentence: str, name: str, *, attempt: int, after: timedelta, ends: bool, now: datetime) -> Decision:
    """What follows when try number `attempt` (from 1) failed: the next, not before `after`, or the end."""
    if ends or attempt > len(RETRIES):
        again = f"Once that is mended: Try again in the app's Home, or otherwise webhooks resume {name}."
        return Decision(State.DEAD, fix=f"The webhook {name} has stopped. {sentence} {again}")
    return Decision(State.PENDING, now + max(RETRIES[attempt - 1], after), sentence)
