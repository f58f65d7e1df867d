"""The loop that sends letters: claimed, said at Slack's pace, and settled by what Slack answered."""

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import structlog
from sqlmodel import Session

from bot import delivery
from bot.deps import Deps
from bot.domain.errors import OtherwiseError
from bot.domain.retry import SETTLE, UNCERTAIN, Answer, Decision, Kind, State, decide
from bot.lead import Lead
from bot.log import frames
from bot.views.kit import Json
from storage import leads, outbox

log = structlog.get_logger()
T = TypeVar("T")
SENDERS = 32
LEASE = timedelta(seconds=60)
HEARTBEAT = 30.0
GAP = 0.01
# A letter is begun only while the lead is ours for longer than the client waits for Slack: whoever leads next finds
# none of our calls still under way.
SPARE = 10.0
# A letter is claimed this much before its lane may speak again, so that looking and claiming cost the lane nothing.
AHEAD = 0.1
# How long a post waits for the one before it: 600 a minute at the least, more than Slack takes from a workspace.
TURN = 0.1
# How long the sender waits for its writes. Nobody waits for it: giving up while the disk is slow would leave a letter
# claimed that nobody sends, until its lease runs out.
PATIENCE = 30.0
# Edits and deletions share a tier, and may be sent twice without harm.
PACED = ("update", "delete")
# What waits until the message that it belongs to is there.
FOLLOWS = (*PACED, "thread", "private", "picture")


class Sender:
    """The loop that sends letters: one at a time in a lane, start to start at Slack's pace, lanes side by side.

    It sleeps until a commit adds letters or the earliest is due; the heartbeat is only the safety net.
    """

    def __init__(self, deps: Deps, lead: Lead) -> None:
        self._deps, self._wake, self._lead = deps, deps.db.letters, lead
        self._took_over = False
        self._pool = ThreadPoolExecutor(SENDERS, thread_name_prefix="sender")
        self._owner, self._stopping = uuid.uuid4().hex, threading.Event()
        self._busy: set[str] = set()
        self._in_hand: set[int] = set()
        self._ready: dict[str, float] = {}
        self._edits, self._edits_at = float(deps.settings.otherwise_updates_per_minute), time.monotonic()
        self._edits_until = 0.0
        self._can_read_history = self._can_send_pictures = False
        self._turn, self._settled = threading.Lock(), threading.Event()
        self._settled.set()
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)

    def start(self, scopes: set[str]) -> None:
        """Begin; it sends while the lead is ours."""
        self._can_read_history = bool(scopes & delivery.HISTORY_SCOPES)
        self._can_send_pictures = delivery.PICTURES in scopes
        self._thread.start()

    def stop(self, patience: float = 10.0) -> None:
        """Stop claiming, let what is on its way finish."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(patience)
        self._pool.shutdown(wait=True)

    def _run(self) -> None:
        looked = time.monotonic()
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                if not self._lead.ours(SPARE):
                    self._took_over = False
                    self._wake.wait(1.0)
                    continue
                if not self._took_over:
                    # Whoever had the lead before has it no more, and what was on its way then may have been said.
                    self._take_back(all_of_them=True)
                    self._took_over, looked = True, time.monotonic()
                if time.monotonic() - looked > HEARTBEAT:
                    looked = time.monotonic()
                    self._take_back(all_of_them=False)
                wait = self._round()
            except OtherwiseError as failure:
                log.warning("sender.waits", error=type(failure).__name__)
                wait = 1.0
            except Exception as failure:  # noqa: BLE001  # the loop must outlive a defect, and say so
                log.error("sender.failed", trace=frames(failure))
                wait = 5.0
            self._wake.wait(min(wait, HEARTBEAT))
            # Commits may come by the thousand a second; one look answers for all of the last few milliseconds.
            self._stopping.wait(GAP)

    def _round(self) -> float:
        """Claim and hand out everything that is due; the seconds until the next thing is."""
        with self._deps.db.reading() as session:
            heads = outbox.heads(session)
        now, clock, wait, orphans = datetime.now(UTC), time.monotonic(), HEARTBEAT, False
        due: list[Any] = []
        for head in heads:
            if head.state == State.SENDING.value or head.lane in self._busy or head.kind == outbox.WEBHOOK:
                continue
            if head.kind in FOLLOWS and head.target_state not in (
                None,
                State.SENT.value,
            ):
                orphans = orphans or head.target_state == State.DEAD.value
                continue
            at = max((head.next_at - now).total_seconds(), self._ready.get(head.lane, 0.0) - clock - AHEAD)
            if head.kind in PACED:
                at = max(at, self._edit_wait(clock, taken=len([one for one in due if one.kind in PACED])))
            if at <= 0:
                due.append(head)
            else:
                wait = min(wait, at)
        if orphans:
            self._write(outbox.give_up_edits)
        if due:
            self._hand_out({head.id: head for head in due}, now)
        return wait

    def _hand_out(self, due: dict[int, Any], now: datetime) -> None:
        ids = list(due)
        for start in range(0, len(ids), 100):
            part = ids[start : start + 100]
            claim = partial(outbox.claim, ids=part, owner=self._owner, now=now, lease=LEASE)
            taken = self._write(claim)
            for letter in taken:
                self._busy.add(letter["lane"])
                self._in_hand.add(letter["id"])
                if letter["kind"] in PACED:
                    self._edits -= 1
                self._pool.submit(self._send, letter)

    def _edit_wait(self, clock: float, taken: int) -> float:
        """Seconds until Slack takes another edit: its tier's minute as a bucket, shared by all lanes."""
        a_second = self._deps.settings.otherwise_updates_per_minute / 60
        full = float(self._deps.settings.otherwise_updates_per_minute)
        self._edits = min(full, self._edits + (clock - self._edits_at) * a_second)
        self._edits_at = clock
        left = self._edits - taken
        return max(self._edits_until - clock, 0.0 if left >= 1 else (1 - left) / a_second)

    def _take_turn(self, letter: dict[str, Any]) -> threading.Event:
        """Let a post wait until the one before it is settled, or for a moment; the event says that this one is.

        A crash leaves every post that Slack took and we did not write down to be said again. So there should be one of
        them, not one a lane, as long as Slack answers quickly. Where its history can be read, nothing is said twice.
        """
        if self._can_read_history or letter["kind"] in PACED:
            return threading.Event()
        with self._turn:
            self._settled.wait(TURN)
            self._settled = mine = threading.Event()
        return mine

    def _send(self, letter: dict[str, Any]) -> None:
        settled, left_out = threading.Event(), list[Json]()
        try:
            answer = self._direct(letter)
            if answer is None:
                self._stopping.wait(max(0.0, self._ready.get(letter["lane"], 0.0) - time.monotonic()))
                settled = self._take_turn(letter)
                if letter["kind"] in ("post", "thread"):
                    # From start to start; the small margin keeps a slow clock at Slack's end from refusing.
                    self._ready[letter["lane"]] = time.monotonic() + self._deps.settings.otherwise_post_interval
                if not self._lead.ours(SPARE):
                    log.warning("letter.left", letter=letter["id"])
                    # Another replica may lead by now, and have taken it back; if not, it is anybody's again.
                    self._write(lambda s: outbox.put_back(s, letter, self._owner))
                    return
                answer, left_out = self._say(letter)
            self._settle(letter, answer, left_out if self._can_send_pictures else [])
        except Exception as failure:  # noqa: BLE001  # its lease runs out, and it is looked at again
            log.error("letter.failed", letter=letter["id"], trace=frames(failure))
        finally:
            settled.set()
            self._in_hand.discard(letter["id"])
            self._busy.discard(letter["lane"])
            self._wake.set()

    def _say(self, letter: dict[str, Any]) -> tuple[Answer, list[Json]]:
        if letter["error"] == UNCERTAIN:
            log.warning("letter.again", letter=letter["id"], attempt=letter["attempt"], looks=self._can_read_history)
        return delivery.deliver(self._deps.slack, letter, can_read_history=self._can_read_history)

    def _direct(self, letter: dict[str, Any]) -> Answer | None:
        """Open the DM once for a person's lane; an answer only when that failed."""
        lane = letter["lane"]
        if letter["dm"] or letter["kind"] != "post" or lane[0] not in "UW":
            return None
        opened = delivery.open_direct(self._deps.slack, lane)
        if opened.kind is not Kind.SENT:
            # Opening a DM twice is the same as once: nothing was said yet.
            return Answer(Kind.UNREACHED, opened.code) if opened.kind is Kind.UNKNOWN else opened
        letter["dm"] = opened.channel
        self._write(lambda s: outbox.keep_direct_channel(s, lane, opened.channel))
        return None

    def _settle(self, letter: dict[str, Any], answer: Answer, left_out: list[Json]) -> None:
        """Write down how it ended and what follows. The database may be away; what Slack did must not be lost."""
        now = datetime.now(UTC)
        decision = decide(
            answer,
            attempt=letter["attempt"],
            lost=letter["lost"],
            repeatable=letter["kind"] in PACED,
            now=now,
        )
        if answer.kind is Kind.LIMITED and letter["kind"] in PACED and decision.next_at:
            self._edits_until = time.monotonic() + (decision.next_at - now).total_seconds()
        posted_at = self._deps.clock.now()
        while True:
            try:
                ours = self._write(
                    lambda s: _settled(s, letter, self._owner, decision, answer, left_out, now, posted_at)
                )
                break
            except OtherwiseError:
                if self._stopping.wait(1.0):
                    raise
        self._deps.metrics.sent(letter["kind"], answer.kind.value)
        if not ours:
            log.warning("letter.not_ours", letter=letter["id"])
        if decision.state is not State.SENT:
            log.warning("letter.held", letter=letter["id"], state=decision.state.value, error=answer.code)

    def _write(self, work: Callable[[Session], T]) -> T:
        return self._deps.db.write(work, key="outbox", timeout=PATIENCE)

    def _take_back(self, *, all_of_them: bool) -> None:
        wait = SETTLE if self._can_read_history else timedelta()
        # The lead may have run low and been renewed while ours were under way: those end by themselves.
        mine = list(self._in_hand)
        gone = partial(outbox.take_back, now=datetime.now(UTC), all_of_them=all_of_them, wait=wait, but=mine)
        for letter, kind in self._write(gone):
            log.warning("letter.taken_back", letter=letter, kind=kind)


def _add_pictures(session: Session, letter: dict[str, Any], left_out: list[Json], now: datetime) -> None:
    """Charts that the workspace did not take, as pictures in the message's thread."""
    for number, block in enumerate(one for one in left_out if one["type"] == "data_visualization"):
        row = {
            "kind": "picture",
            "lane": f"picture:{letter['id']}",
            "payload": {"chart": block},
            "target_id": letter["id"],
            "dedupe_key": f"picture:{letter['id']}:{number}",
        }
        outbox.add_once(session, row, now)


def _settled(
    session: Session,
    letter: dict[str, Any],
    owner: str,
    decision: Decision,
    answer: Answer,
    left_out: list[Json],
    now: datetime,
    posted_at: datetime,
) -> bool:
    ours = outbox.settle(session, letter["id"], owner, decision, answer, now)
    if ours and decision.state is State.SENT and letter["kind"] == "post" and letter["lead_id"] is not None:
        leads.mark_posted(session, letter["lead_id"], posted_at)
    if ours and decision.state is State.SENT:
        _add_pictures(session, letter, left_out, now)
    return ours
