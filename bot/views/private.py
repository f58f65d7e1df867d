"""What a rep alone is told where others read her channel; her words are not repeated there."""

from datetime import datetime

from bot.domain.release import Rules
from bot.domain.wording import day, escape, foreign, in_hundred, one_line
from bot.views import ids
from bot.views.kit import Json, Ref, actions, button, section
from bot.views.suggestion import Card, withdraw


def noted(ref: Ref) -> Json:
    """After [Noted]."""
    return _said("Noted.", button("Undo", ids.UNDO_NOTED, ref.model_dump_json(), label="Undo Noted"))


def undone() -> Json:
    """After the undo of [Noted]."""
    return _said("Undone: it stands as unanswered.")


def saved(ref: Ref, *, late: bool) -> Json:
    """After an override, with what can still be done about it."""
    value = ref.model_dump_json()
    if late:
        return _said("Saved. Thank you. The lead was closed already, so this is kept and counts in no figure.")
    return _said(
        "Saved. Thank you.",
        button("Add details", ids.DETAILS, value),
        button("Change", ids.EDIT, value, label="Change what I said"),
        withdraw(value),
    )


def details_saved(ref: Ref) -> Json:
    """After the details."""
    return _said("Details saved. Thank you.", button("What I said", ids.SEE, ref.model_dump_json()))


def unquoted() -> Json:
    """After [Don't quote me]."""
    return _said("You won't be quoted. What was in a digest before stays there, without your name.")


def withdrawn(ref: Ref) -> Json:
    """After a withdrawal."""
    return _said("Withdrawn. You can say something else at any time.")


def rules_lowered(before: Rules, leads: int, reps: int, begins: datetime, zone: str) -> Json:
    """To every rep, when an admin lets digests tell of smaller groups."""
    return _said(
        f"A change in what managers read. From {day(begins, zone)} on, digests count groups of at least {leads} leads "
        f"and {reps} reps; until then it is {before.leads} leads and {before.reps} reps. Still groups, never who."
    )


def rules_stay(rules: Rules) -> Json:
    """To every rep, when a lowering was taken back."""
    return _said(
        f"That change in what managers read was taken back: digests count groups of at least {rules.leads} leads and "
        f"{rules.reps} reps."
    )


def you_stand_in(rep: str, last: str) -> Json:
    """To a stand-in."""
    return _said(
        f"You stand in for {foreign(rep, 60)} until {last}: new leads come to you, and you may answer them. What was "
        "answered before stays with its author."
    )


def somebody_stands_in(other: str, last: str, admin: str) -> Json:
    """To a rep, when an admin named somebody."""
    return _said(
        f"{foreign(admin, 60)} has named {foreign(other, 60)} to answer your new leads until {last}. "
        "To end it, type `/otherwise stand-in`, your own name from the list that @ opens, and `off`."
    )


def stand_in_over(rep: str) -> Json:
    """To whoever stood in."""
    return _said(f"You no longer stand in for {foreign(rep, 60)}: new leads go there again.")


def nobody_stands_in(admin: str) -> Json:
    """To a rep, when an admin ended it."""
    return _said(f"{foreign(admin, 60)} has ended your stand-in: your new leads come to you again.")


def export_on(what: str, *, newcomer: bool = False) -> Json:
    """To every rep, when an admin lets answers leave the house; to whoever comes later, that it is so."""
    more = "and what was written" if what == "text" else "but not what was written"
    opening = (
        "Who may read answers here: besides you, an admin has switched on"
        if newcomer
        else "A change in who may read answers: an admin has switched on"
    )
    return _said(
        f"{opening} an export of single leads with what was said {more}. It is for studying the tool. Each time it is "
        "read, that stands in your Home."
    )


def export_off(what: str) -> Json:
    """To every rep, when that has ended."""
    if what == "text":
        return _said("A change in who may read answers: what was written is in no export any more; single answers are.")
    return _said("A change in who may read answers: the export of single leads with what was said is off again.")


def number(card: Card) -> Json:
    """The tool's number, asked for in a channel that others read."""
    if card.probability is None:
        return _said("The tool gives points here, not a chance.")
    said = in_hundred(card.probability)
    text = f"{one_line(card.name, 120)}: of 100 leads like this, {said} close within {card.horizon_days} days."
    return {
        "text": escape(text),
        "blocks": [
            section(
                f"*{foreign(card.name, 120)}*: of 100 leads like this, {said} close within {card.horizon_days} days."
            )
        ],
    }


def _said(text: str, *buttons: Json) -> Json:
    return {"text": text, "blocks": [section(text), *([actions(*buttons)] if buttons else [])]}
