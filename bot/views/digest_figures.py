"""All that a digest may use: released counts, evidence, the tool's own record, and what is not counted yet."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.evidence import Conditional
from bot.domain.release import LESS, SMALL_REPS, Cell, Rules, Told


@dataclass(frozen=True)
class HorizonFigures:
    """Released cells of one horizon in days."""

    days: int
    told: Told
    settled_early: int
    data_problems: int
    # Of closed cohorts; none before the first of them.
    evidence: Conditional | None = None

    def shown(self) -> dict[str, Cell]:
        """The cells as far as their wins may be told."""
        return self.told.cells | {LESS: self.told.less}


@dataclass(frozen=True)
class ToolBand:
    """The tool's record in one band: how many of its leads closed in time."""

    line: str
    days: int
    label: str
    wins: int
    leads: int


@dataclass(frozen=True)
class Access:
    """How many hard leads there were, how many reached the pool, the aim in 100, and how often beside all leads.

    `few` says that of the unowned ones fewer reached it than the aim.
    """

    hard: int
    reached: int
    aim: int
    ratio: float | None
    shut_out: float
    few: bool = False


@dataclass(frozen=True)
class Aspects:
    """What is released beside the three groups, block by block: hard leads, cues, reps' own numbers, quotes.

    `hard` has the cells more_hard, neither_hard; `numbers` is how many, and nearer, further or no telling.
    """

    hard: dict[str, Cell] = field(default_factory=dict)
    cues: list[tuple[str, int]] = field(default_factory=list)
    clear_cues: list[str] = field(default_factory=list)
    numbers: tuple[int, str] | None = None
    quotes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Figures:
    """All that a digest may use. `newer` have not matured, `held` have and wait for a larger set; `news` since last."""

    week: int
    zone: str
    late: bool
    due_at: datetime
    small_team: bool
    made_up: bool
    newer: int
    next_matures: datetime | None
    held: int
    news: bool
    landmark_hours: int = 72
    # Her teams, others that these are counted together with, and whether this is a look ahead that tries nothing.
    teams: list[str] = field(default_factory=list)
    joined: list[str] = field(default_factory=list)
    looking: bool = False
    horizons: list[HorizonFigures] = field(default_factory=list)
    bands: list[ToolBand] = field(default_factory=list)
    access: Access | None = None
    week_key: str = ""
    # When the last of the newer ones matures.
    all_matured: datetime | None = None
    aspects: Aspects = field(default_factory=Aspects)
    # Names of the model owners who could be told, and whether to ask for a digest a month while nothing is to tell.
    owners: tuple[str, ...] = ()
    # How many leads and reps a small team's quarter needs.
    small_needs: Rules = field(default_factory=lambda: Rules(reps=SMALL_REPS))
    ask_monthly: bool = False
    # Where the drift alarm has rung within a year: model line, days, when. Told to small teams, who read no answers.
    drift: tuple[tuple[str, int, datetime], ...] = ()
