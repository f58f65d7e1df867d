"""How things are said: cutting and escaping foreign text, natural frequencies, dates. Pure, and read aloud in tests."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

WORDING_VERSION = "2026-11"
# Marks that would reorder or hide what stands after them; they are stored, and left out of what is shown.
_HIDDEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad]")
_ZWJ = "\u200d"
DIRECTIONS = {
    "more": "more likely",
    "less": "less likely",
    "other": "different, can't say",
    "data": "the data is wrong",
}
# What reps mention, by the essay's names, each with what it means to somebody who has not read that.
CUES = {
    "tone": "how they spoke or wrote",
    "timing": "when they came, or want to begin",
    "contradiction": "what they say and what they do differ",
    "reason behind the deflection": "why they put us off",
    "personal context": "something about the person",
    "new information": "something the tool can't know yet",
    "authority": "who decides there",
    "fit": "how well it suits them",
    "other": "",
}
LABELS_HAVE_LETTERS = re.compile(r"[^\W\d_]")


def one_line(text: str, limit: int) -> str:
    """Foreign text on one line, without marks that hide or reorder, cut to `limit` characters at a whole character."""
    return cut(" ".join(_HIDDEN.sub("", text).split()), limit)


def cut(text: str, limit: int) -> str:
    """At most `limit` code points, ending in "…" when shortened, never inside an emoji or an accented letter."""
    if len(text) <= limit:
        return text
    end = limit - 1
    while end > 0 and _joins(text[end - 1], text[end]):
        end -= 1
    return text[:end].rstrip() + "…"


def fit(text: str, limit: int) -> str:
    """Escaped text of at most `limit` code points, shortened as `cut` does, and never inside an entity."""
    shown, room = escape(cut(text, limit)), limit
    while len(shown) > limit:
        # An entity takes up to five where the character took one.
        room -= max(1, (len(shown) - limit) // 5)
        shown = escape(cut(text, room))
    return shown


def _joins(before: str, after: str) -> bool:
    return (
        after in (_ZWJ, "\ufe0e", "\ufe0f", "\u20e3")
        or before == _ZWJ
        or unicodedata.combining(after) > 0
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or (_flag_letter(before) and _flag_letter(after))
        or "\U000e0020" <= after <= "\U000e007f"
    )


def _flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def escape(text: str) -> str:
    """The three characters that Slack reads as markup; after this no mention, channel or link can be smuggled in."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def foreign(text: str, limit: int) -> str:
    """Somebody else's words, ready for a mrkdwn text: one line, cut, escaped."""
    return escape(one_line(text, limit))


def in_hundred(probability: float) -> str:
    """A chance as a count of 100: "about 12", "fewer than 1", "more than 99"."""
    count = probability * 100
    if count < 1:
        return "fewer than 1"
    if count > 99:
        return "more than 99"
    return f"about {round(count)}"


def fact_in_words(label: str, value: str) -> str:
    """A fact as it stands on the suggestion: its value, with the label when the value alone says nothing."""
    return value if LABELS_HAVE_LETTERS.search(value) else f"{label} {value}"


def day(moment: datetime, zone: str) -> str:
    """ "3 Dec", in the reader's zone."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local.day} {local:%b}"


def few(count: int, total: int) -> str:
    """A count of wins as a digest may say it (STATISTICS §5.3): neither few wins nor few losses are given away."""
    if count < 3:
        return "fewer than 3"
    if total - count < 3:
        return f"more than {total - 3}"
    return str(count)


def details_in_words(estimate: float | None, cues: Iterable[str], quote: bool) -> str:
    """What a rep added to her answer; nothing when she added nothing."""
    parts = [f"Your number: {round(estimate * 100)} of 100."] if estimate is not None else []
    if mostly := listed(cues):
        parts.append(f"Mostly: {mostly}.")
    if quote:
        parts.append("May be quoted without your name.")
    return " ".join(parts)


def plural(count: int, one: str, many: str | None = None) -> str:
    """ "1 lead", "3 leads", "1,204 leads"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(words: Iterable[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    *most, last = list(words) or [""]
    return f"{', '.join(most)} and {last}" if most else last
