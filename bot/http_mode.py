"""HTTP mode: nothing is held open, so whether Slack is there is asked now and then."""

import threading
import time

import structlog
from slack_sdk import WebClient

from bot.slack_failures import SLACK_FAILURES

log = structlog.get_logger()
# The one address that Slack is given for events, buttons, forms and commands alike.
SLACK_PATH = "/slack/events"


class Watch:
    """Asks Slack whether it knows the bot, each `every` seconds; the counterpart of Socket Mode's connection."""

    def __init__(self, slack: WebClient, every: float) -> None:
        self._slack, self._every = slack, every
        self._good = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="slack-watch", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def is_up(self) -> bool:
        """Whether Slack took the token when it was last asked."""
        return self._good

    def stop(self) -> None:
        """Ask no more."""
        self._stopping.set()
        self._thread.join(self._every)

    def _run(self) -> None:
        while not self._stopping.is_set():
            began = time.monotonic()
            good = self._asked()
            if good is not self._good:
                log.info("slack.connected") if good else log.warning("slack.not_connected")
            self._good = good
            self._stopping.wait(max(0.0, self._every - (time.monotonic() - began)))

    def _asked(self) -> bool:
        try:
            return bool(self._slack.auth_test()["ok"])
        except (*SLACK_FAILURES, ValueError):
            return False
