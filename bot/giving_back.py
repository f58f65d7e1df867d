"""Exports and model owners by command; what would expose answers is for an admin who manages nobody, in sight."""

from sqlmodel import Session

from bot.domain.accounts import Ask, Done
from bot.domain.errors import OtherwiseError
from bot.domain.release import LESS, MORE, together
from bot.domain.wording import foreign, one_line, plural
from bot.export_notice import tell_of_an_end, tell_of_exports
from bot.groups import manages_or_did
from bot.privacy import refuse_managers
from bot.roster import changed, known_person, set_workspace
from storage import export, people, workspace


def add_owner(session: Session, ask: Ask) -> Done:
    """`modelowner add`: nobody who manages a team, since a data problem is an answer by the lead's rep."""
    account = ask.first
    if account.is_bot or account.is_gone:
        raise OtherwiseError(f"{one_line(account.name, 60)} is a bot or deactivated; this needs a person who is here.")
    row = known_person(session, account, ask.at.now)
    name = foreign(account.name, 60)
    if manages_or_did(session, account.slack_id, ask.at.now):
        raise OtherwiseError(
            f"{one_line(account.name, 60)} manages a team or did lately, and would read what single reps reported, so "
            "this can't be. Nothing was changed."
        )
    change = changed(session, row, {"is_model_owner": True})
    if change is None:
        return Done(f"{name} is told already. Nothing was changed.")
    return Done(
        f"{name} gets data problems within a day, the drift alarm and a note a month; never who said so.", (change,)
    )


def remove_owner(session: Session, ask: Ask) -> Done:
    """`modelowner remove`."""
    row = people.by_slack_id(session, ask.first.slack_id)
    change = changed(session, row, {"is_model_owner": False}) if row is not None else None
    if row is None or change is None:
        raise OtherwiseError(f"{one_line(ask.first.name, 60)} was not told anything. Nothing was changed.")
    return Done(f"{foreign(row.name, 60)} is told no more.", (change,))


def show_released(session: Session, ask: Ask) -> Done:
    """`export`: released figures only, over all groups; the rest is for keys, made on the server."""
    refuse_managers(session, ask, "an export")
    sets = export.released_after(session, 0, 100_000)
    horizons = sorted({one.horizon_days for one in sets})
    lines = []
    for days in horizons:
        told = together([one.cells for one in sets if one.horizon_days == days])
        cells = told.cells
        total = sum(cell.leads for cell in cells.values())
        lines.append(
            f"• {days} days: {plural(total, 'lead')} released; {cells[MORE].leads} called more likely, "
            f"{cells[LESS].leads} less."
        )
    mode = workspace.read(session)
    state = f"Single answers (joined) are {_on(mode.joined_on)}, what was written (text) is {_on(mode.text_on)}"
    return Done(
        "\n".join(lines or ["Nothing is released yet."])
        + f"\nAll lines: `GET /v1/export` with a key of scope `export`, made by `otherwise keys add`. {state}."
    )


def switch_export(session: Session, ask: Ask) -> Done:
    """`export joined|text on|off`: on in the sight of every rep; off at once."""
    refuse_managers(session, ask, "an export")
    what, on = ask.command.word.split()
    name = {"joined": "joined_on", "text": "text_on"}[what]
    if what == "text" and on == "on" and not workspace.read(session).joined_on:
        raise OtherwiseError(
            "Words go out only beside single leads, and that export is off: `/otherwise export joined on` comes first. "
            "Nothing was changed."
        )
    change = set_workspace(session, **{name: on == "on"})
    if change is None:
        return Done(f"The {what} export is {on} already. Nothing was changed.")
    if on == "off":
        told, with_it = tell_of_an_end(session, what, ask.at)
        return Done(
            f"The {what} export is off{', and text with it' if with_it else ''}: keys with that scope read nothing "
            f"more. All {told} reps are told.",
            final=True,
        )
    workspace.change(session, **{f"{what}_since": ask.at.real})
    reps = [row for row in people.everybody(session) if row.is_rep]
    tell_of_exports(session, workspace.read(session), reps, ask.at, newcomers=False)
    return Done(
        f"The {what} export is on for keys with that scope. All {len(reps)} reps are told now, and each use stands in "
        "their Homes.",
        (change,),
    )


def _on(is_on: bool) -> str:
    return "on" if is_on else "off"
