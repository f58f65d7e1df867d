"""Say something to the one who acted; it may be lost, what she typed never was."""

import structlog
from slack_sdk.webhook import WebhookClient

from bot.slack_failures import SLACK_FAILURES
from bot.views.kit import Json

log = structlog.get_logger()


def say(url: str, payload: Json, *, replace: bool = False) -> None:
    """Answer at a response_url: privately, beside the message or in its place."""
    if not url:
        return
    body = {key: value for key, value in payload.items() if key != "response_type"}
    try:
        WebhookClient(url, timeout=2).send(**body, response_type="ephemeral", replace_original=replace)
    except (*SLACK_FAILURES, ValueError) as failure:
        log.warning("listener.untold", error=type(failure).__name__)
