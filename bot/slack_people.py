"""What a command must ask Slack: who somebody is, and whether a channel can be posted to."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.domain.accounts import Account, Channel
from bot.domain.errors import OtherwiseError
from bot.domain.schedule import known_zone
from bot.slack_failures import SLACK_FAILURES

# Slack's way of saying that there is no such thing, or none that we may see.
UNSEEN = ("channel_not_found", "missing_scope", "not_in_channel", "invalid_arguments")
AT_ONCE = 8


class SlackSilent(OtherwiseError):
    """Slack could not be asked just now, so nothing was changed. Please try again in a minute."""


def account(client: WebClient, slack_id: str) -> Account:
    """Somebody by id. Raises OtherwiseError when there is nobody, SlackSilent when Slack doesn't answer."""
    try:
        return _account(client.users_info(user=slack_id)["user"])
    except SlackApiError as failure:
        if failure.response.get("error") in ("user_not_found", "user_not_visible"):
            raise OtherwiseError("I can't find that person in this workspace. Nothing was changed.") from None
        raise SlackSilent from failure
    except SLACK_FAILURES as failure:
        raise SlackSilent from failure


def accounts(client: WebClient, slack_ids: list[str]) -> dict[str, Account]:
    """Several, asked side by side: a command is to be answered within three seconds."""
    if len(slack_ids) <= 1:
        return {one: account(client, one) for one in slack_ids}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="ask") as pool:
        found = list(pool.map(lambda one: account(client, one), slack_ids))
    return dict(zip(slack_ids, found, strict=True))


def by_email(client: WebClient, email: str) -> Account | None:
    """Somebody by email, or None."""
    try:
        return _account(client.users_lookupByEmail(email=email)["user"])
    except SlackApiError as failure:
        if failure.response.get("error") == "users_not_found":
            return None
        raise SlackSilent from failure
    except SLACK_FAILURES as failure:
        raise SlackSilent from failure


def channel(client: WebClient, channel_id: str) -> Channel:
    """A channel as the bot sees it; `found` is false where it sees none. Raises SlackSilent."""
    try:
        info: dict[str, Any] = client.conversations_info(channel=channel_id, include_num_members=True)["channel"]
    except SlackApiError as failure:
        if failure.response.get("error") in UNSEEN:
            return Channel(channel_id, channel_id, found=False)
        raise SlackSilent from failure
    except SLACK_FAILURES as failure:
        raise SlackSilent from failure
    return Channel(
        channel_id,
        str(info.get("name", channel_id)),
        has_bot=bool(info.get("is_member")),
        archived=bool(info.get("is_archived")),
        readers=max(0, int(info.get("num_members") or 0) - bool(info.get("is_member"))),
    )


def zone_of(user: Any) -> str:
    """The zone that Slack has of somebody, or UTC where it has none, or one that nobody here knows."""
    zone = str(user.get("tz") or "")
    return zone if known_zone(zone) else "UTC"


def _account(user: Any) -> Account:
    profile = user.get("profile") or {}
    return Account(
        slack_id=str(user["id"]),
        name=str(user.get("real_name") or profile.get("real_name") or user.get("name") or user["id"]),
        zone=zone_of(user),
        email=str(profile.get("email") or ""),
        is_admin=bool(user.get("is_admin") or user.get("is_owner") or user.get("is_primary_owner")),
        is_bot=bool(user.get("is_bot")) or user["id"] == "USLACKBOT",
        is_gone=bool(user.get("deleted")),
    )
