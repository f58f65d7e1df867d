"""Promise 16: cut, silent, refused or expired, the connection to Slack is back, and the bot says so meanwhile."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot.app import build_bolt, build_deps
from bot.slack_check import identify
from bot.socket_mode import Connection
from storage.migrate import upgrade
from tests.promises.mechanisms import rests_on
from tests.sim import Sim
from tests.wire import Wire
from tests.world import APP_TOKEN, RIA, World, settings_for

# Pings each tenth of a second, so that four of them are not twenty seconds.
PING, STUCK = 0.1, 0.6
Connected = Callable[[], Connection]
ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def within(seconds: float, look: Callable[[], object]) -> None:
    """Look often: some of what is to be seen lasts for a third of a second."""
    end = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        threading.Event().wait(0.02)


@pytest.fixture
def wire(sim: Sim) -> Iterator[Wire]:
    """Between the bot and the workspace."""
    made = Wire(sim.port)
    yield made
    made.close()


@pytest.fixture
def connected(sim: Sim, wire: Wire, database: str) -> Iterator[Connected]:
    """A connection with quick pings, over the wire."""
    made: list[tuple[Any, Connection]] = []

    def connect() -> Connection:
        settings = settings_for(sim, database, slack_api_url=f"http://127.0.0.1:{wire.port}/api/")
        upgrade(database)
        deps = build_deps(settings)
        bolt = build_bolt(deps, identify(deps.slack, settings))
        connection = Connection(bolt, APP_TOKEN, ping=PING, stuck=STUCK)
        made.append((deps, connection))
        connection.start()
        within(5, connection.is_up)
        return connection

    yield connect
    for deps, connection in made:
        connection.stop()
        deps.db.close()


@ON_SQLITE
@rests_on("the watchdog of the socket")
def test_a_socket_that_opened_and_never_said_a_word_is_replaced(wire: Wire, connected: Connected, without: str) -> None:
    # Slack's own client judges by the last pong; where there never was one, it waits for ever.
    wire.mute = True
    connection = connected()
    wire.mute = False
    within(3, lambda: not connection.is_up())
    within(5, connection.is_up)


@ON_SQLITE
@rests_on("up means a recent pong")
def test_an_open_socket_without_pongs_is_not_called_up(wire: Wire, connected: Connected, without: str) -> None:
    connection = connected()
    within(3, lambda: connection._client.current_session.last_ping_pong_time)
    wire.dead = True  # no new connection meanwhile
    wire.silence()
    within(3, lambda: not connection.is_up() and connection._client.is_connected())


@ON_SQLITE
def test_cut_refused_and_expired_it_comes_back(sim: Sim, wire: Wire, connected: Connected) -> None:
    connection = connected()
    sim.fault("apps.connections.open", "error", error="token_expired", times=2)
    wire.cut()
    within(5, lambda: not connection.is_up())
    within(20, connection.is_up)
    wire.dead = True
    wire.cut()
    within(5, lambda: not connection.is_up())
    wire.dead = False
    within(20, connection.is_up)


def test_ready_tells_the_truth_and_clicks_work_again(make_world: Any, wire: Wire) -> None:
    world: World = make_world(slack_api_url=f"http://127.0.0.1:{wire.port}/api/")
    world.add_people()
    world.lead()
    message = world.see(RIA, "Acme Ltd")
    assert world.http.get("/readyz").status_code == 200
    wire.dead = True
    wire.cut()
    world.sim.until(lambda: world.http.get("/readyz").status_code == 503, 30)
    assert world.http.get("/readyz").json() == {"ok": False, "database": True, "slack": False}
    wire.dead = False
    world.sim.until(lambda: world.http.get("/readyz").status_code == 200, 60)
    world.sim.until(lambda: world.press(RIA, "Noted", message)["acked"], 30)
    assert [kind for kind, _, _ in world.responses()] == ["noted"]
