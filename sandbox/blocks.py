"""Block Kit as strict as Slack, and stricter: unknown keys, wrong surfaces, limits and duplicate ids are refused.

slack_sdk's own models are asked as well; our rules cover what they miss or do not know (docs/patterns.md).
"""

import secrets
from collections.abc import Iterator
from string import ascii_letters
from typing import Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

Json = dict[str, Any]
MESSAGE, MODAL, HOME = "message", "modal", "home"
ALL = (MESSAGE, MODAL, HOME)

# type: (surfaces, required keys, further keys)
BLOCKS: dict[str, tuple[tuple[str, ...], set[str], set[str]]] = {
    "section": (ALL, set(), {"text", "fields", "accessory", "expand"}),
    "context": (ALL, {"elements"}, set()),
    "actions": (ALL, {"elements"}, set()),
    "divider": (ALL, set(), set()),
    "header": (ALL, {"text"}, {"level"}),
    "image": (ALL, {"alt_text"}, {"image_url", "slack_file", "title"}),
    "input": ((MODAL, HOME), {"label", "element"}, {"hint", "optional", "dispatch_action"}),
    "rich_text": (ALL, {"elements"}, set()),
    "data_visualization": ((MESSAGE,), {"title", "chart"}, set()),
    "data_table": (ALL, {"caption", "rows"}, {"page_size", "row_header_column_index"}),
}
ELEMENTS: dict[str, tuple[tuple[str, ...], set[str], set[str]]] = {
    "button": (
        ("section", "actions"),
        {"text"},
        {"action_id", "value", "style", "url", "confirm", "accessibility_label"},
    ),
    "static_select": (
        ("section", "actions", "input"),
        {"options"},
        {"action_id", "placeholder", "initial_option", "confirm", "focus_on_load"},
    ),
    "multi_static_select": (
        ("section", "input"),
        {"options"},
        {"action_id", "placeholder", "initial_options", "confirm", "max_selected_items", "focus_on_load"},
    ),
    "overflow": (("section", "actions"), {"options"}, {"action_id", "confirm"}),
    "radio_buttons": (
        ("section", "actions", "input"),
        {"options"},
        {"action_id", "initial_option", "confirm", "focus_on_load"},
    ),
    "checkboxes": (
        ("section", "actions", "input"),
        {"options"},
        {"action_id", "initial_options", "confirm", "focus_on_load"},
    ),
    "plain_text_input": (
        ("input",),
        set(),
        {
            "action_id",
            "placeholder",
            "initial_value",
            "multiline",
            "min_length",
            "max_length",
            "dispatch_action_config",
            "focus_on_load",
        },
    ),
    "number_input": (
        ("input",),
        {"is_decimal_allowed"},
        {"action_id", "placeholder", "initial_value", "min_value", "max_value", "focus_on_load"},
    ),
    "datepicker": (
        ("section", "actions", "input"),
        set(),
        {"action_id", "placeholder", "initial_date", "focus_on_load"},
    ),
    "users_select": (("section", "actions", "input"), set(), {"action_id", "placeholder", "initial_user"}),
    "multi_users_select": (
        ("section", "input"),
        set(),
        {"action_id", "placeholder", "initial_users", "max_selected_items", "focus_on_load"},
    ),
    "conversations_select": (
        ("section", "actions", "input"),
        set(),
        {"action_id", "placeholder", "initial_conversation", "filter", "default_to_current_conversation"},
    ),
    "image": (("section", "context"), {"alt_text"}, {"image_url", "slack_file"}),
}
OPTION_LIMIT = {"static_select": 100, "multi_static_select": 100, "overflow": 5, "radio_buttons": 10, "checkboxes": 10}
OWN = frozenset({"data_visualization", "data_table"})


def check_blocks(blocks: Any, surface: str) -> list[str]:
    """What Slack would refuse in these blocks, a sentence each; an empty list when nothing."""
    if not isinstance(blocks, list):
        return ["blocks must be a list"]
    found: list[str] = []
    if len(blocks) > (50 if surface == MESSAGE else 100):
        found.append("too many blocks")
    seen: set[str] = set()
    for place, block in enumerate(blocks):
        found += [f"blocks[{place}]: {problem}" for problem in _block(block, surface)]
        block_id = block.get("block_id") if isinstance(block, dict) else None
        if block_id is not None and block_id in seen:
            found.append(f"blocks[{place}]: block_id {block_id!r} twice")
        seen.add(block_id or "")
    charts = sum(1 for block in blocks if isinstance(block, dict) and block.get("type") == "data_visualization")
    return found + (["more than 2 charts"] if charts > 2 else [])


def give_ids(blocks: list[Json]) -> list[Json]:
    """The blocks with a generated block_id wherever there is none, as Slack does; of letters, so that no figure that a
    test must not find is found in one.
    """
    return [{**block, "block_id": block.get("block_id") or _random_id()} for block in blocks]


def _random_id() -> str:
    return "".join(secrets.choice(ascii_letters) for _ in range(6))


def _block(block: Any, surface: str) -> Iterator[str]:
    if not isinstance(block, dict) or block.get("type") not in BLOCKS:
        yield f"unknown block type {block.get('type') if isinstance(block, dict) else block!r}"
        return
    kind = block["type"]
    surfaces, required, more = BLOCKS[kind]
    if surface not in surfaces:
        yield f"{kind} is not allowed in a {surface}"
    yield from _keys(block, required, more | {"type", "block_id"})
    if len(str(block.get("block_id", ""))) > 255:
        yield "block_id over 255"
    yield from _BY_TYPE.get(kind, _nothing)(block)
    if kind not in OWN:
        yield from _models(block)


def _keys(thing: Json, required: set[str], allowed: set[str]) -> Iterator[str]:
    for key in sorted(required - thing.keys()):
        yield f"{thing.get('type')} lacks {key}"
    for key in sorted(thing.keys() - required - allowed):
        yield f"{thing.get('type')} does not take {key}"


def _models(block: Json) -> Iterator[str]:
    try:
        model = Block.parse(block)
        if model is not None:
            model.validate_json()
    except SlackObjectFormationError as failure:
        yield f"slack_sdk: {failure}"


def _text(thing: Any, limit: int, what: str, *, plain: bool = False) -> Iterator[str]:
    if not isinstance(thing, dict) or thing.get("type") not in (("plain_text",) if plain else ("plain_text", "mrkdwn")):
        yield f"{what} must be a {'plain_text' if plain else 'text'} object"
        return
    allowed = {"type", "text", "emoji"} if thing["type"] == "plain_text" else {"type", "text", "verbatim"}
    yield from _keys(thing, {"text"}, allowed)
    text = thing.get("text")
    if not isinstance(text, str) or not text:
        yield f"{what} is empty"
    elif len(text) > limit:
        yield f"{what} has {len(text)} characters, {limit} allowed"


def _section(block: Json) -> Iterator[str]:
    if "text" not in block and "fields" not in block:
        yield "section needs text or fields"
    if "text" in block:
        yield from _text(block["text"], 3000, "section text")
    if len(block.get("fields", [])) > 10:
        yield "more than 10 fields"
    for one in block.get("fields", []):
        yield from _text(one, 2000, "field")
    if "accessory" in block:
        yield from _element(block["accessory"], "section")


def _context(block: Json) -> Iterator[str]:
    elements = block.get("elements") or []
    if not 1 <= len(elements) <= 10:
        yield "context takes 1 to 10 elements"
    for one in elements:
        if isinstance(one, dict) and one.get("type") == "image":
            yield from _element(one, "context")
        else:
            yield from _text(one, 3000, "context text")


def _actions(block: Json) -> Iterator[str]:
    elements = block.get("elements") or []
    if not 1 <= len(elements) <= 25:
        yield "actions takes 1 to 25 elements"
    ids = [one.get("action_id") for one in elements if isinstance(one, dict) and one.get("action_id")]
    if len(ids) != len(set(ids)):
        yield "action_id twice in one block"
    for one in elements:
        yield from _element(one, "actions")


def _input(block: Json) -> Iterator[str]:
    yield from _text(block.get("label"), 2000, "label", plain=True)
    if "hint" in block:
        yield from _text(block["hint"], 2000, "hint", plain=True)
    yield from _element(block.get("element"), "input")


def _element(element: Any, parent: str) -> Iterator[str]:
    if not isinstance(element, dict) or element.get("type") not in ELEMENTS:
        yield f"unknown element {element.get('type') if isinstance(element, dict) else element!r}"
        return
    kind = element["type"]
    parents, required, more = ELEMENTS[kind]
    if parent not in parents:
        yield f"{kind} is not allowed in {parent}"
    yield from _keys(element, required, more | {"type"})
    if len(element.get("action_id", "")) > 255:
        yield "action_id over 255"
    if kind == "button":
        yield from _text(element.get("text"), 75, "button text", plain=True)
        if len(element.get("value", "")) > 2000:
            yield "button value over 2000"
        if element.get("style") not in (None, "primary", "danger"):
            yield "button style must be primary or danger"
        if len(element.get("accessibility_label", "")) > 75:
            yield "accessibility_label over 75"
        if "confirm" in element:
            yield from _confirm(element["confirm"])
    if kind == "image" and len(element.get("alt_text", "")) > 2000:
        yield "alt_text over 2000"
    if "placeholder" in element:
        yield from _text(element["placeholder"], 150, "placeholder", plain=True)
    if kind in OPTION_LIMIT:
        yield from _options(element, OPTION_LIMIT[kind])


def _options(element: Json, limit: int) -> Iterator[str]:
    options = element.get("options") or []
    if not 1 <= len(options) <= limit:
        yield f"{element['type']} takes 1 to {limit} options"
    values = [one.get("value") for one in options]
    if len(values) != len(set(values)):
        yield "two options with one value"
    for one in options:
        yield from _keys(one, {"text", "value"}, {"description", "url", "type"})
        yield from _text(one.get("text"), 75, "option text")
        if len(str(one.get("value", ""))) > 150:
            yield "option value over 150"
    chosen = element.get("initial_options") or ([element["initial_option"]] if "initial_option" in element else [])
    if any(one not in options for one in chosen):
        yield "initial option is not among the options"


def _confirm(confirm: Json) -> Iterator[str]:
    yield from _text(confirm.get("title"), 100, "confirm title", plain=True)
    yield from _text(confirm.get("text"), 300, "confirm text")
    yield from _text(confirm.get("confirm"), 30, "confirm button", plain=True)
    yield from _text(confirm.get("deny"), 30, "deny button", plain=True)


def _header(block: Json) -> Iterator[str]:
    yield from _text(block.get("text"), 150, "header", plain=True)


def _chart(block: Json) -> Iterator[str]:
    if not 1 <= len(str(block.get("title", ""))) <= 50:
        yield "chart title takes 1 to 50 characters"
    chart = block.get("chart") or {}
    if chart.get("type") == "pie":
        yield from _points(chart.get("segments"), "segments")
        return
    if chart.get("type") not in ("bar", "area", "line"):
        yield f"unknown chart {chart.get('type')!r}"
        return
    axis, series = chart.get("axis_config") or {}, chart.get("series") or []
    categories = axis.get("categories") or []
    if not 1 <= len(series) <= 6:
        yield "1 to 6 series"
    if len({one.get("name") for one in series}) != len(series):
        yield "series names must differ"
    if any(len(str(axis.get(key, ""))) > 50 for key in ("x_label", "y_label")):
        yield "axis label over 50"
    if any(len(str(category)) > 20 for category in categories):
        yield "category over 20 characters"
    for one in series:
        yield from _points(one.get("data"), "series data")
        if [point.get("label") for point in one.get("data") or []] != categories:
            yield "a series needs one point for each category, in order"


def _points(points: Any, what: str) -> Iterator[str]:
    if not isinstance(points, list) or not 1 <= len(points) <= 20:
        yield f"{what}: 1 to 20 points"
        return
    for point in points:
        if not 1 <= len(str(point.get("label", ""))) <= 20 or not isinstance(point.get("value"), int | float):
            yield f"{what}: a point needs a label of 1 to 20 characters and a number"


def _table(block: Json) -> Iterator[str]:
    rows = block.get("rows") or []
    if not 2 <= len(rows) <= 101 or not block.get("caption"):
        yield "data_table takes a caption and 2 to 101 rows"
    widths = {len(row) for row in rows}
    if len(widths) != 1 or not 1 <= next(iter(widths), 0) <= 20:
        yield "rows must have one length of 1 to 20"
    for number, row in enumerate(rows):
        for cell in row:
            kind = cell.get("type")
            if kind not in ("raw_text", "raw_number", "rich_text") or (number == 0 and kind == "rich_text"):
                yield f"cell {kind!r} not allowed in row {number}"
            if kind in ("raw_text", "raw_number") and not isinstance(cell.get("text"), str):
                yield "a cell needs text"
            if kind == "raw_number" and not isinstance(cell.get("value"), int | float):
                yield "a raw_number needs a value"


def _nothing(_block: Json) -> Iterator[str]:
    return iter(())


_BY_TYPE = {
    "section": _section,
    "context": _context,
    "actions": _actions,
    "input": _input,
    "header": _header,
    "data_visualization": _chart,
    "data_table": _table,
}


def check_view(view: Any, *, home: bool) -> list[str]:
    """What Slack would refuse in a view."""
    if not isinstance(view, dict) or view.get("type") != ("home" if home else "modal"):
        return ["view has the wrong type"]
    allowed = {"type", "blocks", "private_metadata", "callback_id", "external_id"}
    found: list[str] = []
    if not home:
        allowed |= {"title", "submit", "close", "clear_on_close", "notify_on_close", "submit_disabled"}
        for key in ("title", "submit", "close"):
            if key in view or key == "title":
                found += _text(view.get(key), 24, key, plain=True)
        has_input = any(isinstance(b, dict) and b.get("type") == "input" for b in view.get("blocks", []))
        if has_input and "submit" not in view:
            found.append("a modal with inputs needs submit")
    found += _keys(view, {"type", "blocks"}, allowed)
    if len(view.get("private_metadata", "")) > 3000 or len(view.get("callback_id", "")) > 255:
        found.append("private_metadata over 3000 or callback_id over 255")
    return found + check_blocks(view.get("blocks"), HOME if home else MODAL)
