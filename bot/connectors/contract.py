"""What a connector is: what it asks for, how it is made, and what it does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.domain.crm import Page
from bot.domain.errors import OtherwiseError

Config = Mapping[str, Any]


class Refused(OtherwiseError):
    """The CRM refused this. Somebody has to mend it; the sentence says what."""


class NoSuchUser(Refused):
    """The CRM has no user with this email."""


class Forbidden(Refused):
    """The CRM knows us, and does not let us do this."""


class NotThere(Refused):
    """The CRM has nothing at this place."""


class Later(OtherwiseError):
    """The CRM can't answer just now. It is asked again by itself."""

    def __init__(self, sentence: str, seconds: float) -> None:
        super().__init__(sentence)
        self.seconds = min(max(seconds, 1.0), 3600.0)


@dataclass(frozen=True)
class Secret:
    """What is read from the environment or `.env` and from nowhere else."""

    variable: str
    question: str


@dataclass(frozen=True)
class Question:
    """What `otherwise connect` asks for and stores: a key of the connection's config. `choices` empty: anything.

    With `only`, it is asked where an earlier answer was this one: key and value. What is not `asked` has its default
    unless it is given. `read` makes of an answer what is stored; it may raise Refused.
    """

    key: str
    question: str
    default: str = ""
    choices: tuple[str, ...] = ()
    only: tuple[str, str] | None = None
    asked: bool = True
    read: Callable[[str], Any] = str


class Connector(Protocol):
    """A CRM that is open for reading. Every method may raise Refused or Later, and nothing else that is foreseen."""

    def who(self) -> str:
        """Ask the CRM who we are to it, and whether the score is there; a sentence for the admin."""

    def page(self, cursor: str) -> Page:
        """The records behind `cursor` (empty at first), oldest change first; each change is told at least once.

        The cursor is stored together with the page's records. So it must speak of the CRM's own times or ids, never of
        our clock, and asking with an old one must be harmless.
        """

    def set_owner(self, record: str, was: str | None, email: str) -> bool:
        """Give a record to the user with this email, if it still belongs to `was`; whether that was so."""

    def clock(self) -> datetime:
        """What time it is there, as far as its last answer told."""

    def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True)
class Kind:
    """One kind of CRM."""

    name: str
    title: str
    secrets: tuple[Secret, ...]
    questions: tuple[Question, ...]
    make: Callable[[Config, Callable[[str], str]], Connector]
    # Whether owners can be written back to it.
    takes_owners: bool = True
    # The scale on which its scores usually are, as the question's default.
    scale: str = "percent"
