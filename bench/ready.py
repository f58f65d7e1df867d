"""Waiting for a process that has just been started."""

import time

import httpx


def until_answers(url: str, *, ok: bool = False, seconds: float = 30) -> None:
    """Until `url` answers, or, with `ok`, answers with a 200. Raises AssertionError after `seconds`.

    It is another process, perhaps dead: its door is all there is to ask, so this asks again and again.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if httpx.get(url).status_code == 200 or not ok:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"{url} did not answer")
