"""One letter to Slack: send it, understand the answer, and look before saying something twice."""

import uuid
from collections.abc import Set
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot import charts
from bot.domain.retry import PASSING, UNCERTAIN, Answer, Kind
from bot.slack_failures import NO_CODE, SLACK_FAILURES, code_of
from bot.views.kit import Json

Letter = dict[str, Any]
EVENT_TYPE = "otherwise_letter"
_NAMESPACE = uuid.UUID("6f7e1f0a-5f55-4c6a-9f0e-0d6d9c4b1e55")
# Kinds of blocks that Slack has not brought to every workspace, and how it refuses them.
NEWER = ("data_visualization", "data_table")
UNKNOWN_BLOCKS = ("invalid_blocks", "invalid_blocks_format", "unsupported_block_type")
PICTURES = "files:write"
# What carries no number of its letter, so that it can't be looked for.
UNMARKED = ("private", "picture")
DIRECT_HISTORY, CHANNEL_HISTORY = frozenset({"im:history"}), frozenset({"channels:history", "groups:history"})
HISTORY_SCOPES = DIRECT_HISTORY | CHANNEL_HISTORY
# How far Slack's clock may be behind ours: what was said then is looked for in between, too.
CLOCKS = timedelta(minutes=5)


def may_look(scopes: Set[str], letter: Letter) -> bool:
    """Whether the bot may read where a letter goes. A channel's id does not tell whether it is private."""
    where = letter["target_channel"] if letter["kind"] == "thread" else letter["dm"] or letter["lane"]
    direct = str(where)[:1] in ("D", "U", "W")
    return letter["kind"] not in UNMARKED and bool(scopes & (DIRECT_HISTORY if direct else CHANNEL_HISTORY))


def deliver(slack: WebClient, letter: Letter, scopes: Set[str]) -> tuple[Answer, list[Json]]:
    """Send a claimed letter. A letter that may have been said already is looked for first, where the bot's `scopes` let
    it read that; elsewhere Slack must at least be answering again before it is said a second time.

    How it ended, and the blocks that this workspace does not know and that were left out.
    """
    left_out: list[Json] = []
    if letter["error"] == UNCERTAIN and letter["kind"] not in ("update", "delete"):
        before = _said_before(slack, letter, scopes)
        if before is not None:
            return before, left_out
    answer = _attempt(partial(_deliver, slack, letter))
    for kind in NEWER:
        # A workspace that does not know these yet still gets the words, which say the same.
        if answer.kind is not Kind.REFUSED or answer.code not in UNKNOWN_BLOCKS or not _has(letter, kind):
            continue
        blocks = letter["payload"]["blocks"]
        left_out += [block for block in blocks if block["type"] == kind]
        letter = letter | {"payload": letter["payload"] | {"blocks": [one for one in blocks if one["type"] != kind]}}
        answer = _attempt(partial(_deliver, slack, letter))
    return answer, left_out


def _said_before(slack: WebClient, letter: Letter, scopes: Set[str]) -> Answer | None:
    """How a letter ended that may have been said already; None where it may be said again.

    Nothing is said while that can't be seen: the look itself may be refused for now, or lose its answer.
    """
    if may_look(scopes, letter):
        looked = _attempt(lambda: Answer(Kind.SENT, ts=_find(slack, letter), channel=_channel(letter)))
        if looked.kind is Kind.SENT:
            return looked if looked.ts else None
        if looked.kind is Kind.REFUSED and looked.code not in (*PASSING, "missing_scope"):
            return looked
        if looked.code != "missing_scope":
            return replace(looked, kind=Kind.UNSEEN)
    probe = _attempt(lambda: Answer(Kind.SENT if slack.api_test()["ok"] else Kind.UNREACHED))
    return None if probe.kind is Kind.SENT else replace(probe, kind=Kind.UNSEEN)


def _has(letter: Letter, kind: str) -> bool:
    return any(block.get("type") == kind for block in letter["payload"].get("blocks", []))


def open_direct(slack: WebClient, slack_id: str) -> Answer:
    """The DM channel with a person, as `channel` of the answer."""

    def call() -> Answer:
        opened = slack.conversations_open(users=slack_id)
        return Answer(Kind.SENT, channel=str(opened["channel"]["id"]))

    return _attempt(call)


def _deliver(slack: WebClient, letter: Letter) -> Answer:
    payload = {key: letter["payload"][key] for key in ("text", "blocks") if key in letter["payload"]}
    if letter["kind"] == "update":
        done = slack.chat_update(channel=letter["target_channel"], ts=letter["target_ts"], **payload)
    elif letter["kind"] == "delete":
        slack.chat_delete(channel=letter["target_channel"], ts=letter["payload"].get("ts") or letter["target_ts"])
        return Answer(Kind.SENT, channel=letter["target_channel"])
    elif letter["kind"] == "picture":
        return _picture(slack, letter)
    elif letter["kind"] == "private":
        channel = letter["target_channel"]
        done = slack.chat_postEphemeral(channel=channel, user=letter["payload"]["user"], **payload)
        return Answer(Kind.SENT, ts=str(done["message_ts"]), channel=channel)
    else:
        done = slack.chat_postMessage(
            channel=_channel(letter),
            thread_ts=letter["target_ts"] if letter["kind"] == "thread" else None,
            metadata={"event_type": EVENT_TYPE, "event_payload": {"letter": mark(letter)}},
            client_msg_id=mark(letter),
            unfurl_links=False,
            unfurl_media=False,
            **payload,
        )
    return Answer(Kind.SENT, ts=str(done["ts"]), channel=str(done["channel"]))


def _picture(slack: WebClient, letter: Letter) -> Answer:
    """A chart as a file in the thread of the message that it belongs to."""
    block = letter["payload"]["chart"]
    slack.files_upload_v2(
        channel=letter["target_channel"],
        thread_ts=letter["target_ts"],
        file=charts.png(block),
        filename="chart.png",
        title=block["title"],
        alt_txt=charts.in_words(block),
    )
    return Answer(Kind.SENT, channel=letter["target_channel"])


def _channel(letter: Letter) -> str:
    if letter["kind"] == "thread":
        return str(letter["target_channel"])
    return str(letter["dm"] or letter["lane"])


def mark(letter: Letter) -> str:
    """By what a message is known to be this letter's. Not its number: apps read a message's metadata, and from how far
    numbers lie apart they would see when somebody answered in between.
    """
    return str(uuid.uuid5(_NAMESPACE, letter["dedupe_key"]))


def _find(slack: WebClient, letter: Letter) -> str:
    """The ts of the message that carries this letter's mark, or "" when there is none."""
    oldest = f"{(letter['created_at'] - CLOCKS).timestamp():.6f}"
    more: dict[str, Any] = {"oldest": oldest, "include_all_metadata": True, "limit": 200}
    thread = letter["kind"] == "thread"
    cursor = ""
    while True:
        if thread:
            page = slack.conversations_replies(channel=_channel(letter), ts=letter["target_ts"], cursor=cursor, **more)
        else:
            page = slack.conversations_history(channel=_channel(letter), cursor=cursor, **more)
        for message in page["messages"]:
            payload = (message.get("metadata") or {}).get("event_payload") or {}
            # Messages of earlier versions carry its number.
            if payload.get("letter") in (mark(letter), letter["id"]):
                return str(message["ts"])
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            return ""


def _attempt(call: Any) -> Answer:
    """Run a call and say how it ended; what can't be told apart from done counts as unknown."""
    try:
        done: Answer = call()
    except SlackApiError as failure:
        return _refused(failure)
    except URLError as failure:
        before = isinstance(failure.reason, ConnectionRefusedError) or "Name or service" in str(failure.reason)
        return Answer(Kind.UNREACHED if before else Kind.UNKNOWN, "unreached" if before else "lost")
    except (*SLACK_FAILURES, ValueError):
        # Time-outs, resets and half answers: Slack may have done it.
        return Answer(Kind.UNKNOWN, "lost")
    return done


def _refused(failure: SlackApiError) -> Answer:
    response: Any = failure.response
    status = response.get("status") if isinstance(response, dict) else response.status_code
    headers = response.get("headers") or {} if isinstance(response, dict) else response.headers
    if status == 429:
        wait = next((value for key, value in headers.items() if key.lower() == "retry-after"), None)
        return Answer(Kind.LIMITED, "ratelimited", float(wait) if wait is not None else None)
    if status is None or status >= 500 or isinstance(response, dict):
        return Answer(Kind.UNKNOWN, f"http {status}")
    # A page of some proxy's, or half an answer of Slack's: a refusal has a code.
    code = code_of(failure)
    return Answer(Kind.UNKNOWN, code) if code == NO_CODE else Answer(Kind.REFUSED, code)
