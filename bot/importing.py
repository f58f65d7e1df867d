"""`otherwise import`: a file read once, checked row by row, stored in short writes."""

import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from zoneinfo import available_timezones

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from bot import history, leads
from bot.domain.assignment import Draw
from bot.domain.clock import Moment
from bot.domain.columns import guess, lacking
from bot.domain.dates import DATES
from bot.domain.errors import ImportRefused
from bot.domain.files import rows
from bot.domain.inbound import LeadIn
from bot.domain.past import FIELDS, RESPONSE_FIELDS, BadRow, Mapped, Past, parse_lead, parse_past
from storage.database import Database
from storage.stats import TrackRecords

CHUNK = 200
# Rows that a guess looks at.
SAMPLE = 200
# Another process's writer is let in after each of ours, for as long as ours took.
LONGEST_PAUSE = 0.05


class Import:
    """One pass over a file: read, check, store in short writes, refuse with reasons, show how far it is."""

    def __init__(
        self, file: Path, how: Mapped, *, post: bool, database: Database | None, at: Moment, draw: Draw
    ) -> None:
        self.read = self.stored = self.known = self.bad = 0
        self.rejects = file.with_name(file.name + ".rejected.jsonl")
        self._file, self._how, self._post, self._database = file, how, post, database
        self._at, self._draw = at, draw
        self._records, self._asked = TrackRecords(), False
        self._past: list[Past] = []
        self._fresh: list[LeadIn] = []

    def all(self, console: Console) -> None:
        """Do it, with a bar on `console` when that is a terminal."""
        self.rejects.unlink(missing_ok=True)
        size = self._file.stat().st_size if self._file.exists() else 0
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[count]:,} rows"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
            task = progress.add_task("Importing", total=size, count=0)
            for row in rows(self._file):
                self.read += 1
                self._take(row.cells, row.line, row.problem)
                if len(self._past) + len(self._fresh) >= CHUNK:
                    self._store()
                    progress.update(task, completed=row.end, count=self.read)
            self._store()
            progress.update(task, completed=size, count=self.read)

    def _take(self, cells: dict[str, object], line: int, problem: str) -> None:
        if cells.get("kind") == "response":
            # A line of an export that tells of a set and of no lead.
            self.read -= 1
            return
        try:
            if problem:
                raise BadRow([problem])
            self._asked = self._asked or any(self._how.columns.get(name, name) in cells for name in RESPONSE_FIELDS)
            if self._post:
                self._fresh.append(parse_lead(cells, self._how, scored_at=self._at.now))
            else:
                self._past.append(parse_past(cells, self._how, self._at.now))
        except BadRow as refusal:
            self.bad += 1
            with self.rejects.open("a", encoding="utf-8") as out:
                out.write(json.dumps({**cells, "_line": line, "_reasons": refusal.reasons}, ensure_ascii=False) + "\n")

    def _store(self) -> None:
        past, fresh = self._past, self._fresh
        self._past, self._fresh = [], []
        if self._database is None:
            self.stored += len(past) + len(fresh)
            return
        began = time.monotonic()
        if past:
            stored = self._database.write(
                lambda s: history.store_history(s, past, self._at, asked=self._asked), timeout=60
            )
            self.stored, self.known = self.stored + stored, self.known + len(past) - stored
        if fresh:
            with self._database.reading() as session:
                found = self._records.look(session, (leads.record_key(item) for item in fresh), self._at.now)
            results = self._database.write(
                lambda s: leads.receive_leads(s, fresh, found, self._draw, self._at), timeout=60
            )
            created = sum(one.result == "created" for one in results)
            self.stored, self.known = self.stored + created, self.known + len(fresh) - created
        time.sleep(min(time.monotonic() - began, LONGEST_PAUSE))


def first_rows(file: Path) -> tuple[list[str], list[dict[str, object]]]:
    """A file's columns and its first rows that can be read, for a guess. Raises ImportRefused."""
    found: list[dict[str, object]] = []
    with contextlib.closing(rows(file)) as every:
        for row in every:
            if not row.problem:
                found.append(row.cells)
            if len(found) == SAMPLE:
                break
    columns = dict.fromkeys(name for cells in found for name in cells)
    return list(columns), found


def understood(
    file: Path, given: Mapped, agreed: Callable[[str], bool], say: Callable[[str], None], *, post: bool
) -> Mapped:
    """How the file is read: as was given, and where that leaves a field open, as its columns seem to be and is agreed.

    Raises ImportRefused where a field that is needed can't be guessed, or the guess was not agreed to.
    """
    columns, sample = first_rows(file)
    if not columns or not lacking(columns, given, post=post):
        return given
    seems = guess(columns, sample, given, post=post)
    for name, column in seems.found.items():
        say(f"  {name:<12} {column}")
    for note in seems.notes:
        say(f"  {note}")
    if seems.missing:
        shown = ", ".join(columns[:12]) + (", …" if len(columns) > 12 else "")
        raise ImportRefused(
            f"No column seems to hold {' or '.join(seems.missing)}. Name it with --map FIELD=COLUMN; there are {shown}."
        )
    if not agreed("Read it so?"):
        raise ImportRefused("Nothing was read. Say which column is which with --map FIELD=COLUMN, or take it: --guess.")
    return seems.how


def mapped(
    mapping: list[str],
    facts: tuple[str, ...],
    owner_format: str,
    horizon: int,
    model: str,
    *,
    percent: bool = False,
    dates: str = DATES[0],
    zone: str = "",
) -> Mapped:
    """How a file's columns become fields, from FIELD=COLUMN pairs. Raises ImportRefused for one that is neither."""
    if dates not in DATES:
        raise ImportRefused(f"--dates {dates!r}: it is one of {', '.join(DATES)}.")
    if zone and zone not in available_timezones():
        raise ImportRefused(f"--zone {zone!r}: write a name such as Europe/Berlin.")
    columns = {}
    for pair in mapping:
        name, _, column = pair.partition("=")
        if name not in FIELDS or not column:
            raise ImportRefused(f"--map {pair!r}: write FIELD=COLUMN with a field of {', '.join(FIELDS)}.")
        columns[name] = column
    return Mapped(columns, facts, owner_format, horizon, model, percent, dates, zone)
