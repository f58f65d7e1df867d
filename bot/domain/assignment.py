"""Chance that can be checked later: by a keyed hash of the lead, so that the same lead always falls the same way."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
_SEPARATOR = b"\x1f"


@dataclass(frozen=True)
class Draw:
    """A secret key, and what it makes of a lead's id. Without the key nobody can tell how a lead will fall."""

    key: bytes

    @property
    def id(self) -> str:
        """Which key it was, for the log of decisions; it tells nothing about the key."""
        return hashlib.sha256(b"key id" + _SEPARATOR + self.key).hexdigest()[:8]

    def share(self, experiment: str, lead: str) -> float:
        """u = HMAC-SHA256(key, experiment ‖ 0x1F ‖ lead), its first 8 bytes over 2^64: evenly spread over [0, 1)."""
        digest = hmac.digest(self.key, experiment.encode() + _SEPARATOR + lead.encode(), "sha256")
        return int.from_bytes(digest[:8], "big") / 2**64

    def pick(self, experiment: str, lead: str, choices: Sequence[T]) -> T:
        """One of several, each as likely as the others."""
        return choices[min(len(choices) - 1, int(self.share(experiment, lead) * len(choices)))]

    def arm(self, experiment: str, lead: str, shares: Sequence[tuple[str, float]]) -> str:
        """The arm in whose part of [0, 1) the lead falls; the last takes what is left."""
        u, edge = self.share(experiment, lead), 0.0
        for name, share in shares[:-1]:
            edge += share
            if u < edge:
                return name
        return shares[-1][0]

    def secret(self, purpose: str) -> bytes:
        """A secret for one purpose, which tells nothing about the key or another's."""
        return hmac.digest(self.key, b"secret" + _SEPARATOR + purpose.encode(), "sha256")

    def hashed(self, lead: str) -> str:
        """A lead's id as an export may show it."""
        return hmac.digest(self.key, b"export" + _SEPARATOR + lead.encode(), "sha256").hex()[:24]
