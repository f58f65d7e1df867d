"""What each promise rests on, and how to do without it; a test that still passes then is a test of nothing.

Every switch takes pytest's MonkeyPatch, so that a process of its own can use it too.
"""

import hmac
import shutil
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from slack_sdk.signature import SignatureVerifier
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

import handlers.commands
import storage.backup
import storage.database
import storage.writer
from bot import carrier, delivery, digests, insight, place, socket_mode, worker
from bot.domain import schedule, wording
from bot.domain.retry import Answer, Decision, Kind, State
from storage import digests as kept_digests
from storage import holding, leads, outbox, replicas, responses
from storage import keys as kept_keys

Patch = pytest.MonkeyPatch
MECHANISMS: dict[str, Callable[[Patch], None]] = {}


def mechanism(switch: Callable[[Patch], None]) -> Callable[[Patch], None]:
    """Put a switch into the table under its function's name."""
    MECHANISMS[switch.__name__.replace("_", " ")] = switch
    return switch


def rests_on(*names: str, when: str = "without") -> pytest.MarkDecorator:
    """Run a test as things are, and once without each of these, when it has to fail by an assertion of its own.

    `when` is the fixture: `without` switches off before the test, `switch` gives it a function to do so.
    """
    failing = pytest.mark.xfail(strict=True, raises=AssertionError)
    return pytest.mark.parametrize(
        when, ["nothing", *(pytest.param(name, marks=failing) for name in names)], indirect=True
    )


@mechanism
def one_transaction(patch: Patch) -> None:
    """Each statement is there at once, whatever becomes of the next."""
    real = storage.database._sqlite_writer

    def writer(url: Any) -> Any:
        engine = real(url)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("COMMIT"))
        return engine

    patch.setattr(storage.database, "_sqlite_writer", writer)


@mechanism
def another_look_after_a_taken_key(patch: Patch) -> None:
    """A unit that met another's unique key is not run again."""
    patch.setattr(storage.writer, "TRIES_ALONE", 0)


@mechanism
def answers_after_the_commit(patch: Patch) -> None:
    """Callers are told while the transaction is still open; it ends when the next one comes."""
    pending: list[Any] = []

    def attempt(writer: Any, group: list[Any]) -> list[Any]:
        while pending:
            transaction, connection = pending.pop()
            transaction.commit()
            connection.close()
        connection = writer._engine.connect()
        transaction = connection.begin()
        results, _signals = writer._work(connection, group)
        pending.append((transaction, connection))
        return list(results)

    patch.setattr(storage.writer.Writer, "_attempt", attempt)


@mechanism
def failures_are_told(patch: Patch) -> None:
    """What the database refused is answered as if it were stored."""
    real = storage.writer.Writer._attempt

    def attempt(writer: Any, group: list[Any]) -> list[Any]:
        try:
            return real(writer, group)
        except DBAPIError:
            return [0 for _ in group]

    patch.setattr(storage.writer.Writer, "_attempt", attempt)


@mechanism
def units_alone_after_a_group_failed(patch: Patch) -> None:
    """A group that failed fails for everybody in it."""

    def alone(writer: Any, unit: Any, failure: BaseException | None) -> None:
        unit.done.set_exception(failure or ValueError("somebody else's"))

    patch.setattr(storage.writer.Writer, "_alone", alone)


@mechanism
def claims_of_the_dead_are_taken_back(patch: Patch) -> None:
    """A letter whose sender died stays its."""
    patch.setattr(outbox, "take_back", lambda *_args, **_more: [])
    patch.setattr(replicas, "take_back", lambda *_args, **_more: False)


@mechanism
def what_is_under_way_is_not_taken_back(patch: Patch) -> None:
    """Claims that are over are taken back, also those of calls of one's own."""
    real = outbox.take_back
    patch.setattr(outbox, "take_back", lambda session, now, **more: real(session, now, **(more | {"but": ()})))


@mechanism
def one_change_of_a_lead_at_a_time(patch: Patch) -> None:
    """Two transactions may change one lead, each by what stood before both."""
    patch.setattr(holding, "_shared", lambda _session: False)


@mechanism
def not_saying_what_can_t_be_seen(patch: Patch) -> None:
    """A look whose answer was refused or lost counts as one that found nothing."""
    real = delivery._said_before

    def said_before(*args: Any) -> Answer | None:
        answer = real(*args)
        return None if answer is not None and answer.kind is Kind.UNSEEN else answer

    patch.setattr(delivery, "_said_before", said_before)


@mechanism
def looking_before_saying_it_again(patch: Patch) -> None:
    """History is not read."""
    patch.setattr(delivery, "_find", lambda *_args: "")


@mechanism
def a_lost_answer_is_uncertain(patch: Patch) -> None:
    """What was not answered counts as sent."""
    real = carrier.decide

    def decide(answer: Answer, **more: Any) -> Decision:
        return Decision(State.SENT) if answer.kind is Kind.UNKNOWN else real(answer, **more)

    patch.setattr(carrier, "decide", decide)


@mechanism
def waiting_as_long_as_slack_says(patch: Patch) -> None:
    """429 is tried again at once."""
    real = carrier.decide

    def decide(answer: Answer, *, now: datetime, **more: Any) -> Decision:
        return Decision(State.PENDING, now) if answer.kind is Kind.LIMITED else real(answer, now=now, **more)

    patch.setattr(carrier, "decide", decide)


@mechanism
def the_head_of_a_lane_goes_first(patch: Patch) -> None:
    """Any open letter may be sent, whatever waits before it."""
    heads = text(
        "SELECT letter.id, letter.kind, letter.lane, letter.state, letter.next_at, target.state AS target_state "
        "FROM letter LEFT JOIN letter target ON target.id = letter.target_id "
        "WHERE letter.state IN ('pending', 'sending', 'uncertain') ORDER BY letter.next_at, letter.id DESC"
    ).columns(next_at=outbox.UtcDateTime)
    patch.setattr(outbox, "_HEADS", heads)


@mechanism
def one_response_a_form(patch: Patch) -> None:
    """A form that is sent again is stored again."""
    count = iter(range(10**6))
    real = responses.add
    patch.setattr(responses, "by_key", lambda *_args: None)
    patch.setattr(responses, "add", lambda s, row: real(s, row | {"dedupe_key": f"{row['dedupe_key']}:{next(count)}"}))


@mechanism
def signatures(patch: Patch) -> None:
    """Whatever is sent to Slack's address is Slack's."""
    patch.setattr(SignatureVerifier, "is_valid_request", lambda *_args: True)


@mechanism
def keys_are_compared(patch: Patch) -> None:
    """Any secret fits."""
    patch.setattr(hmac, "compare_digest", lambda *_args: True)


@mechanism
def a_revoked_key_is_marked_so(patch: Patch) -> None:
    """Revoking says that it is done, and does nothing."""
    patch.setattr(kept_keys, "revoke", lambda *_args: True)


@mechanism
def the_claim_says_whose_it_is(patch: Patch) -> None:
    """Whoever comes settles a letter."""
    real = outbox.settle

    def settle(session: Any, letter: int, owner: str, *more: Any) -> bool:
        mine = text("UPDATE letter SET claim = :owner, state = 'sending' WHERE id = :letter")
        session.execute(mine, {"owner": owner, "letter": letter})
        return real(session, letter, owner, *more)

    patch.setattr(outbox, "settle", settle)


@mechanism
def who_runs_commands_is_asked(patch: Patch) -> None:
    """Everybody may run everything."""
    patch.setattr(handlers.commands, "in_charge", lambda *_args: True)


@mechanism
def a_claim_is_looked_at_before_each_letter(patch: Patch) -> None:
    """Whoever was given a letter says it, however much later."""
    patch.setattr(worker, "may_begin", lambda *_args: True)


@mechanism
def only_claims_that_are_over_are_taken_back(patch: Patch) -> None:
    """Whoever takes over takes back what others have in hand."""
    real = outbox.take_back
    patch.setattr(
        outbox, "take_back", lambda session, now, **more: real(session, now, **(more | {"all_of_them": True}))
    )


@mechanism
def a_dead_replica_s_jobs_are_dropped(patch: Patch) -> None:
    """What a dead replica had begun stays begun, and with it the lanes that its jobs have locked."""

    async def nobody(self: Any) -> None:
        await self._end.wait()

    patch.setattr(worker.Worker, "_look_after_others", nobody)


@mechanism
def a_job_that_ended_unnoticed_is_dropped(patch: Patch) -> None:
    """What the queue holds to be under way here is believed."""
    patch.setattr(worker.Worker, "_ended_unnoticed", lambda *_args: [])


@mechanism
def once_a_manager_and_week(patch: Patch) -> None:
    """A digest is queued by everybody who finds it due."""
    count = iter(range(10**6))
    patch.setattr(kept_digests, "queued", lambda *_args: False)
    real, letters = kept_digests.add, digests.outbox.add
    patch.setattr(kept_digests, "add", lambda s, row: real(s, row | {"week": f"{row['week']}-{next(count)}"}))
    patch.setattr(
        digests.outbox,
        "add",
        lambda s, rows, now: letters(s, [r | {"dedupe_key": f"{r['dedupe_key']}{next(count)}"} for r in rows], now),
    )


@mechanism
def the_reader_s_wall_clock(patch: Patch) -> None:
    """A zone is what it is in winter, all year."""

    def winter(zone: str) -> timezone:
        ahead = ZoneInfo(zone).utcoffset(datetime(2026, 1, 1))  # noqa: DTZ001  # local by what it is asked for
        assert ahead is not None
        return timezone(ahead)

    patch.setattr(schedule, "ZoneInfo", winter)


@mechanism
def the_watchdog_of_the_socket(patch: Patch) -> None:
    """Nobody looks after the connection but Slack's client."""
    patch.setattr(socket_mode.Connection, "_watch", lambda _self: None)


@mechanism
def up_means_a_recent_pong(patch: Patch) -> None:
    """An open socket counts as a connection."""
    patch.setattr(socket_mode.Connection, "is_up", lambda self: bool(self._client.is_connected()))


@mechanism
def escaping(patch: Patch) -> None:
    """Foreign text is shown as it came."""
    patch.setattr(wording, "escape", lambda text: text)


@mechanism
def asking_whose_lead_it_is(patch: Patch) -> None:
    """Whoever presses is taken for the rep whose lead it is."""
    real = place.find_place

    def find(session: Any, ref: Any, slack_id: str) -> Any:
        lead = leads.situation(session, ref.lead)
        return real(session, ref, slack_id if lead is None else lead.rep_slack_id)

    for module in (place, insight):
        patch.setattr(module, "find_place", find)


@mechanism
def one_moment_of_the_database(patch: Patch) -> None:
    """A backup is the main file alone."""

    def copy(url: str, file: Path) -> int:
        shutil.copy(url.removeprefix("sqlite:///"), file)
        return file.stat().st_size

    patch.setattr(storage.backup, "copy_database", copy)


@mechanism
def sessions_are_given_back(patch: Patch) -> None:
    """A connection that was read from is never returned."""
    kept: list[Any] = []
    real = storage.database.Database.works

    def works(self: Any) -> bool:
        kept.append(self._readers.connect())
        return real(self)

    patch.setattr(storage.database.Database, "works", works)
