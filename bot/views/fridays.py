"""The Friday question: did any of these close?"""

from typing import Any

from bot.domain.wording import foreign, plural
from bot.views import ids
from bot.views.kit import Json, actions, button, context, entry, option, plain, section


def question(many: int, days: set[int], *, again: bool) -> Json:
    """One message, for leads that reached their day."""
    reached = (
        f"{plural(many, 'lead')} reached day {days.pop()}" if len(days) == 1 else f"{plural(many, 'lead')} ran out"
    )
    text = f"{reached}. Did any of them close?"
    if again:
        text += " This is the last time I ask about these."
    return {
        "text": text,
        "blocks": [
            section(text),
            actions(button("Go through them", ids.FRIDAY, "friday")),
            context("You can turn this question off in Home."),
        ],
    }


def form(number: int, leads: list[Any]) -> Json:
    """Modal `friday.submit`: each lead, closed or not; what is left out stays open."""
    inputs = [
        entry(
            f"lead_{lead.id}",
            lead.name[:150],
            {
                "type": "static_select",
                "placeholder": plain("Leave it open"),
                "options": [option(f"Won within its {lead.horizon_days} days", "won"), option("Not won", "lost")],
            },
            optional=True,
        )
        for lead in leads
    ]
    return {
        "type": "modal",
        "callback_id": ids.SUBMIT_FRIDAY,
        "private_metadata": str(number),
        "title": plain("Did any of them close?"),
        "submit": plain("Save"),
        "close": plain("Cancel"),
        "blocks": [section("Whatever you leave out stays open."), *inputs],
    }


def thanks(many: int) -> Json:
    """The question, answered."""
    text = f"Thank you: {plural(many, 'outcome')} saved." if many else "Thank you: all of them stay open."
    return {"text": text, "blocks": [section(foreign(text, 200))]}
