"""What a listener needs of Slack's payloads, checked: ids ride in `value` and `private_metadata`, and are forgeable."""

from typing import Any

from pydantic import ValidationError

from bot.copies import Pressed
from bot.domain.errors import LeadGone
from bot.views.kit import Ref

Body = dict[str, Any]
# Digits that surely fit a database's whole number.
LONGEST_NUMBER = 15


def ref_of(text: str) -> Ref:
    """The reference in a button's value or a form's metadata. Raises LeadGone when it is none of ours."""
    try:
        return Ref.model_validate_json(text)
    except ValidationError:
        raise LeadGone from None


def clicked(body: Body) -> Ref:
    """The reference in the pressed button."""
    return ref_of(str(body["actions"][0].get("value", "")))


def numbered(body: Body) -> int:
    """The row's number in the pressed button; 0, which no row has, for anything that could not be one."""
    text = str(body["actions"][0].get("value", ""))
    return int(text) if text.isdecimal() and len(text) <= LONGEST_NUMBER else 0


def in_modal(body: Body) -> bool:
    """Whether a button was pressed in a modal, which a new view is put upon rather than in the place of."""
    return bool((body.get("view") or {}).get("type") == "modal")


def click_key(body: Body) -> str:
    """One press, however often it is delivered."""
    action = body["actions"][0]
    message = body.get("container", {}).get("message_ts", "")
    return f"{body['user']['id']}:{message}:{action['action_id']}:{action['action_ts']}"


def pressed_in(body: Body) -> Pressed | None:
    """The message on which a button was pressed; None in a window, in Home, and on what only she sees for a while."""
    where = body.get("container") or {}
    if where.get("type") != "message" or where.get("is_ephemeral"):
        return None
    return Pressed(str(where.get("channel_id", "")), str(where.get("message_ts", "")))


def typed(body: Body, name: str, key: str) -> Any:
    """What was put into an input, whose block_id and action_id are both `name`; None when nothing was."""
    return body["view"]["state"]["values"].get(name, {}).get(name, {}).get(key)
