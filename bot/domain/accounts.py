"""Who somebody is and what a channel is, as Slack tells it at the moment of a command."""

from dataclasses import dataclass, field

from bot.domain.clock import Moment
from bot.domain.commands import Command


@dataclass(frozen=True)
class Account:
    """Somebody in the workspace. `is_admin` covers Slack's admins and owners."""

    slack_id: str
    name: str
    zone: str = "UTC"
    email: str = ""
    is_admin: bool = False
    is_bot: bool = False
    is_gone: bool = False


@dataclass(frozen=True)
class Channel:
    """A channel that was named. `readers` counts its members."""

    id: str
    name: str
    found: bool = True
    has_bot: bool = False
    archived: bool = False
    readers: int = 0


@dataclass(frozen=True)
class Ask:
    """A command with everything that it needs to know: who asks, who is meant, when."""

    command: Command
    actor: Account
    at: Moment
    accounts: dict[str, Account] = field(default_factory=dict)
    channel: Channel | None = None
    in_charge: bool = False

    @property
    def first(self) -> Account:
        """The first person who was named."""
        return self.accounts[self.command.people[0]]


@dataclass(frozen=True)
class Change:
    """One row before and after. `before` is none for a row that is new."""

    table: str
    row: int
    before: dict[str, object] | None
    after: dict[str, object]


@dataclass(frozen=True)
class Done:
    """What a command did, in a sentence (mrkdwn, foreign parts escaped), and how to take it back.

    No `changes`: nothing was changed. `final`: something was, and it can't be taken back.
    """

    sentence: str
    changes: tuple[Change, ...] = ()
    final: bool = False
