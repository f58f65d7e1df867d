"""Starting and ending the demo, as somebody at a terminal does."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from tests.browser.demo import Demo, start
from tests.sim import ROOT, free_port
from tests.world import MONA, RIA


def messages(demo: Demo, user: str) -> list[str]:
    """What somebody's direct messages say."""
    channels = httpx.get(f"{demo.base}/sim/state", params={"user": user}).json()["channels"]
    return [message["text"] for channel in channels if channel["is_im"] for message in channel["messages"]]


def test_ctrl_c_ends_every_process_and_a_second_start_goes_on_where_it_was(tmp_path: Path) -> None:
    first = Demo(tmp_path / "demo")
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
    second = Demo(tmp_path / "demo")
    assert not any("making up" in line for line in second.said)
    assert httpx.get(f"{second.base}/sim/tour").json() == tour
    assert any("Larkspur" in text for text in messages(second, RIA))
    assert second.interrupt() == 0


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


def test_forgetting_removes_it_but_not_while_it_runs(tmp_path: Path) -> None:
    def forget() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "bot", "demo", "--forget", "--folder", str(tmp_path / "demo")]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    running = Demo(tmp_path / "demo")
    assert forget().returncode == 1
    running.interrupt()
    assert forget().returncode == 0
    assert not (tmp_path / "demo").exists()
    assert forget().returncode == 0, "there was nothing to forget"
