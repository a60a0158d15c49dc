"""A socket whose reader is not kept waiting: for a next byte, or by bytes that trickle."""

from __future__ import annotations

import select
import socket
import time
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


class TooSlow(NoMoreData, TimeoutError):
    """The client does not send as fast as it has to. gunicorn closes; a reader of the body answers 408."""


class Paced:
    """What gunicorn's parser reads from instead of the socket.

    :param patient: for a body that is on its way: 20 s and a second for every 16 KiB that came.
    """

    def __init__(self, sock: socket.socket, *, patient: bool) -> None:
        self._sock = sock
        now = time.monotonic()
        self._ends = now + (START_SECONDS if patient else IMPATIENT_SECONDS)
        self._latest = now + MOST_SECONDS
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)

    def recv(self, size: int) -> bytes:
        """:raises TooSlow:"""
        patience = min(STALL_SECONDS, min(self._ends, self._latest) - time.monotonic())
        if patience <= 0 or not self._poll.poll(patience * 1000):
            raise TooSlow
        piece = self._sock.recv(size)
        self._ends += len(piece) / BYTES_A_SECOND
        return piece

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)
