"""The composition root: builds everything from the settings, starts it in order, stops it in reverse."""

import logging
import socket
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

import structlog
import uvicorn
from apscheduler.schedulers.background import BackgroundScheduler
from fastapi import FastAPI
from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from sqlalchemy.exc import DBAPIError

from bot import jobs
from bot.carrier import Carrier
from bot.deps import Deps
from bot.domain.clock import clock_from
from bot.domain.errors import SettingsError
from bot.http_mode import Watch
from bot.lead import Lead
from bot.log import frames
from bot.polling import Poller
from bot.pushing import Pusher
from bot.sender import Sender
from bot.settings import Settings
from bot.slack_check import Identity, identify
from bot.socket_mode import CONCURRENCY, Connection
from handlers import register
from handlers.intake import http_app
from handlers.slack_http import add_slack
from storage.database import Database
from storage.lock import holding
from storage.migrate import is_current, upgrade

log = structlog.get_logger()
LISTENER_CLIENT_SECONDS = 2
OUTBOX_CLIENT_SECONDS = 10
# Scheduled work: at each heartbeat, and after so many seconds.
OFTEN: dict[str, Callable[[Deps], None]] = {
    "digests": jobs.queue_digests,
    "assign": jobs.assign_unowned,
    "reps": jobs.look_after_reps,
    "sample": jobs.look_after_sample,
}
SELDOM: dict[str, Callable[[Deps], None]] = {
    "give back": jobs.give_back,
    "drift": jobs.look_for_drift,
    "tidy": jobs.tidy,
}
EVERY = {"give back": 600.0, "drift": 21_600.0, "tidy": 600.0}


def build_deps(settings: Settings) -> Deps:
    """The bundle that everything is given."""
    token = settings.slack_bot_token.get_secret_value()
    # Retries are the outbox's own: the library's would repost a message whose answer was lost.
    slack = WebClient(token, base_url=settings.slack_api_url, timeout=OUTBOX_CLIENT_SECONDS, retry_handlers=[])
    clock = clock_from(settings.otherwise_clock_file)
    return Deps(Database(settings.database_url), slack, clock, settings, settings.draw())


def build_bolt(deps: Deps, identity: Identity) -> App:
    """The Bolt app with its listeners. An ack leaves when the listener returns, so it speaks of what is stored."""
    token = deps.settings.slack_bot_token.get_secret_value()
    client = WebClient(base_url=deps.settings.slack_api_url, timeout=LISTENER_CLIENT_SECONDS, retry_handlers=[])
    known = AuthorizeResult(
        enterprise_id=None,
        team_id=identity.team_id,
        bot_token=token,
        bot_id=identity.bot_id,
        bot_user_id=identity.user_id,
    )
    app = App(
        client=client,
        # Asked once at the start: no call to Slack stands between a click and its answer.
        authorize=lambda **_: known,
        process_before_response=True,
        raise_error_for_unhandled_request=True,
        request_verification_enabled=False,  # done before: by the connection, or on the raw request
        ignoring_self_events_enabled=False,
        url_verification_enabled=deps.settings.http_mode,
        ssl_check_enabled=False,
        listener_executor=ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="listener"),
        logger=logging.getLogger("slack_bolt.app"),
    )
    register(app, deps)
    return app


class Running:
    """A started bot. `port` is where the intake listens."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.port = 0
        self._undo = ExitStack()

    def start(self) -> "Running":
        """Start in order; whatever fails stops the start with one sentence and leaves nothing behind."""
        try:
            self._start()
        except DBAPIError as failure:
            self._undo.close()
            log.error("start.failed", trace=frames(failure))
            raise SettingsError(
                "The database that DATABASE_URL names does not answer. Is its server running? "
                "`otherwise check` tells more."
            ) from None
        except BaseException:
            self._undo.close()
            raise
        return self

    def stop(self) -> None:
        """Stop in reverse: the intake and the envelopes first, the database last."""
        log.info("stopping")
        try:
            self._undo.close()
        except Exception as failure:  # noqa: BLE001  # all the rest was stopped; that one thing was not is in the log
            log.error("stop.failed", trace=frames(failure))
        log.info("stopped")

    def _start(self) -> None:
        self._undo.enter_context(holding(self.settings.database_url))
        if not is_current(self.settings.database_url):
            upgrade(self.settings.database_url)
            log.info("database.migrated")
        self.deps = build_deps(self.settings)
        self._undo.callback(self.deps.db.close)
        identity = identify(self.deps.slack, self.settings)
        if self.deps.clock.shiftable:
            log.warning("clock.rehearsal", offset_seconds=self.deps.clock.offset())
        self.lead = Lead(self.deps.db, uuid.uuid4().hex)
        self.lead.start()
        self._undo.callback(self.lead.stop)
        self._start_work(Carrier(self.deps, identity.scopes))
        bolt = build_bolt(self.deps, identity)
        secret = self.settings.slack_signing_secret.get_secret_value()
        self.connection: Connection | Watch
        if self.settings.http_mode:
            self.connection = Watch(self.deps.slack, every=self.settings.otherwise_heartbeat / 2)
        else:
            self.connection = Connection(bolt, self.settings.slack_app_token.get_secret_value())
        self.connection.start()
        self._undo.callback(self.connection.stop)
        app = http_app(self.deps, self.ready)
        if self.settings.http_mode:
            add_slack(app, bolt, secret)
        self._serve(app)
        log.info("started", port=self.port, sqlite=self.deps.db.sqlite)

    def _start_work(self, carrier: Carrier) -> None:
        """What goes on by itself: letters, scheduled work, CRMs, webhooks. On SQLite here; among replicas, shared."""
        self.worker = worker = None
        if not self.deps.db.sqlite:
            # They bring PostgreSQL's driver, and the queue on it.
            from bot.worker import Worker
            from storage.notify import Listening

            self.worker = worker = Worker(self.deps, carrier)
            listening = Listening(self.deps.db.url, self.deps.db.letters)
            listening.start()
            self._undo.callback(listening.stop)
        poller = Poller(self.deps, self.lead, partial(worker.defer, "crm") if worker else None)
        pusher = Pusher(self.deps, self.lead, partial(worker.defer, "job", "webhooks") if worker else None)
        if worker is not None:
            scheduled = {name: partial(job, self.deps) for name, job in (OFTEN | SELDOM).items()}
            worker.start({**scheduled, "webhooks": pusher.push}, poller.turn)
            self._undo.callback(worker.close)
            self._undo.callback(poller.close)
            self._undo.callback(worker.stop)
        self.sender = Sender(self.deps, self.lead, carrier, worker)
        self.sender.start()
        self._undo.callback(self.sender.stop)
        self._undo.callback(self._heartbeat(partial(worker.defer, "job") if worker else None).shutdown, wait=True)
        for rounds in (poller.rounds, pusher.rounds):
            rounds.start()
            self._undo.callback(rounds.stop)

    def _heartbeat(self, share: Callable[[str], object] | None) -> BackgroundScheduler:
        scheduler = BackgroundScheduler(timezone="UTC")

        def led(name: str, job: Callable[[Deps], None]) -> Callable[[], object]:
            # They are harmless when done twice; that every replica draws the same digest would still be a waste.
            work = partial(job, self.deps) if share is None else partial(share, name)
            return lambda: work() if self.lead.ours() else None

        seconds = dict.fromkeys(OFTEN, self.settings.otherwise_heartbeat) | EVERY
        for name, job in (OFTEN | SELDOM).items():
            scheduler.add_job(led(name, job), "interval", seconds=seconds[name], max_instances=1, coalesce=True)
        scheduler.start()
        return scheduler

    def _serve(self, app: FastAPI) -> None:
        host, port = self.settings.otherwise_http_host, self.settings.otherwise_http_port
        # The protocol is named: asyncio turns Nagle's algorithm off only then, and an answer would wait 40 ms for it.
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, port))
            listening.listen(512)
        except OSError:
            listening.close()
            raise SettingsError(
                f"Port {port} on {host} is taken or not ours. Choose another with OTHERWISE_HTTP_PORT."
            ) from None
        self.port = listening.getsockname()[1]
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), name="intake", daemon=True)
        thread.start()

        def close() -> None:
            server.should_exit = True
            thread.join(10)
            listening.close()

        self._undo.callback(close)

    def ready(self) -> dict[str, Any]:
        """What `/readyz` says."""
        database, slack = self.deps.db.works(), self.connection.is_up()
        state: dict[str, Any] = {"ok": database and slack, "database": database, "slack": slack}
        if self.deps.clock.shiftable:
            state["clock_offset_seconds"] = self.deps.clock.offset()
        return state

    def wait_until_connected(self, seconds: float) -> bool:
        """Whether the connection to Slack came up within `seconds`."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.connection.is_up():
                return True
            threading.Event().wait(0.02)
        return False
