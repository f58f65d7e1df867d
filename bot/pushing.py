"""Webhooks are sent: the next lines, signed, to an address that is looked at first; what arrived moves the place."""

import json
import socket
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import structlog
from sqlalchemy import Row

from bot import webhooks
from bot.deps import Deps
from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError
from bot.domain.webhook import identity_of, signed, wait_after
from bot.export import SwitchedOff
from bot.lead import Lead
from bot.log import frames
from bot.rounds import Rounds
from bot.settings import Settings
from storage import webhooks as kept

log = structlog.get_logger()
# The standard asks receivers to answer within 15 seconds.
WAIT = 15.0
# Messages to one receiver before another has its turn.
TURN = 50
GONE = 410
# What NAT64 makes of an IPv4 address.
TRANSLATED = ip_network("64:ff9b::/96")


class Undelivered(OtherwiseError):
    """The receiver did not take it. It is tried again."""

    def __init__(self, sentence: str, *, after: float = 0.0, ends: bool = False) -> None:
        super().__init__(sentence)
        self.after, self.ends = after, ends


class Pusher:
    """Sends what receivers do not have yet, each in its own order."""

    def __init__(self, deps: Deps, lead: Lead) -> None:
        self._deps = deps
        self.rounds = Rounds("webhooks", deps.settings.otherwise_heartbeat, lead, self.push, lambda: None)

    def push(self) -> bool:
        """Send to everybody who may be sent to now; whether somebody has more to come at once.

        Raises OtherwiseError when nothing can be stored.
        """
        with self._deps.db.reading() as session:
            due = kept.due(session, datetime.now(UTC))
        more = [self._push(name) for name in due if not self.rounds.stopping.is_set()]
        return any(more)

    def _push(self, name: str) -> bool:
        """Send to one for its turn; whether there is more."""
        for _ in range(TURN):
            with self._deps.db.reading() as session:
                row = kept.by_name(session, name)
            if row is None or self.rounds.stopping.is_set():
                return False
            try:
                if not self._next(row):
                    return False
            except Undelivered as failure:
                self._failed(row, failure)
                return False
            except SwitchedOff as failure:
                self._note(row, trouble=str(failure), not_before=datetime.now(UTC) + timedelta(minutes=10))
                return False
            except OtherwiseError:
                raise
            except Exception as failure:  # noqa: BLE001  # one odd receiver must not stop the others
                log.error("webhook.failed", webhook=row.id, trace=frames(failure))
                self._failed(row, Undelivered("It could not be sent; the log says where."))
                return False
        return True

    def _next(self, row: Row[Any]) -> bool:
        """Send one message; whether there was one, and it counts."""
        at = self._deps.clock.moment()
        with self._deps.db.reading() as session:
            page = webhooks.next_lines(session, row, self._deps.draw, at)
        if not page.lines:
            if row.ahead:
                self._note(row, ahead="")  # nothing is left of what was tried
            return bool(row.ahead)
        ahead = page.cursor.text()
        identity = identity_of(row.id, row.cursor, ahead)
        if row.ahead != ahead:
            # Where it ends is kept before it is tried: tried again, it is the same message with the same id.
            self._deps.db.write(lambda s: kept.change(s, row.name, ahead=ahead), key=f"webhook:{row.name}")
        if page.read and row.told != identity:
            self._deps.db.write(lambda s: webhooks.tell(s, row, page, identity, at), key="export")
        body = body_of("export.lines", at.real, {"lines": page.lines, "cursor": ahead})
        deliver(self._deps.settings, row, identity, body)
        moved = self._deps.db.write(lambda s: kept.move(s, row, ahead, at.real), key=f"webhook:{row.name}")
        self._deps.metrics.job("webhooks", good=True)
        log.info("webhook.sent", webhook=row.id, message=identity, lines=len(page.lines))
        return moved and page.more

    def _failed(self, row: Row[Any], failure: Undelivered) -> None:
        failures = row.failures + 1
        wait = None if failure.ends else wait_after(failures)
        self._deps.metrics.job("webhooks", good=False)
        log.warning("webhook.held", webhook=row.id, failures=failures, stopped=wait is None)
        if wait is None:
            self._note(row, failures=failures, trouble=str(failure), stopped=True)
            return
        after = max(wait, timedelta(seconds=failure.after))
        self._note(row, failures=failures, trouble=str(failure), not_before=datetime.now(UTC) + after)

    def _note(self, row: Row[Any], **values: Any) -> None:
        self._deps.db.write(lambda s: kept.change(s, row.name, **values), key=f"webhook:{row.name}")


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
