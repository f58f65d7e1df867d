"""A command's answer: private, with [Undo] where it can be taken back."""

from bot.domain.commands import FOR_MANAGERS, FOR_REPS, FORMS, GROUPS, OWN, Form, shown, typed, unknown_topic
from bot.domain.wording import cut, escape
from bot.views import ids
from bot.views.kit import Json, actions, button, section
from bot.views.record import record_blocks
from bot.views.rep_home import RepPart

SECTION_LIMIT = 2900
INTRO = "Otherwise posts each new lead to its rep with the scoring tool's number, as a suggestion."


def reply(sentence: str, undo: int = 0) -> Json:
    """A sentence or a few lines (mrkdwn), and [Undo] with the change's number."""
    blocks = [section(part) for part in _parts(sentence)]
    if undo:
        blocks.append(actions(button("Undo", ids.UNDO, str(undo), label="Undo this change")))
    return _private(sentence, blocks)


def confirm(sentence: str, press: str, action_id: str, value: str) -> Json:
    """What can't be undone is asked first."""
    blocks = [section(part) for part in _parts(sentence)]
    return _private(sentence, [*blocks, *([actions(button(press, action_id, value))] if press else [])])


def refusal(sentence: str) -> Json:
    """A sentence that helps. What was typed may stand in it, so all of it is escaped."""
    return reply(escape(sentence))


def help_text(*, everything: bool, rep: bool = False, manager: bool = False, topic: str = "") -> Json:
    """The forms that this person has a use for: a rep's and a manager's, or all of them.

    All are many, so their names alone stand there; `topic` is the first word of those wanted in full, or "all".
    """
    hidden = (
        frozenset[str]()
        if everything
        else (FOR_REPS if not rep else frozenset()) | (FOR_MANAGERS if not manager else frozenset())
    )
    forms = [form for form in FORMS if (everything or form.everybody) and form.name not in hidden]
    named = [form for form in forms if form.name.split()[0] == topic]
    if named:
        return reply("\n".join(_written(form) for form in named))
    short = everything and topic != "all"
    head = INTRO
    if not everything:
        head += " These are for you; the rest is for admins. Your own page is the app's Home tab."
    parts = [escape(f"{unknown}\n{head}" if (unknown := unknown_topic(topic)) else head)]
    for title, words in GROUPS:
        inside = [form for form in forms if form.name.split()[0] in words]
        if inside and short and title != OWN:
            parts.append(f"*{title}*: {', '.join(f'`{typed(form)}`' for form in inside)}")
        elif inside:
            parts.append("\n".join([*([f"*{title}*"] if everything else []), *(_written(form) for form in inside)]))
    if short:
        parts.append(
            "`/otherwise help rep` shows how the commands with `rep` are written, `/otherwise help all` all of them."
        )
    return _private("\n".join(parts), [section(part) for part in parts])


def _written(form: Form) -> str:
    return escape(f"`{shown(form)}` {form.says}")


def record(rep: RepPart) -> Json:
    """`my record`, in a message that only she sees."""
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": f"*{block['text']['text']}*"}}
        if block["type"] == "header"
        else block
        for block in record_blocks(rep.record, rep.counts)
    ]
    return _private("Your record, for you alone.", blocks)


def preview(sentence: str, payload: Json) -> Json:
    """The next digest, with a line above it."""
    return _private(f"{sentence} {payload['text']}", [section(f"_{sentence}_"), *payload["blocks"]][:50])


def _private(text: str, blocks: list[Json]) -> Json:
    return {"response_type": "ephemeral", "text": cut(text, 3900), "blocks": blocks}


def _parts(text: str) -> list[str]:
    """Cut at line ends, so that each part fits a section."""
    parts: list[str] = []
    current = ""
    for line in text.split("\n"):
        fits = cut(line, SECTION_LIMIT)
        if current and len(current) + len(fits) + 1 > SECTION_LIMIT:
            parts, current = [*parts, current], fits
        else:
            current = f"{current}\n{fits}" if current else fits
    return [*parts, current][:48]
