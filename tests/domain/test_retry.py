"""What follows from Slack's answer, as a table."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.retry import FIXES, LOST_TWICE, SETTLE, Answer, Kind, State, backoff, decide

NOW = datetime(2026, 11, 23, tzinfo=UTC)
S = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("answer", "attempt", "lost", "repeatable", "state", "wait"),
    [
        (Answer(Kind.SENT), 1, 0, False, State.SENT, None),
        (Answer(Kind.LIMITED, retry_after=30), 1, 0, False, State.PENDING, 30 * S),
        (Answer(Kind.LIMITED), 5, 0, False, State.PENDING, 1 * S),
        (Answer(Kind.LIMITED, retry_after=99999), 1, 0, False, State.PENDING, 3600 * S),
        (Answer(Kind.REFUSED, "is_archived"), 1, 0, False, State.DEAD, None),
        (Answer(Kind.REFUSED, "never_heard_of"), 1, 0, False, State.DEAD, None),
        (Answer(Kind.REFUSED, "internal_error"), 3, 0, False, State.PENDING, 4 * S),
        (Answer(Kind.UNREACHED), 1, 0, False, State.PENDING, 1 * S),
        (Answer(Kind.UNREACHED), 40, 0, False, State.PENDING, 60 * S),
        (Answer(Kind.UNKNOWN), 1, 0, False, State.UNCERTAIN, SETTLE),
        (Answer(Kind.UNKNOWN), 2, 1, False, State.DEAD, None),
        (Answer(Kind.UNKNOWN), 2, 5, True, State.PENDING, 2 * S),
        (Answer(Kind.UNSEEN), 2, 1, False, State.UNCERTAIN, 2 * S),
        (Answer(Kind.UNSEEN, retry_after=30), 2, 1, False, State.UNCERTAIN, 30 * S),
    ],
)
def test_decisions(
    answer: Answer, attempt: int, lost: int, repeatable: bool, state: State, wait: timedelta | None
) -> None:
    made = decide(answer, attempt=attempt, lost=lost, repeatable=repeatable, now=NOW)
    assert made.state is state
    assert made.next_at == (None if wait is None else NOW + wait)
    assert bool(made.fix) == (state is State.DEAD)


def test_every_fix_is_a_sentence() -> None:
    assert all(fix.endswith(".") for fix in [*FIXES.values(), LOST_TWICE])


def test_waits_never_shrink() -> None:
    waits = [backoff(attempt) for attempt in range(1, 50)]
    assert waits == sorted(waits)
