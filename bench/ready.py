"""Waiting for a process that has just been started; by the bare means of Python, as a start is measured with it."""

import time
from urllib.error import HTTPError
from urllib.request import urlopen


def until_answers(url: str, *, ok: bool = False, seconds: float = 30) -> None:
    """Until `url` answers, or, with `ok`, answers with a 200. Raises AssertionError after `seconds`.

    It is another process, perhaps dead: its door is all there is to ask, so this asks again and again.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with urlopen(url, timeout=10):  # noqa: S310  # a port of ours
                return
        except HTTPError:
            if not ok:
                return
        except OSError:
            pass
        time.sleep(0.01)
    raise AssertionError(f"{url} did not answer")
