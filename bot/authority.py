"""Who may run the commands: Slack's own admins and owners, those in the settings, and those who were added."""

from sqlmodel import Session

from bot.domain.accounts import Account
from bot.domain.errors import OtherwiseError
from bot.settings import Settings
from storage import people


class NotAnAdmin(OtherwiseError):
    """This is for Otherwise's admins. Ask one of them, or whoever runs this Slack workspace."""


def in_charge(session: Session, actor: Account, settings: Settings) -> bool:
    """Whether somebody may run every command. The deactivated and bots never may, whatever list they are on."""
    if actor.is_gone or actor.is_bot:
        return False
    if actor.is_admin or actor.slack_id in settings.otherwise_admins:
        return True
    row = people.by_slack_id(session, actor.slack_id)
    return row is not None and bool(row.is_admin)
