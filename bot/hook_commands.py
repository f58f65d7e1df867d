"""`otherwise webhooks`: where the export's lines are sent to as they come."""

import contextlib
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console

from bot import webhooks
from bot.domain.clock import Moment, clock_from
from bot.opening import database_here, settings_here
from bot.settings import Settings
from storage import webhooks as kept
from storage.database import Database

app = typer.Typer(no_args_is_help=True, help="Send the export's lines somewhere as they come, signed.")
err = Console(stderr=True, highlight=False)
Name = Annotated[str, typer.Argument(help="The webhook's name.")]


@contextlib.contextmanager
def _here() -> Iterator[tuple[Settings, Database, Moment]]:
    settings = settings_here()
    database = database_here(settings)
    try:
        yield settings, database, clock_from(settings.otherwise_clock_file).moment()
    finally:
        database.close()


def _own_key(settings: Settings) -> bool:
    return bool(settings.otherwise_hash_key.get_secret_value())


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What it is for, such as warehouse.")],
    url: Annotated[str, typer.Argument(help="https://…")],
    scope: Annotated[
        list[str] | None, typer.Option(help=f"What it is sent, `export` if nothing: {', '.join(webhooks.SCOPES)}.")
    ] = None,
) -> None:
    """Add one, try it with a message of type `test`, and show its secret."""
    from bot import pushing  # brings Slack's client

    with _here() as (settings, database, at):
        pushing.checked(url, inside=settings.otherwise_webhooks_inside)
        secret = database.write(
            lambda s: webhooks.add(s, name, url, scope or ["export"], settings.draw(), at, own_key=_own_key(settings)),
            timeout=30,
        )
        typer.echo(secret)
        err.print("That is its secret, for the receiver. `otherwise webhooks secret` shows it again.")
        _try(name, settings, database, at)


@app.command("list")
def list_() -> None:
    """List them, with how it goes."""
    with _here() as (_, database, _at), database.reading() as session:
        for one in webhooks.standings(session):
            row = one.row
            sent = f"last sent {row.sent_at:%Y-%m-%d %H:%M} UTC" if row.sent_at else "nothing sent yet"
            state = f" {one.trouble}" if one.trouble else ""
            typer.echo(f"{row.name}  {row.url}  {', '.join(row.scopes)}  {sent}.{state}")


@app.command("secret")
def secret(name: Name) -> None:
    """Show its secret."""
    with _here() as (settings, database, at), database.reading() as session:
        webhooks.need_own_key(_own_key(settings))
        typer.echo(webhooks.secret(session, name, settings.draw(), at))


@app.command("rotate")
def rotate(name: Name) -> None:
    """Make a new secret and show it. For a day both sign, so that the receiver can change over."""
    with _here() as (settings, database, at):
        webhooks.need_own_key(_own_key(settings))
        typer.echo(database.write(lambda s: webhooks.rotate(s, name, settings.draw(), at), timeout=30))


@app.command("replay")
def replay(
    name: Name,
    since: Annotated[str, typer.Option(help="Only what comes behind this cursor, as a message's data named it.")] = "",
) -> None:
    """Send everything again, in order. A message with the same lines has the same webhook-id as before."""
    with _here() as (_, database, _at):
        database.write(lambda s: webhooks.replay(s, name, since), timeout=30)
        typer.echo(f"The running bot sends {name} again what comes {'behind that place' if since else 'first'}.")


@app.command("resume")
def resume(name: Name) -> None:
    """Go on where it stopped after three days of failures, or wait no longer."""
    with _here() as (_, database, at):
        database.write(lambda s: webhooks.resume(s, name, at.real), timeout=30)
        typer.echo(f"The running bot tries {name} again.")


@app.command("test")
def test(name: Name) -> None:
    """Send a message of type `test`, and say what came of it."""
    with _here() as (settings, database, at):
        _try(name, settings, database, at)


@app.command("remove")
def remove(name: Name) -> None:
    """Send nothing there any more."""
    with _here() as (_, database, _at):
        there = database.write(lambda s: kept.remove(s, name), timeout=30)
        typer.echo(f"{name} is removed." if there else f"There is no webhook {name!r}; nothing was changed.")


def _try(name: str, settings: Settings, database: Database, at: Moment) -> None:
    from bot import pushing  # brings Slack's client

    with database.reading() as session:
        row = webhooks.named(session, name)
    try:
        pushing.ping(settings, row, at)
        err.print(f"{name} took the test message.", markup=False)
    except pushing.Undelivered as failure:
        err.print(f"{failure} What is to be sent waits; `otherwise webhooks test {name}` tries again.", markup=False)
