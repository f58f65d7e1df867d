"""The blind-first sample in words: to reps before and after it, in its form, and to admins."""

from typing import Any

from bot.domain.sampling import ASKED, BLIND
from bot.domain.wording import foreign, plural
from bot.views import ids
from bot.views.kit import Json, Ref, actions, button, entry, plain, section

OFF = (
    "The blind-first sample is off. It asks reps for their own number on about 1 lead in 5, half of the time before "
    "they see the tool's, and tells how far the tool's number pulls theirs. `/otherwise blind on` tells every rep, who "
    "can stay out, and begins two days later."
)
SWITCHED_OFF = (
    "The sample is off: no lead is drawn for it any more, and reps are told. Numbers they gave are kept and are in no "
    "result; a new sample counts anew."
)


def switched_on(first: str, planned: int, found: float) -> str:
    """The answer to `blind on`: `planned` numbers find a difference of `found`, in [0, 1]."""
    return (
        f"Reps who read their leads alone are being told, and each can stay out. From {first} on, on about 1 lead in 5 "
        "they are asked for their own number, half of the time before they see the tool's. The result is shown once, "
        f"when {planned} numbers are there: enough to find a pull of about {round(100 * found)} points of 100."
    )


def begins(first: str) -> str:
    """Between the word to reps and the first draw."""
    return f"Reps have been told; the first leads are drawn on {first}. Each can stay out."


def progress(many: int, planned: int) -> str:
    """How far it is: in tens, counted on Mondays."""
    so_far = f"{many} of {planned} numbers" if many else f"Fewer than 10 of {planned} numbers"
    return f"{so_far}, counted on Monday, in tens. The result is shown once, when all are there."


def result(found: dict[str, Any], ended: str) -> str:
    """What a sample found: points are of 100; who asked first, and what the range leaves open."""
    given, asked = found["given"], found["asked"]
    low, high = (round(100 * found[name]) for name in ("low", "high"))
    pull = (
        "With it in sight they come nearer to it"
        if found["low"] > 0
        else "With it in sight they go further from it"
        if found["high"] < 0
        else "Whether it pulls them can't be told yet"
    )
    left_out = (
        f" Left out: {plural(found['left_out'], 'number')}, of reps with fewer than two in one half."
        if found["left_out"]
        else ""
    )
    return (
        f"The sample ended on {ended}. Before they saw the tool's number, reps' own lay {_points(found['blind'])} from "
        f"it on average; with it in sight, {_points(found['shown'])}. {pull}: the difference is "
        f"{_points(found['difference'])} ({low} to {high}).\n{found['used']} numbers of {found['reps']} reps; asked "
        f"before, {given[BLIND]} of {asked.get(BLIND, 0)} said one, and {given[ASKED]} of {asked.get(ASKED, 0)} with "
        f"it in sight.{left_out} Who skips may differ from who answers."
    )


def _points(value: float) -> str:
    return f"{100 * value:.1f} points"


def notice() -> Json:
    """To a rep, two days before any of her leads can be drawn."""
    return _with(
        "A comparison begins in two days. On about 1 lead in 5 you will be asked what *your* number would be, half of "
        "the time before you see the tool's. It tells how far the tool's number pulls ours. You can skip each time; "
        "the tool's number then shows at once, and after 10 minutes in any case. Only an average over many reps is "
        "ever told, never yours.",
        button("Leave me out", ids.LEAVE_SAMPLE, "me", label="Leave me out of the comparison"),
    )


def left_out() -> Json:
    """After [Leave me out]."""
    return _with("You are left out: the tool's number stands on all your leads as before. Home has the switch.")


def over() -> Json:
    """To every rep who was told of it."""
    return _with("The comparison of your numbers with the tool's is off. All leads come as they did before.")


def form(ref: Ref, name: str, days: int, *, hidden: bool) -> Json:
    """Modal `sample.number.submit`: one number. The tool's is nowhere in it."""
    number: Json = {"type": "number_input", "is_decimal_allowed": False, "min_value": "0", "max_value": "100"}
    after = "The tool's number shows when you save. " if hidden else ""
    asked = entry(
        ids.ESTIMATE, f"Of 100 leads like this one, how many would close within {plural(days, 'day')}?", number
    )
    return {
        "type": "modal",
        "callback_id": ids.SUBMIT_NUMBER,
        "private_metadata": ref.model_dump_json(),
        "title": plain("My number"),
        "submit": plain("Save"),
        "close": plain("Cancel"),
        "blocks": [
            section(f"*{foreign(name, 120)}*"),
            asked | {"hint": plain(f"{after}A first guess will do; nobody is rated by it.")},
        ],
    }


def _with(text: str, *buttons: Json) -> Json:
    return {"text": text.replace("*", ""), "blocks": [section(text), *([actions(*buttons)] if buttons else [])]}
