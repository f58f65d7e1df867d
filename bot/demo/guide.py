"""The tour: three steps, each with what to do, what to look at and why. It follows the workspace's log."""

import re
import threading
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import structlog

from bot.demo.floor import Crm
from bot.demo.place import Place
from bot.views import ids

log = structlog.get_logger()
RIA, ADA, MONA = "U0REP00", "U0ADA", "U0MONA"
MESSAGES, GENERAL = "app:messages", "C0GENERAL"
MONA_ZONE = "Europe/Berlin"
KEPT = "tour.json"
# What has to be done in a step before there is a way to the next.
GOES_ON = {0: "said", 1: "told", 2: "pledged"}
WAIT_SECONDS = 25
TITLE = "Otherwise in three minutes"
OPENING = (
    "A scoring tool gives every new lead a close probability. Otherwise hands it to the rep as a suggestion, lets them "
    "say that they see something else, and counts later, in groups, what that was worth.",
    "This is the real bot on a small copy of Slack. Everybody here and every lead is made up: 26 weeks of them, "
    "for two teams of six. Three steps: a rep, an admin, a manager.",
)
ENDING = (
    "That was all of it: a suggestion, a line, an outcome, a count.",
    "Look around: be Rob, who has just got a lead, or anybody; open the app's Home; type /otherwise help in a channel "
    "as Ada. A new lead comes to somebody every minute or so; owners of those that the tool thinks unlikely may be "
    "asked whether the pool should look too, and /otherwise routing shows where such leads go.",
    "Once more goes on from today, where the first results have been told: the next digest has less to say. "
    "For the first day again stop it and run make demo-reset.",
    "With a Slack of your own it takes ten minutes: see “Real Slack” in the README.",
)


class Guide:
    """Follows what people do and writes the tour's next step on the page."""

    def __init__(self, place: Place, workspace: str, crm: Crm) -> None:
        self._place, self._crm = place, crm
        self._http = httpx.Client(base_url=workspace, timeout=WAIT_SECONDS + 10)
        self._at: dict[str, Any] = place.read(KEPT) or {"step": -1}
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="guide", daemon=True)

    def start(self) -> None:
        """Write the tour, and follow."""
        self._write()
        self._thread.start()

    def stop(self) -> None:
        """Stop following. The workspace is stopped after it, which ends the last look."""
        self._stopping.set()

    def _follow(self) -> None:
        seen = 0
        while not self._stopping.is_set():
            try:
                entries = self._http.get("/sim/log", params={"since": seen, "wait": WAIT_SECONDS}).json()
                for entry in entries:
                    seen = entry["n"] + 1
                    if self._take(entry):
                        self._place.keep(KEPT, self._at)
                        self._write()
            except (httpx.HTTPError, ValueError, LookupError) as failure:
                if not self._stopping.wait(1.0):
                    log.warning("demo.guide_waits", error=type(failure).__name__)

    def _take(self, entry: dict[str, Any]) -> bool:
        """Whether this entry brings the tour on."""
        if entry["kind"] == "tour":
            return self._asked(entry)
        if entry["kind"] == "call":
            return self._said(entry)
        if entry["kind"] != "told" or not entry.get("acked"):
            return False
        step, user = self._at["step"], entry["user"]
        if step == 1 and user == ADA and not self._at.get("told") and self._told_outcome(entry):
            self._at["told"] = True
        elif user == MONA and entry.get("action_id") == ids.PLEDGE and not self._at.get("pledged"):
            self._at["pledged"] = True
        else:
            return False
        return True

    def _said(self, entry: dict[str, Any]) -> bool:
        """Whether the tour's own message is there, or now shows what Ria said: another lead's form is not it."""
        text = str(entry["args"].get("text", ""))
        if self._at["step"] != 0 or not entry.get("ok") or THE_LEAD["name"] not in text:
            return False
        if entry["method"] == "chat.postMessage":
            self._at["message"] = entry["ts"]
            return True
        if entry["method"] == "chat.update" and entry["args"].get("ts") == self._at.get("message"):
            before, self._at["said"] = self._at.get("said", False), "You said: " in text
            return bool(before != self._at["said"])
        return False

    def _told_outcome(self, entry: dict[str, Any]) -> bool:
        lead = re.escape(self._at["lead"])
        said = re.fullmatch(rf"outcome {lead} (won|lost)(\s.*)?", str(entry.get("text", "")).strip())
        return bool(self._at.get("later")) and entry["verb"] == "command" and said is not None

    def _asked(self, entry: dict[str, Any]) -> bool:
        match entry["word"]:
            case "begin" if self._at["step"] not in (0, 1, 2):  # a second press, or another tab's
                number = self._at.get("number", 0) + 1
                lead = f"demo:tour-{number}"
                self._crm.send_lead(lead, "ria", **THE_LEAD)
                self._at = {"step": 0, "number": number, "lead": lead, "pledged": self._at.get("pledged", False)}
            case "later" if self._at["step"] == 1 and not self._at.get("later"):
                self._move(self._place.now() + timedelta(days=4))
                self._at["later"] = True
            case "monday" if self._at["step"] == 2 and not self._at.get("monday"):
                due = monday_in_three_months(self._place.now())
                # The CRM's news of these weeks is there before the digest is made, as it would have been.
                self._move(due - timedelta(hours=9))
                self._move(due + timedelta(minutes=1))
                self._at["monday"] = True
            case "next" if self._at.get(GOES_ON.get(self._at["step"], "")):
                self._at["step"] += 1
                if self._at["step"] > 2:
                    self._crm.send_lead(f"{self._at['lead']}-rob", "rob")
            case _:
                return False
        return True

    def _move(self, to: datetime) -> None:
        ahead = self._place.offset() + (to - self._place.now()).total_seconds()
        self._http.post("/sim/clock/move", json={"offset": ahead}).raise_for_status()
        self._crm.tell_outcomes()

    def _write(self) -> None:
        self._http.post("/sim/tour/set", json=page(self._at)).raise_for_status()


THE_LEAD: dict[str, Any] = {
    "name": "Larkspur Joinery",
    "facts": [{"label": "Source", "value": "inbound"}, {"label": "Size", "value": "80 staff"}],
    "probability": 0.12,
}


def monday_in_three_months(now: datetime) -> datetime:
    """The first Monday, 9:00 in the manager's zone, that is at least 13 weeks away."""
    zone = ZoneInfo(MONA_ZONE)
    day = (now + timedelta(weeks=13)).astimezone(zone).date()
    day += timedelta(days=(7 - day.weekday()) % 7)
    at = datetime.combine(day, time(9), zone)
    return at if at >= now + timedelta(weeks=13) else at + timedelta(weeks=1)


def page(at: dict[str, Any]) -> dict[str, Any]:
    """The tour as the page reads it."""
    tour: dict[str, Any] = {"title": TITLE}
    if at["step"] < 0:
        return tour | {"words": OPENING, "begin": "Begin"}
    if at["step"] > 2:
        return tour | {"words": ENDING, "begin": "Once more, from here", "ended": True}
    return tour | {"at": at["step"], "steps": [_first(at), _second(at), _third(at)]}


def _task(words: str, done: bool, **way: Any) -> dict[str, Any]:
    return {"words": words, "done": done, "way": way or None}


def _next(label: str, *, opens: bool = True) -> dict[str, Any]:
    """The way to the next step; `opens`: the panel opens for it, where it was folded up."""
    return {"next": label} | ({"opens": True} if opens else {})


def _first(at: dict[str, Any]) -> dict[str, Any]:
    step = {
        "title": "As Ria, a rep: a lead arrives",
        "tasks": [
            _task(
                "Read the message in your direct messages. Press [I see something else] under Larkspur Joinery, choose "
                "what you think, write a few words, save.",
                bool(at.get("said")),
                label="Be Ria",
                user=RIA,
                place=MESSAGES,
            )
        ],
        "look": "the notification carries no score; the message speaks of 100 leads like this one, says how the tool "
        "has done here and what it has not seen; the three buttons look alike.",
        "why": "a number that arrives like a verdict is read like one. And disagreeing must cost less than fifteen "
        "seconds on a phone, or nobody does it.",
    }
    return step | (_next("Next: the lead closes") if at.get("said") else {})


def _second(at: dict[str, Any]) -> dict[str, Any]:
    later, told = bool(at.get("later")), bool(at.get("told"))
    command = f"/otherwise outcome {at.get('lead', '')} won"
    step = {
        "title": "As Ada, an admin: it closes",
        "tasks": [
            _task("Let four days pass.", later, label="Four days later", ask="later"),
            _task(
                f"In #general, send “{command}”. Usually the CRM tells this by itself.",
                told,
                label="Be Ada, and type it for me",
                user=ADA,
                place=GENERAL,
                type=command,
            ),
        ],
        "look": "only you see the answer, it says what was changed and from what, and it can be undone. Ada sees the "
        "outcome and the tool's number with “lead”, and never what Ria said.",
        "why": "overrides are kept for learning, not for reviews, so no command shows who answered what. "
        "Four days, because an answer counts if it was given in the first 72 hours and the lead was open after them.",
    }
    return step | (_next("Next: what it was worth") if told else {})


def _third(at: dict[str, Any]) -> dict[str, Any]:
    monday, pledged = bool(at.get("monday")), bool(at.get("pledged"))
    step = {
        "title": "As Mona, a manager: Monday, 9:00",
        "tasks": [
            _task("Let three months pass: a lead counts when its 90 days are over.", monday,
                  label="Go to a Monday in three months", ask="monday"),
            _task("A question comes before your first digest. Agree to it.", monday and pledged,
                  label="Be Mona", user=MONA, place=MESSAGES),
            _task("Read the digest that follows.", False, label="Be Mona", user=MONA, place=MESSAGES),
        ],
        "look": "counts of groups, with what the tool had expected beside each; the same for leads that "
        "nobody called more or less likely; behind [Details] the tool's own record, hard leads and what reps "
        "mention; and no name anywhere.",
        "why": "without the pledge no digest, and your reps can see that you gave it. A group shows from ten leads of "
        "five reps on, so that nobody can be picked out. It says what went together, not what caused it.",
    }  # fmt: skip
    return step | (_next("I have read it", opens=False) if monday and pledged else {})
