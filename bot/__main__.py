"""`otherwise` (`python -m bot`): the command line."""

import contextlib
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bot import hook_commands, people, upkeep, waiting
from bot.domain.clock import clock_from
from bot.domain.errors import OtherwiseError
from bot.domain.files import rows
from bot.domain.past import FIELDS
from bot.importing import Import, mapped, understood
from bot.opening import database_here, settings_here

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # they may hold what a rep wrote
    help="Otherwise: a lead's score as a suggestion.",
)
key_app = typer.Typer(no_args_is_help=True, help="Keys of the HTTP intake.")
digest_app = typer.Typer(no_args_is_help=True, help="The weekly digest.")
app.command("migrate")(upkeep.migrate)
app.command("backup")(upkeep.backup)
app.command("restore")(upkeep.restore)
app.command("move")(upkeep.move)
key_app.command("add")(upkeep.keys_add)
key_app.command("list")(upkeep.keys_list)
key_app.command("rotate")(upkeep.keys_rotate)
key_app.command("revoke")(upkeep.keys_revoke)
app.add_typer(key_app, name="keys")
app.add_typer(hook_commands.app, name="webhooks")
app.add_typer(digest_app, name="digest")
err = Console(stderr=True, highlight=False)
MANIFEST = Path(__file__).parent.parent / "manifest.yml"


def main() -> None:
    """Run a command; what a person can mend is one sentence, not a traceback."""
    try:
        app()
    except OtherwiseError as failure:
        err.print(str(failure), markup=False, soft_wrap=True)
        sys.exit(1)


@app.command()
def run() -> None:
    """Start the bot: the intake, Slack by Socket Mode, the outbox, the digests. Ctrl-C stops it in order."""
    from bot.app import Running  # the other commands start without all of this
    from bot.ending import Ending

    settings = settings_here()
    ending = Ending()
    running = Running(settings).start()
    err.print(
        f"Otherwise is running; leads go to http://{settings.otherwise_http_host}:{running.port}/v1/leads",
        soft_wrap=True,
    )
    if running.deps.clock.shiftable:
        err.print(f"Rehearsal: the clock is shifted by {running.deps.clock.offset():.0f} seconds.")
    ending.wait()
    running.stop()


@app.command()
def setup() -> None:
    """Ask for the tokens and the database, try them against Slack, and write `.env`."""
    from bot.first_setup import set_up  # brings Slack's client

    def ask(question: str, secret: bool) -> str:
        return str(typer.prompt(question, default="", show_default=False, hide_input=secret))

    set_up(Path(".env"), ask, typer.echo)


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Where the page is, on this machine alone.")] = 8765,
    folder: Annotated[Path, typer.Option(help="What it keeps between two starts.")] = Path(".demo"),
    forget: Annotated[bool, typer.Option("--forget", help="Remove that folder instead.")] = False,
) -> None:
    """A made-up sales floor in the browser: the real bot on a small copy of Slack, with a tour of three minutes."""
    from bot.demo import run as demo_run  # only here

    if forget:
        demo_run.forget(folder)
        typer.echo("Forgotten; the next `make demo` begins anew.")
        return
    demo_run.run(folder, port, typer.echo)


@app.command()
def check() -> None:
    """Look at settings, tokens, scopes, database, channels and waiting leads: one line each, with its fix."""
    from bot.check import look  # brings Slack's client

    bad = 0
    for line in look(settings_here()):
        bad += not line.good
        typer.echo(f"{'ok ' if line.good else 'FIX'}  {line.text}")
    raise typer.Exit(1 if bad else 0)


@app.command()
def manifest() -> None:
    """Print the app's manifest as JSON: for Slack's page `From a manifest`, and for the Slack CLI."""
    import yaml  # only here

    typer.echo(json.dumps(yaml.safe_load(MANIFEST.read_text(encoding="utf-8")), indent=2, ensure_ascii=False))


@app.command("people")
def people_command(
    file: Annotated[Path, typer.Argument(help=f"CSV with any of the columns {', '.join(people.COLUMNS)}.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would change.")] = False,
) -> None:
    """Add or change reps, teams, managers and their channels from a file."""
    from bot.check import members_of  # brings Slack's client

    settings = settings_here()
    plan = people.read_people([(row.line, row.cells) for row in rows(file)], members_of(settings))
    _need_no_problems(plan)
    database, at = database_here(settings), clock_from(settings.otherwise_clock_file).moment()
    with database.reading() as session:
        people.plan_changes(session, plan)
    _need_no_problems(plan)
    for change in plan.changes:
        typer.echo(("would " if dry_run else "") + change)
    if dry_run or not plan.changes:
        typer.echo("Nothing was changed." if dry_run or not plan.changes else "")
        database.close()
        return
    sent, adopted = database.write(lambda s: waiting.add_people(s, people.apply_plan(s, plan, at.now), at), timeout=30)
    typer.echo(
        f"Done: {len(plan.changes)} changes; {sent} waiting leads are on their way, {adopted} of the past found."
    )
    database.close()


def _need_no_problems(plan: people.Plan) -> None:
    for problem in plan.problems:
        err.print(problem, markup=False, soft_wrap=True)
    if plan.problems:
        raise OtherwiseError(f"{len(plan.problems)} lines need mending; nothing was changed.")


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="CSV or JSON lines, with .gz behind it or not.")],
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help=f"FIELD=COLUMN, again for each. Fields: {', '.join(FIELDS)}.")
    ] = None,
    fact: Annotated[
        list[str] | None, typer.Option("--fact", help="A column to show as a fact; again for each.")
    ] = None,
    owner_format: Annotated[str, typer.Option(help="How an owner's cell becomes an email, as {}@example.com.")] = "{}",
    horizon: Annotated[int, typer.Option(help="Days, where no column says the prior's horizon.")] = 60,
    model: Annotated[str, typer.Option(help="The model's name, where no column says it.")] = "imported",
    post: Annotated[
        bool, typer.Option("--post", help="Post the leads to their reps instead of keeping history.")
    ] = False,
    percent: Annotated[bool, typer.Option("--percent", help="Chances are of 100, not of 1.")] = False,
    dates: Annotated[str, typer.Option(help="How dates with slashes or dots are written: dmy or mdy.")] = "iso",
    zone: Annotated[str, typer.Option(help="The zone of times that name none, as Europe/Berlin.")] = "",
    guess: Annotated[
        bool, typer.Option("--guess", help="Take what the columns seem to be without asking, and say it.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check everything, store nothing.")] = False,
) -> None:
    """Take in a file of leads as history (nothing is posted), or with --post as new ones. Twice is the same as once."""
    settings = settings_here()
    how = mapped(
        mapping or [], tuple(fact or ()), owner_format, horizon, model, percent=percent, dates=dates, zone=zone
    )

    def agreed(question: str) -> bool:
        return guess or (sys.stdin.isatty() and typer.confirm(question))

    how = understood(file, how, agreed, typer.echo, post=post)
    database = None if dry_run else database_here(settings)
    run = Import(
        file,
        how,
        post=post,
        database=database,
        at=clock_from(settings.otherwise_clock_file).moment(),
        draw=settings.draw(),
    )
    run.all(err)
    if database is not None:
        database.close()
    verb = "would be stored" if dry_run else "stored"
    typer.echo(f"{run.read:,} rows read, {run.stored:,} {verb}, {run.known:,} known already, {run.bad:,} refused.")
    if run.bad:
        typer.echo(f"Refused rows and their reasons: {run.rejects}. Mend them there and import that file.")


@app.command()
def connect(
    name: Annotated[
        str, typer.Argument(help="hubspot, salesforce, json or another that is installed; empty: a list.")
    ] = "",
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="KEY=VALUE instead of a question; again for each. KEY may be scale, horizon, model or post too.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and count everything, store nothing.")] = False,
    owners: Annotated[
        bool, typer.Option("--owners", help="What writing owners back would do, then the question.")
    ] = False,
    off: Annotated[bool, typer.Option("--off", help="Read this one no more.")] = False,
) -> None:
    """Read leads and outcomes from a CRM. It is tried, and the counts are told, before anything is posted."""
    from bot import connecting  # brings the HTTP client

    def ask(question: str, default: str, secret: bool) -> str:
        return str(typer.prompt(question, default=default, show_default=bool(default), hide_input=secret))

    def progress(many: int) -> None:
        if err.is_terminal:
            err.print(f"{many:,} records read", end="\r")

    settings = settings_here()
    database, at = database_here(settings), clock_from(settings.otherwise_clock_file).moment()
    with contextlib.ExitStack() as undo:
        undo.callback(database.close)
        if not name:
            for line in connecting.standing(database):
                typer.echo(line)
        elif off:
            typer.echo(connecting.off(name, database))
        elif owners:
            typer.echo(connecting.owners(name, database, at, ask, typer.echo))
        else:
            pairs = dict(pair.partition("=")[::2] for pair in given or ())
            run = connecting.Connecting(name, pairs, ask, typer.echo)
            typer.echo(run.all(database, at, progress, dry=dry_run, env=Path(".env")))


@app.command()
def export(
    file: Annotated[
        Path | None, typer.Argument(help="Where to, .ndjson or .parquet; standard output without it.")
    ] = None,
    since: Annotated[str, typer.Option(help="Go on behind this cursor, as an earlier run printed it.")] = "",
    joined: Annotated[
        bool, typer.Option(help="Single leads with answers; an admin has to have switched it on.")
    ] = False,
    text: Annotated[bool, typer.Option(help="With what was written; likewise.")] = False,
) -> None:
    """Write the lines that go back to the model. Reading single answers shows in their authors' Homes."""
    from bot.exporting import write_export, writer_to  # only here

    settings = settings_here()
    database, at = database_here(settings), clock_from(settings.otherwise_clock_file).moment()
    scopes = {"export"} | ({"export:joined"} if joined or text else set()) | ({"export:text"} if text else set())
    with contextlib.ExitStack() as undo:
        undo.callback(database.close)
        write = undo.enter_context(writer_to(file))
        many, cursor = write_export(database, write, scopes, since, settings.draw(), at)
    err.print(f"{many:,} lines. Next time: --since {cursor.text()}", markup=False, soft_wrap=True)


@digest_app.command("preview")
def digest_preview(manager: Annotated[str, typer.Argument(help="The manager's email or Slack id.")]) -> None:
    """Print what the manager's next digest would say today. Sends nothing, and shows no more than she would see."""
    from bot import digests  # only here

    settings = settings_here()
    database, at = database_here(settings), clock_from(settings.otherwise_clock_file).moment()
    with database.reading() as session:
        typer.echo(digests.preview(session, manager, at))
    database.close()


@digest_app.command("due")
def digest_due() -> None:
    """Queue every digest that is due now, as the running bot does twice a minute."""
    from bot import jobs  # brings Slack's client
    from bot.app import build_deps

    settings = settings_here()
    deps = build_deps(settings)
    jobs.queue_digests(deps)
    deps.db.close()


if __name__ == "__main__":
    main()
