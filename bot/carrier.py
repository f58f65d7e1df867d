"""One claimed letter: said when its turn has come, and settled by what Slack answered."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from time import monotonic
from typing import Any, TypeVar

import structlog
from sqlmodel import Session

from bot import delivery
from bot.deps import Deps
from bot.domain.errors import OtherwiseError
from bot.domain.retry import UNCERTAIN, Answer, Decision, Kind, State, decide
from bot.log import frames
from bot.views.kit import Json
from storage import leads, outbox, replicas

log = structlog.get_logger()
T = TypeVar("T")
Letter = dict[str, Any]
# How long a post waits for the one before it: 600 a minute at the least, more than Slack takes from a workspace.
TURN = 0.1
# How long the outbox waits for its writes. Nobody waits for it: giving up while the disk is slow would leave a letter
# claimed that nobody sends, until its lease runs out.
PATIENCE = 30.0
# Edits and deletions share a tier, and may be sent twice without harm.
PACED = ("update", "delete")


class Carrier:
    """Says claimed letters. A process has one, so that its posts take turns."""

    def __init__(self, deps: Deps, scopes: set[str]) -> None:
        self._deps, self._scopes = deps, frozenset(scopes)
        self.can_read_history = bool(scopes & delivery.HISTORY_SCOPES)
        self._can_send_pictures = delivery.PICTURES in scopes
        self._turn, self._settled = threading.Lock(), threading.Event()
        self._settled.set()
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Let nobody wait for a database that is away."""
        self._stopping.set()

    def carry(
        self, letter: Letter, may_begin: Callable[[], bool], heard: Callable[[Answer], None] = lambda _answer: None
    ) -> None:
        """Say it and write down how it ended; `may_begin` is asked at the last moment, and without it the letter goes
        back. `heard` is told what was answered before that is written down.

        Raises OtherwiseError when it can't be written down and the process stops.
        """
        settled, left_out = threading.Event(), list[Json]()
        began: float | None = None
        try:
            answer = self._direct(letter)
            if answer is None:
                settled = self._take_turn(letter)
                began = monotonic()
                if not may_begin():
                    log.info("letter.left", letter=letter["id"])
                    # Somebody else may have taken it back by now; if not, it is anybody's again.
                    self.write(lambda s: outbox.put_back(s, letter, letter["claim"]))
                    return
                answer, left_out = self._say(letter)
                heard(answer)
            self._settle(letter, answer, left_out if self._can_send_pictures else [], began)
        finally:
            settled.set()

    def write(self, work: Callable[[Session], T]) -> T:
        """A write of the outbox's."""
        return self._deps.db.write(work, key="outbox", timeout=PATIENCE)

    def _take_turn(self, letter: Letter) -> threading.Event:
        """Let a post wait until the one before it is settled, or for a moment; the event says that this one is.

        A crash leaves every post that Slack took and we did not write down to be said again. So there should be one of
        them, not one a lane, as long as Slack answers quickly. Where its history can be read, nothing is said twice.
        """
        if letter["kind"] in PACED or delivery.may_look(self._scopes, letter):
            return threading.Event()
        with self._turn:
            self._settled.wait(TURN)
            self._settled = mine = threading.Event()
        return mine

    def _say(self, letter: Letter) -> tuple[Answer, list[Json]]:
        if letter["error"] == UNCERTAIN:
            looks = delivery.may_look(self._scopes, letter)
            log.warning("letter.again", letter=letter["id"], attempt=letter["attempt"], looks=looks)
        try:
            return delivery.deliver(self._deps.slack, letter, self._scopes)
        except Exception as failure:  # noqa: BLE001  # whatever it was, the letter may have been said, and is settled so
            log.error("letter.failed", letter=letter["id"], trace=frames(failure))
            return Answer(Kind.UNKNOWN, "failed"), []

    def _direct(self, letter: Letter) -> Answer | None:
        """Open the DM once for a person's lane; an answer only when that failed."""
        lane = letter["lane"]
        if letter["dm"] or letter["kind"] not in ("post", "report") or lane[0] not in "UW":
            return None
        opened = delivery.open_direct(self._deps.slack, lane)
        if opened.kind is not Kind.SENT:
            # Opening a DM twice is the same as once: nothing was said yet.
            return Answer(Kind.UNREACHED, opened.code) if opened.kind is Kind.UNKNOWN else opened
        letter["dm"] = opened.channel
        self.write(lambda s: outbox.keep_direct_channel(s, lane, opened.channel))
        return None

    def _settle(self, letter: Letter, answer: Answer, left_out: list[Json], began: float | None) -> None:
        """Write down how it ended and what follows. The database may be away; what Slack did must not be lost."""
        now = datetime.now(UTC)
        repeatable = letter["kind"] in PACED
        decision = decide(answer, attempt=letter["attempt"], lost=letter["lost"], repeatable=repeatable, now=now)
        posted_at = self._deps.clock.now()
        while True:
            ago = None if began is None else monotonic() - began
            settle = partial(
                _settled,
                letter=letter,
                decision=decision,
                answer=answer,
                left_out=left_out,
                now=now,
                posted_at=posted_at,
                ago=ago,
                shared=not self._deps.db.sqlite,
            )
            try:
                ours = self.write(settle)
                break
            except OtherwiseError:
                if self._stopping.wait(1.0):
                    raise
        self._deps.metrics.sent(letter["kind"], answer.kind.value)
        if not ours:
            log.warning("letter.not_ours", letter=letter["id"])
        if decision.state is not State.SENT:
            log.warning("letter.held", letter=letter["id"], state=decision.state.value, error=answer.code)


def _add_pictures(session: Session, letter: Letter, left_out: list[Json], now: datetime) -> None:
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
    letter: Letter,
    decision: Decision,
    answer: Answer,
    left_out: list[Json],
    now: datetime,
    posted_at: datetime,
    ago: float | None,
    shared: bool,
) -> bool:
    ours = outbox.settle(session, letter["id"], letter["claim"], decision, answer, now)
    if shared:
        replicas.tell(session, letter["id"], ago)
    if ours and decision.state is State.SENT and letter["kind"] == "post" and letter["lead_id"] is not None:
        leads.mark_posted(session, letter["lead_id"], posted_at)
    if ours and decision.state is State.SENT:
        _add_pictures(session, letter, left_out, now)
    return ours
