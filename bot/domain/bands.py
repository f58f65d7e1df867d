"""Bands of priors, and the tool's own record within one (STATISTICS, ground rules and §2)."""

from dataclasses import dataclass
from math import sqrt

EDGES = (0.05, 0.15, 0.30, 0.50)
LABELS = ("0–5", "5–15", "15–30", "30–50", "50–100")
POINTS_WIDTH = 20
POINTS_OFFSET = 100
RECORD_LIMIT = 300
RECORD_DAYS = 365
THIN = 30
POINTS_NEED = 200
HARD_BELOW = 0.15
Z95 = 1.959963984540054


def band_of(probability: float | None, points: float | None = None) -> int:
    """The band's number: 0–4 for a probability (lower edge included), from 100 on for points, 20 points wide."""
    if probability is not None:
        return sum(probability >= edge for edge in EDGES)
    return POINTS_OFFSET + int((points or 0.0) // POINTS_WIDTH)


def band_label(band: int) -> str:
    """How a band is written for a person: "5–15" (in 100), or "80–99 points"."""
    if band < POINTS_OFFSET:
        return LABELS[band]
    low = (band - POINTS_OFFSET) * POINTS_WIDTH
    return f"{low}–{low + POINTS_WIDTH - 1} points"


def is_hard(probability: float | None, flagged: bool, below: float = HARD_BELOW) -> bool:
    """Whether a lead counts as hard: a prior under `below`, or flagged before posting (STATISTICS §4)."""
    return flagged or (probability is not None and probability < below)


@dataclass(frozen=True)
class Record:
    """How the tool has done here: `wins` of the last `leads` matured leads in the band, and of all bands beside it."""

    wins: int = 0
    leads: int = 0
    all_wins: int = 0
    all_leads: int = 0

    @property
    def thin(self) -> bool:
        """Too few leads to say a rate."""
        return self.leads < THIN

    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval for the band's share of wins, each end in [0, 1]."""
        return wilson(self.wins, self.leads)

    def contradicts(self, probability: float) -> bool:
        """Whether the record's interval misses the prior, so that the record should lead."""
        low, high = self.interval()
        return not self.thin and not low <= probability <= high


def wilson(wins: int, leads: int) -> tuple[float, float]:
    """Wilson score interval at 95 % for `wins` out of `leads`; (0, 1) for none. Source: Wilson 1927, JASA 22."""
    if leads == 0:
        return 0.0, 1.0
    share, z2 = wins / leads, Z95 * Z95
    middle = share + z2 / (2 * leads)
    spread = Z95 * sqrt(share * (1 - share) / leads + z2 / (4 * leads * leads))
    scale = 1 + z2 / leads
    low = 0.0 if wins == 0 else max(0.0, (middle - spread) / scale)
    high = 1.0 if wins == leads else min(1.0, (middle + spread) / scale)
    return low, high
