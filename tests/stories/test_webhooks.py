"""Webhooks: the export's lines as they come, signed so that the standard's own library agrees, to nobody else."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from bot import webhooks
from bot.domain.webhook import RETRIES
from storage import outbox
from storage import webhooks as kept
from storage.tables import Lead, WordsRead, table
from storage.tables import Webhook as Hook
from tests.crms.receiver import KEY, Receiver, at_once, hook, letter, matured
from tests.crms.server import Answer
from tests.world import ADA, RIA, World, lead_item, words


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def sending(make_world: Any, tmp_path: Any) -> World:
    """A bot that looks each second at what is to be sent, with a clock that can be moved."""
    (clock := tmp_path / "clock").write_text("0")
    made: World = make_world(
        otherwise_heartbeat=1, otherwise_webhooks_inside=True, otherwise_hash_key=KEY, otherwise_clock_file=clock
    )
    made.add_people()
    return made


def test_what_matures_is_sent_signed_and_in_order(sending: World, receiver: Receiver) -> None:
    told = hook(sending, "add", "warehouse", f"{receiver.base}/hook")
    secret = told.splitlines()[0]
    assert secret.startswith("whsec_")
    assert "took the test message" in told
    matured(sending, 25)
    sending.sim.until(lambda: len(receiver.lines()) == 25)
    for headers, body in receiver.got:
        assert Webhook(secret).verify(body, headers) == json.loads(body)
    assert [line["kind"] for line in receiver.lines()] == ["prior"] * 25
    # Nothing that an export of this scope would not show.
    assert "Firm" not in str(receiver.got)
    assert "crm:" not in str(receiver.got)
    matured(sending, 5, start=25)
    sending.sim.until(lambda: len(receiver.lines()) == 30)
    assert len({line["lead_id"] for line in receiver.lines()}) == 30


def test_a_forged_or_altered_or_old_message_fails_to_verify(sending: World, receiver: Receiver) -> None:
    secret = hook(sending, "add", "warehouse", f"{receiver.base}/hook").splitlines()[0]
    headers, body = receiver.got[0]
    assert Webhook(secret).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 44).verify(body, headers)
    old = str(int(headers["webhook-timestamp"]) - 600)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, headers | {"webhook-timestamp": old})


def test_for_a_day_after_a_rotation_both_secrets_hold(sending: World, receiver: Receiver) -> None:
    old = hook(sending, "add", "warehouse", f"{receiver.base}/hook").splitlines()[0]
    new = hook(sending, "rotate", "warehouse").splitlines()[0]
    assert hook(sending, "secret", "warehouse").splitlines()[0] == new != old
    hook(sending, "test", "warehouse")
    headers, body = receiver.got[-1]
    assert Webhook(old).verify(body, headers) == Webhook(new).verify(body, headers)
    assert "rotated lately" in hook(sending, "rotate", "warehouse", code=1)
    yesterday = datetime.now(UTC) - timedelta(hours=25)
    sending.deps.db.write(lambda s: kept.change(s, "warehouse", rotated_at=yesterday))
    hook(sending, "test", "warehouse")
    headers, body = receiver.got[-1]
    assert Webhook(new).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(body, headers)


def test_what_is_not_taken_is_tried_again_and_in_the_end_it_stops(sending: World, receiver: Receiver) -> None:
    hook(sending, "add", "warehouse", f"{receiver.base}/hook")
    receiver.fail(Answer(500, {}), Answer(400, {}), Answer(503, {}, {"Retry-After": "7200"}))
    matured(sending, 3)
    for failures in (1, 2, 3):
        sending.sim.until(lambda n=failures: (letter(sending).attempt, letter(sending).state) == (n, "pending"))
        assert "is not delivered" in words(sending.command(ADA, "status"))
        if failures == 3:
            assert letter(sending).next_at > datetime.now(UTC) + timedelta(minutes=100)
        at_once(sending)
    sending.sim.until(lambda: len(receiver.lines()) == 3)
    # It is written down a moment after the receiver has answered.
    sending.sim.until(lambda: letter(sending).state == "none")
    assert "is not delivered" not in words(sending.command(ADA, "status"))

    receiver.fail(Answer(500, {}), Answer(500, {}))
    matured(sending, 2, start=3)
    sending.sim.until(lambda: (letter(sending).attempt, letter(sending).state) == (1, "pending"))
    at_once(sending, attempt=len(RETRIES))
    sending.sim.until(lambda: letter(sending).state == "dead")
    assert "warehouse has stopped" in words(sending.command(ADA, "status"))
    assert "warehouse has stopped" in hook(sending, "list")
    # What comes meanwhile waits behind it, so that the order holds.
    matured(sending, 1, start=5)
    hook(sending, "resume", "warehouse")
    sending.sim.until(lambda: len(receiver.lines()) == 6)


def test_an_admin_sends_again_from_her_home_what_was_given_up(sending: World, receiver: Receiver) -> None:
    hook(sending, "add", "warehouse", f"{receiver.base}/hook")
    receiver.fail(Answer(410, {}))
    matured(sending, 2)
    sending.sim.until(lambda: letter(sending).state == "dead")
    home = sending.home(ADA)
    assert "says that this webhook is gone (410)" in words(home)
    sending.press_in(ADA, home, "Try again")
    sending.sim.until(lambda: len(receiver.lines()) == 2)


def test_of_one_that_is_removed_nothing_is_left_in_the_outbox(sending: World, receiver: Receiver) -> None:
    hook(sending, "add", "warehouse", f"{receiver.base}/hook")
    receiver.fail(Answer(410, {}))
    matured(sending, 1)
    sending.sim.until(lambda: letter(sending).state == "dead")
    hook(sending, "remove", "warehouse")
    assert "could not be delivered" not in words(sending.command(ADA, "status"))
    # One of the same name and number begins anew.
    hook(sending, "add", "warehouse", f"{receiver.base}/hook")
    sending.sim.until(lambda: len(receiver.lines()) == 1)


def test_a_receiver_that_says_gone_is_not_asked_again(sending: World, receiver: Receiver) -> None:
    hook(sending, "add", "warehouse", f"{receiver.base}/hook")
    receiver.fail(Answer(410, {}))
    matured(sending, 1)
    sending.sim.until(lambda: letter(sending).state == "dead")
    assert receiver.lines() == []


def test_a_message_whose_answer_was_lost_comes_again_with_its_id(sending: World, receiver: Receiver) -> None:
    hook(sending, "add", "warehouse", f"{receiver.base}/hook")
    matured(sending, 2)
    sending.sim.until(lambda: len(receiver.lines()) == 2)
    # As if the bot had died between the answer and writing it down.
    hook(sending, "replay", "warehouse")
    sending.sim.until(lambda: len(receiver.lines()) == 4)
    first, second = (headers["webhook-id"] for headers, _ in receiver.got[-2:])
    assert first == second


def test_a_message_whose_sender_died_comes_again_with_its_id(sending: World, receiver: Receiver) -> None:
    hook(sending, "add", "warehouse", f"{receiver.base}/hook")
    receiver.take_and_fail = 1
    matured(sending, 2)
    sending.sim.until(lambda: (letter(sending).attempt, letter(sending).state) == (1, "pending"))
    # As a process leaves it that dies between the receiver's answer and its own note of it.
    over = datetime.now(UTC) - timedelta(seconds=1)
    at_once(sending, state="sending", claim="somebody", lease_until=over)
    # The start of another sender: all of them are taken back, this one because its lease is over.
    sending.deps.db.write(
        lambda s: outbox.take_back(s, datetime.now(UTC), all_of_them=True, wait=timedelta()), key="outbox"
    )
    sending.sim.until(lambda: letter(sending).state == "none")
    first, second = (headers["webhook-id"] for headers, _ in receiver.got[-2:])
    assert first == second
    assert len(receiver.lines()) == 4


def test_what_was_tried_is_tried_again_as_it_was_though_more_has_come(sending: World, receiver: Receiver) -> None:
    hook(sending, "add", "warehouse", f"{receiver.base}/hook")
    receiver.take_and_fail = 1
    matured(sending, 2)
    sending.sim.until(lambda: (letter(sending).attempt, letter(sending).state) == (1, "pending"))
    matured(sending, 3, start=2)
    at_once(sending)
    sending.sim.until(lambda: len(receiver.got) == 4)
    sent = [(headers["webhook-id"], len(json.loads(body)["data"].get("lines", []))) for headers, body in receiver.got]
    assert [lines for _, lines in sent] == [0, 2, 2, 3]
    assert sent[1][0] == sent[2][0] != sent[3][0]


def test_what_was_stored_in_between_meanwhile_pushes_nothing_out(
    sending: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "LINES", 3)
    hook(sending, "add", "warehouse", f"{receiver.base}/hook")
    receiver.fail(Answer(500, {}))
    matured(sending, 3)
    sending.sim.until(lambda: (letter(sending).attempt, letter(sending).state) == (1, "pending"))
    at_once(sending, next_at=datetime.now(UTC) + timedelta(hours=1))
    # As after an import of older leads: they matured before the last of those that are being tried.
    sending.send("/v1/leads", [lead_item(f"older:{n}", RIA, 0.2, name=f"Older {n}") for n in range(2)])
    sending.quiet()
    at = sending.rows(Lead)[0]["matures_at"] + timedelta(microseconds=1)
    older = update(table(Lead)).where(table(Lead).c.lead_id.startswith("older")).values(matures_at=at)
    sending.deps.db.write(lambda s: s.execute(older) and None)
    at_once(sending)
    sending.sim.until(lambda: len(receiver.lines()) == 5)
    assert len({line["lead_id"] for line in receiver.lines()}) == 5


def test_one_that_is_removed_and_added_again_has_another_secret(sending: World, receiver: Receiver) -> None:
    first = hook(sending, "add", "warehouse", f"{receiver.base}/hook").splitlines()[0]
    hook(sending, "remove", "warehouse")
    assert hook(sending, "add", "warehouse", f"{receiver.base}/hook").splitlines()[0] != first


def test_one_odd_receiver_stops_nobody_else(sending: World, receiver: Receiver) -> None:
    hook(sending, "add", "warehouse", f"{receiver.base}/hook")
    row = {"name": "a", "url": "https://bücher.example/hook", "scopes": ["export"], "created_at": datetime.now(UTC)}
    sending.deps.db.write(lambda s: kept.add(s, row))
    receiver.fail(Answer(503, {}, {"Retry-After": "²"}))
    matured(sending, 2)
    sending.sim.until(lambda: (letter(sending).attempt, letter(sending).state) == (1, "pending"))
    at_once(sending)
    sending.sim.until(lambda: len(receiver.lines()) == 2)
    sending.sim.until(lambda: "ASCII" in letter(sending, "a").fix)


def test_replay_behind_a_place_sends_only_what_came_then(sending: World, receiver: Receiver) -> None:
    hook(sending, "add", "warehouse", f"{receiver.base}/hook")
    matured(sending, 2)
    sending.sim.until(lambda: len(receiver.lines()) == 2)
    cursor = json.loads(receiver.got[-1][1])["data"]["cursor"]
    matured(sending, 3, start=2)
    sending.sim.until(lambda: len(receiver.lines()) == 5)
    hook(sending, "replay", "warehouse", "--since", cursor)
    sending.sim.until(lambda: len(receiver.lines()) == 8)
    assert "none of ours" in hook(sending, "replay", "warehouse", "--since", "x", code=1)


def test_joined_lines_wait_for_the_switch_and_every_reading_stands_in_a_rep_s_home(
    sending: World, receiver: Receiver
) -> None:
    hook(sending, "add", "science", f"{receiver.base}/hook", "--scope", "export:joined")
    sending.lead("crm:1", RIA, name="Acme Ltd")
    sending.override(RIA, sending.see(RIA, "Acme Ltd"), "more", "She asked for a date")
    sending.quiet()
    sending.shift(days=91)
    sending.sim.until(lambda: "switch it on" in words(sending.command(ADA, "status")))
    assert receiver.lines() == []
    sending.command(ADA, "export joined on")
    (line,) = sending.sim.until(receiver.lines)
    assert (line["lead_id"], line["direction"]) == ("crm:1", "more")
    assert "asked for a date" not in str(receiver.got)
    hook(sending, "replay", "science")
    sending.sim.until(lambda: len(receiver.lines()) == 2)
    assert [row["reader"] for row in sending.rows(WordsRead)] == ["the webhook “science”"]


def test_a_redirect_is_not_followed(sending: World, receiver: Receiver) -> None:
    receiver.fail(Answer(302, {}, {"Location": f"{receiver.base}/other"}))
    told = hook(sending, "add", "warehouse", f"{receiver.base}/hook")
    assert "answered with 302" in told
    assert len(receiver.asked) == 1


def test_the_secret_is_kept_nowhere_and_wants_a_key_of_its_own(sending: World, receiver: Receiver) -> None:
    secret = hook(sending, "add", "warehouse", f"{receiver.base}/hook").splitlines()[0]
    assert secret.removeprefix("whsec_") not in str(sending.rows(Hook))
    told = hook(sending, "add", "other", f"{receiver.base}/hook", code=1, OTHERWISE_HASH_KEY="")
    assert "OTHERWISE_HASH_KEY is missing" in told
    assert "exists already" in hook(sending, "add", "warehouse", f"{receiver.base}/hook", code=1)
    assert "no scope 'intake'" in hook(sending, "add", "x", f"{receiver.base}/hook", "--scope", "intake", code=1)
    assert "is removed" in hook(sending, "remove", "warehouse")
    assert "nothing was changed" in hook(sending, "remove", "warehouse")
