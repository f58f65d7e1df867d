"""What the model's owners read: ids of leads, counts, and how to get the lines."""

from bot.domain.wording import escape, foreign, plural
from bot.views.kit import Json, context, section

NAMED = 40


def problems(lead_ids: list[str]) -> Json:
    """Leads whose data a rep has called wrong."""
    head = f"{plural(len(lead_ids), 'lead')} with data that may be wrong, as the people who work them say."
    shown = ", ".join(f"`{foreign(one, 80)}`" for one in lead_ids[:NAMED])
    more = f" and {len(lead_ids) - NAMED} more" if len(lead_ids) > NAMED else ""
    note = "Please look at the data, not at who said so: these are reports, and nobody is to be asked about them."
    return {"text": escape(head), "blocks": [section(f"{head}\n{shown}{more}"), context(note)]}


def drift(line: str, days: int, leads: int, won: int, expected: float) -> Json:
    """The tool's numbers and what happens have parted company."""
    text = (
        f"The tool's numbers ({line}, {days} days) and what happens have parted company: of "
        f"{plural(leads, 'lead')} since this was last told, {won:,} closed; the numbers had pointed to about "
        f"{expected:,.0f}. It may need a new fit. Suggestions lead with the record where it contradicts the number."
    )
    return {"text": escape(text), "blocks": [section(escape(text))]}


def from_manager(name: str, blocks: list[Json]) -> Json:
    """A digest's released figures, passed on by its manager. Quotes were agreed to for a digest, so they stay there."""
    head = f"{foreign(name, 60)} passes on what reps see that the tool does not. These are released figures of groups."
    kept = [block for block in blocks if "own words" not in str(block.get("text", ""))]
    return {"text": head, "blocks": [section(head), *kept[:40]]}


def month(lines: list[tuple[str, int, int]], sets: int, calls: int) -> Json:
    """The monthly note."""
    parts = ["What there is to learn from, this past month:"]
    parts += [
        f"• {foreign(name, 100)}, {days} days: {plural(many, 'lead')} reached their day." for name, days, many in lines
    ]
    if not lines:
        parts.append("• No lead reached its day.")
    if sets:
        parts.append(f"• Released: {plural(sets, 'set')} of answers, {plural(calls, 'call')} of more or less likely.")
    parts.append("`GET /v1/export` with a key of scope `export` has the lines. Overrides are opinions, not labels.")
    text = "\n".join(parts)
    return {"text": text.replace("`", ""), "blocks": [section(text)]}
