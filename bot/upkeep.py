"""Commands for whoever keeps the machine: tables, copies, the way to PostgreSQL, keys."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot import keys
from bot.domain.errors import OtherwiseError
from bot.domain.wording import plural
from bot.opening import database_here, settings_here, upgrade_here

err = Console(stderr=True, highlight=False)


def migrate() -> None:
    """Bring the database to this version's tables. Refuses while the bot runs on it (SQLite)."""
    upgrade_here(settings_here())
    typer.echo("The database is up to date.")


def backup(file: Annotated[Path, typer.Argument(help="Where to; a file that is not there yet.")]) -> None:
    """Copy the database while the bot runs (SQLite). The copy holds all that reps wrote: keep it as you keep that."""
    from storage.backup import copy_database  # only here

    size = copy_database(settings_here().database_url, file)
    typer.echo(
        f"{file}: {size:,} bytes, looked through. To use it: stop the bot, put it in the database's place, start."
    )


def keys_add(
    name: Annotated[str, typer.Argument(help="What the key is for, such as crm.")],
    scope: Annotated[
        list[str] | None, typer.Option(help=f"What it may do, `intake` if nothing: {', '.join(keys.SCOPES)}.")
    ] = None,
) -> None:
    """Make a key and show it, once."""
    database = database_here(settings_here())
    key = database.write(lambda s: keys.make_key(s, name, scope or ["intake"], datetime.now(UTC)))
    typer.echo(key)
    err.print("Keep it now: it is shown only this once.")
    database.close()


def keys_list() -> None:
    """List the keys, without their secrets."""
    database = database_here(settings_here())
    with database.reading() as session:
        for row in keys.every(session):
            ends = row.revoked_at
            over = ends is not None and ends <= datetime.now(UTC)
            state = "works" if ends is None else f"{'revoked' if over else 'works until'} {ends:%Y-%m-%d %H:%M} UTC"
            typer.echo(
                f"{row.name}  ow_{row.prefix}_…  {', '.join(row.scopes)}  since {row.created_at:%Y-%m-%d}  {state}"
            )
    database.close()


def keys_revoke(name: Annotated[str, typer.Argument(help="The key's name.")]) -> None:
    """Revoke a key; it stops working at once."""
    database = database_here(settings_here())
    if not database.write(lambda s: keys.revoke_key(s, name, datetime.now(UTC))):
        raise OtherwiseError(f"No key named {name!r} works. `otherwise keys list` shows them.")
    typer.echo(f"{name} no longer works.")
    database.close()


def keys_rotate(
    name: Annotated[str, typer.Argument(help="The key's name.")],
    hours: Annotated[int, typer.Option(help="How long the old one still works.", min=0, max=24 * 30)] = 24,
) -> None:
    """Make a new key of the same name and scopes, and show it, once; the old one works for a day more."""
    database, now = database_here(settings_here()), datetime.now(UTC)
    key = database.write(lambda s: keys.rotate_key(s, name, now, now + timedelta(hours=hours)))
    typer.echo(key)
    err.print(f"Keep it now: it is shown only this once. The old one stops working in {plural(hours, 'hour')}.")
    database.close()


def restore(file: Annotated[Path, typer.Argument(help="What `otherwise backup` made.")]) -> None:
    """Put a backup in the database's place (SQLite). Refuses while the bot runs; what was there gets another name."""
    from storage.backup import restore_database  # only here

    aside = restore_database(settings_here().database_url, file)
    was = f" The database that was there is now {aside}." if aside is not None else ""
    typer.echo(
        f"{file} is in place; start the bot.{was} Press *forget* again for whoever was forgotten since it was made."
    )


def move(
    to: Annotated[
        str,
        typer.Option(
            help="An empty database: postgresql://user:password@host/name. Asked for when it is not given.",
            envvar="OTHERWISE_MOVE_TO",
            prompt="The address of the empty PostgreSQL database",
            hide_input=True,
        ),
    ],
) -> None:
    """Copy everything from SQLite to PostgreSQL, and look it through. Refuses while the bot runs; SQLite stays."""
    from storage.move import move_database  # only here

    def told(name: str, rows: int) -> None:
        if rows:
            typer.echo(f"{name}: {plural(rows, 'row')}, the same on both sides")

    rows = move_database(settings_here().database_url, to, told)
    typer.echo(f"Moved: {plural(rows, 'row')}. Put the new address into .env as DATABASE_URL, and start the bot.")
