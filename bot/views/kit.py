"""The few Block Kit pieces that the views are made of, and what rides in a button or a form."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Json = dict[str, Any]
# A row's number as every database holds it; a forged one beyond it is nobody's.
RowId = Annotated[int, Field(ge=0, lt=2**53)]
TEXT_LIMIT = 3900


class Ref(BaseModel):
    """What a button or form speaks of: ids only, checked again on the way in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lead: RowId
    prior: RowId
    # Which message it stands on. Nothing is decided by it: the lead knows its own.
    suggestion: RowId = 0
    # Whether it was pressed in Home, which is then brought up to date.
    home: bool = False


def section(text: str) -> Json:
    """A paragraph of mrkdwn; foreign parts must be escaped already."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def context(text: str) -> Json:
    """A small line."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}


def plain_context(text: str) -> Json:
    """A small line whose text may be anybody's."""
    return {"type": "context", "elements": [{"type": "plain_text", "text": text, "emoji": False}]}


def button(text: str, action_id: str, value: str, *, label: str = "", ask: Json | None = None) -> Json:
    """A button like all others: none is primary. `label` is what a screen reader says, `ask` what is asked first."""
    made: Json = {"type": "button", "text": plain(text), "action_id": action_id, "value": value}
    return made | ({"accessibility_label": label[:75]} if label else {}) | ({"confirm": ask} if ask else {})


def ask_first(title: str, text: str, yes: str, no: str) -> Json:
    """What a button asks before it does anything; `text` may be anybody's and is shown as it is."""
    return {"title": plain(title), "text": plain(text[:300]), "confirm": plain(yes), "deny": plain(no)}


def actions(*buttons: Json) -> Json:
    """A row of buttons."""
    return {"type": "actions", "elements": list(buttons)}


def header(text: str) -> Json:
    """A heading."""
    return {"type": "header", "text": plain(text[:150])}


def divider() -> Json:
    """A line between two things."""
    return {"type": "divider"}


def entry(name: str, label: str, element: Json, *, optional: bool = False) -> Json:
    """An input of a form; its block_id and action_id are the same word."""
    made: Json = {"type": "input", "block_id": name, "label": plain(label), "element": element | {"action_id": name}}
    return made | ({"optional": True} if optional else {})


def plain(text: str) -> Json:
    """A plain_text object."""
    return {"type": "plain_text", "text": text}


def option(text: str, value: str) -> Json:
    """A choice."""
    return {"text": plain(text), "value": value}
