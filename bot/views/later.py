"""What a rep reads of leads that wait for her: names alone, no number."""

from bot.domain.wording import escape, fit, one_line, plural
from bot.views import ids
from bot.views.kit import Json, actions, button, section

NAMED = 12
# Entities make names longer; twelve of these fit a section.
NAME_FITS = 200


def more_leads(rep: int, names: list[str], instead_of: str = "") -> Json:
    """ "7 more leads", with their names; for a stand-in with whose they are. `rep` is whose they are, as a number."""
    head = plural(len(names), "more lead")
    whose = f" of {one_line(instead_of, 60)}'s" if instead_of else ""
    rest = len(names) - NAMED
    more = f" and {rest} more" if rest > 0 else ""
    shown = ", ".join(fit(one_line(name, 60), NAME_FITS) for name in names[:NAMED])
    spoken = ", ".join(one_line(name, 60) for name in names[:NAMED])
    return {
        "text": escape(f"{head}{whose}: {spoken}{more}. No hurry, and no answer is needed."),
        "blocks": [
            section(f"*{head}*{escape(whose)}: {shown}{more}.\nNo hurry, and no answer is needed."),
            actions(button("Open", ids.LATER, str(rep), label=f"Open {head}")),
        ],
    }


def opened(by: str = "") -> Json:
    """The same, once all are among the messages of whoever opened them: `by` somebody else than its reader."""
    where = f"{one_line(by, 60)} has them" if by else "you find them among your messages"
    text = f"These leads are open now; {escape(where)}."
    return {"text": text, "blocks": [section(text)]}
