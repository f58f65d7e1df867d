"""A rep's own Home: her leads and answers, what she can switch off, what is kept about her and who has read it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.wording import day, fact_in_words, foreign, plural
from bot.views import ids
from bot.views.kit import Json, Ref, actions, button, context, header, plain, section
from bot.views.record import Counts, RecordPage, record_blocks


@dataclass(frozen=True)
class OpenLead:
    """A lead that she has not answered."""

    ref: Ref
    name: str
    facts: list[dict[str, str]]
    posted_at: datetime


@dataclass(frozen=True)
class Promise:
    """Whether one of her managers has made the pledge."""

    manager: str
    at: datetime | None


@dataclass(frozen=True)
class Reading:
    """Somebody has read words of hers: who, how, how many, when."""

    reader: str
    how: str
    many: int
    at: datetime


@dataclass(frozen=True)
class RepPart:
    """A rep's own part."""

    zone: str
    open_leads: list[OpenLead]
    more_open: bool
    record: RecordPage
    counts: Counts | None
    kept_rows: int
    promises: list[Promise]
    number_at_once: bool
    paused: bool
    muted: bool = False
    asks_outcomes: bool = True
    asks_second_look: bool = True
    in_sample: bool = True
    # Whether a blind-first sample runs that she was told of.
    sample_on: bool = False
    # Who answers in her place, and until when.
    stand_in: str = ""
    stand_in_until: datetime | None = None
    # The newest, and how many there are in all.
    readings: list[Reading] = field(default_factory=list)
    readings_many: int = 0
    # Which export of single answers is on: "", joined, or text (with the words).
    exported: str = ""
    # How many leads and reps a group must have before a digest tells of it.
    group: tuple[int, int] = (10, 5)


def rep_blocks(rep: RepPart) -> list[Json]:
    """Open leads, answers and record, the switch, and what is kept."""
    blocks = [header("Leads you haven't answered")]
    if rep.paused:
        blocks.append(context("An admin has paused your leads; new ones wait until you are back."))
    for lead in rep.open_leads:
        facts = [foreign(fact_in_words(one["label"], one["value"]), 60) for one in lead.facts[:2]]
        words = " · ".join([f"*{foreign(lead.name, 120)}*", *facts, f"since {day(lead.posted_at, rep.zone)}"])
        value = lead.ref.model_dump_json()
        look = button("I see something else", ids.OPEN, value, label=f"I see something else in {lead.name}")
        blocks.append(section(words) | {"accessory": look})
    if not rep.open_leads:
        blocks.append(
            section(
                "You have no open lead to answer. No answer is ever needed; while a lead is open you can say something."
            )
        )
    if rep.more_open:
        blocks.append(context("Older ones stand in your messages."))
    blocks += record_blocks(rep.record, rep.counts)
    blocks += [header("Your switches"), *_switches(rep)]
    blocks += [header("What is kept about you, and who can see it"), section(_kept(rep))]
    return [*blocks, actions(button("Forget me …", ids.FORGET_ME, "me"))]


def _switches(rep: RepPart) -> list[Json]:
    if rep.number_at_once:
        words = "The tool's number stands on your suggestions at once."
        press = button("Show it when I ask", ids.NUMBER, "when_asked")
    else:
        words = "The tool's number stays hidden until you press [Show the tool's number]."
        press = button("Show it at once", ids.NUMBER, "at_once")
    blocks = [section(f"{words} A change is for suggestions that come after it.") | {"accessory": press}]
    for name, is_on, on, off in (
        (
            "muted",
            not rep.muted,
            "New leads come as messages.",
            "You have muted everything: leads wait until you don't, and after 7 days they are not posted any more.",
        ),
        (
            "asks_outcomes",
            rep.asks_outcomes,
            "On Fridays you may be asked what closed.",
            "You are not asked what closed.",
        ),
        (
            "asks_second_look",
            rep.asks_second_look,
            "You may be asked whether the pool should look at a lead too.",
            "You are not asked about a second pair of eyes.",
        ),
        (
            "in_sample",
            rep.in_sample,
            "On some leads you are asked for your own number, to compare.",
            "You are left out of comparisons of your number with the tool's.",
        ),
    ):
        if name == "in_sample" and rep.in_sample and not rep.sample_on:
            continue
        label = (
            {"muted": "Mute", "in_sample": "Leave me out"}.get(name, "Stop asking")
            if is_on
            else {"muted": "Unmute"}.get(name, "Ask me")
        )
        press = button(
            label, ids.SWITCH, f"{name}:{'off' if is_on else 'on'}", label=f"{label}: {on if is_on else off}"
        )
        blocks.append(section(on if is_on else off) | {"accessory": press})
    if rep.stand_in and rep.stand_in_until is not None:
        # It ends as the day after begins.
        until = day(rep.stand_in_until - timedelta(seconds=1), rep.zone)
        blocks.append(context(f"{foreign(rep.stand_in, 60)} answers your new leads until {until}."))
    return blocks


def _kept(rep: RepPart) -> str:
    lines = [
        f"• Kept: your name, Slack id, email and time zone, and {plural(rep.kept_rows, 'row')} of what you pressed and "
        "wrote, each change beside what it changed.",
        *_readings(rep),
        *_exported(rep),
        f"• Digests count groups of at least {rep.group[0]} leads and {rep.group[1]} reps, never a person.",
    ]
    for promise in rep.promises:
        if promise.at is None:
            lines.append(f"• {foreign(promise.manager, 60)} gets no digest before agreeing not to rate people by this.")
        else:
            lines.append(
                f"• {foreign(promise.manager, 60)} agreed on {day(promise.at, rep.zone)}: “I won't use this tool's "
                "numbers or anyone's answers to rate people.”"
            )
    return "\n".join(lines)


def _exported(rep: RepPart) -> list[str]:
    if not rep.exported:
        return []
    words = "with what was written" if rep.exported == "text" else "but not what was written"
    return [
        f"• An export of single leads with what was said is on, {words}: whoever was given a key reads it, and each "
        "reading of your leads stands above."
    ]


def _readings(rep: RepPart) -> list[str]:
    """Who has read her words. The server's keeper could always, and that is said."""
    keeper = "Whoever runs the server could read its database."
    if not rep.readings:
        return [f"• Who looked at your words: nobody. {keeper}"]
    lines = [
        f"{foreign(one.reader, 60)} on {day(one.at, rep.zone)}, by {one.how}: {plural(one.many, 'lead')}"
        for one in rep.readings
    ]
    before = rep.readings_many - len(rep.readings)
    if before > 0:
        lines.append(f"and {plural(before, 'time')} before")
    return [f"• Who looked at your words: {'; '.join(lines)}. {keeper}"]


def forget_view(rows: int) -> Json:
    """Modal `home.forget.submit`: asked first, since it can't be undone."""
    return {
        "type": "modal",
        "callback_id": ids.SUBMIT_FORGET,
        "title": plain("Forget me"),
        "submit": plain("Forget me"),
        "close": plain("Cancel"),
        "blocks": [
            section(
                f"This deletes {plural(rows, 'row')} of what you pressed and wrote, your name, email and Slack id "
                "here, and the messages between us. You get no more leads. Counts that were told already stay, as "
                "they name nobody. *It can't be undone.*"
            )
        ],
    }
