"""A rep's own record: what she answered and what became of it, for her alone."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.wording import DIRECTIONS, day, foreign, in_hundred
from bot.views import ids
from bot.views.kit import Json, Ref, actions, button, context, header, plain, section

WORDS_SHOWN = 200


@dataclass(frozen=True)
class Answer:
    """What she said last about a lead, and what became of it. `probability` is the tool's, in [0, 1]."""

    ref: Ref
    name: str
    at: datetime
    kind: str
    direction: str
    reason: str
    outcome: str
    outcome_at: datetime | None
    probability: float | None
    trial: bool = False


@dataclass(frozen=True)
class Counts:
    """Her own calls that are past their day, and how many of them were won in time."""

    more: int
    more_won: int
    less: int
    less_won: int


@dataclass(frozen=True)
class RecordPage:
    """Some of her answers, from the `first` (0 is the newest) on; `many` there are in all, `size` fit a page."""

    zone: str
    answers: list[Answer]
    first: int
    many: int
    size: int
    # Whether there are more, further back than this goes.
    capped: bool = False


def record_blocks(page: RecordPage, counts: Counts | None) -> list[Json]:
    """Her newest answers and what became of them: a list, no rate below thirty, no comparison."""
    blocks = [header("Your record, for you alone")]
    if counts is not None:
        blocks.append(
            section(
                f"Past their day: you called {counts.more} more likely, {counts.more_won} closed; "
                f"{counts.less} less likely, {counts.less_won} closed."
            )
        )
    blocks += [_row(answer, page.zone) for answer in page.answers]
    if not page.answers:
        blocks.append(section("You haven't answered any lead yet."))
    elif page.many > len(page.answers):
        blocks.append(context(f"The newest {len(page.answers)} of {_many(page)} leads that you answered."))
        blocks.append(actions(button("Older", ids.RECORD, str(len(page.answers)), label="Older answers of yours")))
    return [*blocks, context("Nobody may ask you to show this.")]


def record_view(page: RecordPage) -> Json:
    """Modal behind [Older]: a page of what she answered, with the way to the pages beside it."""
    last = page.first + len(page.answers)
    blocks = [context(f"{page.first + 1:,} to {last:,} of {_many(page)} leads that you answered, newest first.")]
    if page.first > 0:
        newer = str(max(0, page.first - page.size))
        blocks.append(actions(button("Newer", ids.RECORD, newer, label="Newer answers of yours")))
    blocks += [_row(answer, page.zone) for answer in page.answers]
    if last < page.many:
        blocks.append(actions(button("Older", ids.RECORD, str(last), label="Older answers of yours")))
    blocks.append(context("Only you can open this."))
    return {"type": "modal", "title": plain("Your record"), "close": plain("Close"), "blocks": blocks}


def _many(page: RecordPage) -> str:
    return f"{page.many:,}{' or more' if page.capped else ''}"


def _row(answer: Answer, zone: str) -> Json:
    row = section(_answer(answer, zone))
    if answer.kind != "noted":
        label = f"What I said about {answer.name}"
        row["accessory"] = button("What I said", ids.SEE, answer.ref.model_dump_json(), label=label)
    return row


def _answer(answer: Answer, zone: str) -> str:
    said = "Noted" if answer.kind == "noted" else f"*{DIRECTIONS.get(answer.direction, answer.direction)}*"
    words = f": {foreign(answer.reason, WORDS_SHOWN)}" if answer.reason else ""
    line = f"*{foreign(answer.name, 120)}* · {day(answer.at, zone)} · {said}{words}"
    if answer.trial:
        return f"{line}\nA test."
    if answer.outcome not in ("won", "lost", "disqualified"):
        return f"{line}\nStill open."
    on = f" on {day(answer.outcome_at, zone)}" if answer.outcome_at else ""
    tool = f" The tool had said {in_hundred(answer.probability)} in 100." if answer.probability is not None else ""
    return f"{line}\n{answer.outcome.capitalize()}{on}.{tool}"
