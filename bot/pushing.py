"""Webhooks are sent, through the outbox: a letter names two places in the export, and the lines between them go out,
signed, to an address that is looked at first. What arrived moves the receiver's place in the same commit.
"""

import json
import socket
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import structlog
from sqlalchemy import Row
from sqlmodel import Session

from bot import webhooks
from bot.deps import Deps
from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError
from bot.domain.retry import Answer, Decision, Kind, State
from bot.domain.webhook import decide, identity_of, signed
from bot.export import SwitchedOff
from bot.lead import Lead
from bot.log import frames
from bot.rounds import Rounds
from bot.settings import Settings
from storage import outbox
from storage import webhooks as kept

log = structlog.get_logger()
# The standard asks receivers to answer within 15 seconds.
WAIT = 15.0
# After this a claim is nobody's, however long a receiver drips: a message may come twice, with the same id.
LEASE = timedelta(seconds=60)
# How long a letter waits whose scope was switched off after it was queued.
SWITCHED_OFF = timedelta(minutes=10)
GONE = 410
# What NAT64 makes of an IPv4 address.
TRANSLATED = ip_network("64:ff9b::/96")


class Undelivered(OtherwiseError):
    """The receiver did not take it. It is tried again."""

    def __init__(self, sentence: str, *, after: float = 0.0, ends: bool = False) -> None:
        super().__init__(sentence)
        self.after, self.ends = after, ends


class Pusher:
    """Queues a letter to each receiver who has not got everything, and sends the letters that are due."""

    def __init__(self, deps: Deps, lead: Lead, share: Callable[[], bool] | None = None) -> None:
        """`share` hands a round to whichever replica is free."""
        self._deps, self._owner = deps, uuid.uuid4().hex
        self.rounds = Rounds("webhooks", deps.settings.otherwise_heartbeat, lead, share or self.push, lambda: None)

    def push(self) -> bool:
        """A letter for each who has none, and a try for each that is due; whether there may be more at once.

        Raises OtherwiseError when nothing can be stored.
        """
        with self._deps.db.reading() as session:
            unsent = kept.unsent(session)
            idle = [row for row in kept.everything(session) if kept.lane(row.id) not in unsent]
        for row in idle:
            self._queue(row)
        with self._deps.db.reading() as session:
            due = kept.due(session, datetime.now(UTC))
        arrived = [self._send(letter) for letter in due if not self.rounds.stopping.is_set()]
        return any(arrived)

    def _queue(self, row: Row[Any]) -> None:
        at = self._deps.clock.moment()
        try:
            with self._deps.db.reading() as session:
                page = webhooks.lines(session, row, row.cursor, self._deps.draw, at)
        except SwitchedOff:
            return  # an admin is told of it where he looks at how it goes
        if page.lines:
            # Where it ends is kept from the beginning: tried again, it is the same message with the same id.
            until = page.cursor.text()
            self._deps.db.write(lambda s: kept.queue(s, row, until, at.real), key=f"webhook:{row.id}")

    def _send(self, number: int) -> bool:
        """Try one letter; whether it arrived."""
        now = datetime.now(UTC)
        claim = partial(outbox.claim, ids=[number], owner=self._owner, now=now, lease=LEASE)
        for letter in self._deps.db.write(claim, key="outbox"):
            with self._deps.db.reading() as session:
                row = kept.by_id(session, letter["payload"]["webhook"])
            if row is not None:
                return self._try(letter, row)
        return False

    def _try(self, letter: dict[str, Any], row: Row[Any]) -> bool:
        try:
            until = self._hand_over(letter, row)
        except Undelivered as failure:
            self._failed(letter, row, failure)
        except SwitchedOff:
            later = datetime.now(UTC) + SWITCHED_OFF
            self._deps.db.write(lambda s: outbox.put_back(s, letter, self._owner, later), key="outbox")
        except OtherwiseError:
            raise  # ours to wait for: its lease runs out, and it is tried again
        except Exception as failure:  # noqa: BLE001  # one odd receiver must not stop the others
            log.error("webhook.failed", webhook=row.id, trace=frames(failure))
            self._failed(letter, row, Undelivered("It could not be sent; the log says where."))
        else:
            return self._arrived(letter, row, until)
        return False

    def _hand_over(self, letter: dict[str, Any], row: Row[Any]) -> str:
        """Put the lines together, tell reps whose answers are in them, and send them; nothing where none is left.

        How far they reach: not to the letter's end where more has come in between than a message holds.
        """
        at, behind, until = self._deps.clock.moment(), letter["payload"]["behind"], letter["payload"]["until"]
        with self._deps.db.reading() as session:
            page = webhooks.lines(session, row, behind, self._deps.draw, at, until)
        until = page.cursor.text() if page.lines else until
        identity = identity_of(row.id, behind, until)
        if page.read and row.told != identity:
            self._deps.db.write(lambda s: webhooks.tell(s, row, page, identity, at), key="export")
        if page.lines:
            body = body_of("export.lines", at.real, {"lines": page.lines, "cursor": until})
            deliver(self._deps.settings, row, identity, body)
            log.info("webhook.sent", webhook=row.id, message=identity, lines=len(page.lines))
        return until

    def _arrived(self, letter: dict[str, Any], row: Row[Any], until: str) -> bool:
        now = datetime.now(UTC)

        def settle(session: Session) -> bool:
            decision, answer = Decision(State.SENT), Answer(Kind.SENT)
            ours = outbox.settle(session, letter["id"], self._owner, decision, answer, now)
            if ours:
                kept.took(session, row.id, until, now)
            return ours

        self._deps.metrics.job("webhooks", good=True)
        return self._deps.db.write(settle, key="outbox")

    def _failed(self, letter: dict[str, Any], row: Row[Any], failure: Undelivered) -> None:
        now = datetime.now(UTC)
        decision = decide(
            str(failure),
            row.name,
            attempt=letter["attempt"],
            after=timedelta(seconds=failure.after),
            ends=failure.ends,
            now=now,
        )
        answer = Answer(Kind.REFUSED, "undelivered")
        self._deps.metrics.job("webhooks", good=False)
        stopped = decision.state is State.DEAD
        log.warning("webhook.held", webhook=row.id, failures=letter["attempt"], stopped=stopped)
        settle = partial(
            outbox.settle, letter_id=letter["id"], owner=self._owner, decision=decision, answer=answer, now=now
        )
        self._deps.db.write(settle, key="outbox")


def body_of(kind: str, at: datetime, data: dict[str, Any]) -> bytes:
    """A message's body."""
    return json.dumps({"type": kind, "timestamp": at.isoformat(), "data": data}, ensure_ascii=False).encode()


def ping(settings: Settings, row: Row[Any], at: Moment) -> None:
    """Send a message that tells nothing, to see whether it arrives. Raises Undelivered."""
    deliver(settings, row, identity_of(row.id, "test", at.real.isoformat()), body_of("test", at.real, {}))


def deliver(settings: Settings, row: Row[Any], identity: str, body: bytes) -> None:
    """Send one message. Raises Undelivered with a sentence for an admin, and nothing that the receiver said."""
    import httpx  # most bots have no webhook

    inside = settings.otherwise_webhooks_inside
    parts = urlsplit(checked(row.url, inside=inside))
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    address = _address(host, port, inside=inside)
    # The address that was looked at is the one that is spoken to: a name may answer differently a moment later.
    shown = f"[{address}]" if ":" in address else address
    target = parts._replace(netloc=f"{shown}:{port}").geturl()
    now = datetime.now(UTC)
    headers = signed(webhooks.secrets_of(row, settings.draw(), now), identity, int(now.timestamp()), body)
    headers |= {"Host": parts.netloc, "Content-Type": "application/json", "User-Agent": "Otherwise"}
    try:
        with (
            httpx.Client(timeout=WAIT, trust_env=False) as client,
            client.stream("POST", target, content=body, headers=headers, extensions={"sni_hostname": host}) as answer,
        ):
            status, wait = answer.status_code, answer.headers.get("Retry-After", "")
    except httpx.TimeoutException:
        raise Undelivered(f"{host} did not answer within {WAIT:.0f} seconds.") from None
    except httpx.HTTPError as failure:
        log.debug("webhook.broke", webhook=row.id, trace=frames(failure))
        raise Undelivered(f"{host} could not be reached, or broke off.") from None
    if status == GONE:
        raise Undelivered(f"{host} says that this webhook is gone (410).", ends=True)
    if not 200 <= status < 300:
        after = float(wait) if wait.isascii() and wait.isdigit() else 0.0
        raise Undelivered(f"{host} answered with {status}.", after=min(after, 86_400.0))


def checked(url: str, *, inside: bool) -> str:
    """An address that may be sent to. Raises Undelivered for one that is none, or has no https."""
    try:
        parts = urlsplit(url)
        port_holds = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_holds = urlsplit(""), False
    if not port_holds or not parts.hostname or parts.scheme not in ("https", "http"):
        raise Undelivered("That is not an address such as https://example.com/hook.", ends=True)
    if not url.isascii():
        raise Undelivered("Write the address in ASCII: a name with other letters begins with xn--.", ends=True)
    if parts.username or parts.password:
        raise Undelivered("An address with a name or a password in it is not sent to.", ends=True)
    if parts.scheme == "http" and not inside:
        raise Undelivered("Webhooks are only sent over https (OTHERWISE_WEBHOOKS_INSIDE).", ends=True)
    return url


def _address(host: str, port: int, *, inside: bool) -> str:
    try:
        found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        raise Undelivered(f"There is no {host[:100]}.") from None
    if not inside and not all(_public(one) for one in found):
        raise Undelivered(f"{host[:100]} is a private address (OTHERWISE_WEBHOOKS_INSIDE).", ends=True)
    return found[0]


def _public(address: str) -> bool:
    one = ip_address(address.partition("%")[0])
    if isinstance(one, IPv6Address):
        # An IPv4 address may ride in one of version 6, in four ways.
        translated = IPv4Address(int(one) & 0xFFFFFFFF) if one in TRANSLATED else None
        inner = one.ipv4_mapped or one.sixtofour or translated or (one.teredo[1] if one.teredo else None)
        if inner is not None:
            return _public(str(inner))
    return one.is_global and not one.is_multicast
