"""Errors that a person may read: the docstring is the sentence they get, unless the raiser gives a better one."""


class OtherwiseError(Exception):
    """Something went wrong; nothing was changed. Please try again."""

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence or type(self).__doc__ or "")


class SettingsError(OtherwiseError):
    """A setting is missing or wrong; `otherwise check` says which."""


class StorageUnavailable(OtherwiseError):
    """The database can't be reached or is full, so nothing was stored. Please try again in a minute."""


class CommitUnknown(OtherwiseError):
    """Storing this took too long to be sure that it worked. Please try once more; it is stored only once."""


class PartlyStored(OtherwiseError):
    """Only a part of this could be stored just now. Please send all of it again; nothing is stored twice."""


class Busy(OtherwiseError):
    """More is coming in than can be stored right now, so this was not. Please try again in a few seconds."""


class NotYours(OtherwiseError):
    """Only the rep this lead is with can answer here. Nothing was changed."""


class LeadGone(OtherwiseError):
    """This lead is no longer kept here, so there is nothing to answer."""


class PassedOn(OtherwiseError):
    """This lead has been passed on to somebody else. What you had said is kept."""


class AlreadyClosed(OtherwiseError):
    """This lead is closed. What you had said is kept."""


class FileLocked(OtherwiseError):
    """The bot is running on this database. Stop it first (Ctrl-C, or your service manager), then run this again."""


class ImportRefused(OtherwiseError):
    """The file could not be read as leads; nothing was stored."""
