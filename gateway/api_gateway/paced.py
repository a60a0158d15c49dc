"""Sockets whose other side is not waited for for long: it has to send, and to read, at a pace."""

from __future__ import annotations

import select
import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from gunicorn.http.errors import NoMoreData

STALL_SECONDS = 10.0
START_SECONDS = 20.0
# Slower than this on average is nobody's connection any more (16 KiB/s: a megabyte in a minute).
BYTES_A_SECOND = 16 * 1024
# However fast it comes: a file of 1 GiB at 600 KB/s.
MOST_SECONDS = 1800.0
# For what is here already; only a request that two parsers understand differently waits at all.
IMPATIENT_SECONDS = 0.5
# What is kept of an answer before the thread that makes it has to wait: one piece more than this at most.
KEPT_ANSWER = 1024 * 1024


class TooSlow(NoMoreData, TimeoutError):
    """The client does not send as fast as it has to. gunicorn closes; a reader of the body answers 408."""


class NotRead(TimeoutError):
    """The client does not read as fast as it has to."""


class Pace:
    """For how long the other side may still take: `start_seconds`, and a second for every 16 KiB that went."""

    def __init__(self, start_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start_seconds = start_seconds
        self._latest = clock() + MOST_SECONDS
        self.start()

    def start(self) -> None:
        """The other side has had nothing to do: it is its turn from now on."""
        self._ends = self._clock() + self._start_seconds

    def went(self, size: int) -> None:
        self._ends += size / BYTES_A_SECOND

    @property
    def patience(self) -> float:
        """Seconds until the next byte has to go; 0 or less: no more."""
        return min(STALL_SECONDS, min(self._ends, self._latest) - self._clock())


class Incoming:
    """What gunicorn's parser reads from instead of the socket.

    :param patient: for a body that is on its way: 20 s and a second for every 16 KiB that came.
    """

    def __init__(self, sock: socket.socket, *, patient: bool) -> None:
        self._sock = sock
        self._pace = Pace(START_SECONDS if patient else IMPATIENT_SECONDS)
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    def recv(self, size: int) -> bytes:
        """:raises TooSlow:"""
        patience = self._pace.patience
        if patience <= 0 or not self._poll.poll(patience * 1000):
            raise TooSlow
        piece = self._sock.recv(size)
        self._pace.went(len(piece))
        return piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class Outgoing:
    """What gunicorn writes an answer to instead of the socket: no thread waits until it is read.

    What the client does not take at once is kept, and whoever watches the socket sends it (`push`). Only a long answer
    that is still being made, a download, waits for its reader.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._kept: deque[memoryview] = deque()
        self._size = 0
        self._pace = Pace(START_SECONDS)
        self._when_sent: list[Callable[[], None]] = []

    def sendall(self, piece: bytes) -> None:
        """:raises NotRead: more than `KEPT_ANSWER` waits for a reader that keeps no pace.
        :raises OSError: the client has gone.
        """
        while self._size >= KEPT_ANSWER:
            self._wait()
        if not self._kept:
            self._pace.start()
        self._kept.append(memoryview(piece))
        self._size += len(piece)
        self.push()

    def send(self, piece: bytes) -> int:
        self.sendall(piece)
        return len(piece)

    def push(self) -> bool:
        """Send what the client takes now; whether that was all.

        :raises OSError: it has gone.
        """
        while self._kept:
            try:
                sent = self._sock.send(self._kept[0], socket.MSG_DONTWAIT)
            except (BlockingIOError, InterruptedError):
                return False
            self._pace.went(sent)
            self._size -= sent
            rest = self._kept.popleft()[sent:]
            if rest:
                self._kept.appendleft(rest)
        return True

    @property
    def patience(self) -> float:
        """Seconds until the client has to take more."""
        return self._pace.patience

    def when_sent(self, done: Callable[[], None]) -> None:
        """Call `done`, which must be quick, when the answer is sent or given up."""
        self._when_sent.append(done)

    def end(self) -> None:
        """It is sent, or given up."""
        self._kept.clear()
        while self._when_sent:
            self._when_sent.pop()()

    def _wait(self) -> None:
        poll = select.poll()
        poll.register(self._sock, select.POLLOUT)
        patience = self.patience
        if patience <= 0 or not poll.poll(patience * 1000):
            raise NotRead
        self.push()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


def is_read(body: Any) -> bool:
    """Whether a body was read to its end, as gunicorn's readers know it."""
    reader = body.reader
    return not getattr(reader, "length", 0) and not getattr(reader, "parser", None) and not body.failed
