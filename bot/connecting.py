"""`otherwise connect`: asks for what a CRM needs, tries it, says what it would do, and lets the bot read it."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from bot import env_file
from bot.connectors.contract import Connector, Kind, Later, Refused
from bot.connectors.registry import kind_of, names
from bot.domain.clock import Moment
from bot.domain.crm import OWNERS_TOLD, SCALES, Page, Reading, Scale, lead_id, sort_new
from bot.domain.errors import SettingsError
from bot.domain.rules import WAITS_FOR_OWNER
from bot.domain.wording import plural
from bot.settings import read_secret
from storage import connections, leads, people
from storage.database import Database

Ask = Callable[[str, str, bool], str]
Say = Callable[[str], None]
SCALE_WORDS: dict[Scale, str] = {
    "percent": "a chance in percent",
    "chance": "a chance between 0 and 1",
    "points": "points that are no chance",
}
EXAMPLES, OWNERS, DIFFERENCES = 3, 10, 20


@dataclass
class Tally:
    """What would become of everything that was read, for one scale."""

    fresh: int = 0
    history: int = 0
    left: int = 0
    unscored: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)


@dataclass
class Survey:
    """Everything that a CRM has, counted; of a record only its id is kept, as it may come twice."""

    seen: set[str] = field(default_factory=set)
    read: int = 0
    known: int = 0
    scores: list[float] = field(default_factory=list)
    owners: Counter[str] = field(default_factory=Counter)
    by_scale: dict[Scale, Tally] = field(default_factory=lambda: {scale: Tally() for scale in SCALES})

    def add(self, page: Page, known: set[str], name: str, since: datetime, now: datetime) -> None:
        """Count a page. `known` are the leads that are here already."""
        open_ = [one for one in page.records if not one.gone and not one.merged_into]
        records = [one for one in open_ if one.id not in self.seen]
        self.seen.update(one.id for one in records)
        new = [one for one in records if lead_id(name, one.id) not in known]
        self.read, self.known = self.read + len(records), self.known + len(records) - len(new)
        self.scores += [one.score for one in records if one.score is not None]
        for scale, tally in self.by_scale.items():
            sorted_ = sort_new(new, Reading(name, scale, 90, name, since), now)
            tally.fresh += len(sorted_.fresh)
            tally.history += len(sorted_.past)
            tally.left += sorted_.left
            tally.unscored += sorted_.unscored
            tally.refused.update(reason for _, reasons in sorted_.refused for reason in reasons)
            for item in sorted_.fresh[: EXAMPLES - len(tally.examples)]:
                number = item.prior.points if scale == "points" else (item.prior.probability or 0) * 100
                word = f"{number:g} points" if scale == "points" else f"{number:g} in 100"
                tally.examples.append(f"{item.name}: {word}, {item.owner.email if item.owner else 'nobody'}")
            if scale == "percent":
                self.owners.update(item.owner.email or "" if item.owner else "" for item in sorted_.fresh)


class Connecting:
    """One run of the command. `ask(question, default, secret)` returns a line; everything is said through `say`."""

    def __init__(self, name: str, given: dict[str, str], ask: Ask, say: Say) -> None:
        self.kind: Kind = kind_of(name)
        self._given, self._ask, self._say = given, ask, say
        self._typed: dict[str, str] = {}

    def config(self) -> dict[str, Any]:
        """What the connector wants to know, given or asked for. Raises Refused for an answer that is no choice."""
        found: dict[str, Any] = {}
        for one in self.kind.questions:
            if one.only is not None and found.get(one.only[0]) != one.only[1]:
                continue
            choices = f" ({' or '.join(one.choices)})" if one.choices else ""
            value = self._given.get(one.key) or one.default
            if one.asked and one.key not in self._given:
                value = self._ask(one.question + choices, one.default, False).strip()
            if one.choices and value not in one.choices:
                raise Refused(f"{value[:40]!r} is neither {' nor '.join(one.choices)}.")
            if not value:
                raise Refused(f"{one.question}: this can't be left out (--set {one.key}=…).")
            found[one.key] = one.read(value)
        return found

    def secret(self, variable: str) -> str:
        """A secret as it stands in the environment or `.env`, or as it is typed now."""
        if variable not in self._typed:
            try:
                return read_secret(variable)
            except SettingsError:
                question = next((one.question for one in self.kind.secrets if one.variable == variable), variable)
                typed = self._ask(question, "", True).strip()
                if not typed:
                    raise
                self._typed[variable] = typed
        return self._typed[variable]

    def keep_secrets(self, file: Path) -> None:
        """Write what was typed to `.env`."""
        if self._typed:
            env_file.change(file, self._typed)
            self._say(f"Written to .env, which only you can read: {', '.join(self._typed)}.")

    def survey(self, connector: Connector, database: Database, at: Moment, progress: Callable[[int], None]) -> Survey:
        """Read everything once, and count what would become of it."""
        found, cursor = Survey(), ""
        since = connector.clock() - WAITS_FOR_OWNER
        while True:
            try:
                page = connector.page(cursor)
            except Later as failure:
                self._say(f"{failure} Going on in {failure.seconds:.0f} seconds; Ctrl-C stops, and nothing is stored.")
                time.sleep(failure.seconds)  # what it was told to wait for; nobody else is held up
                continue
            with database.reading() as session:
                known = leads.known_ids(session, {lead_id(self.kind.name, one.id) for one in page.records})
            found.add(page, known, self.kind.name, since, at.now)
            progress(found.read)
            # What changed meanwhile is for the bot; one look at everything is enough to say what there is.
            if not page.more or (cursor and page.cursor == cursor):
                return found
            cursor = page.cursor

    def scale(self, survey: Survey) -> Scale:
        """Whether a score is a chance or points: a number alone does not tell. Raises Refused for another answer."""
        if not survey.scores:
            self._say("No record has a score yet.")
        else:
            low, middle, high = min(survey.scores), median(survey.scores), max(survey.scores)
            self._say(f"Scores run from {low:g} to {high:g}; half of them are under {middle:g}.")
        choices = "; ".join(f"{scale}: {words}" for scale, words in SCALE_WORDS.items())
        value = self._given.get("scale") or self._ask(f"What is such a score? ({choices})", self.kind.scale, False)
        for scale in SCALES:
            if scale == value.strip():
                return scale
        raise Refused(f"{value[:40]!r} is neither {' nor '.join(SCALES)}.")

    def horizon(self) -> int:
        """Within how many days the score speaks. Raises Refused for what is no such number."""
        value = self._given.get("horizon") or self._ask(
            "Within how many days does it say that a lead closes?", "90", False
        )
        if not value.strip().isdigit() or not 1 <= int(value) <= 730:
            raise Refused(f"{value[:20]!r} is no number of days from 1 to 730.")
        return int(value)

    def tell(self, survey: Survey, tally: Tally, database: Database) -> None:
        """The counts, before anything is posted."""
        parts = [
            (survey.known, "known here already"),
            (tally.history, "kept as history: they are older, and it is known when they were scored"),
            (
                tally.left,
                "left alone: they are older or closed, and nothing says what their score was before they were",
            ),
            (tally.unscored, "not scored yet; each is looked at again when it changes"),
        ]
        self._say(f"{survey.read:,} records were read.")
        self._say(f"  {tally.fresh:,} open and created within seven days: these could be posted")
        for many, words in parts:
            if many:
                self._say(f"  {many:,} {words}")
        for reason, many in tally.refused.most_common(5):
            self._say(f"  {many:,} refused. {reason}")
        for example in tally.examples:
            self._say(f"    e.g. {example}")
        with database.reading() as session:
            reps = {person.email for person in people.everybody(session) if person.is_rep}
        for email, many in survey.owners.most_common(OWNERS):
            if not email:
                self._say(f"  {plural(many, 'lead has', 'leads have')} no owner: they are given to reps in turn")
            elif email not in reps:
                self._say(f"  {plural(many, 'lead waits', 'leads wait')} for {email}, who is no rep here yet")

    def whether_to_post(self, tally: Tally) -> bool:
        """Whether those that are there already are posted; what is created from now on is in any case."""
        if not tally.fresh:
            return False
        value = self._given.get("post") or self._ask(
            f"Post {'this one' if tally.fresh == 1 else f'these {tally.fresh:,} to their reps'}? (yes or no)",
            "no",
            False,
        )
        return value.strip().lower() in ("y", "yes")

    def all(self, database: Database, at: Moment, progress: Callable[[int], None], *, dry: bool, env: Path) -> str:
        """Everything from the first question to the stored connection; the last sentence."""
        config = self.config()
        connector = self.kind.make(config, self.secret)
        try:
            self._say(connector.who())
            self.keep_secrets(env)
            survey = self.survey(connector, database, at, progress)
            scale, horizon = self.scale(survey), self.horizon()
            tally = survey.by_scale[scale]
            self.tell(survey, tally, database)
            if dry:
                return "A dry run: nothing was stored, and nothing is read from now on."
            now = connector.clock()
            since = now - WAITS_FOR_OWNER if self.whether_to_post(tally) else now
        finally:
            connector.close()
        row = {
            "name": self.kind.name,
            "config": config,
            "scale": scale,
            "horizon_days": horizon,
            "model": self._given.get("model") or f"{self.kind.title} {config.get('score', 'score')}"[:100],
            "post_since": since,
            "made_up": at.made_up,
            "connected_at": at.now,
        }
        database.write(lambda s: connections.keep(s, row), timeout=30)
        posted = "these, and what is created from now on, are" if since != now else "what is created from now on is"
        return (
            f"Connected. While `otherwise run` runs, {self.kind.title} is read once a minute: {posted} posted. "
            "`/otherwise status` and `otherwise check` say how it goes."
        )


def owners(name: str, database: Database, at: Moment, ask: Ask, say: Say) -> str:
    """What writing owners back would do now, then the question. Raises Refused when it is not connected."""
    if not kind_of(name).takes_owners:
        raise Refused(f"Owners can't be written back to {name}: docs/connectors.md says why.")
    with database.reading() as session:
        row = connections.by_name(session, name)
        if row is None:
            raise Refused(f"{name} is not connected: `otherwise connect {name}` first.")
        found = connections.owners_to_write(session, name, at.now - OWNERS_TOLD, DIFFERENCES + 1)
    for lead in found[:DIFFERENCES]:
        say(f"  {lead.name}: {lead.owner_email or 'nobody'} there, {lead.email} here")
    if len(found) > DIFFERENCES:
        say("  and more")
    if not found:
        say("Just now every lead has the same owner there and here.")
    say("Only leads that the guard gave to somebody are written back; what anybody said never is.")
    wanted = ask(f"Write owners to {name} from now on? (yes or no)", "yes" if row.writes_owners else "no", False)
    on = wanted.strip().lower() in ("y", "yes")
    database.write(lambda s: connections.change(s, name, writes_owners=on), timeout=30)
    return f"Owners are {'written' if on else 'not written'} to {name}."


def off(name: str, database: Database) -> str:
    """Read it no more."""
    there = database.write(lambda s: connections.remove(s, name), timeout=30)
    return f"{name} is read no more; the leads stay." if there else f"{name} was not connected; nothing was changed."


def standing(database: Database) -> list[str]:
    """What is connected and how it goes, and what else could be."""
    with database.reading() as session:
        rows = {row.name: row for row in connections.everything(session)}
    lines = []
    for name in [*rows, *(one for one in names() if one not in rows)]:
        row = rows.get(name)
        if row is None:
            lines.append(f"{name}: not connected")
            continue
        counts = ", ".join(f"{many:,} {key}" for key, many in row.counts.items() if many) or "nothing read yet"
        read = f"read {row.read_at:%Y-%m-%d %H:%M} UTC" if row.read_at else "not yet read to the end"
        lines.append(f"{name}: {read}; {counts}." + (f" {row.trouble}" if row.trouble else ""))
    return lines
