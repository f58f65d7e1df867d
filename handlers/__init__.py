"""Every listener, in one table."""

from collections.abc import Callable
from functools import partial

from slack_bolt import App

from bot.deps import Deps
from bot.views import ids
from handlers import answers, commands, digests, errors, forms, home, reps, routing, sampling, setup

ACTIONS: dict[str, Callable[..., None]] = {
    ids.NOTED: answers.noted,
    ids.UNDO_NOTED: answers.undo_noted,
    ids.WITHDRAW: answers.withdraw,
    ids.REVEAL: answers.reveal,
    ids.UNQUOTE: answers.unquote,
    ids.PLEDGE: answers.agree_to_pledge,
    ids.OPEN: forms.open_override,
    ids.EDIT: forms.edit_override,
    ids.DETAILS: forms.open_details,
    ids.WHY: forms.open_why,
    ids.SEE: forms.open_said,
    ids.NUMBER: home.switch_number,
    ids.PAST_DIGEST: home.open_digest,
    ids.RECORD: home.open_record,
    ids.RETRY: home.retry,
    ids.ADD_OWNER: home.add_owner,
    ids.DIGEST_DETAILS: digests.open_details,
    ids.DIGEST_SEND: digests.send_to_owners,
    ids.DIGEST_WHY: digests.see_why,
    ids.MONTHLY: digests.monthly,
    ids.WEEKLY: digests.weekly,
    ids.LATER: reps.open_later,
    ids.FRIDAY: reps.open_friday,
    ids.SWITCH: reps.switch,
    ids.FORGET_ME: reps.ask_to_forget_me,
    ids.FORGET: reps.forget,
    ids.RETAIN: reps.retain,
    ids.SAY_NUMBER: sampling.open_number,
    ids.LEAVE_SAMPLE: sampling.leave,
    ids.KEEP: routing.keep,
    ids.ASK_POOL: routing.ask_pool,
    ids.TAKE: routing.take,
    ids.UNDO: commands.undo,
    ids.TEST_LEAD: setup.test_lead,
}
FORMS: dict[str, Callable[..., None]] = {
    ids.SUBMIT: forms.submit_override,
    ids.SUBMIT_DETAILS: forms.submit_details,
    ids.SETUP_TEAM: setup.submit_team,
    ids.SETUP_DIGEST: setup.submit_digest,
    ids.SUBMIT_FRIDAY: reps.submit_friday,
    ids.SUBMIT_FORGET: reps.forget_me,
    ids.SUBMIT_NUMBER: sampling.submit_number,
}
COMMANDS: dict[str, Callable[..., None]] = {"/otherwise": commands.otherwise}
EVENTS: dict[str, Callable[..., None]] = {"app_home_opened": home.opened}


def register(app: App, deps: Deps) -> None:
    """Bind every listener to what it needs."""
    for action_id, listener in ACTIONS.items():
        app.action(action_id)(partial(listener, deps))
    for callback_id, listener in FORMS.items():
        app.view(callback_id)(partial(listener, deps))
    for name, listener in COMMANDS.items():
        app.command(name)(partial(listener, deps))
    for name, listener in EVENTS.items():
        app.event(name)(partial(listener, deps))
    app.error(partial(errors.answer, deps))
