"""The suggestion in all its states, as a pure function of a card (PRODUCT §2)."""

from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.bands import POINTS_NEED, Record
from bot.domain.sampling import ASKED, BLIND
from bot.domain.wording import DIRECTIONS, cut, day, escape, fact_in_words, fit, foreign, in_hundred, one_line, plural
from bot.views import ids
from bot.views.kit import TEXT_LIMIT, Json, Ref, actions, ask_first, button, context, plain_context, section

FOOTER = "For learning, not reviews. Your manager sees groups only."
WELCOME = (
    "Hello, this is Otherwise. Your new leads come here, each with a scoring tool's number as a starting point. "
    "You don't have to answer. If you see something the tool doesn't, say so in a line. "
    "It isn't for rating you, and the app's Home shows you who has read your words."
)
BLIND_NOTE = (
    "One of the leads of the comparison. The tool's number comes with yours, when you ask for it, or in 10 minutes."
)
ASKED_NOTE = "One of the leads of the comparison: what would *your* number be?"
SHOWN_FACTS = 2
NAME_SHOWN = 120
LONGEST_LINK = 1500
REASON_SHOWN = 600
# Entities make words longer, and each of its lines gets a mark: together they stay within a section.
REASON_FITS = 2000


@dataclass(frozen=True)
class Said:
    """What the rep last said: `kind` noted or overridden; her words only when she is the only reader."""

    kind: str
    direction: str = ""
    reason: str = ""
    details: str = ""


@dataclass(frozen=True)
class Card:
    """All that a suggestion shows. Chances in [0, 1]; `zone` is the rep's."""

    ref: Ref
    name: str
    horizon_days: int
    record: Record
    probability: float | None
    url: str | None = None
    facts: list[dict[str, str]] = field(default_factory=list)
    not_seen: list[str] = field(default_factory=list)
    # Where others read: that they do, and whose lead it is.
    shared: bool = False
    whose: str = ""
    number_visible: bool = True
    # In a blind-first sample: the lead's arm, and her own number in [0, 1] once she has given it.
    arm: str = ""
    own_number: float | None = None
    said: Said | None = None
    outcome: str = ""
    outcome_at: datetime | None = None
    passed_on: bool = False
    zone: str = "UTC"
    # What a test or a rehearsal says about itself.
    trial: str = ""


def suggestion(card: Card) -> Json:
    """The message's `text` and `blocks`."""
    name = foreign(card.name, NAME_SHOWN)
    # A link that would fill the whole section is left out: the lead matters more than the way to it.
    linked = card.url is not None and len(escape(card.url)) <= LONGEST_LINK
    head = f"*<{escape(card.url or '')}|{name}>*" if linked else f"*{name}*"
    lines = [head, *(foreign(words, 80) for words in _facts(card))]
    if card.shared and card.whose:
        lines.append(f"for {foreign(card.whose, 60)}")
    blocks = [section(" · ".join(lines) + "\n" + _number(card, bold=True))]
    if beside := _beside(card):
        blocks.append(context(escape(beside)))
    if card.trial:
        blocks.insert(0, plain_context(card.trial))
    blocks += _answer(card)
    blocks.append(context(FOOTER))
    return {"text": _spoken(card), "blocks": blocks}


def welcome() -> Json:
    """Her first message ever, once."""
    return {"text": WELCOME, "blocks": [section(WELCOME)]}


def band_moved(name: str) -> Json:
    """The thread's line when a re-score changes the band: that it moved, not where to, so no number leaps out."""
    text = f"The tool has looked at {one_line(name, NAME_SHOWN)} again; its starting point above has changed."
    return {"text": escape(text)}


def _facts(card: Card) -> list[str]:
    return [fact_in_words(one["label"], one["value"]) for one in card.facts[:SHOWN_FACTS]]


def _number(card: Card, *, bold: bool) -> str:
    """The one line that carries the tool's number, or says why there is none."""
    mark = "*" if bold else ""
    if not card.number_visible and card.arm == BLIND:
        if card.said is not None or _is_closed(card):
            return "The tool's number was not on screen yet."
        within = plural(card.horizon_days, "day")
        return f"Yours first, if you like: of 100 leads like this, how many would close within {within}?"
    if not card.number_visible:
        return "The tool has a starting point for this lead. You chose to see it when you ask."
    record = card.record
    if card.probability is None:
        if record.all_leads < POINTS_NEED or record.thin:
            return (
                "The tool gives points, not a chance. What they have meant here shows from "
                f"{POINTS_NEED} leads on; {plural(record.all_leads, 'lead')} so far."
            )
        here = in_hundred(record.wins / record.leads)
        return f"A starting point: here, of 100 leads like this, {_bold(here, mark)} closed ({_of(record)})."
    within = plural(card.horizon_days, "day")
    if record.contradicts(card.probability):
        here = in_hundred(record.wins / record.leads)
        return (
            f"Here, of 100 leads like this, {_bold(here, mark)} closed ({_of(record)}). "
            f"The tool said {in_hundred(card.probability)} within {within}."
        )
    said = _bold(in_hundred(card.probability), mark)
    return f"A starting point: of 100 leads like this, {said} close within {within}."


def _bold(words: str, mark: str) -> str:
    """Only the figure is set off: "about *12*"."""
    start, _, figure = words.rpartition(" ")
    return f"{start} {mark}{figure}{mark}"


def _of(record: Record) -> str:
    return f"{record.wins:,} of {record.leads:,}"


def _beside(card: Card) -> str:
    """How the tool has done here, and what it has not seen."""
    record, parts = card.record, []
    if card.number_visible and card.probability is not None:
        if record.thin:
            parts.append(f"Untested here: {plural(record.leads, 'lead')} so far.")
        elif not record.contradicts(card.probability):
            parts.append(f"Here so far: {_of(record)} closed.")
    if card.number_visible and record.all_leads >= 30:
        parts.append(f"All leads: {round(100 * record.all_wins / record.all_leads)} in 100.")
    if card.not_seen:
        parts.append(f"Hasn't seen: {', '.join(one_line(word, 60) for word in card.not_seen[:5])}.")
    return " ".join(parts)


def _answer(card: Card) -> list[Json]:
    value = card.ref.model_dump_json()
    if card.passed_on:
        return [context("Passed on: this lead is with somebody else now.")]
    if _is_closed(card):
        closed = [section(_closed(card))]
        # Where others read, the button stands on every closed lead: its absence would tell that she had not answered.
        return closed + ([actions(button("What I said", ids.SEE, value))] if card.said or card.shared else [])
    if card.arm == BLIND and not card.number_visible and card.said is None:
        say, skip = button("Say my number", ids.SAY_NUMBER, value), button("Show the tool's number", ids.REVEAL, value)
        return [actions(say, skip), context(BLIND_NOTE)]
    return [*_usual_answer(card, value), *_own_number(card)]


def _own_number(card: Card) -> list[Json]:
    """Her number, in a sample: as she gave it, or that it may be given."""
    if not card.arm or not card.number_visible:
        return []
    if card.own_number is not None:
        return [plain_context(f"Your number: {round(100 * card.own_number)} in 100.")]
    return [context(ASKED_NOTE)] if card.arm == ASKED and (card.said is None or card.said.kind == "noted") else []


def _is_closed(card: Card) -> bool:
    return card.outcome in ("won", "lost", "disqualified")


def _usual_answer(card: Card, value: str) -> list[Json]:
    why = button("Why this number?", ids.WHY, value)
    reveal = [] if card.number_visible else [button("Show the tool's number", ids.REVEAL, value)]
    other = button("I see something else", ids.OPEN, value)
    asked = card.arm == ASKED and card.own_number is None
    say = [button("Say my number", ids.SAY_NUMBER, value)] if asked else []
    if card.said is None or card.shared:
        return [actions(button("Noted", ids.NOTED, value), other, why if card.number_visible else reveal[0], *say)]
    if card.said.kind == "noted":
        undo = button("Undo", ids.UNDO_NOTED, value, label="Undo Noted")
        return [context("Noted."), actions(undo, other, *([why] if card.number_visible else reveal), *say)]
    words = fit(cut(card.said.reason, REASON_SHOWN), REASON_FITS)
    quoted = "\n".join(f"> {line}" for line in words.splitlines() if line.strip())
    return [
        section(f"You see something else: *{DIRECTIONS[card.said.direction]}*\n{quoted}"),
        *([plain_context(card.said.details)] if card.said.details else []),
        actions(
            button("Add details", ids.DETAILS, value),
            button("Change", ids.EDIT, value, label="Change what I said"),
            withdraw(value),
            *([why] if card.number_visible else reveal),
        ),
    ]


def withdraw(value: str) -> Json:
    """[Withdraw], which lies beside [Change] under a thumb: it asks first."""
    ask = ask_first(
        "Withdraw what you said?",
        "It will no longer stand, and no press brings it back; you can say something else at any time.",
        "Withdraw",
        "Keep it",
    )
    return button("Withdraw", ids.WITHDRAW, value, label="Withdraw what I said", ask=ask)


def _closed(card: Card) -> str:
    on = f" on {day(card.outcome_at, card.zone)}" if card.outcome_at else ""
    word = {"won": "Won", "lost": "Lost", "disqualified": "Disqualified"}[card.outcome]
    if card.shared or card.said is None:
        return f"{word}{on}."
    said = f"{in_hundred(card.probability)} in 100" if card.probability is not None else ""
    if card.said.kind == "noted":
        return f"{word}{on}. The tool had said {said}. One lead settles nothing." if said else f"{word}{on}."
    you = f"You had said {DIRECTIONS[card.said.direction]}"
    return f"{word}{on}. {you}{'; the tool, ' + said if said else ''}. One lead settles nothing."


def _spoken(card: Card) -> str:
    """The notification and what a screen reader says: no number of the tool's in the first 150 characters."""
    named = one_line(card.name, NAME_SHOWN)
    facts = ", ".join(one_line(words, 80) for words in _facts(card))
    start = f"{card.trial} " if card.trial else ""
    start += f"New lead: {named}{f' ({facts})' if facts else ''}. "
    blind = card.arm == BLIND and not card.number_visible
    inside = "a question before the tool's number" if blind else "a starting point from the tool, how it has done here"
    start += f"Inside: {inside}, and what it has not seen. "
    start += "No answer is needed; take it or leave it. "
    rest = [_number(card, bold=False), _beside(card)]
    if card.passed_on:
        rest = ["This lead is with somebody else now."]
    elif _is_closed(card):
        rest.append(_closed(card))
    elif card.said is not None and not card.shared:
        rest.append("Noted." if card.said.kind == "noted" else f"You said: {DIRECTIONS[card.said.direction]}.")
    return escape(cut(start + " ".join(part for part in [*rest, FOOTER] if part), TEXT_LIMIT))
