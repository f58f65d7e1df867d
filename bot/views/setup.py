"""`/otherwise setup`: three steps in one modal, each saying what is there and what is missing."""

from bot.domain.commands import LANDMARKS
from bot.domain.schedule import WEEKDAYS
from bot.domain.wording import plural
from bot.views import ids
from bot.views.health import Health, needs
from bot.views.kit import Json, actions, button, context, entry, option, plain, section

REPS_AT_ONCE = 10
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
CHOSEN_DAYS = tuple(zip(DAYS, WEEKDAYS, strict=True))


def team_step(health: Health) -> Json:
    """Step 1: a team, its reps and who manages it."""
    there = f"So far: {plural(health.reps, 'rep')} in {plural(health.teams, 'team')}."
    return _modal(
        ids.SETUP_TEAM,
        "1 of 3: a team",
        "Next",
        [
            section(f"{there} Reps get their leads in a direct message; the manager gets a weekly digest of groups."),
            entry(
                ids.TEAM,
                "Team",
                {"type": "plain_text_input", "max_length": 60, "placeholder": plain("A new one, or one that is there")},
            ),
            entry(ids.MANAGER, "Its manager", {"type": "users_select", "placeholder": plain("Who gets the digest")}),
            entry(
                ids.REPS,
                f"Its reps, at most {REPS_AT_ONCE} at a time",
                {
                    "type": "multi_users_select",
                    "max_selected_items": REPS_AT_ONCE,
                    "placeholder": plain("Who gets leads"),
                },
                optional=True,
            ),
            context(
                "Two hundred reps? `otherwise people FILE` on the server reads them from a CSV. "
                "Below 6 reps a team's digest tells about the tool only, so that nobody can be picked out."
            ),
        ],
    )


def digest_step(team: str, done: str, zone: str, landmark: int | None, state: str) -> Json:
    """Step 2: when the digest comes, and the landmark while it can still be chosen. `state` rides along."""
    blocks = [
        section(done),
        entry(
            ids.WEEKDAY,
            f"The digest for {team[:60]} comes on",
            {"type": "static_select", "options": [option(long, short) for long, short in CHOSEN_DAYS]}
            | {"initial_option": option("Monday", "mon")},
        ),
        entry(ids.TIME, "At", {"type": "plain_text_input", "initial_value": "09:00", "max_length": 5}),
        entry(ids.ZONE, "Time zone", {"type": "plain_text_input", "initial_value": zone, "max_length": 60}),
    ]
    if landmark is not None:
        choices = [option(f"{hours} hours", str(hours)) for hours in LANDMARKS]
        blocks.append(
            entry(
                ids.HOURS,
                "An answer counts when it is given within",
                {
                    "type": "radio_buttons",
                    "options": choices,
                    "initial_option": option(f"{landmark} hours", str(landmark)),
                },
            )
            | {"hint": plain("Fixed with the first lead. A lead settled before it is left out of the figures.")}
        )
    return _modal(ids.SETUP_DIGEST, "2 of 3: the digest", "Next", blocks) | {"private_metadata": state}


def last_step(health: Health, done: str) -> Json:
    """Step 3: what is there now, and what is still missing, each with how."""
    missing = needs(health)
    blocks = [section(done)]
    if missing:
        blocks.append(section("*Still open*\n" + "\n".join(f"• {line}" for line in missing)[:2800]))
    blocks += [
        section(
            "*Leads come in over HTTP.* On the server, `otherwise keys add crm` shows a key once; "
            "`http://…:8080/docs` shows what to send."
        ),
        section(
            "*Closed leads of the past*, best of twelve months, make the tool's own record stand on every suggestion "
            "from the first day: `otherwise import FILE`."
        ),
        section("*See that it works:* a marked lead that counts in no figure."),
        actions(button("Send me a test lead", ids.TEST_LEAD, "me")),
        context("Another team: `/otherwise setup` again. Everything in detail: `/otherwise help`."),
    ]
    return {"type": "modal", "title": plain("3 of 3: what is left"), "close": plain("Done"), "blocks": blocks}


def _modal(callback_id: str, title: str, submit: str, blocks: list[Json]) -> Json:
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain(title),
        "submit": plain(submit),
        "close": plain("Cancel"),
        "blocks": blocks,
    }
