"""What a rep reads of leads that wait for her: names alone, no number."""

from bot.domain.wording import escape, foreign, one_line, plural
from bot.views import ids
from bot.views.kit import Json, actions, button, section

NAMED = 12


def more_leads(names: list[str]) -> Json:
    """ "7 more leads", with their names."""
    head = plural(len(names), "more lead")
    rest = len(names) - NAMED
    more = f" and {rest} more" if rest > 0 else ""
    shown = ", ".join(foreign(name, 60) for name in names[:NAMED])
    spoken = ", ".join(one_line(name, 60) for name in names[:NAMED])
    return {
        "text": escape(f"{head}: {spoken}{more}. No hurry, and no answer is needed."),
        "blocks": [
            section(f"*{head}*: {shown}{more}.\nNo hurry, and no answer is needed."),
            actions(button("Open", ids.LATER, "later", label=f"Open {head}")),
        ],
    }


def opened() -> Json:
    """The same, once all are among her messages."""
    text = "These leads are open now; you find them among your messages."
    return {"text": text, "blocks": [section(text)]}
