"""The modals: the override in one tap and one line, its details, why this number, and what I said."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.bands import Record, band_label
from bot.domain.wording import CUES, DIRECTIONS, day, fit, foreign, in_hundred, one_line, plural
from bot.views import ids
from bot.views.kit import Json, Ref, actions, button, context, entry, option, plain, plain_context, section

TITLE = "I see something else"
CHOICES = {
    "more": "more likely",
    "less": "less likely",
    "other": "different, can't say",
    "data": "the data is wrong",
}
REASON_LIMIT = 3000
WHO_READS = "Your manager doesn't read this, unless you allow a quote. The app's Home shows who has read your words."


def override_form(ref: Ref, name: str, *, direction: str = "", reason: str = "") -> Json:
    """Modal `override.submit`. The tool's number is nowhere in it; what she said before is, when she changes it."""
    radios: Json = {
        "type": "radio_buttons",
        "action_id": ids.DIRECTION,
        "options": [_choice(value) for value in CHOICES],
    }
    if direction:
        radios["initial_option"] = _choice(direction)
    words: Json = {
        "type": "plain_text_input",
        "action_id": ids.REASON,
        "multiline": True,
        "max_length": REASON_LIMIT,
        "placeholder": plain("A few words will do"),
    }
    if reason:
        words["initial_value"] = reason
    return {
        "type": "modal",
        "callback_id": ids.SUBMIT,
        "private_metadata": ref.model_dump_json(),
        "title": plain(TITLE),
        "submit": plain("Save"),
        "close": plain("Cancel"),
        "blocks": [
            section(f"*{foreign(name, 120)}*"),
            entry(ids.DIRECTION, "Compared with the tool, I think it is", radios),
            entry(ids.REASON, "What do you see?", words) | {"hint": plain(WHO_READS)},
        ],
    }


def _choice(value: str) -> Json:
    made = option(CHOICES[value], value)
    note = "The model's owners get the lead's id. They may guess who said so."
    return made | {"description": plain(note[:75])} if value == "data" else made


def details_form(ref: Ref, name: str, *, estimate: float | None, cues: list[str], quote: bool) -> Json:
    """Modal `override.details.submit`: all of it optional."""
    number: Json = {
        "type": "number_input",
        "action_id": ids.ESTIMATE,
        "is_decimal_allowed": False,
        "min_value": "0",
        "max_value": "100",
    }
    if estimate is not None:
        number["initial_value"] = str(round(estimate * 100))
    picks: Json = {
        "type": "multi_static_select",
        "action_id": ids.CUES,
        "max_selected_items": 2,
        "placeholder": plain("At most two"),
        "options": [_cue(cue) for cue in CUES],
    }
    if cues:
        picks["initial_options"] = [_cue(cue) for cue in cues]
    agree: Json = {
        "type": "checkboxes",
        "action_id": ids.QUOTE,
        "options": [option("May be quoted without my name", "yes")],
    }
    if quote:
        agree["initial_options"] = agree["options"]
    return {
        "type": "modal",
        "callback_id": ids.SUBMIT_DETAILS,
        "private_metadata": ref.model_dump_json(),
        "title": plain("Add details"),
        "submit": plain("Save"),
        "close": plain("Cancel"),
        "blocks": [
            section(f"*{foreign(name, 120)}*"),
            entry(ids.ESTIMATE, "Of 100 leads like this one, how many would close?", number, optional=True),
            entry(ids.CUES, "What was it mostly? At most two", picks, optional=True),
            entry(ids.QUOTE, "In a digest", agree, optional=True)
            | {"hint": plain("Your name is left out, but readers may recognise the lead.")},
        ],
    }


def _cue(cue: str) -> Json:
    made = option(cue, cue)
    return made | {"description": plain(CUES[cue])} if CUES.get(cue) else made


@dataclass(frozen=True)
class Why:
    """What stands behind a number: the prior's own account, and the record it was shown with."""

    name: str
    probability: float | None
    band: int
    horizon_days: int
    record: Record
    model: str
    model_version: str | None
    reference_class: str | None
    scored_at: datetime
    reasons: list[dict[str, str]]
    facts: list[dict[str, str]]
    zone: str


def why_view(why: Why) -> Json:
    """Modal behind [Why this number?]: range, reference class, at most three reasons with both signs, model, facts."""
    blocks = [section(f"*{foreign(why.name, 120)}*\n{_claim(why)}")]
    if why.record.leads:
        low, high = why.record.interval()
        leads = plural(why.record.leads, "lead")
        blocks.append(
            section(
                f"Here, of the last {leads} at {band_label(why.band)}"
                f"{' in 100' if why.probability is not None else ''}, {why.record.wins:,} closed. "
                f"In a larger crowd that could be {round(low * 100)} to {round(high * 100)} in 100."
            )
        )
    if why.reference_class:
        blocks.append(section(f"Compared with: {foreign(why.reference_class, 200)}."))
    if why.reasons:
        lines = [f"• {_within(r['text'], 200)} ({r['effect']} it)" for r in _both_signs(why.reasons)]
        blocks.append(section("What moved the tool most:\n" + "\n".join(lines)))
    if why.facts:
        lines = [f"• {_within(f['label'], 60)}: {_within(f['value'], 200)}" for f in why.facts[:10]]
        blocks.append(section("What is known about the lead:\n" + "\n".join(lines)))
    version = f", version {one_line(why.model_version, 100)}" if why.model_version else ""
    blocks.append(plain_context(f"{one_line(why.model, 100)}{version}, {day(why.scored_at, why.zone)}."))
    return {"type": "modal", "title": plain("Why this number?"), "close": plain("Close"), "blocks": blocks}


@dataclass(frozen=True)
class OwnWords:
    """What a rep said about a lead at one time; `details` in words."""

    at: datetime
    kind: str
    direction: str
    reason: str
    details: str = ""


def seen_view(name: str, said: list[OwnWords], zone: str, ref: Ref, *, quoted: bool = False) -> Json:
    """Modal behind [What I said]: her own rows, newest last, for her alone."""
    blocks = [section(f"*{foreign(name, 120)}*")]
    before: tuple[str, str, str] | None = None
    for one in said[-20:]:
        same, before = before == (one.kind, one.direction, one.reason), (one.kind, one.direction, one.reason)
        if same and one.details:  # details are kept with the words they belong to; those stand above already
            blocks.append(plain_context(f"{day(one.at, zone)}: {one.details}"))
            continue
        what = DIRECTIONS[one.direction] if one.kind == "overridden" else {"noted": "Noted"}.get(one.kind, "Withdrawn")
        words = f"\n{fit(one.reason, 2400)}" if one.reason else ""
        blocks.append(section(f"{day(one.at, zone)}: *{what}*{words}"))
        if one.details:
            blocks.append(plain_context(one.details))
    if quoted:
        blocks.append(actions(button("Don't quote me", ids.UNQUOTE, ref.model_dump_json())))
    blocks.append(context("Only you can open this."))
    return {"type": "modal", "title": plain("What I said"), "close": plain("Close"), "blocks": blocks}


def _within(words: str, limit: int) -> str:
    """Foreign words of a list whose lines share a section: entities take their room from the same limit."""
    return fit(one_line(words, limit), limit)


def _claim(why: Why) -> str:
    if why.probability is None:
        return "The tool gives points here, not a chance."
    said = in_hundred(why.probability)
    return f"The tool: of 100 leads like this, {said} close within {plural(why.horizon_days, 'day')}."


def _both_signs(reasons: list[dict[str, str]]) -> list[dict[str, str]]:
    """At most three, in the tool's order, with one of the other sign in the last place when there is one."""
    first = reasons[:3]
    if len(first) == 3 and len({one["effect"] for one in first}) == 1:
        other = next((one for one in reasons[3:] if one["effect"] != first[0]["effect"]), None)
        if other is not None:
            return [*first[:2], other]
    return first
