"""Asking a CRM over HTTP: JSON in and out, and every way of failing as either Refused or Later."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx
from pydantic_core import from_json

from bot.connectors.contract import Forbidden, Later, NotThere, Refused

BODY_LIMIT = 32 * 1024 * 1024
WAIT, WHOLE = 10.0, 60.0
_CODE = re.compile(rb'"(?:errorCode|category)"\s*:\s*"([A-Z_]{3,40})"')


class Web:
    """A CRM's address. `headers` gives the headers that identify us; `renew` gets a fresh token, once a refusal."""

    def __init__(
        self, title: str, base: str, headers: Callable[[], dict[str, str]], renew: Callable[[], None] | None = None
    ) -> None:
        self._title, self.base = title, checked_address(base)
        self._headers, self._renew = headers, renew
        self._client = httpx.Client(timeout=WAIT)
        self._date: datetime | None = None

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def clock(self) -> datetime:
        """What time it is there, as its last answer said; here, where it does not say."""
        return self._date or datetime.now(UTC)

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """The parsed answer; `path` is below the base, or a whole address at the same place."""
        address = self._address(path)
        status, headers, body = self._whole(method, address, more)
        if status == 401 and self._renew is not None:
            self._renew()
            status, headers, body = self._whole(method, address, more)
        if 200 <= status < 300:
            return self._parsed(body) if body.strip() else None
        raise self._failure(status, headers, body)

    def _address(self, path: str) -> str:
        if not path.startswith(("http://", "https://")):
            return self.base + path
        # Our token goes to the place that was named, wherever an answer points.
        if urlsplit(path)[:2] != urlsplit(self.base)[:2]:
            raise Refused(f"{self._title} points to another address for its next page; that is not followed.")
        return path

    def _whole(self, method: str, address: str, more: dict[str, Any]) -> tuple[int, httpx.Headers, bytes]:
        began, chunks, size = time.monotonic(), [], 0
        try:
            with self._client.stream(method, address, headers=self._headers(), **more) as answer:
                for chunk in answer.iter_bytes():
                    size += len(chunk)
                    if size > BODY_LIMIT:
                        raise Refused(f"{self._title} answered with more than {BODY_LIMIT // 2**20} MB at once.")
                    if time.monotonic() - began > WHOLE:
                        raise Later(f"{self._title} answers too slowly.", 60)
                    chunks.append(chunk)
                self._date = _date(answer.headers) or self._date
                return answer.status_code, answer.headers, b"".join(chunks)
        except httpx.InvalidURL:
            raise Refused(f"{self._title}: that is not an address.") from None
        except httpx.ConnectError:
            raise Later(f"Nothing answers at {urlsplit(address).netloc}.", 60) from None
        except httpx.TimeoutException:
            raise Later(f"{self._title} did not answer in time.", 60) from None
        except (httpx.HTTPError, httpx.StreamError):
            raise Later(f"{self._title} broke off its answer.", 30) from None

    def _parsed(self, body: bytes) -> Any:
        try:
            return from_json(body, allow_inf_nan=False)
        except (ValueError, RecursionError):
            raise Later(f"{self._title} answered with something that is not JSON.", 60) from None

    def _failure(self, status: int, headers: httpx.Headers, body: bytes) -> Refused | Later:
        if status == 429:
            return Later(f"{self._title} asks us to slow down.", _seconds(headers, 10))
        if status >= 500 or status == 408:
            return Later(f"{self._title} has trouble of its own ({status}).", _seconds(headers, 60))
        if status == 403 and b"REQUEST_LIMIT_EXCEEDED" in body:
            return Later(f"{self._title} has no calls left for today.", 900)
        if status == 401:
            return Refused(f"{self._title} does not accept the token. Make a new one there and put it in .env.")
        if status == 403:
            return Forbidden(f"{self._title} accepts the token but not this request: it lacks a permission.")
        if status == 404:
            return NotThere(f"{self._title} has nothing at this place (404).")
        return Refused(f"{self._title} refused the request ({status}{_code(body)}).")


def checked_address(address: str) -> str:
    """The address without its last slash. Raises Refused unless it is https, or on this machine."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused(f"{address[:80]!r} is not an address such as https://example.com.")
    if parts.scheme == "http" and not _here(parts.hostname):
        raise Refused("A token is only sent over https.")
    return address.rstrip("/")


def _here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _code(body: bytes) -> str:
    """The service's own word for what is wrong, where it has one; nothing of what was asked."""
    found = _CODE.search(body[:2000])
    return f", {found.group(1).decode()}" if found else ""


def _seconds(headers: httpx.Headers, otherwise: float) -> float:
    """Retry-After in seconds, whether it gives them or a date."""
    value = headers.get("Retry-After", "")
    if value.isdigit():
        return float(value)
    try:
        there = _date(headers) or datetime.now(UTC)
        return (parsedate_to_datetime(value) - there).total_seconds()
    except (ValueError, TypeError):
        return otherwise


def _date(headers: httpx.Headers) -> datetime | None:
    try:
        return parsedate_to_datetime(headers.get("Date", "")).astimezone(UTC)
    except (ValueError, TypeError):
        return None
