"""Health over HTTP: `/healthz` (alive), `/readyz` (every check passes), `/metrics` (Prometheus)."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

from chassis.config import load, setting
from chassis.metrics import exposition

STALLED_SECONDS = 30.0

Check = Callable[[], None]


def evaluate(checks: Mapping[str, Check]) -> tuple[bool, dict[str, str]]:
    """Run every check; a check fails by raising. Returns whether all passed, and a word on each."""
    answers = {}
    for name, check in list(checks.items()):  # a process that boots still adds some
        try:
            check()
            answers[name] = "ok"
        except Exception as error:
            answers[name] = type(error).__name__
    return all(answer == "ok" for answer in answers.values()), answers


class WorkStalled(Exception):
    """There is work, and none of it is committed."""


class Progress:
    """When work that waits was last seen to be done: a loop that has work and commits none of it is not ready.

    Thread-safe: each of its steps is one assignment.

    :param seconds: after which work that waits is said to stand still.
    """

    def __init__(self, seconds: float = STALLED_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._since: float | None = None

    def waits(self) -> None:
        """There is work; what is said while some waits already changes nothing."""
        if self._since is None:
            self._since = self._clock()

    def moved(self) -> None:
        """Some of it was committed (or parked), or there is none."""
        self._since = None

    def check(self) -> None:
        """:raises WorkStalled: for `seconds` work has waited and nothing was committed."""
        since = self._since
        if since is not None and self._clock() - since > self._seconds:
            raise WorkStalled


class Pulse:
    """Whether an event loop still turns: each look leaves it a word, and the next one sees whether it was read.

    :param seconds: after which a word that nobody read means that the loop hangs; a turn takes milliseconds.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        seconds: float = STALLED_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._loop = loop
        self._progress = Progress(seconds, clock)

    def check(self) -> None:
        """:raises WorkStalled: the loop has read nothing for `seconds`, or is closed."""
        self._progress.check()
        self._progress.waits()
        try:
            self._loop.call_soon_threadsafe(self._progress.moved)
        except RuntimeError:
            raise WorkStalled from None


@dataclass(frozen=True)
class _Config:
    host: str = setting("HEALTH_HOST", default="127.0.0.1")


class HealthServer:
    """A small HTTP server on its own thread; `port` 0 or less starts nothing.

    It listens on `HEALTH_HOST`, which is this machine alone unless a probe or a scraper comes from outside.
    """

    def __init__(self, port: int, checks: Mapping[str, Check]) -> None:
        self._server: ThreadingHTTPServer | None = None
        if port <= 0:
            return
        self._server = ThreadingHTTPServer((load(_Config, os.environ).host, port), _handler(checks))
        self._server.daemon_threads = True
        self._is_closing = False
        self._thread = threading.Thread(target=self._serve, args=(self._server,), name="health", daemon=True)
        self._thread.start()

    def _serve(self, server: ThreadingHTTPServer) -> None:
        # Not `serve_forever`, which looks twice a second whether it is to end.
        while not self._is_closing:
            server.handle_request()

    def close(self) -> None:
        if self._server is not None:
            self._is_closing = True
            address = (str(self._server.server_address[0]), self._server.server_port)
            with suppress(OSError), socket.create_connection(address, timeout=1):
                pass  # one last request, so that the thread sees it
            self._thread.join(1)
            self._server.server_close()
            self._server = None


def _handler(checks: Mapping[str, Check]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/healthz":
                self._answer(200, orjson.dumps({"status": "ok"}), "application/json")
            elif self.path == "/readyz":
                ready, answers = evaluate(checks)
                self._answer(200 if ready else 503, orjson.dumps({"checks": answers}), "application/json")
            elif self.path == "/metrics":
                self._answer(200, exposition(), "text/plain; version=0.0.4")
            else:
                self._answer(404, b"{}", "application/json")

        def _answer(self, status: int, body: bytes, media_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            """A probe every few seconds is not worth a log line."""

    return Handler
