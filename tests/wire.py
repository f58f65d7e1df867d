"""A wire between the bot and the workspace that can be cut, go silent, or lead nowhere."""

import socket
import threading
from contextlib import suppress

END = b"\r\n\r\n"


class Wire:
    """Forwards bytes both ways. `mute`: of a WebSocket that opens now nothing is heard but its handshake's answer."""

    def __init__(self, port: int) -> None:
        self._there = ("127.0.0.1", port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.dead = self.mute = False
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._silent: set[socket.socket] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def silence(self) -> None:
        """Nothing more is heard on the connections that are open; they stay open."""
        self._silent |= {there for _here, there in self._pairs}

    def cut(self) -> None:
        """Every connection breaks."""
        for pair in self._pairs:
            for one in pair:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def close(self) -> None:
        """The end of it."""
        self.dead = True
        self._listening.close()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                here, _address = self._listening.accept()
            except OSError:
                return
            if self.dead:
                here.close()
                continue
            there = socket.create_connection(self._there)
            self._pairs.append((here, there))
            for one, other in ((here, there), (there, here)):
                threading.Thread(target=self._forward, args=(one, other), daemon=True).start()

    def _forward(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while heard := one.recv(65536):
                if self.mute and heard.startswith(b"HTTP/1.1 101"):
                    self._silent.add(one)
                    other.sendall(heard[: heard.index(END) + len(END)])
                elif one not in self._silent:
                    other.sendall(heard)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
