"""The end of a process: SIGINT or SIGTERM, whichever of its threads gets it."""

import os
import signal


class Ending:
    """Made by the main thread before anything is started: a signal that comes early is not lost.

    What wakes whoever waits is a byte that Python's own C handler writes. A handler of ours that set an event would
    need the event's lock, which the very thread that it interrupts may hold; and a signal that another thread gets
    would wake nobody.
    """

    def __init__(self) -> None:
        self._told, told_by = os.pipe()
        os.set_blocking(told_by, False)
        signal.set_wakeup_fd(told_by, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)

    def wait(self) -> None:
        """Until somebody ends the process."""
        os.read(self._told, 1)
