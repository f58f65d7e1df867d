"""The one place that catches the rest: logged once without words or tokens, and the person gets one sentence."""

import uuid
from typing import Any

import structlog
from slack_bolt import BoltResponse
from slack_bolt.error import BoltUnhandledRequestError
from slack_sdk.errors import SlackApiError

from bot.deps import Deps
from bot.domain.errors import OtherwiseError
from bot.domain.wording import escape
from bot.log import frames
from bot.slack_failures import SLACK_FAILURES, code_of
from bot.views import ids
from bot.views.home import notice_view
from handlers.saying import say

log = structlog.get_logger()
# Where a form shows a sentence that concerns all of it.
PLACE = {
    ids.SUBMIT: ids.REASON,
    ids.SUBMIT_DETAILS: ids.ESTIMATE,
    ids.SETUP_TEAM: ids.TEAM,
    ids.SETUP_DIGEST: ids.TIME,
}
TOO_SLOW = "Slack took too long to open the form. Please press the button again."
SLOW = ("expired_trigger_id", "exchanged_trigger_id", "ratelimited")
REFUSED = "Slack did not take this, and nothing was changed. Please tell an admin to run `otherwise check`."
UNKNOWN = "This button is from another version of Otherwise and does nothing any more."


def answer(deps: Deps, error: Exception, body: dict[str, Any]) -> BoltResponse:
    """Turn any failure into an answer: 200, with the sentence in the form, or to the person alone.

    Behind an event stands nobody who could be told. Slack sends it again when the answer is a failure.
    """
    sentence = _sentence(error)
    if body.get("type") == "event_callback" and not isinstance(error, BoltUnhandledRequestError):
        return BoltResponse(status=500, body="")
    if body.get("type") == "view_submission":
        place = PLACE.get(body["view"]["callback_id"])
        blocks = body["view"].get("blocks") or []
        place = place or next((block["block_id"] for block in blocks if block["type"] == "input"), None)
        if place is None:
            return BoltResponse(status=200, body={"response_action": "update", "view": notice_view(escape(sentence))})
        return BoltResponse(status=200, body={"response_action": "errors", "errors": {place: sentence}})
    if url := body.get("response_url"):
        say(url, {"text": escape(sentence)})
    elif body.get("type") == "block_actions" and body.get("trigger_id"):
        _open(deps, body["trigger_id"], sentence)
    return BoltResponse(status=200, body="")


def _sentence(error: Exception) -> str:
    if isinstance(error, OtherwiseError):
        if error.__cause__ is not None:
            log.warning("listener.refused", error=type(error).__name__, trace=frames(error))
        return str(error)
    if isinstance(error, BoltUnhandledRequestError):
        log.warning("listener.unknown")
        return UNKNOWN
    if isinstance(error, SLACK_FAILURES):
        code = code_of(error)
        log.warning("listener.slack", error=code)
        return TOO_SLOW if not isinstance(error, SlackApiError) or code in SLOW else REFUSED
    reference = uuid.uuid4().hex[:8]
    log.error("listener.failed", reference=reference, trace=frames(error))
    return f"Something went wrong here, and nothing was changed. Please try again; reference {reference}."


def _open(deps: Deps, trigger: str, sentence: str) -> None:
    """Say it in a window: a Home has no message beside which it could stand."""
    try:
        deps.slack.views_open(trigger_id=trigger, view=notice_view(escape(sentence)))
    except SLACK_FAILURES as failure:
        log.warning("listener.untold", error=type(failure).__name__)
