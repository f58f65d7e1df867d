"""Each rep is told, once for each time it is switched on, that single answers can be exported; newcomers too."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from bot.domain.clock import Moment
from bot.views import private
from storage import outbox, people, workspace


def tell_of_an_end(session: Session, what: str, at: Moment) -> tuple[int, bool]:
    """Queue a message to each rep: an export (`joined` or `text`) that all were told of is off.

    With single answers goes what was written beside them: were it left on, it would be back without a word to anybody
    when they are switched on again. How many are told, and whether the words ended too.
    """
    ended = workspace.read(session)
    with_it = what == "joined" and bool(ended.text_on)
    off: dict[str, Any] = {f"{what}_since": None} | ({"text_on": False, "text_since": None} if with_it else {})
    workspace.change(session, **off)
    told = [row for row in people.everybody(session) if row.is_rep]
    letters = [
        {
            "kind": "post",
            "lane": rep.slack_id,
            "payload": private.export_off(what),
            "dedupe_key": f"export:{what}:off:{rep.id}:{at.real.timestamp()}",
        }
        for rep in told
    ]
    outbox.add(session, letters, at.real)
    return len(told), with_it


def tell_of_exports(session: Session, mode: Row[Any], reps: Iterable[Row[Any]], at: Moment, *, newcomers: bool) -> None:
    """Queue a message to each of these reps about each export that is on and that she was not told of.

    `mode` is the workspace's row.
    """
    told, exports = list(reps), (("joined", mode.joined_on, mode.joined_since), ("text", mode.text_on, mode.text_since))
    for what, on, since in exports:
        for rep in told if on else []:
            letter = {
                "kind": "post",
                "lane": rep.slack_id,
                "payload": private.export_on(what, newcomer=newcomers),
                # On since a version that did not keep since when: everybody is told once.
                "dedupe_key": f"export:{what}:{rep.id}:{since.timestamp() if since else 0}",
            }
            outbox.add_once(session, letter, at.real)
