"""Who acts, asked of Slack at each press: rights that were taken away are gone at once."""

from slack_sdk import WebClient

from bot import slack_people
from bot.authority import NotAnAdmin, in_charge
from bot.deps import Deps
from bot.domain.accounts import Account


def admin(deps: Deps, client: WebClient, slack_id: str) -> Account:
    """Who pressed, when she may run the commands now. Raises NotAnAdmin or SlackSilent."""
    actor = slack_people.account(client, slack_id)
    with deps.db.reading() as session:
        if not in_charge(session, actor, deps.settings):
            raise NotAnAdmin
    return actor
