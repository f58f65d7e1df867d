"""Replicas of one PostgreSQL database share the work, by procrastinate: whoever leads decides what is to be done now
and queues it, and whoever is free does it. The jobs name what to do; what there is to do stands in our own tables.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, AppNotOpen, ConnectorException
from procrastinate.jobs import Job, Status
from sqlmodel import Session

from bot.carrier import Carrier, Letter
from bot.deps import Deps
from bot.domain.errors import OtherwiseError
from bot.log import frames
from storage import outbox, replicas

log = structlog.get_logger()
QUEUE = "otherwise"
# Letters at once (SENDERS), and room beside them for what comes round.
CONCURRENCY = 48
LETTERS_FIRST = 10
# A claim holds for as long; a letter is begun only while longer than the client waits for Slack is left of it.
LEASE = timedelta(seconds=25)
SPARE = 10.0
# How often a replica says that it is alive and looks after the others, and when one that did not say so is dead.
EVERY = 5.0
DEAD_AFTER = 15.0
AGAIN = 1.0
GRACE = 8.0


class Worker:
    """This replica's share: its worker, and what is queued for whichever replica is free."""

    def __init__(self, deps: Deps, carrier: Carrier) -> None:
        self._deps, self._carrier = deps, carrier
        self.lease, self.every, self.many = LEASE, EVERY, 1
        address = deps.db.url.set(drivername="postgresql").render_as_string(hide_password=False)
        # Two of them: on an open asynchronous connector a synchronous call takes the asynchronous way.
        self._queue = App(connector=SyncPsycopgConnector(conninfo=address, min_size=1, max_size=1, timeout=5.0))
        self._app = App(connector=PsycopgConnector(conninfo=address, min_size=1, max_size=4))
        self._app.task(name="letter")(self._letter)
        self._stopping, self._loop = threading.Event(), asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def start(self, jobs: dict[str, Callable[[], object]], poll: Callable[[str], bool]) -> None:
        """Begin to work. `jobs` by name, `poll` with a CRM's name; what returns true has more to do at once."""

        def job(name: str) -> None:
            self._do("job", name, jobs[name])

        def crm(name: str) -> None:
            self._do("crm", name, partial(poll, name))

        self._app.task(name="job")(job)
        self._app.task(name="crm")(crm)
        self._queue.open()
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more, and let what is under way finish."""
        self._stopping.set()
        with suppress(RuntimeError):  # the loop has ended by itself
            self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(GRACE + 2)

    def close(self) -> None:
        """Queue nothing more."""
        self._queue.close()

    def defer(self, task: str, name: str) -> bool:
        """Queue a job unless it waits already; False, as for work of which nothing is left here."""
        once = f"{task}:{name}"
        try:
            with suppress(AlreadyEnqueued):
                self._queue.configure_task(task, queue=QUEUE, lock=once, queueing_lock=once).defer(name=name)
        except (ConnectorException, AppNotOpen) as failure:
            log.warning("job.waits", job=name, error=type(failure).__name__)
        return False

    def take(self, session: Session, letters: list[Letter]) -> None:
        """Queue claimed letters, in the transaction that claims them; a lane's one after the other."""
        jobs = [
            Job(
                queue=QUEUE,
                task_name="letter",
                priority=LETTERS_FIRST,
                lock=f"lane:{letter['lane']}",
                queueing_lock=None,
                task_kwargs={"letter": letter["id"], "claim": letter["claim"]},
            )
            for letter in letters
        ]
        if jobs:
            connection = session.connection().connection.driver_connection
            self._queue.job_manager.batch_defer_jobs(jobs, connection=connection)

    def withdraw(self) -> None:
        """Give back letters that nobody has begun, so that whoever leads next need not wait for their claims' end."""
        with suppress(ConnectorException):  # the claims end by themselves
            for job in self._queue.job_manager.list_jobs(queue=QUEUE, task="letter", status=Status.TODO.value):
                if job.id and self._queue.job_manager.cancel_job_by_id(job.id, delete_job=True):
                    self._put_back(int(str(job.task_kwargs["letter"])), str(job.task_kwargs["claim"]))

    def _put_back(self, letter: int, claim: str) -> None:
        def work(session: Session) -> None:
            found = replicas.claimed(session, letter, claim)
            if found is not None:
                outbox.put_back(session, found, claim)

        with suppress(OtherwiseError):
            self._carrier.write(work)

    def _letter(self, letter: int, claim: str) -> None:
        began = time.monotonic()
        try:
            with self._deps.db.reading() as session:
                found = replicas.claimed(session, letter, claim)
            if found is not None:
                end = began + (found["lease_until"] - datetime.now(UTC)).total_seconds() - SPARE
                self._carrier.carry(found, lambda: in_time(end))
        except Exception as failure:  # noqa: BLE001  # its claim ends, and it is looked at again
            log.error("letter.failed", letter=letter, trace=frames(failure))

    def _do(self, task: str, name: str, work: Callable[[], object]) -> None:
        try:
            if work() and not self._stopping.is_set():
                self.defer(task, name)
        except OtherwiseError as failure:
            log.warning("job.waits", job=name, error=type(failure).__name__)
        except Exception as failure:  # noqa: BLE001  # it comes round again
            log.error("job.failed", job=name, trace=frames(failure))

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        # Ours to wait for: the loop's own pool has a thread or two a core.
        with ThreadPoolExecutor(CONCURRENCY, thread_name_prefix="worker") as pool:
            self._loop.set_default_executor(pool)
            self._loop.run_until_complete(self._work())
        self._loop.close()

    async def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                async with self._app.open_async():
                    await self._work_while_it_holds()
            except Exception as failure:  # noqa: BLE001  # the database is away, or took this one for dead
                log.warning("worker.away", trace=frames(failure))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._end.wait(), AGAIN)

    async def _work_while_it_holds(self) -> None:
        """Work until the end, or until something fails."""
        work = asyncio.create_task(
            self._app.run_worker_async(
                queues=[QUEUE],
                concurrency=CONCURRENCY,
                install_signal_handlers=False,
                delete_jobs="always",
                shutdown_graceful_timeout=GRACE,
                update_heartbeat_interval=self.every,
                stalled_worker_timeout=DEAD_AFTER,
            )
        )
        parts = [work, asyncio.create_task(self._look_after_others()), asyncio.create_task(self._end.wait())]
        await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        for one in parts:
            one.cancel()
        for ended in await asyncio.gather(*parts, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended

    async def _look_after_others(self) -> None:
        """Drop what a dead replica had begun: its letters' claims end, and the rest comes round again."""
        query: Any = "SELECT count(*) AS many FROM procrastinate_workers WHERE last_heartbeat > now() - %(limit)s"
        while True:
            row = await self._app.connector.execute_query_one_async(query, limit=timedelta(seconds=DEAD_AFTER))
            self.many = max(1, row["many"])
            for job in await self._app.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER):
                with suppress(ConnectorException):  # another was quicker
                    await self._app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
                    log.warning("job.dropped", job=job.task_name)
            await asyncio.sleep(self.every)


def in_time(end: float) -> bool:
    """Whether a claim holds for long enough to begin: later the letter may be another's already."""
    return time.monotonic() < end
