"""What follows the words of a `/otherwise` command: people, dates, numbers, each read or refused in a sentence.

Slack sends people as `<@U012AB|name>` and channels as `<#C012AB|name>` (the manifest asks for it).
"""

import re
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from bot.domain.errors import OtherwiseError
from bot.domain.named_days import coming_day, past_day
from bot.domain.release import FLOOR
from bot.domain.schedule import find_zone, parse_schedule

NAME = "/otherwise"
PERSON = re.compile(r"<@([UW][A-Z0-9]{2,20})(?:\|[^>]*)?>")
CHANNEL = re.compile(r"<#([CG][A-Z0-9]{2,20})(?:\|[^>]*)?>")
EMAIL = re.compile(r"(?:<mailto:[^|>]*\|)?([^@\s<>|]+@[^@\s<>|]+\.[^@\s<>|]+)>?")
LANDMARKS = (24, 48, 72)
OUTCOMES = ("won", "lost", "disqualified")
TEAM_NAME_LIMIT = 60
KEPT_DAYS = (30, 3650)


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
    # Hours, days, leads or a share of 100, as the form takes it; `second` where it takes two.
    number: int = 0
    second: int = 0
    hours: tuple[int, int] | None = None
    word: str = ""


@dataclass
class Rest:
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
            rest = as_typed(" ".join(self.words))[:60]
            raise NotUnderstood(f"I don't know what to do with “{rest}”. Write {self.shape()}")
        return replace(Command(self.form), **values)  # type: ignore[arg-type]  # fields by name

    def shape(self) -> str:
        """How the form is written."""
        return f"`{NAME} {self.form} {self.usage}`".replace(" `", "`")


def nothing(rest: Rest) -> Command:
    """Nothing follows."""
    return rest.done()


def as_typed(text: str) -> str:
    """Mentions as a person sees them, and not as Slack sends them: @name, #channel."""
    return re.sub(r"<([@#])([^|>]*)\|?([^>]*)>", lambda found: found[1] + (found[3] or found[2]), text)


def topic(rest: Rest) -> Command:
    """A command's first word, or "all", or nothing. A form's further words are welcome."""
    word = rest.words[0].lower().strip("`") if rest.words else ""
    rest.words = []
    return rest.done(word=word)


def one_person(rest: Rest) -> Command:
    """A person."""
    return rest.done(people=(rest.person(),))


def maybe_person(rest: Rest) -> Command:
    """A person, or nobody."""
    found = rest.maybe_person()
    return rest.done(people=(found,) if found else ())


def rep_add(rest: Rest) -> Command:
    """A person, and where her leads go."""
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
            raise NotUnderstood(f"“{as_typed(word)[:60]}” is neither a #channel nor an email. Write {rest.shape()}")
    return rest.done(people=(person,), channel=channel, email=email)


def team_name(words: list[str], shape: str) -> str:
    """A team's name, which may hold spaces."""
    name = " ".join(words).strip("\"'“”").strip()
    if not name:
        raise NotUnderstood(f"Which team? Write {shape}")
    if len(name) > TEAM_NAME_LIMIT:
        raise NotUnderstood(f"A team's name has at most {TEAM_NAME_LIMIT} characters.")
    return name


def team_add(rest: Rest) -> Command:
    """A new team's name."""
    name = team_name(rest.words, rest.shape())
    if wrong := wrong_team_name(name):
        raise NotUnderstood(f"{wrong} Write {rest.shape()}, then add people to it.")
    rest.words = []
    return rest.done(team=name)


def wrong_team_name(name: str) -> str:
    """Why no command could speak of a team of this name, in a sentence; nothing where one could."""
    if len(name) > TEAM_NAME_LIMIT:
        return f"A team's name has at most {TEAM_NAME_LIMIT} characters."
    if name.lower() in ("add", "list") or {"reps", "manager", "in"} & set(name.lower().split()):
        return "A team's name can't hold the words add, list, reps, manager or in: they are part of commands."
    if "<" in name or ">" in name:
        return "A team's name is plain words."
    return ""


def team_reps(rest: Rest) -> Command:
    """The words hold `NAME` before the form's own words; `parse` has put it first."""
    return rest.done(team=rest.words.pop(0), people=rest.people())


def team_manager(rest: Rest) -> Command:
    """A team and a person."""
    return rest.done(team=rest.words.pop(0), people=(rest.person(),))


def team_in(rest: Rest) -> Command:
    """Two teams."""
    team = rest.words.pop(0)
    parent = team_name(rest.words, rest.shape())
    rest.words = []
    return rest.done(team=team, other_team=parent)


def schedule(rest: Rest) -> Command:
    """A weekday, a time and perhaps a zone."""
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


def lead(rest: Rest) -> Command:
    """A lead's id."""
    if not rest.words:
        raise NotUnderstood(f"Which lead? Write {rest.shape()} with the id that your CRM sends, such as hubspot:4711.")
    lead = " ".join(rest.words)
    rest.words = []
    return rest.done(lead=lead)


def outcome(rest: Rest) -> Command:
    """A lead's id, what became of it, and when."""
    place = next((n for n in range(len(rest.words) - 1, 0, -1) if rest.words[n].lower() in OUTCOMES), 0)
    if not place:
        raise NotUnderstood(f"Say what became of it: won, lost or disqualified. Write {rest.shape()}")
    lead, outcome, when = " ".join(rest.words[:place]), rest.words[place].lower(), rest.words[place + 1 :]
    rest.words = []
    return rest.done(lead=lead, outcome=outcome, on=day(" ".join(when), rest.today) if when else None)


def day(words: str, today: date) -> date:
    """A day that is not ahead."""
    found = past_day(words, today)
    if found is None:
        raise NotUnderstood(
            f"“{words[:40]}” is not a date. Write it like {today.isoformat()}, 5 Dec, Friday or yesterday."
        )
    if found > today:
        raise NotUnderstood(f"{found.isoformat()} is still to come. An outcome is told when it has happened.")
    return found


def landmark(rest: Rest) -> Command:
    """24, 48 or 72 hours."""
    word = rest.words.pop(0).lower().removesuffix("h") if rest.words else ""
    if _whole(word) not in LANDMARKS:
        raise NotUnderstood("The landmark is 24, 48 or 72 hours: what was said by then is what figures use.")
    return rest.done(number=int(word))


def _whole(word: str) -> int:
    """The number that a word is in plain digits, some nine of them at the most; -1 where it is none."""
    return int(word) if re.fullmatch(r"[0-9]{1,9}", word) else -1


def percent(rest: Rest) -> Command:
    """So many in 100."""
    word = rest.words.pop(0).removesuffix("%") if rest.words else ""
    if not 1 <= _whole(word) <= 50:
        raise NotUnderstood(f"A number from 1 to 50 is needed, of 100. Write {rest.shape()}")
    return rest.done(number=int(word))


def channel(rest: Rest) -> Command:
    """A channel, or "none"."""
    word = rest.words.pop(0) if rest.words else ""
    match = CHANNEL.fullmatch(word)
    if match is None and word.lower() != "none":
        raise NotUnderstood(f"Type # and pick a channel from the list, or none. Write {rest.shape()}")
    return rest.done(channel=match.group(1) if match else "")


def privacy(rest: Rest) -> Command:
    """`leads N reps N`."""
    words = [word.lower() for word in rest.words]
    if len(words) != 4 or words[::2] != ["leads", "reps"] or min(_whole(words[1]), _whole(words[3])) < 0:
        raise NotUnderstood(f"Two numbers are needed, each behind its word. Write {rest.shape()}")
    leads, reps = _whole(words[1]), _whole(words[3])
    if not FLOOR.leads <= leads <= 100 or not FLOOR.reps <= reps <= 20:
        raise NotUnderstood(
            f"The smallest group allowed is {FLOOR.leads} leads and {FLOOR.reps} reps; the largest that can be asked "
            "for is 100 and 20."
        )
    rest.words = []
    return rest.done(number=leads, second=reps)


def budget(rest: Rest) -> Command:
    """So many a day."""
    word = rest.words.pop(0) if rest.words else ""
    if not 1 <= _whole(word) <= 500:
        raise NotUnderstood(f"A number from 1 to 500 is needed: suggestions a rep a day. Write {rest.shape()}")
    return rest.done(number=int(word))


_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


def quiet(rest: Rest) -> Command:
    """`18:00-08:00`, or off."""
    text = "".join(rest.words).replace("–", "-")
    rest.words = []
    if text.lower() == "off":
        return rest.done()
    ends = [_CLOCK.fullmatch(part) for part in text.split("-")]
    wrong = next((part for part, end in zip(text.split("-"), ends, strict=True) if ":" in part and end is None), "")
    if wrong:
        raise NotUnderstood(f"{wrong[:20]} is not a time of day. Write {rest.shape()}, such as `18:00-08:00`.")
    if len(ends) != 2 or ends[0] is None or ends[1] is None or ends[0].group() == ends[1].group():
        raise NotUnderstood(f"Two different times are needed, or off. Write {rest.shape()}, such as `18:00-08:00`.")
    start, end = (int(one.group(1)) * 60 + int(one.group(2)) for one in ends if one is not None)
    return rest.done(hours=(start, end))


def mute(rest: Rest) -> Command:
    """Nothing, or off."""
    word = rest.words.pop(0).lower() if rest.words else "on"
    if word not in ("on", "off"):
        raise NotUnderstood(f"Write {rest.shape()}: alone it mutes, with `off` it brings messages back.")
    return rest.done(word=word)


def stand_in(rest: Rest) -> Command:
    """A rep, who stands in, and until when; or a rep and off."""
    rep = rest.person()
    if rest.words and rest.words[-1].lower() == "off" and len(rest.words) <= 3:
        # Whoever it is that stands in, and with or without the "until".
        rest.words = []
        return rest.done(people=(rep,))
    other = rest.person()
    example = (rest.today + timedelta(days=7)).isoformat()
    if len(rest.words) < 2 or rest.words[0].lower() != "until":
        raise NotUnderstood(f"Until when? Write {rest.shape()}, such as `until {example}`.")
    words = " ".join(rest.words[1:])
    last = coming_day(words, rest.today)
    if last is None:
        raise NotUnderstood(f"“{words[:40]}” is not a day. Write it like {example}, 5 Dec, Friday or tomorrow.")
    if not rest.today <= last <= date.fromordinal(rest.today.toordinal() + 366):
        raise NotUnderstood("The last day has to be today or later, within a year.")
    rest.words = []
    return rest.done(people=(rep, other), on=last)


def retention(rest: Rest) -> Command:
    """Days, or off."""
    word = rest.words.pop(0).lower() if rest.words else ""
    if word == "off":
        return rest.done(number=0)
    if not word.isdecimal() or not KEPT_DAYS[0] <= int(word[:6]) <= KEPT_DAYS[1]:
        raise NotUnderstood(f"Days from {KEPT_DAYS[0]} to {KEPT_DAYS[1]:,} are needed, or off. Write {rest.shape()}")
    return rest.done(number=int(word))


def joined(rest: Rest) -> Command:
    """On or off."""
    return _switched(rest, "joined")


def text(rest: Rest) -> Command:
    """On or off."""
    return _switched(rest, "text")


def _switched(rest: Rest, what: str) -> Command:
    word = rest.words.pop(0).lower() if rest.words else ""
    if word not in ("on", "off"):
        raise NotUnderstood(f"On or off? Write {rest.shape()}")
    return rest.done(word=f"{what} {word}")
