"""The manager's pledge, before her first digest."""

from datetime import datetime

from bot.domain.wording import day
from bot.views import ids
from bot.views.kit import Json, actions, button, section

PLEDGE = (
    "Before your first weekly digest, one promise: “I won't use this tool's numbers or anyone's answers "
    "to rate people.” Your digests start once you agree, and your reps can see that you did."
)


def pledge() -> Json:
    """The question that comes before the first digest."""
    return {"text": PLEDGE, "blocks": [section(PLEDGE), actions(button("I agree", ids.PLEDGE, "pledge"))]}


def pledged(at: datetime, zone: str, first: str) -> Json:
    """The question, answered; `first` says when the first digest comes."""
    text = (
        f"You agreed on {day(at, zone)}: “I won't use this tool's numbers or anyone's answers to rate people.” {first}"
    )
    return {"text": text, "blocks": [section(text)]}
