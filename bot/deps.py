"""What listeners, routes and jobs are given: one frozen bundle, bound to them at registration."""

from dataclasses import dataclass, field

from slack_sdk import WebClient

from bot.domain.assignment import Draw
from bot.domain.clock import Clock
from bot.metrics import Metrics
from bot.settings import Settings
from storage.database import Database
from storage.stats import TrackRecords


@dataclass(frozen=True)
class Deps:
    """The database, the outbox's Slack client (10 s, no retries), the clock, the settings, where chance comes from."""

    db: Database
    slack: WebClient
    clock: Clock
    settings: Settings
    draw: Draw
    records: TrackRecords = field(default_factory=TrackRecords)
    metrics: Metrics = field(default_factory=Metrics)
