"""Replicas of one PostgreSQL database share the work, by procrastinate: whoever leads decides what is to be done now
and queues it, and whoever is free does it. The jobs name what to do; what there is to do stands in our own tables.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog
from procrastinate import App, JobContext, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, AppNotOpen, ConnectorException
from procrastinate.jobs import Job, Status
from sqlmodel import Session

from bot.carrier import Carrier, Letter
from bot.deps import Deps
from bot.domain.errors import OtherwiseError
from bot.domain.retry import SETTLE
from bot.log import frames
from storage import outbox, replicas
from storage.database import Database, noticing, options_of

log = structlog.get_logger()
QUEUE = "otherwise"
# Letters at once (SENDERS), and room beside them for what comes round.
CONCURRENCY = 48
LETTERS_FIRST = 10
# A claim holds for as long. A letter is begun only while more of it is left than its calls to Slack take, one after
# another: a question whether it is there, a message, and once more without what the workspace does not know.
LEASE = timedelta(seconds=60)
SPARE = 35.0
# How often a replica says that it is alive and looks after the others, and when one that did not say so is dead.
EVERY = 5.0
DEAD_AFTER = 15.0
# A job that waits for another's lock is looked for as often.
LOOK = 0.5
AGAIN = 1.0
# For how long work that comes round has its turn, how long it is waited for at the end, and letters after it.
TURN = 30.0
PATIENCE = 3.0
GRACE = 8.0
# What procrastinate's worker needs beside it, by the names that it gives them.
SIDES = {"listener", "update_heartbeats"}


class Worker:
    """This replica's share: its worker, and what is queued for whichever replica is free."""

    def __init__(self, deps: Deps, carrier: Carrier) -> None:
        self._deps, self._carrier = deps, carrier
        self.lease, self.every, self.many = LEASE, EVERY, 1
        address = deps.db.url.set(drivername="postgresql").render_as_string(hide_password=False)
        opened = {"options": options_of(deps.db.url)} | noticing(deps.db.url)
        # Two of them: on an open asynchronous connector a synchronous call takes the asynchronous way.
        sync = SyncPsycopgConnector(conninfo=address, kwargs=opened, min_size=1, max_size=1, timeout=5.0)
        self._queue = App(connector=sync)
        self._app = App(connector=PsycopgConnector(conninfo=address, kwargs=opened, min_size=1, max_size=4))
        self._app.task(name="letter", pass_context=True)(self._letter)
        # Jobs that run here, and those that should and do not; the numbers that this process worked under.
        self._running: set[int] = set()
        self._lost: set[int] = set()
        self._ids: set[int] = set()
        self._slow: set[threading.Event] = set()
        self._stopping, self._loop = threading.Event(), asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="worker", daemon=True)

    def start(self, jobs: dict[str, Callable[[], object]], poll: Callable[[str], bool]) -> None:
        """Begin to work. `jobs` by name, `poll` with a CRM's name; what returns true has more to do at once."""

        def job(context: JobContext, name: str) -> None:
            with self._noted(context):
                self._do("job", name, jobs[name])

        def crm(context: JobContext, name: str) -> None:
            with self._noted(context):
                self._do("crm", name, partial(poll, name))

        self._app.task(name="job", pass_context=True)(job)
        self._app.task(name="crm", pass_context=True)(crm)
        self._queue.open()
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing more, and let what is under way finish: letters, and for a little what comes round, which is
        stored together with its place or not at all.
        """
        self._stopping.set()
        with suppress(RuntimeError):  # the loop has ended by itself
            self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(PATIENCE)
        for ended in list(self._slow):
            ended.set()
        self._thread.join(GRACE - PATIENCE + 1)

    def close(self) -> None:
        """Queue nothing more."""
        self._queue.close()

    def defer(self, task: str, name: str) -> bool:
        """Queue a job unless it waits already; False, as for work of which nothing is left here."""
        once = f"{task}:{name}"
        try:
            # It reads which one from the server's sentence, and trips over one that is not in English.
            with suppress(AlreadyEnqueued, AssertionError):
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

    @contextmanager
    def _noted(self, context: JobContext) -> Iterator[None]:
        """Note that a job runs here."""
        number = context.job.id or 0
        self._ids.add(context.job.worker_id or 0)
        self._running.add(number)
        try:
            yield
        finally:
            self._running.discard(number)

    def _letter(self, context: JobContext, letter: int, claim: str) -> None:
        end = time.monotonic() + LEASE.total_seconds() - SPARE
        with self._noted(context):
            try:
                found = self._claimed(letter, claim, end)
                if found is not None:
                    # By the clock of whoever claimed it.
                    left = (found["lease_until"] - datetime.now(UTC)).total_seconds() - SPARE
                    end = min(end, time.monotonic() + left)
                    self._carrier.carry(found, lambda: may_begin(self._deps.db, letter, claim, end))
            except Exception as failure:  # noqa: BLE001  # its claim ends, and it is looked at again
                log.error("letter.failed", letter=letter, trace=frames(failure))

    def _claimed(self, letter: int, claim: str, end: float) -> Letter | None:
        while True:
            try:
                with self._deps.db.reading() as session:
                    return replicas.claimed(session, letter, claim)
            except OtherwiseError:
                if time.monotonic() > end or self._stopping.wait(AGAIN):
                    return None

    def _do(self, task: str, name: str, work: Callable[[], object]) -> None:
        """Work for a turn, on a thread that the end of the process does not wait for."""
        ended = threading.Event()

        def turn() -> None:
            try:
                end, more = time.monotonic() + TURN, True
                while more and not self._stopping.is_set() and time.monotonic() < end:
                    more = bool(work())
                if more and not self._stopping.is_set():
                    self.defer(task, name)
            except OtherwiseError as failure:
                log.warning("job.waits", job=name, error=type(failure).__name__)
            except Exception as failure:  # noqa: BLE001  # it comes round again
                log.error("job.failed", job=name, trace=frames(failure))
            finally:
                ended.set()

        self._slow.add(ended)
        threading.Thread(target=turn, name=name, daemon=True).start()
        ended.wait()
        self._slow.discard(ended)

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
                fetch_job_polling_interval=LOOK,
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
        """Drop what a dead replica had begun: its letters are anybody's, and the rest comes round again."""
        query: Any = "SELECT count(*) AS many FROM procrastinate_workers WHERE last_heartbeat > now() - %(limit)s"
        listens = False
        while True:
            row = await self._app.connector.execute_query_one_async(query, limit=timedelta(seconds=DEAD_AFTER))
            self.many = max(1, row["many"])
            manager = self._app.job_manager
            stalled = list(await manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER))
            doing = await manager.list_jobs_async(queue=QUEUE, status=Status.DOING.value)
            for job in [*stalled, *self._ended_unnoticed(list(doing))]:
                await self._drop(job)
            await asyncio.sleep(self.every)
            listened, listens = listens, {task.get_name() for task in asyncio.all_tasks()} >= SIDES
            if listened and not listens:
                # It does not notice, and would go on deaf, or be taken for dead.
                raise ConnectionError("the worker lost what it listens with")

    def _ended_unnoticed(self, doing: list[Job]) -> list[Job]:
        """Jobs of this replica that the queue holds to be under way, and that were not at the last look either: they
        ended while it could not be written down, and their locks would hold for good.
        """
        mine = {job.id: job for job in doing if job.id and job.worker_id in self._ids and job.id not in self._running}
        lost, self._lost = self._lost & set(mine), set(mine)
        return [mine[number] for number in lost]

    async def _drop(self, job: Job) -> None:
        try:
            await self._app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
        except ConnectorException:
            return  # another was quicker
        log.warning("job.dropped", job=job.task_name)
        if job.task_name == "letter":
            letter, claim = int(str(job.task_kwargs["letter"])), str(job.task_kwargs["claim"])
            next_at = datetime.now(UTC) + (SETTLE if self._carrier.can_read_history else timedelta())
            take = partial(replicas.take_back, letter=letter, claim=claim, next_at=next_at)
            if await asyncio.to_thread(self._carrier.write, take):
                log.warning("letter.taken_back", letter=letter, kind="")


def may_begin(db: Database, letter: int, claim: str, end: float) -> bool:
    """Whether a letter is still ours, and for long enough: later it may be another's already."""
    if time.monotonic() > end:
        return False
    try:
        with db.reading() as session:
            return replicas.claimed(session, letter, claim) is not None
    except OtherwiseError:
        return False
