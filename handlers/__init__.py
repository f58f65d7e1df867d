"""Every listener, in one table."""

from collections.abc import Callable
from functools import partial

from slack_bolt import App

from bot.deps import Deps
from bot.views import ids
from handlers import answers, errors, forms

ACTIONS: dict[str, Callable[..., None]] = {
    ids.NOTED: answers.noted,
    ids.UNDO_NOTED: answers.undo_noted,
    ids.WITHDRAW: answers.withdraw,
    ids.REVEAL: answers.reveal,
    ids.PLEDGE: answers.agree_to_pledge,
    ids.OPEN: forms.open_override,
    ids.EDIT: forms.edit_override,
    ids.DETAILS: forms.open_details,
    ids.WHY: forms.open_why,
    ids.SEE: forms.open_said,
}
FORMS: dict[str, Callable[..., None]] = {
    ids.SUBMIT: forms.submit_override,
    ids.SUBMIT_DETAILS: forms.submit_details,
}


def register(app: App, deps: Deps) -> None:
    """Bind every listener to what it needs."""
    for action_id, listener in ACTIONS.items():
        app.action(action_id)(partial(listener, deps))
    for callback_id, listener in FORMS.items():
        app.view(callback_id)(partial(listener, deps))
    app.error(partial(errors.answer, deps))
