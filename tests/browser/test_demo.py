"""Starting and ending the demo, as somebody at a terminal does."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.browser.demo import Demo, start
from tests.sim import ROOT, Sim, free_port
from tests.world import MONA, RIA


def messages(demo: Demo, user: str) -> list[str]:
    """What somebody's direct messages say."""
    channels = httpx.get(f"{demo.base}/sim/state", params={"user": user}).json()["channels"]
    return [message["text"] for channel in channels if channel["is_im"] for message in channel["messages"]]


def test_ctrl_c_ends_every_process_and_a_second_start_goes_on_where_it_was(start_demo: Callable[[], Demo]) -> None:
    first = start_demo()
    assert any("making up" in line for line in first.said)
    assert len(first.alive()) == 2, "the workspace and the bot"
    httpx.post(f"{first.base}/sim/tour/begin")
    tour = {}
    seen = 0
    while "steps" not in tour:
        seen = httpx.get(f"{first.base}/sim/changes", params={"since": seen, "wait": 20}, timeout=30).json()["next"]
        tour = httpx.get(f"{first.base}/sim/tour").json()
    while not any("Larkspur" in text for text in messages(first, RIA)):
        seen = httpx.get(f"{first.base}/sim/changes", params={"since": seen, "wait": 20}, timeout=30).json()["next"]
    assert first.interrupt() == 0
    assert first.alive() == []
    assert first.said[-1] == "The demo has ended; nothing is running any more."
    second = start_demo()
    assert not any("making up" in line for line in second.said)
    assert httpx.get(f"{second.base}/sim/tour").json() == tour
    assert any("Larkspur" in text for text in messages(second, RIA))
    assert second.interrupt() == 0


def answer(ria: Sim, message: dict[str, Any], words: str) -> None:
    """Disagree with a lead, and wait until its message says so."""
    ria.act("click", RIA, channel="D0REP00", ts=message["ts"], action_id="override.open")
    view = ria.until(lambda: ria.views(RIA))[-1]
    ria.act("submit", RIA, view=view["id"], values={"direction": "more", "reason": words})
    ria.until(lambda: [m for m in ria.messages(RIA) if words in json.dumps(m)])


def test_only_the_tour_s_own_lead_brings_it_on_and_a_second_press_begins_nothing(demo: Demo) -> None:
    ria = Sim.at(demo.base)
    ria.http.post("/sim/tour/begin")
    ria.http.post("/sim/tour/begin")
    mine = ria.until(lambda: [m for m in ria.messages(RIA) if "Larkspur" in m["text"]])
    ria.act("command", "U0ADA", channel="C0GENERAL", command="/otherwise", text="test-lead @ria")
    other = ria.until(lambda: [m for m in ria.messages(RIA) if "Test lead" in m["text"]])
    answer(ria, other[0], "Not the tour's.")
    assert "next" not in ria.http.get("/sim/tour").json()["steps"][0]
    ria.http.post("/sim/tour/next")
    answer(ria, mine[0], "The tour's.")
    ria.until(lambda: "next" in ria.http.get("/sim/tour").json()["steps"][0])
    assert ria.http.get("/sim/tour").json()["at"] == 0, "what there is to look at stays until she has looked"
    ria.http.post("/sim/tour/next")
    ria.until(lambda: ria.http.get("/sim/tour").json()["at"] == 1)
    assert len([m for m in ria.messages(RIA) if "Larkspur" in m["text"]]) == 1
    ria.http.close()


def test_the_demo_s_words_and_data_say_that_they_are_made_up(demo: Demo) -> None:
    answer = httpx.get(f"{demo.base}/sim/tour").json()
    assert "made up" in json.dumps(answer)
    assert messages(demo, MONA) == []


def test_a_taken_port_and_a_second_demo_get_a_clear_sentence(demo: Demo) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = start(demo.folder.parent / "other", port)
        told, _ = refused.communicate(timeout=60)
    assert refused.returncode == 1
    assert told == f"Port {port} is taken. Choose another: make demo PORT={port + 1}\n"
    refused = start(demo.folder, free_port())
    told, _ = refused.communicate(timeout=60)
    assert refused.returncode == 1
    assert told == "A demo runs in this folder already. End it with Ctrl-C in its terminal first.\n"


def test_forgetting_removes_it_but_not_while_it_runs(start_demo: Callable[[], Demo], tmp_path: Path) -> None:
    def forget() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bot", "demo", "--forget", "--folder", str(tmp_path / "demo")]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    running = start_demo()
    assert forget().returncode == 1
    running.interrupt()
    assert forget().returncode == 0
    assert not (tmp_path / "demo").exists()
    assert forget().returncode == 0, "there was nothing to forget"
