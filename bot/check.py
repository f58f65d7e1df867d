"""`otherwise check`: settings, tokens, scopes, database, channels, waiting leads; a line each, with its fix."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.domain.errors import OtherwiseError, SettingsError
from bot.domain.wording import listed, plural
from bot.http_mode import SLACK_PATH
from bot.people import Member
from bot.settings import Settings, need_tokens, read_secret
from bot.slack_check import NEEDED_SCOPES, need_socket_mode, who_is
from bot.slack_failures import SLACK_FAILURES
from bot.slack_people import zone_of
from storage import connections, leads, outbox, people
from storage import waiting as kept_waiting
from storage.database import Database
from storage.lock import database_file
from storage.migrate import is_current

PAGE = 200


@dataclass(frozen=True)
class Line:
    """One finding: whether it is good, and the sentence."""

    good: bool
    text: str


def look(settings: Settings) -> Iterator[Line]:
    """Look at everything that must hold, in the order in which it must."""
    yield Line(True, "Settings are readable.")
    slack = _client(settings)
    found = list(_tokens(slack, settings))
    yield from found
    asks_slack = all(line.good for line in found[:1])
    file = database_file(settings.database_url)
    if file is not None and not file.exists():
        yield Line(True, "No database yet: the first `otherwise run` makes it.")
        return
    if not is_current(settings.database_url):
        yield Line(False, "The database has another version's tables: run `otherwise migrate`.")
        return
    database = Database(settings.database_url)
    try:
        yield Line(True, "The database is there, with this version's tables.")
        yield from _channels(database, slack if asks_slack else None)
        yield from _waiting(database)
        yield from _letters(database)
        yield from _crms(database)
    finally:
        database.close()


def _tokens(slack: WebClient, settings: Settings) -> Iterator[Line]:
    """Both tokens and each scope, whatever is wrong with the other."""
    try:
        need_tokens(settings)
    except SettingsError as failure:
        yield Line(False, str(failure))
        return
    try:
        identity = who_is(slack, settings)
        yield Line(True, f"Slack knows the bot as {identity.user_id}.")
        missing = sorted(NEEDED_SCOPES - identity.scopes)
        for scope in missing:
            yield Line(False, f"The scope {scope} is missing: add it on the app's page, then install the app again.")
        if not missing:
            yield Line(True, "All scopes are there.")
    except SettingsError as failure:
        yield Line(False, str(failure))
    if settings.http_mode:
        yield Line(True, f"HTTP mode: Slack's request address ends in {SLACK_PATH}, and has to be set on its page.")
        return
    try:
        need_socket_mode(slack, settings)
        yield Line(True, "Socket Mode opens.")
    except SettingsError as failure:
        yield Line(False, str(failure))


def members_of(settings: Settings) -> dict[str, Member]:
    """Slack's people by email and by id, without bots and the deactivated; empty when there is no token to ask with."""
    if not settings.slack_bot_token.get_secret_value():
        return {}
    slack, found, cursor = _client(settings), {}, ""
    try:
        while True:
            page = slack.users_list(limit=PAGE, cursor=cursor)
            for user in page["members"]:
                if user.get("deleted") or user.get("is_bot"):
                    continue
                member = Member(user["id"], user.get("real_name") or user["name"], zone_of(user))
                found[user["id"]] = member
                if email := (user.get("profile") or {}).get("email"):
                    found[email.lower()] = member
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return found
    except SLACK_FAILURES as failure:
        raise OtherwiseError("Slack could not be asked who is in the workspace; run `otherwise check`.") from failure


def _client(settings: Settings) -> WebClient:
    token = settings.slack_bot_token.get_secret_value()
    return WebClient(token, base_url=settings.slack_api_url, timeout=10, retry_handlers=[])


def _channels(database: Database, slack: WebClient | None) -> Iterator[Line]:
    with database.reading() as session:
        everybody = people.everybody(session)
    reps = [person for person in everybody if person.is_rep]
    yield Line(bool(reps), f"{plural(len(reps), 'rep')} known." if reps else "No reps yet: `otherwise people FILE`.")
    for channel in sorted({person.channel_id for person in reps if person.channel_id}):
        if slack is None:
            continue
        try:
            found = slack.conversations_info(channel=channel)["channel"]
        except SLACK_FAILURES as failure:
            code = failure.response.get("error") if isinstance(failure, SlackApiError) else "no answer"
            yield Line(
                False, f"Channel {channel}: {code}. Invite @Otherwise there, or map the rep to another for new leads."
            )
            continue
        name = f"#{found.get('name', channel)}"
        if found.get("is_archived"):
            yield Line(False, f"{name} is archived: unarchive it, or map its reps to another channel.")
        elif not found.get("is_member"):
            yield Line(False, f"The bot is not in {name}: type /invite @Otherwise there.")
        else:
            yield Line(True, f"{name} can be posted to.")


def _waiting(database: Database) -> Iterator[Line]:
    with database.reading() as session:
        waiting = kept_waiting.waiting_owners(session)
        dropped = leads.dropped_labels(session, datetime.now(UTC) - timedelta(days=30))
    for row in waiting:
        count = plural(row.many, "lead waits", "leads wait")
        if row.waiting == "unowned":
            text = f"{count} without an owner until a rep is there to be given them."
        elif row.waiting == "paused":
            text = f"{count} for {row.owner}, who is paused."
        elif row.waiting == "muted":
            text = f"{count} for {row.owner}, who has muted the app."
        elif row.waiting == "held":
            text = f"{count} for {row.owner} until `/otherwise resume`."
        else:
            text = f"{count} for {row.owner}: add this rep with `otherwise people FILE`."
        yield Line(False, text)
    if dropped:
        names = listed(sorted(dropped)[:5])
        yield Line(True, f"Facts named {names} were left out: they would be a second verdict beside the prior.")


def _letters(database: Database) -> Iterator[Line]:
    with database.reading() as session:
        standing, dead = outbox.standing(session), outbox.dead(session)
    open_letters = sum(count for state, count in standing.items() if state != "dead")
    yield Line(True, f"{plural(open_letters, 'letter')} on the way.")
    for row in dead:
        where = f" ({row.lane})" if row.lane else ""
        yield Line(False, f"{plural(row.many, 'letter')} could not be delivered{where}. {row.fix}")


def _crms(database: Database) -> Iterator[Line]:
    """Each connected CRM, asked now."""
    with database.reading() as session:
        rows = connections.everything(session)
    if not rows:
        return
    from bot.connectors.registry import kind_of  # brings the HTTP client

    for row in rows:
        try:
            connector = kind_of(row.name).make(row.config, read_secret)
            try:
                yield Line(True, connector.who())
            finally:
                connector.close()
        except OtherwiseError as failure:
            yield Line(False, str(failure))
        if row.trouble:
            yield Line(False, f"When the bot last read {row.name}: {row.trouble}")
