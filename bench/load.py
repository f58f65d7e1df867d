"""A load of HTTP requests over kept connections, with as little of its own as Python allows."""

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial


def requests_a_second(port: int, path: str, bodies: list[bytes], in_flight: int, key: str = "") -> float:
    """Send all bodies over `in_flight` connections, each with one request at a time; every answer must be a 200."""
    shares = [bodies[number::in_flight] for number in range(in_flight)]
    return at_once([partial(_send, port, path, share, key) for share in shares], len(bodies))


def at_once(works: list[Callable[[], None]], count: int) -> float:
    """Run works side by side, begun together; how many of `count` things a second that was."""
    gate = threading.Barrier(len(works) + 1)

    def run(work: Callable[[], None]) -> None:
        gate.wait()
        work()

    with ThreadPoolExecutor(len(works)) as pool:
        running = [pool.submit(run, work) for work in works]
        gate.wait()
        began = time.perf_counter()
        for one in running:
            one.result()
        return count / (time.perf_counter() - began)


def _send(port: int, path: str, bodies: list[bytes], key: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {key}\r\n"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for body in bodies:
            connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = _answer(connection)
            assert answer.startswith(b"HTTP/1.1 200"), answer[:300]


def _answer(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
