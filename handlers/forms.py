"""Forms: opened at once after one read, and acknowledged only when what was typed is stored."""

import re

from slack_bolt import Ack
from slack_sdk import WebClient

from bot import insight, overrides
from bot.copies import may_be_copy
from bot.deps import Deps
from bot.domain.wording import CUES, DIRECTIONS
from bot.place import find_place
from bot.views import forms, ids
from handlers import home
from handlers.copies import take_away
from handlers.payloads import Body, clicked, in_modal, pressed_in, ref_of, typed

REASON_NEEDED = "Please say in a few words what you see."
DIRECTION_NEEDED = "Please choose one."


def open_override(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[I see something else]."""
    ref, user = clicked(body), body["user"]["id"]
    with deps.db.reading() as session:
        place = find_place(session, ref, user)
    client.views_open(trigger_id=body["trigger_id"], view=forms.override_form(ref, place.lead.name))
    ack()
    pressed = pressed_in(body)
    if may_be_copy(place.lead, pressed):
        take_away(deps, ref, user, pressed)


def edit_override(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[Change]: the same form, with what she said."""
    ref, user = clicked(body), body["user"]["id"]
    with deps.db.reading() as session:
        name, standing = insight.standing(session, ref, user)
    view = forms.override_form(ref, name, direction=standing.direction, reason=standing.reason)
    client.views_open(trigger_id=body["trigger_id"], view=view)
    ack()


def submit_override(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[Save]: stored, then acknowledged; the form stays open with her words when it can't be."""
    direction = (typed(body, ids.DIRECTION, "selected_option") or {}).get("value", "")
    reason = str(typed(body, ids.REASON, "value") or "").strip()
    errors = {} if direction in DIRECTIONS else {ids.DIRECTION: DIRECTION_NEEDED}
    if not reason:
        errors[ids.REASON] = REASON_NEEDED
    elif len(reason) > forms.REASON_LIMIT:
        errors[ids.REASON] = f"This is {len(reason):,} characters; {forms.REASON_LIMIT:,} fit. Please shorten it."
    if errors:
        ack(response_action="errors", errors=errors)
        return
    view, user, at = body["view"], body["user"]["id"], deps.clock.moment()
    ref = ref_of(view["private_metadata"])
    deps.db.write(
        lambda session: overrides.record_override(session, ref, user, view["id"], direction, reason, at),
        key=str(ref.lead),
    )
    if ref.home:
        home.refresh(deps, client, user)
    ack()


def open_details(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[Add details]."""
    ref, user = clicked(body), body["user"]["id"]
    with deps.db.reading() as session:
        name, standing = insight.standing(session, ref, user)
    view = forms.details_form(ref, name, estimate=standing.estimate, cues=standing.cues, quote=standing.quote)
    client.views_open(trigger_id=body["trigger_id"], view=view)
    ack()


def submit_details(deps: Deps, ack: Ack, body: Body) -> None:
    """[Save] of the details."""
    number = typed(body, ids.ESTIMATE, "value")
    cues = [one["value"] for one in typed(body, ids.CUES, "selected_options") or []]
    quote = bool(typed(body, ids.QUOTE, "selected_options"))
    if number is not None and not (re.fullmatch("[0-9]{1,3}", str(number)) and int(number) <= 100):
        ack(response_action="errors", errors={ids.ESTIMATE: "Please give a whole number from 0 to 100, or leave it."})
        return
    if len(cues) > 2 or any(cue not in CUES for cue in cues):
        ack(response_action="errors", errors={ids.CUES: "Please choose at most two."})
        return
    view, user, at = body["view"], body["user"]["id"], deps.clock.moment()
    ref, estimate = ref_of(view["private_metadata"]), int(number) / 100 if number is not None else None
    deps.db.write(
        lambda session: overrides.add_details(session, ref, user, view["id"], estimate, cues, quote, at),
        key=str(ref.lead),
    )
    ack()


def open_why(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[Why this number?]."""
    ref, user = clicked(body), body["user"]["id"]
    with deps.db.reading() as session:
        why = insight.why(session, ref, user)
    client.views_open(trigger_id=body["trigger_id"], view=forms.why_view(why))
    ack()


def open_said(deps: Deps, ack: Ack, body: Body, client: WebClient) -> None:
    """[What I said]."""
    ref, user = clicked(body), body["user"]["id"]
    with deps.db.reading() as session:
        name, said, zone, quoted = insight.own_words(session, ref, user)
    view = forms.seen_view(name, said, zone, ref, quoted=quoted)
    (client.views_push if in_modal(body) else client.views_open)(trigger_id=body["trigger_id"], view=view)
    ack()
