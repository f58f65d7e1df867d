"""What a monitor is told: whether work gets done. Nothing in it moves because somebody answered a lead.

Scraped each minute, a count of answers, edits, clicks or stored rows would name whoever has just pressed. So letters
are counted only where they bring something new (posts and threads), and calls that follow a click not at all.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlmodel import Session

from bot import digests
from bot.domain.clock import Moment
from bot.domain.errors import OtherwiseError
from storage import outbox, workspace
from storage import waiting as kept_waiting

# What says something new by itself; the rest follows an answer or a click, or, as a thread's line, that there was none.
COUNTED = ("post",)
Reading = Callable[[], AbstractContextManager[Session]]
PROC = Path("/proc/self")
STATES = ("pending", "sending", "uncertain", "dead")


class Metrics:
    """One process's counts, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._items = Counter(
            "otherwise_intake_items", "Items taken in, by result.", ["kind", "result"], registry=self._registry
        )
        self._refused = Counter(
            "otherwise_intake_refused", "Requests refused whole, by status.", ["status"], registry=self._registry
        )
        self._seconds = Histogram(
            "otherwise_intake_seconds", "Seconds until an intake request was answered.", registry=self._registry
        )
        self._sent = Counter(
            "otherwise_messages", "New messages given to Slack, by how it ended.", ["end"], registry=self._registry
        )
        self._jobs = Gauge(
            "otherwise_job_done_timestamp_seconds", "When a job last ended well.", ["job"], registry=self._registry
        )
        self._failed = Counter("otherwise_job_failures", "Jobs that failed.", ["job"], registry=self._registry)

    def took(self, kind: str, result: str) -> None:
        """An item (`lead` or `outcome`) and what became of it."""
        self._items.labels(kind, result).inc()

    def refused(self, status: int) -> None:
        """A request was refused as a whole."""
        self._refused.labels(str(status)).inc()

    def answered(self, seconds: float) -> None:
        """An intake request was answered."""
        self._seconds.observe(seconds)

    def sent(self, kind: str, end: str) -> None:
        """Slack's answer to a letter of this kind; only what is news is counted."""
        if kind in COUNTED:
            self._sent.labels(end).inc()

    def job(self, name: str, *, good: bool) -> None:
        """A job has ended."""
        if good:
            self._jobs.labels(name).set_to_current_time()
        else:
            self._failed.labels(name).inc()

    def page(self, now: "Now") -> bytes:
        """Everything in Prometheus' text form."""
        registry = CollectorRegistry()
        registry.register(now)
        return generate_latest(self._registry) + generate_latest(registry)


class Now:
    """What is so at this moment: read from the database and the process when somebody asks."""

    def __init__(self, reading: Reading, at: Moment, ready: dict[str, object]) -> None:
        self._reading, self._at, self._ready = reading, at, ready

    def collect(self) -> Iterator[Metric]:
        """As prometheus_client asks for it."""
        up = GaugeMetricFamily("otherwise_up", "Whether a part answers: 1 or 0.", labels=["part"])
        for part in ("database", "slack"):
            up.add_metric([part], float(bool(self._ready[part])))
        yield up
        yield from _process()
        try:
            yield from self._stored()
        except OtherwiseError:
            # The database is away, which `up` has said.
            return

    def _stored(self) -> Iterator[Metric]:
        with self._reading() as session:
            standing, oldest = outbox.standing(session), outbox.oldest_open(session)
            overdue = digests.overdue(session, self._at.now)
            rows = kept_waiting.waiting_owners(session)
            paused = workspace.read(session).paused
        letters = GaugeMetricFamily("otherwise_letters", "New messages not yet sent, by state.", labels=["state"])
        for state in STATES:
            letters.add_metric([state], standing.get(state, 0))
        yield letters
        age = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        yield _one("otherwise_oldest_letter_seconds", "Age of the oldest new message not yet sent.", max(0.0, age))
        yield _one("otherwise_digests_overdue", "Digests that are due and not queued.", overdue)
        leads = GaugeMetricFamily("otherwise_leads_waiting", "Leads that wait, by what for.", labels=["reason"])
        for reason in sorted({row.waiting for row in rows}):
            leads.add_metric([reason], sum(row.many for row in rows if row.waiting == reason))
        yield leads
        yield _one("otherwise_paused", "Whether an admin has paused the bot.", float(paused))
        yield _one("otherwise_clock_offset_seconds", "How far a rehearsal has shifted the clock.", self._offset())

    def _offset(self) -> float:
        return (self._at.now - self._at.real).total_seconds()


def _process() -> Iterator[Metric]:
    if PROC.exists():  # Linux; elsewhere these two are left out
        pages = int((PROC / "statm").read_text().split()[1])
        yield _one("otherwise_memory_bytes", "Resident memory.", pages * os.sysconf("SC_PAGE_SIZE"))
        yield _one("otherwise_open_files", "Open files and connections.", len(os.listdir(PROC / "fd")))
    yield _one("otherwise_threads", "Threads.", threading.active_count())


def _one(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=value)
