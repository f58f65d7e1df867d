"""`/otherwise …`: its forms, and the parser that turns what was typed into a command or a sentence that helps."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from bot.domain import operands
from bot.domain.operands import LANDMARKS, NAME, OUTCOMES, Command, NotUnderstood, Rest

__all__ = [
    "BY_NAME",
    "FORMS",
    "LANDMARKS",
    "OUTCOMES",
    "SETTINGS",
    "Command",
    "Form",
    "NotUnderstood",
    "parse",
    "people_in",
    "shown",
    "typed",
    "unknown_topic",
]


@dataclass(frozen=True)
class Form:
    """One form of the command: its words, what follows them, what it does, and who may use it."""

    name: str
    usage: str
    says: str
    takes: Callable[[Rest], Command]
    everybody: bool = False


FORMS = (
    Form("help", "[WORD|all]", "what you can do here, or how one command is written", operands.topic, everybody=True),
    Form("my record", "", "what you said and what became of it; only you see it", operands.nothing, everybody=True),
    Form("setup", "", "go through everything step by step", operands.nothing),
    Form("status", "", "what runs, what waits and what needs you", operands.nothing),
    Form("settings", "", "what is set; `hard` or `quiet` by itself shows that one", operands.nothing),
    Form("rep add", "@user [#channel] [email]", "send somebody their leads: by DM, or in a channel", operands.rep_add),
    Form("rep remove", "@user", "no more leads for this rep; what was said is kept", operands.one_person),
    Form("rep pause", "@user", "keep this rep's new leads until `resume`", operands.one_person),
    Form("rep resume", "@user", "send what waited, if younger than 7 days", operands.one_person),
    Form("rep list", "", "all reps, their teams and channels", operands.nothing),
    Form("team add", "NAME", "a new team", operands.team_add),
    Form("team list", "", "teams, their managers and reps", operands.nothing),
    Form("team reps add", "@user …", "put reps into a team", operands.team_reps),
    Form("team reps remove", "@user …", "take reps out of a team", operands.team_reps),
    Form("team manager", "@user", "who gets the team's digest", operands.team_manager),
    Form("team in", "PARENT", "put a team under another", operands.team_in),
    Form("digest preview", "[@manager]", "what the next would say; not sent", operands.maybe_person, everybody=True),
    Form("digest now", "[@manager]", "send the next digest early; it counts as that week's", operands.maybe_person),
    Form("digest schedule", "[@manager] mon 09:00 [zone]", "when a digest comes; from next week", operands.schedule),
    Form("lead", "ID", "a lead's numbers, route and outcome; never what was said", operands.lead),
    Form("outcome", "ID won|lost|disqualified [DATE]", "what became of a lead", operands.outcome),
    Form("test-lead", "[@user]", "a marked lead, to see that all works; in no figure", operands.maybe_person),
    Form("rehearsal on", "", "every new suggestion goes to you and counts nowhere", operands.nothing),
    Form("rehearsal off", "", "back to the reps", operands.nothing),
    Form("pause", "", "post nothing until resume; leads are kept", operands.nothing),
    Form("resume", "", "post again, with what waited less than 7 days", operands.nothing),
    Form("landmark", "24|48|72", "by when an answer counts; before the first lead", operands.landmark),
    Form("hard", "15", "a chance under so many in 100 makes a lead hard; from now on", operands.percent),
    Form("pool add", "@user", "let somebody have a share of the hard leads", operands.one_person),
    Form("pool remove", "@user", "take somebody out of the pool", operands.one_person),
    Form("pool share", "20", "so many in 100 of the hard leads go to the pool", operands.percent),
    Form("pool channel", "#channel|none", "where the pool is asked for a second look", operands.channel),
    Form("routing", "", "where hard leads went, by group", operands.nothing),
    Form("mute", "[off]", "no messages to you until `mute off`", operands.mute, everybody=True),
    Form("stand-in", "@rep @user until DATE|off", "who answers a rep's new leads", operands.stand_in, everybody=True),
    Form("budget", "40", "so many suggestions a rep a day; more wait in one message", operands.budget),
    Form("quiet", "18:00-08:00|off", "hours without new leads, in each rep's zone", operands.quiet),
    Form("retention", "730|off", "how many days words are kept; asks first", operands.retention),
    Form("forget", "@user", "delete what somebody wrote, and who it was; asks first", operands.one_person),
    Form("blind on", "", "ask reps for their own number, now and then before the tool's", operands.nothing),
    Form("blind off", "", "ask them no more; what was given is kept", operands.nothing),
    Form("blind status", "", "how far it is, and what it found", operands.nothing),
    Form("modelowner add", "@user", "tell somebody of data problems and drift", operands.one_person),
    Form("modelowner remove", "@user", "tell this person no more", operands.one_person),
    Form("export", "", "what is released, and how to get the lines", operands.nothing),
    Form("export joined", "on|off", "single leads with answers, for keys of that scope", operands.joined),
    Form("export text", "on|off", "what was written, for keys of that scope", operands.text),
    Form("privacy", "leads 10 reps 5", "how large a group must be; begins after 7 days", operands.privacy),
    Form("admin add", "@user", "let somebody else run these commands", operands.one_person),
    Form("admin remove", "@user", "no longer let this person run them", operands.one_person),
    Form("audit", "", "the latest changes and who made them", operands.nothing),
    Form("undo", "", "take back your latest change", operands.nothing),
)  # fmt: skip
BY_NAME = {form.name: form for form in FORMS}
# What help puts together, by the first words of the forms.
OWN = "For yourself"
GROUPS = (
    (OWN, ("help", "my", "mute", "stand-in")),
    ("Setting up", ("setup", "settings", "landmark", "test-lead", "rehearsal")),
    ("Running", ("status", "pause", "resume")),
    ("Reps and teams", ("rep", "team")),
    ("Digests", ("digest",)),
    ("Leads and the pool", ("lead", "outcome", "budget", "quiet", "hard", "pool", "routing")),
    ("What is kept, and who reads it", ("privacy", "retention", "forget", "export", "modelowner", "blind")),
    ("Who may, and what was changed", ("admin", "audit", "undo")),
)
# Typed alone, these show what is set.
SETTINGS = ("hard", "pool", "budget", "quiet", "privacy", "retention", "landmark")
# Whose the forms are that anybody may type.
FOR_REPS, FOR_MANAGERS = frozenset({"my record", "mute", "stand-in"}), frozenset({"digest preview"})
_SINGLE = {form.name for form in FORMS if " " not in form.name}
_DOUBLE: dict[str, list[str]] = {}
for _form in FORMS:
    if " " in _form.name:
        _DOUBLE.setdefault(_form.name.split()[0], []).append(" ".join(_form.name.split()[1:]))


def shown(form: Form) -> str:
    """How a form is written: a team's name stands between its words."""
    return f"{NAME} {typed(form)} {form.usage}".strip()


def typed(form: Form) -> str:
    """A form's own words as they are typed, with a team's name where it stands."""
    first, *words = form.name.split()
    return " ".join([first, "NAME", *words]) if first == "team" and words[0] not in ("add", "list") else form.name


def parse(text: str, today: date) -> Command:
    """What was typed behind `/otherwise`. Raises NotUnderstood with a sentence that helps; `today` is the admin's."""
    words = text.replace("\u00a0", " ").split()
    if not words:
        return Command("help")
    first, rest = words[0].lower(), words[1:]
    if first in SETTINGS and not rest:
        return Command("settings", word=first)
    if first in _SINGLE and not (first in _DOUBLE and rest):
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
        raise NotUnderstood(f"`{NAME} {first}` takes {choices}. `{NAME} help {first}` shows how.")
    raise NotUnderstood(f"I don't know “{words[0][:40]}”. {_hint(first)}`{NAME} help` lists what you can type.")


def unknown_topic(word: str) -> str:
    """What is said about `help` with a word that begins no command; nothing where one begins with it."""
    if not word or word == "all" or word in _SINGLE or word in _DOUBLE:
        return ""
    return f"No command begins with “{word[:40]}”. {_hint(word)}".rstrip()


def _hint(word: str) -> str:
    near = _near(word, [*_SINGLE, *_DOUBLE]) or _near(word, list(BY_NAME))
    return f"Did you mean `{NAME} {near}`? " if near else ""


def _take(name: str, words: list[str], today: date) -> Command:
    form = BY_NAME[name]
    return form.takes(Rest(name, form.usage, list(words), today))


def _take_team(words: list[str], today: date) -> Command:
    """`team NAME reps add …`: the name may hold spaces, so the form's own words are looked for."""
    low = [word.lower() for word in words]
    for place in range(1, len(words)):
        for own in (["reps", "add"], ["reps", "remove"], ["manager"], ["in"]):
            if low[place : place + len(own)] == own:
                team = operands.team_name(words[:place], "`/otherwise team list`")
                form = BY_NAME["team " + " ".join(own)]
                usage = Rest(f"team NAME {' '.join(own)}", form.usage, [team, *words[place + len(own) :]], today)
                return replace(form.takes(usage), name=form.name)
    team = operands.team_name(words[:1], "`/otherwise team list`")
    raise NotUnderstood(
        f"What about team {team[:60]}? `{NAME} team {team[:60]} reps add @user`, `… reps remove @user`, "
        f"`… manager @user` or `… in PARENT`."
    )


def _near(word: str, known: list[str]) -> str:
    """The known word that was probably meant, or nothing."""
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=0.6)), "")


def people_in(text: str) -> list[str]:
    """Every Slack id that is mentioned."""
    return list(dict.fromkeys(operands.PERSON.findall(text)))
