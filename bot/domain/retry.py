"""What to do with a letter after Slack has answered, or has not: a decision as a value, tested as a table."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Kind(StrEnum):
    """How a call to Slack ended."""

    SENT = "sent"
    LIMITED = "limited"  # 429: not done
    REFUSED = "refused"  # Slack's own error code: not done
    UNREACHED = "unreached"  # the request never arrived: not done
    UNKNOWN = "unknown"  # a lost answer, a time-out, a 5xx: perhaps done
    UNSEEN = "unseen"  # perhaps done before, and whether it was could not be seen just now: not done again


class State(StrEnum):
    """Where a letter stands (RELIABILITY, the outbox)."""

    PENDING = "pending"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    SENT = "sent"
    DEAD = "dead"


# How long after a lost answer a late copy could still arrive: the client's own time-out, doubled.
SETTLE = timedelta(seconds=20)
LONGEST_WAIT = timedelta(seconds=60)

FIXES = {
    "channel_not_found": "The channel does not exist or the bot can't see it: invite @Otherwise there.",
    "not_in_channel": "Invite @Otherwise to the channel (/invite @Otherwise), then send this again.",
    "is_archived": "The channel is archived: unarchive it. New leads go elsewhere once the rep is mapped so.",
    "restricted_action": "A workspace setting forbids the bot to post there: ask a workspace admin to allow it.",
    "messages_tab_disabled": "Turn on the Messages tab in the app's settings (App Home), then send this again.",
    "account_inactive": "The app was removed from the workspace: install it again and put the new token in .env.",
    "invalid_auth": "SLACK_BOT_TOKEN is not valid: copy it again from the app's page and restart.",
    "not_authed": "SLACK_BOT_TOKEN is missing: put it in .env and restart.",
    "token_revoked": "The token was revoked: install the app again and put the new token in .env.",
    "token_expired": "The token has expired: install the app again and put the new token in .env.",
    "missing_scope": "The app lacks a scope: compare its scopes with manifest.yml, then install it again.",
    "user_not_found": "This person is not in the workspace: check the Slack id.",
    "users_not_found": "This person is not in the workspace: check the Slack id.",
    "user_disabled": "This person's account is deactivated: give the leads to somebody else.",
    "cannot_dm_bot": "A bot can't get suggestions: map the rep to a person.",
    "message_not_found": "The message was deleted in Slack; there is nothing left to edit.",
    "cant_update_message": "The message was posted by another app or token; it can't be edited.",
    "edit_window_closed": "The workspace no longer allows edits of this message.",
    "msg_too_long": "The message is longer than Slack takes: please report this as a defect.",
    "invalid_blocks": "Slack refused the message's form: please report this as a defect.",
    "no_text": "Slack refused an empty message: please report this as a defect.",
}
# Slack's own passing troubles, answered with ok: false.
PASSING = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited"})
# The mark on a letter that may have been said already.
UNCERTAIN = "uncertain"
LOST_TWICE = "Slack's answer was lost twice: look whether the message is there; if not, send it again."


@dataclass(frozen=True)
class Answer:
    """How one call ended: `code` is Slack's error code, `retry_after` in seconds, `ts` and `channel` when sent."""

    kind: Kind
    code: str = ""
    retry_after: float | None = None
    ts: str = ""
    channel: str = ""


@dataclass(frozen=True)
class Decision:
    """The letter's next state; `next_at` is when it may be tried again, `fix` what an admin can do about a dead one, or
    should know of one that waits.
    """

    state: State
    next_at: datetime | None = None
    fix: str = ""
    lost_answer: bool = False


def decide(answer: Answer, *, attempt: int, lost: int, repeatable: bool, now: datetime) -> Decision:
    """What follows from `answer` to try number `attempt` (from 1), after `lost` answers lost before.

    `repeatable` says that doing it twice is the same as once (an edit), so that an unknown end is simply tried again.
    Otherwise a letter whose answer was lost is resent once, and given up visibly when that answer is lost too.
    """
    if answer.kind is Kind.SENT:
        return Decision(State.SENT)
    if answer.kind is Kind.LIMITED:
        return Decision(State.PENDING, now + wait_of(answer))
    if answer.kind is Kind.UNSEEN:
        return Decision(State.UNCERTAIN, now + max(wait_of(answer), backoff(attempt)))
    if answer.kind is Kind.REFUSED and answer.code not in PASSING:
        return Decision(
            State.DEAD, fix=FIXES.get(answer.code, f"Slack answered {answer.code!r}: see docs/operations.md.")
        )
    if answer.kind is Kind.UNKNOWN and not repeatable:
        if lost >= 1:
            return Decision(State.DEAD, fix=LOST_TWICE, lost_answer=True)
        return Decision(State.UNCERTAIN, now + SETTLE, lost_answer=True)
    return Decision(State.PENDING, now + backoff(attempt))


def wait_of(limited: Answer) -> timedelta:
    """For how long Slack wants to be left alone: as long as it says, an hour at the most, or a second."""
    return timedelta(seconds=min(limited.retry_after if limited.retry_after is not None else 1.0, 3600.0))


def backoff(attempt: int) -> timedelta:
    """1, 2, 4 … seconds, at most 60: Slack is given time, and the first minutes after an outage are not wasted."""
    return min(timedelta(seconds=2.0 ** min(attempt - 1, 10)), LONGEST_WAIT)
