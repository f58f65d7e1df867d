"""How a call to Slack fails, in one place: what its client raises, and what of it may be told."""

import re
from http.client import HTTPException
from typing import Any

from slack_sdk.errors import SlackApiError, SlackClientError

# Its own errors, Slack's refusals among them; sockets, time-outs and DNS; an answer that was cut off.
SLACK_FAILURES = (SlackClientError, OSError, HTTPException)
NO_CODE = "no_code"
_CODE = re.compile(r"[a-z0-9_]{1,80}")


def code_of(failure: BaseException) -> str:
    """Slack's code for a refusal, NO_CODE where the answer was none of Slack's, else the error's name.

    For an answer that is no JSON the client gives a piece of the body as the code: a message's own words, perhaps.
    """
    if not isinstance(failure, SlackApiError):
        return type(failure).__name__
    response: Any = failure.response
    code = str(response.get("error") or "") if hasattr(response, "get") else ""
    return code if _CODE.fullmatch(code) else NO_CODE
