"""What every command begins with: the settings, the log, the database."""

from bot import log
from bot.settings import Settings, read_settings
from storage.database import Database
from storage.lock import holding
from storage.migrate import is_current, upgrade


def settings_here() -> Settings:
    """The settings, and the log set up by them. Raises SettingsError."""
    settings = read_settings()
    log.configure(settings.otherwise_log_level, settings.otherwise_log_format)
    return settings


def database_here(settings: Settings) -> Database:
    """The database with this version's tables. Raises FileLocked when it would have to be migrated under a bot."""
    if not is_current(settings.database_url):
        upgrade_here(settings)
    return Database(settings.database_url)


def upgrade_here(settings: Settings) -> None:
    """Migrate, unless a bot runs on this database."""
    with holding(settings.database_url):
        upgrade(settings.database_url)
