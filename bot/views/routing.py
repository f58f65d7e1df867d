"""The guard's messages: a question to an owner, an offer to the pool. No number, and never the word "hard"."""

from bot.domain.wording import cut, escape, foreign, one_line
from bot.views import ids
from bot.views.kit import Json, actions, button, plain, section

NAME = 120


def question(name: str, number: int) -> Json:
    """To the owner alone, once; silence means keep."""
    text = f"*{foreign(name, NAME)}*: keep it, or ask for a second pair of eyes? It stays yours either way."
    spoken = f"{one_line(name, NAME)}: keep it, or ask for a second pair of eyes? It stays yours either way."
    keep = button("Keep", ids.KEEP, str(number), label=f"Keep {name}")
    ask = button("Ask the pool", ids.ASK_POOL, str(number), label=f"Ask the pool about {name}")
    return {"text": escape(spoken), "blocks": [section(text), actions(keep, ask)]}


def report_view(lines: list[str]) -> Json:
    """Modal behind [See why]: where hard leads went."""
    blocks = [section(cut("\n".join(lines), 2900))]
    return {"type": "modal", "title": plain("Where leads went"), "close": plain("Close"), "blocks": blocks}


def kept(name: str) -> Json:
    """After [Keep]."""
    return _said(f"*{foreign(name, NAME)}*: you keep it.")


def asked(name: str) -> Json:
    """After [Ask the pool]."""
    return _said(f"*{foreign(name, NAME)}*: the pool has been asked. You will hear when somebody comes.")


def helped(name: str, helper: str) -> Json:
    """The owner's question, once somebody has come."""
    return _said(f"*{foreign(name, NAME)}*: {foreign(helper, 60)} takes a look too.")


def closed(name: str) -> Json:
    """Question and offer, once the lead has closed with nobody come."""
    return _said(f"*{foreign(name, NAME)}* is closed by now, so there is nothing to decide.")


def offer(name: str, number: int) -> Json:
    """To the pool."""
    text = f"*{foreign(name, NAME)}* could use another pair of eyes."
    take = button("I'll take it", ids.TAKE, str(number), label=f"I'll take it: {name}")
    return {
        "text": escape(f"{one_line(name, NAME)} could use another pair of eyes."),
        "blocks": [section(text), actions(take)],
    }


def taken(name: str, helper: str) -> Json:
    """The offer, once somebody has it."""
    return _said(f"*{foreign(name, NAME)}*: {foreign(helper, 60)} has this one. Thank you.")


def somebody_comes(name: str, helper: str) -> Json:
    """To the owner: who will look too."""
    return _said(f"<@{helper}> takes a look at *{foreign(name, NAME)}* too. It stays yours.")


def yours(name: str, owner: str) -> Json:
    """To whoever took it: whom to talk to."""
    return _said(f"Thank you. *{foreign(name, NAME)}* is with <@{owner}>; have a word. It stays with its owner.")


def _said(text: str) -> Json:
    return {"text": text.replace("*", ""), "blocks": [section(text)]}
