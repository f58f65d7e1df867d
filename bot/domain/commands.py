"""`/otherwise …`: its forms, and the parser that turns what was typed into a command or a sentence that helps.

Slack sends people as `<@U012AB|name>` and channels as `<#C012AB|name>` (the manifest asks for it).
"""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

from bot.domain.errors import OtherwiseError
from bot.domain.schedule import find_zone, parse_schedule

NAME = "/otherwise"
PERSON = re.compile(r"<@([UW][A-Z0-9]{2,20})(?:\|[^>]*)?>")
CHANNEL = re.compile(r"<#([CG][A-Z0-9]{2,20})(?:\|[^>]*)?>")
EMAIL = re.compile(r"(?:<mailto:[^|>]*\|)?([^@\s<>|]+@[^@\s<>|]+\.[^@\s<>|]+)>?")
LANDMARKS = (24, 48, 72)
OUTCOMES = ("won", "lost", "disqualified")
TEAM_NAME_LIMIT = 60


class NotUnderstood(OtherwiseError):
    """This could not be read as a command. `/otherwise help` lists them."""


@dataclass(frozen=True)
class Command:
    """What was asked for. `name` is a form's; the other fields are filled as its form takes them."""

    name: str
    people: tuple[str, ...] = ()
    channel: str = ""
    email: str = ""
    team: str = ""
    other_team: str = ""
    lead: str = ""
    outcome: str = ""
    on: date | None = None
    schedule: tuple[int, int] | None = None
    zone: str = ""
    hours: int = 0


@dataclass(frozen=True)
class Form:
    """One form of the command: its words, what follows them, what it does, and who may use it."""

    name: str
    usage: str
    says: str
    takes: Callable[["_Rest"], Command]
    everybody: bool = False


@dataclass
class _Rest:
    """The words behind a form's name, taken one kind at a time."""

    form: str
    usage: str
    words: list[str] = field(default_factory=list)
    today: date = date.min

    def person(self) -> str:
        """The next word as a person."""
        found = self.maybe_person()
        if not found:
            what = f"{self.words[0]} is not a person I can find" if self.words else "Somebody is missing"
            raise NotUnderstood(f"{what}. Type @ and pick a name from the list: {self.shape()}")
        return found

    def maybe_person(self) -> str:
        """The next word, if it is a person."""
        match = PERSON.fullmatch(self.words[0]) if self.words else None
        if match is None:
            return ""
        self.words.pop(0)
        return match.group(1)

    def people(self) -> tuple[str, ...]:
        """All that follow, at least one."""
        found = [self.person()]
        while self.words:
            found.append(self.person())
        return tuple(dict.fromkeys(found))

    def done(self, **values: object) -> Command:
        """The command, unless something is left over."""
        if self.words:
            raise NotUnderstood(f"I don't know what to do with “{' '.join(self.words)[:60]}”. Write {self.shape()}")
        return replace(Command(self.form), **values)  # type: ignore[arg-type]  # fields by name

    def shape(self) -> str:
        """How the form is written."""
        return f"`{NAME} {self.form} {self.usage}`".replace(" `", "`")


def _nothing(rest: _Rest) -> Command:
    return rest.done()


def _one_person(rest: _Rest) -> Command:
    return rest.done(people=(rest.person(),))


def _maybe_person(rest: _Rest) -> Command:
    found = rest.maybe_person()
    return rest.done(people=(found,) if found else ())


def _rep_add(rest: _Rest) -> Command:
    person, channel, email = rest.person(), "", ""
    while rest.words:
        word = rest.words.pop(0)
        if match := CHANNEL.fullmatch(word):
            channel = match.group(1)
        elif match := EMAIL.fullmatch(word):
            email = match.group(1).lower()
        elif word.startswith("#"):
            raise NotUnderstood(
                f"I can't see a channel {word[:80]}. Type # and pick it from the list; "
                "if it is private, invite me there first."
            )
        else:
            raise NotUnderstood(f"“{word[:60]}” is neither a #channel nor an email. Write {rest.shape()}")
    return rest.done(people=(person,), channel=channel, email=email)


def _team_name(words: list[str], shape: str) -> str:
    name = " ".join(words).strip("\"'“”").strip()
    if not name:
        raise NotUnderstood(f"Which team? Write {shape}")
    if len(name) > TEAM_NAME_LIMIT:
        raise NotUnderstood(f"A team's name has at most {TEAM_NAME_LIMIT} characters.")
    return name


def _team_add(rest: _Rest) -> Command:
    name = _team_name(rest.words, rest.shape())
    if name.lower() in ("add", "list") or {"reps", "manager", "in"} & set(name.lower().split()):
        raise NotUnderstood(
            "A team's name can't hold the words add, list, reps, manager or in: they are part of commands."
        )
    if "<" in name or ">" in name:
        raise NotUnderstood(f"A team's name is plain words. Write {rest.shape()}, then add people to it.")
    rest.words = []
    return rest.done(team=name)


def _team_reps(rest: _Rest) -> Command:
    """The words hold `NAME` before the form's own words; `parse` has put it first."""
    return rest.done(team=rest.words.pop(0), people=rest.people())


def _team_manager(rest: _Rest) -> Command:
    return rest.done(team=rest.words.pop(0), people=(rest.person(),))


def _team_in(rest: _Rest) -> Command:
    team = rest.words.pop(0)
    parent = _team_name(rest.words, rest.shape())
    rest.words = []
    return rest.done(team=team, other_team=parent)


def _schedule(rest: _Rest) -> Command:
    person = rest.maybe_person()
    if len(rest.words) < 2:
        raise NotUnderstood(f"A weekday and a time are missing. Write {rest.shape()}, such as `mon 09:00`.")
    try:
        schedule = parse_schedule(" ".join(rest.words[:2]))
    except ValueError as failure:
        raise NotUnderstood(f"{failure}. Weekdays are mon, tue, wed, thu, fri, sat, sun; times run to 23:59.") from None
    zone = ""
    if rest.words[2:]:
        wanted = "_".join(rest.words[2:])
        zone, near = find_zone(wanted)
        if not zone:
            hint = f" Did you mean {near}?" if near else " Write it like Europe/Berlin."
            raise NotUnderstood(f"I don't know the time zone {wanted[:60]}.{hint}")
    rest.words = []
    return rest.done(people=(person,) if person else (), schedule=schedule, zone=zone)


def _lead(rest: _Rest) -> Command:
    if not rest.words:
        raise NotUnderstood(f"Which lead? Write {rest.shape()} with the id that your CRM sends, such as hubspot:4711.")
    lead = " ".join(rest.words)
    rest.words = []
    return rest.done(lead=lead)


def _outcome(rest: _Rest) -> Command:
    place = next((n for n in range(len(rest.words) - 1, 0, -1) if rest.words[n].lower() in OUTCOMES), 0)
    if not place:
        raise NotUnderstood(f"Say what became of it: won, lost or disqualified. Write {rest.shape()}")
    lead, outcome, when = " ".join(rest.words[:place]), rest.words[place].lower(), rest.words[place + 1 :]
    rest.words = []
    return rest.done(lead=lead, outcome=outcome, on=_day(" ".join(when), rest.today) if when else None)


def _day(words: str, today: date) -> date:
    if words.lower() == "today":
        return today
    if words.lower() == "yesterday":
        return date.fromordinal(today.toordinal() - 1)
    try:
        found = date.fromisoformat(words)
    except ValueError:
        raise NotUnderstood(f"“{words[:40]}” is not a date. Write it like {today.isoformat()}, or yesterday.") from None
    if found > today:
        raise NotUnderstood(f"{found.isoformat()} is still to come. An outcome is told when it has happened.")
    return found


def _landmark(rest: _Rest) -> Command:
    word = rest.words.pop(0).lower().removesuffix("h") if rest.words else ""
    if not word.isdigit() or int(word) not in LANDMARKS:
        raise NotUnderstood("The landmark is 24, 48 or 72 hours: what was said by then is what figures use.")
    return rest.done(hours=int(word))


FORMS = (
    Form("help", "", "what you can do here", _nothing, everybody=True),
    Form("my record", "", "what you said and what became of it; only you see it", _nothing, everybody=True),
    Form("setup", "", "go through everything step by step", _nothing),
    Form("status", "", "what runs, what waits and what needs you", _nothing),
    Form("rep add", "@user [#channel] [email]", "send a rep her leads: to her DM, or to a channel", _rep_add),
    Form("rep remove", "@user", "no more leads for this rep; what she said is kept", _one_person),
    Form("rep pause", "@user", "keep this rep's new leads until she is back", _one_person),
    Form("rep resume", "@user", "send what waited, if younger than 7 days", _one_person),
    Form("rep list", "", "all reps, their teams and channels", _nothing),
    Form("team add", "NAME", "a new team", _team_add),
    Form("team list", "", "teams, their managers and reps", _nothing),
    Form("team reps add", "@user …", "put reps into a team", _team_reps),
    Form("team reps remove", "@user …", "take reps out of a team", _team_reps),
    Form("team manager", "@user", "who gets the team's digest", _team_manager),
    Form("team in", "PARENT", "put a team under another", _team_in),
    Form("digest preview", "[@manager]", "what the next digest would say; not sent", _maybe_person, everybody=True),
    Form("digest now", "[@manager]", "send the next digest early; it counts as that week's", _maybe_person),
    Form("digest schedule", "[@manager] mon 09:00 [zone]", "when a digest comes; from next week", _schedule),
    Form("lead", "ID", "a lead's numbers, route and outcome; never what was said", _lead),
    Form("outcome", "ID won|lost|disqualified [DATE]", "what became of a lead", _outcome),
    Form("test-lead", "[@user]", "a marked lead, to see that all works; in no figure", _maybe_person),
    Form("rehearsal on", "", "every new suggestion goes to you and counts nowhere", _nothing),
    Form("rehearsal off", "", "back to the reps", _nothing),
    Form("pause", "", "post nothing until resume; leads are kept", _nothing),
    Form("resume", "", "post again, with what waited less than 7 days", _nothing),
    Form("landmark", "24|48|72", "by when an answer counts; before the first lead", _landmark),
    Form("admin add", "@user", "let somebody else run these commands", _one_person),
    Form("admin remove", "@user", "take that back", _one_person),
    Form("audit", "", "the latest changes and who made them", _nothing),
    Form("undo", "", "take back your latest change", _nothing),
)  # fmt: skip
BY_NAME = {form.name: form for form in FORMS}
_SINGLE = {form.name for form in FORMS if " " not in form.name}
_DOUBLE: dict[str, list[str]] = {}
for _form in FORMS:
    if " " in _form.name:
        _DOUBLE.setdefault(_form.name.split()[0], []).append(" ".join(_form.name.split()[1:]))


def shown(form: Form) -> str:
    """How a form is written: a team's name stands between its words."""
    name = form.name
    for words in ("reps add", "reps remove", "manager", "in"):
        if name == f"team {words}":
            name = f"team NAME {words}"
    return f"{NAME} {name} {form.usage}".strip()


def parse(text: str, today: date) -> Command:
    """What was typed behind `/otherwise`. Raises NotUnderstood with a sentence that helps; `today` is the admin's."""
    words = text.replace("\u00a0", " ").split()
    if not words:
        return Command("help")
    first, rest = words[0].lower(), words[1:]
    if first in _SINGLE:
        return _take(first, rest, today)
    if first == "team" and rest and rest[0].lower() not in ("add", "list"):
        return _take_team(rest, today)
    if first in _DOUBLE:
        second = rest[0].lower() if rest else ""
        if second in _DOUBLE[first]:
            return _take(f"{first} {second}", rest[1:], today)
        near = _near(second, _DOUBLE[first])
        if near:
            raise NotUnderstood(f"There is no `{first} {second}`. Did you mean `{shown(BY_NAME[f'{first} {near}'])}`?")
        choices = ", ".join(f"`{word}`" for word in _DOUBLE[first] if word not in ("reps add", "reps remove", "in"))
        raise NotUnderstood(f"`{NAME} {first}` takes {choices}. `{NAME} help` shows how.")
    near = _near(first, [*_SINGLE, *_DOUBLE])
    hint = f"Did you mean `{NAME} {near}`? " if near else ""
    raise NotUnderstood(f"I don't know “{words[0][:40]}”. {hint}`{NAME} help` lists everything.")


def _take(name: str, words: list[str], today: date) -> Command:
    form = BY_NAME[name]
    return form.takes(_Rest(name, form.usage, list(words), today))


def _take_team(words: list[str], today: date) -> Command:
    """`team NAME reps add …`: the name may hold spaces, so the form's own words are looked for."""
    low = [word.lower() for word in words]
    for place in range(1, len(words)):
        for own in (["reps", "add"], ["reps", "remove"], ["manager"], ["in"]):
            if low[place : place + len(own)] == own:
                team = _team_name(words[:place], "`/otherwise team list`")
                form = BY_NAME["team " + " ".join(own)]
                usage = _Rest(f"team NAME {' '.join(own)}", form.usage, [team, *words[place + len(own) :]], today)
                return replace(form.takes(usage), name=form.name)
    team = _team_name(words[:1], "`/otherwise team list`")
    raise NotUnderstood(
        f"What about team {team[:60]}? `{NAME} team {team[:60]} reps add @user`, `… reps remove @user`, "
        f"`… manager @user` or `… in PARENT`."
    )


def _near(word: str, known: list[str]) -> str:
    """The known word that was probably meant, or nothing."""
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=0.6)), "")


def people_in(text: str) -> list[str]:
    """Every Slack id that is mentioned."""
    return list(dict.fromkeys(PERSON.findall(text)))
