"""The loop that decides which letters may be said now: claimed at Slack's pace, lane by lane, and handed out."""

import threading
import time
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol

import structlog
from sqlmodel import Session

from bot.carrier import PACED, Carrier, Letter
from bot.deps import Deps
from bot.domain.errors import OtherwiseError
from bot.domain.retry import SETTLE, Answer, Kind, State, wait_of
from bot.lead import Lead
from bot.log import frames
from storage import outbox, replicas

log = structlog.get_logger()
# Letters on their way at once, in each process.
SENDERS = 32
LEASE = timedelta(seconds=60)
HEARTBEAT = 30.0
GAP = 0.01
# Nothing is claimed while the lead has less than this to run: another may be about to decide.
SPARE = 10.0
# A letter is claimed this much before its lane may speak again, so that looking and claiming cost the lane nothing.
AHEAD = 0.1
# What waits until the message that it belongs to is there.
FOLLOWS = (*PACED, "thread", "private", "picture")
# What Slack paces channel by channel.
NEWS = ("post", "report", "thread")


class Hands(Protocol):
    """Other processes that say what this one has claimed."""

    # For how long a claim holds, how often it is looked for claims that are over, how many processes there are.
    lease: timedelta
    every: float
    many: int

    def take(self, session: Session, letters: list[Letter]) -> None:
        """Queue claimed letters for whoever is free, in the transaction that claims them."""

    def withdraw(self) -> None:
        """Give back what was queued and not begun."""


class Sender:
    """Looks for what may be said, claims it, and hands it out: to threads of its own, or to `hands`.

    In a lane one letter at a time, start to start at Slack's pace; lanes side by side. It sleeps until a commit adds
    letters or the earliest is due; the heartbeat is only the safety net.
    """

    def __init__(self, deps: Deps, lead: Lead, carrier: Carrier, hands: Hands | None = None) -> None:
        self._deps, self._wake, self._lead, self._carrier, self._hands = deps, deps.db.letters, lead, carrier, hands
        self._lease, self._every = (LEASE, HEARTBEAT) if hands is None else (hands.lease, hands.every)
        self._took_over = False
        self._pool = ThreadPoolExecutor(SENDERS, thread_name_prefix="sender")
        self._stopping = threading.Event()
        self._busy: set[str] = set()
        self._in_hand: set[int] = set()
        # Letters that others were given, by lane, until it is known what became of them.
        self._given: dict[str, int] = {}
        # When a lane may speak again, and before when none may.
        self._ready: dict[str, float] = {}
        self._not_before = 0.0
        self._edits, self._edits_at = float(deps.settings.otherwise_updates_per_minute), time.monotonic()
        self._edits_until = 0.0
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)

    def start(self) -> None:
        """Begin; it sends while the lead is ours."""
        self._thread.start()

    def stop(self, patience: float = 10.0) -> None:
        """Stop claiming, let what is on its way finish."""
        self._stopping.set()
        self._carrier.stop()
        self._wake.set()
        self._thread.join(patience)
        if self._hands is not None and self._lead.ours():
            self._hands.withdraw()
            # What this one has in hand it finishes; another may decide meanwhile.
            self._lead.stop()
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
                    self._take_over()
                    self._took_over, looked = True, time.monotonic()
                if time.monotonic() - looked > self._every:
                    looked = time.monotonic()
                    self._take_back(all_of_them=False)
                wait = self._round()
            except OtherwiseError as failure:
                log.warning("sender.waits", error=type(failure).__name__)
                # Whoever could not write down how a letter ended does so first, once the database is there again.
                wait, looked = 1.0, time.monotonic()
            except Exception as failure:  # noqa: BLE001  # the loop must outlive a defect, and say so
                log.error("sender.failed", trace=frames(failure))
                wait = 5.0
            self._wake.wait(min(wait, self._every))
            # Commits may come by the thousand a second; one look answers for all of the last few milliseconds.
            self._stopping.wait(GAP)

    def _take_over(self) -> None:
        if self._hands is None:
            # There is no other process, so whatever is claimed was on its way when one died, and may have been said.
            self._take_back(all_of_them=True)
        else:
            # Others may still be saying what they were given; their claims end by themselves.
            self._given.clear()
            # Who led before knows which lanes have just spoken; we don't.
            self._not_before = time.monotonic() + self._deps.settings.otherwise_post_interval

    def _round(self) -> float:
        """Claim and hand out everything that is due; the seconds until the next thing is."""
        with self._deps.db.reading() as session:
            heads = outbox.heads(session)
            ended = replicas.ended(session, list(self._given.values()))
        now, clock, wait, orphans = datetime.now(UTC), time.monotonic(), HEARTBEAT, False
        self._learn(ended, now, clock)
        due: list[Any] = []
        for head in heads:
            if head.state == State.SENDING.value and self._hands is not None and head.kind != outbox.WEBHOOK:
                # Given by whoever led before, perhaps: its lane waits as long all the same.
                self._given.setdefault(head.lane, head.id)
            if head.state == State.SENDING.value or head.lane in self._busy or head.kind == outbox.WEBHOOK:
                continue
            if head.kind in FOLLOWS and head.target_state not in (None, State.SENT.value):
                orphans = orphans or head.target_state == State.DEAD.value
                continue
            at = max((head.next_at - now).total_seconds(), self._lane_wait(head, clock))
            if head.kind in PACED:
                at = max(at, self._edit_wait(clock, taken=len([one for one in due if one.kind in PACED])))
            if at <= 0:
                due.append(head)
            else:
                wait = min(wait, at)
        if orphans:
            self._carrier.write(outbox.give_up_edits)
        self._hand_out([head.id for head in due[: self._room(heads)]], now)
        return wait

    def _lane_wait(self, head: Any, clock: float) -> float:
        """Seconds until a lane's head may be claimed, as far as its channel's pace goes."""
        if self._hands is None:
            return self._ready.get(head.lane, 0.0) - clock - AHEAD
        # Whoever says it begins at once, so that nothing is handed out ahead of its time.
        return max(self._ready.get(head.lane, 0.0), self._not_before) - clock if head.kind in NEWS else 0.0

    def _room(self, heads: Sequence[Any]) -> int:
        """How many letters may be handed out: no more than are said before their claims are over."""
        if self._hands is None:
            return len(heads)
        on_the_way: int = sum(head.state == State.SENDING.value and head.kind != outbox.WEBHOOK for head in heads)
        return max(0, SENDERS * self._hands.many - on_the_way)

    def _learn(self, ended: Any, now: datetime, clock: float) -> None:
        """What became of letters that others were given: when lanes may speak again, and whether edits have to wait."""
        for row in ended:
            self._given.pop(row.lane, None)
            if row.kind in NEWS and row.ago is not None:
                self._ready[row.lane] = clock - float(row.ago) + self._deps.settings.otherwise_post_interval
            if row.kind in PACED and row.error == "ratelimited" and row.next_at > now:
                self._edits_until = clock + (row.next_at - now).total_seconds()

    def _hand_out(self, ids: list[int], now: datetime) -> None:
        for start in range(0, len(ids), 100):
            # A claim of its own each time: what was taken back and claimed anew is not what it was.
            claim = partial(
                outbox.claim, ids=ids[start : start + 100], owner=uuid.uuid4().hex, now=now, lease=self._lease
            )
            for letter in self._carrier.write(lambda s, claim=claim: self._claim(s, claim)):  # type: ignore[misc]
                if letter["kind"] in PACED:
                    self._edits -= 1
                if self._hands is not None:
                    self._given[letter["lane"]] = letter["id"]
                    continue
                self._busy.add(letter["lane"])
                self._in_hand.add(letter["id"])
                self._pool.submit(self._send, letter)

    def _claim(self, session: Session, claim: Any) -> list[Letter]:
        taken: list[Letter] = claim(session)
        if self._hands is not None:
            self._hands.take(session, taken)
        return taken

    def _edit_wait(self, clock: float, taken: int) -> float:
        """Seconds until Slack takes another edit: its tier's minute as a bucket, shared by all lanes."""
        a_second = self._deps.settings.otherwise_updates_per_minute / 60
        full = float(self._deps.settings.otherwise_updates_per_minute)
        self._edits = min(full, self._edits + (clock - self._edits_at) * a_second)
        self._edits_at = clock
        left = self._edits - taken
        return max(self._edits_until - clock, 0.0 if left >= 1 else (1 - left) / a_second)

    def _send(self, letter: Letter) -> None:
        try:
            self._stopping.wait(max(0.0, self._ready.get(letter["lane"], 0.0) - time.monotonic()))
            self._carrier.carry(letter, lambda: self._begins(letter), lambda answer: self._heard(letter, answer))
        except Exception as failure:  # noqa: BLE001  # its lease runs out, and it is looked at again
            log.error("letter.failed", letter=letter["id"], trace=frames(failure))
        finally:
            self._in_hand.discard(letter["id"])
            self._busy.discard(letter["lane"])
            self._wake.set()

    def _begins(self, letter: Letter) -> bool:
        if self._stopping.is_set():
            # Claimed and not begun: the next start says it. What is begun is all that there is time for.
            return False
        if letter["kind"] in NEWS:
            # From start to start; the small margin keeps a slow clock at Slack's end from refusing.
            self._ready[letter["lane"]] = time.monotonic() + self._deps.settings.otherwise_post_interval
        return True

    def _heard(self, letter: Letter, answer: Answer) -> None:
        # Their tier is shared: when one is refused for now, the others would be too.
        if answer.kind is Kind.LIMITED and letter["kind"] in PACED:
            self._edits_until = time.monotonic() + wait_of(answer).total_seconds()

    def _take_back(self, *, all_of_them: bool) -> None:
        wait = SETTLE if self._carrier.can_read_history else timedelta()
        # Ours end by themselves, however long the database was away.
        mine = list(self._in_hand)
        gone = partial(outbox.take_back, now=datetime.now(UTC), all_of_them=all_of_them, wait=wait, but=mine)
        for letter, kind in self._carrier.write(gone):
            log.warning("letter.taken_back", letter=letter, kind=kind)
