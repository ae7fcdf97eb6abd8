"""Sockets before the real engine's, or in its place: engines that stop, stall, drip or babble."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

DRIP_SECONDS = 5


class _Listener(ABC):
    """Accepts connections at a Unix socket until it is cut."""

    def __init__(self, path: Path) -> None:
        self.host = f"unix://{path}"
        self.open: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        for connection in (self._listener, *self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            self.open.append(near)
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    @abstractmethod
    def _serve(self, near: socket.socket) -> None:
        """Answer on a connection, in a thread of its own."""


class Relay(_Listener):
    """Hands everything on to a real engine, as long as it likes.

    Attributes:
        mood: `pass`; `freeze`, after which no answer comes any more; or `drip`, after which one
            byte comes in five seconds.
        trigger: A request that holds it changes the mood to `next_mood`, after some seconds.
        changed: When it did so first.
    """

    def __init__(self, path: Path, target: str, mood: str = "pass") -> None:
        self.mood = mood
        self.trigger, self.next_mood, self.delay = b"", "freeze", 0.0
        self.changed = 0.0
        self._target = target
        super().__init__(path)

    def _change(self) -> None:
        self.mood = self.next_mood
        self.changed = self.changed or time.monotonic()

    def recover(self) -> None:
        self.trigger, self.mood = b"", "pass"

    def _serve(self, near: socket.socket) -> None:
        far = socket.socket(socket.AF_UNIX)
        far.connect(self._target)
        self.open.append(far)
        threading.Thread(target=self._ask, args=(near, far), daemon=True).start()
        self._answer(far, near)

    def _ask(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := near.recv(65536):
                if self.trigger and self.trigger in data:
                    threading.Timer(
                        self.delay, self._change
                    ).start() if self.delay else self._change()
                far.sendall(data)
            far.shutdown(socket.SHUT_WR)

    def _answer(self, far: socket.socket, near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := far.recv(65536):
                while self.mood == "freeze":
                    time.sleep(0.05)
                for piece in (data,) if self.mood == "pass" else _bytes(data):
                    near.sendall(piece)
            near.shutdown(socket.SHUT_WR)


class Impostor(_Listener):
    """Answers every request with the same bytes, and closes; with None it never answers."""

    def __init__(self, path: Path, answer: bytes | None) -> None:
        self._bytes = answer
        super().__init__(path)

    def _serve(self, near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            near.recv(65536)
            if self._bytes is not None:
                near.sendall(self._bytes)
                near.shutdown(socket.SHUT_RDWR)


def http(body: bytes, status: str = "200 OK", kind: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _bytes(data: bytes) -> Iterator[bytes]:
    for byte in data:
        yield bytes([byte])
        time.sleep(DRIP_SECONDS)
