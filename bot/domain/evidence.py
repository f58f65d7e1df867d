"""Did overrides carry information that the tool lacked? (STATISTICS §1.) Pure functions of numbers, with numpy alone.

Every e-value here may be looked at as often as one likes: under its null it ever reaches 20 with probability at most
1 in 20 (Ville's inequality for a non-negative supermartingale; Howard et al. 2021). Probabilities lie in [0, 1] and are
clipped for computing only. `z` is +1 for *more likely*, −1 for *less likely*, 0 for neither; `y` is 1 for won in time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
CLIP = 0.005
ALARM = 20.0
LEANING = 3.0
# The mixing grid: effects β = .1 … 3.0 on the log-odds scale, weights of a half-normal with scale .7.
BETAS: Numbers = np.arange(1, 31) / 10
WEIGHTS: Numbers = np.exp(-(BETAS**2) / (2 * 0.7**2)) / np.exp(-(BETAS**2) / (2 * 0.7**2)).sum()
# Where an interval for the common odds ratio is looked for; it holds every mixing point and its mirror image.
ODDS_GRID: Numbers = np.arange(-80, 81) / 20
_ZERO = 80
_PLUS: NDArray[np.int64] = _ZERO + 2 * np.arange(1, 31)
_MINUS: NDArray[np.int64] = _ZERO - 2 * np.arange(1, 31)
# The same for a common shift of the tool's log odds.
SHIFT_GRID: Numbers = np.arange(-400, 401) / 100
_MAP_STEPS = 50
# Leads by grid points are held at a time, so a million leads take no more memory than a thousand.
_AT_ONCE = 1000
# Logs of what a float holds with room to spare; it ends at 709.
_LOGS_HELD = 600.0


def logit(p: Numbers) -> Numbers:
    """Log odds of probabilities, clipped to [.005, .995]: a prior of 0 or 1 must not decide everything by itself."""
    clipped = np.clip(p, CLIP, 1 - CLIP)
    return np.log(clipped / (1 - clipped))


def expit(x: Numbers) -> Numbers:
    """Probabilities of log odds."""
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -700, 700))), dtype=np.float64)


def words(e: float) -> str:
    """How an e-value may be said: "clear", "leaning, not settled" or "can't tell yet"."""
    return "clear" if e >= ALARM else "leaning, not settled" if e >= LEANING else "can't tell yet"


# ---- 1a. the conditional e-process: given how many of a stratum's leads were won, did the right ones stand out? ----


@dataclass(frozen=True)
class Past:
    """Leads by the tool's number: each number once, how many leads had it, and how many of those were won."""

    p: Numbers
    leads: Numbers
    won: Numbers

    @staticmethod
    def of(p: Numbers, y: Numbers) -> "Past":
        """Single leads; p and y of shape (n,)."""
        return Past(*_grouped(p, np.ones_like(p), y))

    def __add__(self, other: "Past") -> "Past":
        both = ((self.p, other.p), (self.leads, other.leads), (self.won, other.won))
        return Past(*_grouped(*(np.concatenate(pair) for pair in both)))


def _grouped(p: Numbers, leads: Numbers, won: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    each, place = np.unique(p, return_inverse=True)
    counts = [np.asarray(np.bincount(place, one, len(each)), dtype=np.float64) for one in (leads, won)]
    return each, counts[0], counts[1]


def recalibration(p: Numbers, won: Numbers, leads: Numbers | None = None) -> tuple[float, float]:
    """MAP of y ~ Bern(expit(a + b·logit p)) with a ~ N(0, 2²), b ~ N(1, .5²): the tool's line on earlier cohorts only.

    Single leads with `won` 0 or 1, or as many `leads` for each p and how many of them were won: the likelihood is the
    same. Without any lead it is (0, 1). Newton's method on the penalised log-likelihood, which is concave; a step that
    would lose some of it is halved (Armijo's rule), as priors at 0 and 1 let full steps go back and forth for ever.
    """
    many = np.ones_like(p) if leads is None else leads
    x, theta = logit(p), np.array([0.0, 1.0])
    mean, precision = np.array([0.0, 1.0]), np.array([1 / 4, 4.0])
    design = np.stack([np.ones_like(x), x], axis=1)

    def penalised(at: Numbers) -> float:
        line = design @ at
        return float(won @ line - many @ np.logaddexp(0, line) - precision @ (at - mean) ** 2 / 2)

    for _ in range(_MAP_STEPS):
        fitted = expit(design @ theta)
        gradient = design.T @ (won - many * fitted) - precision * (theta - mean)
        curvature = (design * (many * fitted * (1 - fitted))[:, None]).T @ design + np.diag(precision)
        step = np.linalg.solve(curvature, gradient)
        if float(np.abs(step).max()) < 1e-10:
            break
        size, now, gain = 1.0, penalised(theta), float(gradient @ step)
        while size > 1e-6 and penalised(theta + size * step) < now + 1e-4 * size * gain - 1e-12 * abs(now):
            size /= 2
        theta = theta + size * step
    return float(theta[0]), float(theta[1])


def conditional_loglik(offset: Numbers, z: Numbers, y: Numbers, betas: Numbers) -> Numbers:
    """ℓ_s(β) of one stratum for each β: the log-probability of who won, given how many did.

    Σ y·(o + βz) − log e_K(exp(o + βz)), e_K the elementary symmetric polynomial of the stratum's odds (the exact
    conditional logistic likelihood; Turner, Ly & Grünwald). Shapes: leads (n,), betas (m,), answer (m,). Where a float
    can't hold every e_k of the stratum the recursion runs in logs, so large strata neither overflow nor vanish.
    """
    won = round(float(y.sum()))
    terms = offset[None, :] + betas[:, None] * z[None, :]
    # A constant a row falls out of the difference; without it the terms lie around nothing.
    terms -= terms.mean(axis=1, keepdims=True)
    # Each e_k is a sum of at most 2ⁿ products of at most K odds: no larger than this, and no smaller than its inverse.
    largest = terms.shape[1] * np.log(2) + won * float(np.abs(terms).max(initial=0.0))
    log_sum = _log_symmetric(terms, won) if largest > _LOGS_HELD else np.log(_symmetric(np.exp(terms), won))
    return np.asarray(terms @ y - log_sum, dtype=np.float64)


def _symmetric(odds: Numbers, won: int) -> Numbers:
    """e_K of each row. All that is added is positive, so nothing is lost to cancellation."""
    table = np.zeros((len(odds), won + 1))
    table[:, 0] = 1.0
    for n in range(odds.shape[1]):
        top = min(n + 1, won)
        table[:, 1 : top + 1] += odds[:, n : n + 1] * table[:, :top]
    return table[:, won]


def _log_symmetric(terms: Numbers, won: int) -> Numbers:
    """log e_K of each row's odds exp(terms), by logs alone."""
    table = np.full((len(terms), won + 1), -np.inf)
    table[:, 0] = 0.0
    for n in range(terms.shape[1]):
        top = min(n + 1, won)
        table[:, 1 : top + 1] = np.logaddexp(table[:, 1 : top + 1], terms[:, n : n + 1] + table[:, :top])
    return table[:, won]


@dataclass(frozen=True)
class Conditional:
    """Σ_s ℓ_s(β) − ℓ_s(0) on ODDS_GRID: evidence that adds up, stratum by stratum and cohort by cohort."""

    gain: Numbers

    @staticmethod
    def nothing() -> "Conditional":
        """No stratum yet."""
        return Conditional(np.zeros_like(ODDS_GRID))

    def with_stratum(self, offset: Numbers, z: Numbers, y: Numbers) -> "Conditional":
        """The same with a rep's leads of one cohort more; none won, all won or one kind of z add nothing."""
        won = float(y.sum())
        if won in (0.0, float(len(y))) or bool((z == z[0]).all()):
            return self
        likelihood = conditional_loglik(offset, z, y, ODDS_GRID)
        return Conditional(self.gain + likelihood - likelihood[_ZERO])

    def __add__(self, other: "Conditional") -> "Conditional":
        return Conditional(self.gain + other.gain)

    def e_value(self) -> float:
        """Evidence that *more* and *less* went with what happened, in the direction that was called."""
        return _mixed(self.gain[_PLUS], WEIGHTS)

    def odds_ratio(self) -> tuple[float, float]:
        """Always-valid range of the common odds ratio e^β: every β that the two-sided mixture does not beat 20 to 1."""
        mixture = np.log(_mixed(np.concatenate([self.gain[_PLUS], self.gain[_MINUS]]), np.tile(WEIGHTS / 2, 2)))
        kept = ODDS_GRID[mixture - self.gain < np.log(ALARM)]
        return float(np.exp(kept.min())), float(np.exp(kept.max()))


# ---- 1b. observed and expected, and the same for leads that nobody overrode ----


@dataclass(frozen=True)
class Tilt:
    """A group's won and expected, with Σ log L(β) and Σ expit(logit p + β) on SHIFT_GRID: all of it adds up."""

    won: float
    expected: float
    loglik: Numbers
    shifted: Numbers

    @staticmethod
    def of(p: Numbers, y: Numbers) -> "Tilt":
        """A group of matured leads; p and y of shape (n,)."""
        loglik, shifted = np.zeros_like(SHIFT_GRID), np.zeros_like(SHIFT_GRID)
        for start in range(0, len(p), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            moved = logit(p[part])[:, None] + SHIFT_GRID[None, :]
            loglik += (y[part, None] * moved - np.logaddexp(0, moved)).sum(axis=0)
            shifted += expit(moved).sum(axis=0)
        return Tilt(float(y.sum()), float(p.sum()), loglik, shifted)

    def corrected(self, probability: float, by: int) -> "Tilt":
        """The same after one lead that is counted elsewhere is known to have been won (+1), or not (−1), after all."""
        moved = float(logit(np.array([probability]))[0]) + SHIFT_GRID
        return Tilt(self.won + by, self.expected, self.loglik + by * moved, self.shifted)

    def __add__(self, other: "Tilt") -> "Tilt":
        return Tilt(
            self.won + other.won,
            self.expected + other.expected,
            self.loglik + other.loglik,
            self.shifted + other.shifted,
        )

    def e_value(self) -> float:
        """Two-sided evidence against the tool's level in this group."""
        return float(np.exp(min(700.0, self._mixture() - self.loglik[400])))

    def ratio(self) -> tuple[float, float]:
        """Always-valid range of won over expected. Raises ValueError where nothing was expected at all."""
        if self.expected <= 0:
            raise ValueError("nothing was expected, so there is no ratio")
        kept = self.shifted[self._mixture() - self.loglik < np.log(ALARM)]
        return float(kept.min() / self.expected), float(kept.max() / self.expected)

    def _mixture(self) -> float:
        places = 10 * np.arange(1, 31)
        both = np.concatenate([self.loglik[400 + places], self.loglik[400 - places]])
        return _log_mixed(both, np.tile(WEIGHTS / 2, 2))


# ---- 1c to 1e ----


def directional_hits(p: Numbers, z: Numbers, y: Numbers) -> tuple[int, float]:
    """Wins among *more* and non-wins among *less*, beside what the tool's numbers would have had there."""
    more, less = z > 0, z < 0
    hits = int(y[more].sum() + (1 - y[less]).sum())
    return hits, float(p[more].sum() + (1 - p[less]).sum())


def normal_mixture(variance: float, rho: float = 1.0, alpha: float = 0.05) -> float:
    """A time-uniform bound for a sum of this variance (two-sided normal mixture; Howard et al. 2021, eq. 14)."""
    return float(np.sqrt((variance + rho) * np.log((variance + rho) / (rho * alpha**2))))


def nearer(p: Numbers, q: Numbers, y: Numbers) -> tuple[float, float]:
    """The rep's own number against the tool's: mean Brier gain (p − y)² − (q − y)², and its always-valid half-width."""
    gain = float(((p - y) ** 2 - (q - y) ** 2).mean())
    return gain, normal_mixture(float(((q - p) ** 2).sum())) / len(p)


def e_bh(e: Sequence[float], alpha: float = 0.1) -> list[int]:
    """Which of K e-values stand at false discovery rate alpha (Wang & Ramdas 2022): places, in order."""
    order = sorted(range(len(e)), key=lambda place: -e[place])
    kept = max((k for k in range(1, len(e) + 1) if e[order[k - 1]] >= len(e) / (alpha * k)), default=0)
    return sorted(order[:kept])


def _log_mixed(logs: Numbers, weights: Numbers) -> float:
    top = float(logs.max())
    return top + float(np.log((weights * np.exp(logs - top)).sum()))


def _mixed(logs: Numbers, weights: Numbers) -> float:
    """Σ w·exp(log), bounded where a float would overflow: 10^304 says no more than 20 does."""
    return float(np.exp(min(700.0, _log_mixed(logs, weights))))
