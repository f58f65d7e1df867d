"""The demo as a process, as `make demo` starts it, and a stranger's hands in its page."""

import signal
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page

from tests.sim import ROOT, free_port


class Demo:
    """A running demo in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.said: list[str] = []
        self._process = start(folder, self.port)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said.append(line.strip())
            if "is ready at" in line or self._process.poll() is not None:
                break
        assert any(line == f"Otherwise demo is ready at {self.base}" for line in self.said), self.said

    def interrupt(self) -> int:
        """Ctrl-C, as a terminal sends it to everything in its foreground; the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        assert self._process.stdout is not None
        if not self._process.stdout.closed:
            self.said += [line.strip() for line in self._process.stdout]
            self._process.stdout.close()
        return self._process.wait(30)

    def alive(self) -> list[str]:
        """Command lines of processes that work in the demo's folder."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if (process / "cwd").resolve() == self.folder.resolve():
                    found.append((process / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue  # it ended while we looked, or is somebody else's
        return found


def start(folder: Path, port: int) -> "subprocess.Popen[str]":
    """Start it and do not wait."""
    command = [sys.executable, "-m", "bot", "demo", "--port", str(port), "--folder", str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def reach(page: Page, name: str) -> None:
    """Press Tab until what is called `name` has the focus."""
    heard = []
    for _ in range(120):
        page.keyboard.press("Tab")
        focused = str(page.evaluate(FOCUSED))
        heard.append(focused)
        if focused == name:
            return
    raise AssertionError(f"Tab never reaches {name!r}; it went {heard}")


# What has the focus, by what a screen reader would call it.
FOCUSED = """() => {
  const one = document.activeElement;
  const label = one.labels?.[0]?.textContent ?? "";
  return (one.getAttribute("aria-label") || label || one.textContent || one.id).trim();
}"""
