"""Work on what strangers wrote, in processes of its own: each with a bound on memory, and each call on processor time.

A template engine, a parser or a pattern that meets the wrong bytes takes a minute, a gigabyte, or the process with it;
no list of what is allowed is ever complete. What happens so happens in a process that nobody else needs, and the caller
is told which place it was working at.

    CONFINED = Confined("email_gateway.content.first_render:perform", processes=2)
    CONFINED.call(document, fields, seconds=3.0, owner=account_id)

The function's module is all that such a process loads. Arguments and results travel by pickle; what the function raises
is raised here. Processes are started when they are needed, and end with the one that started them.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import math
import os
import pickle
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import Any, NoReturn

from chassis.logs import get_logger
from contracts.errors import TooManyRequests, Unavailable

MEGABYTES = 256
MOST_WAITING = 3  # calls of one owner, beside the one that runs
FORGIVEN_SECONDS = 300.0  # after the longest rest, and after which an owner's earlier calls are forgotten
OUT_OF_MEMORY = 12  # exit code: ENOMEM
KILLED_SECONDS = 1.0  # after a SIGKILL: whoever ends all of a service has come to the caller by then
_LENGTH = struct.Struct("!Q")

log = get_logger()


class Exceeded(Exception):
    """The process did not survive the call: its bound on time or memory, or a fault of the code that it ran.

    :param place: what the function last said by `at`, or "".
    """

    def __init__(self, reason: str, place: str) -> None:
        super().__init__(reason, place)
        self.reason, self.place = reason, place


class _Killed(Exceeded):
    """By SIGKILL: the call may be innocent of it."""


class Confined:
    """Thread-safe, and green under eventlet.

    :param function: `package.module:name`.
    :param megabytes: of writable memory for each process (RLIMIT_DATA).
    :param rest: seconds that an owner has no other call after one that took its process, or that was not done in time
        and had half of its processor time: each time twice as long. Who was kept from it by others does not rest.
    """

    def __init__(self, function: str, *, processes: int, megabytes: int = MEGABYTES, rest: float = 0.0) -> None:
        self._function = function
        self._megabytes = megabytes
        self._rest = rest
        self._resting: dict[Any, tuple[int, float]] = {}  # how often, and until when
        self._most = processes
        self._idle: list[_Child] = []
        self._running = 0
        self._owners: set[Any] = set()
        self._waiting: Counter[Any] = Counter()  # by owner
        self._free = threading.Condition()

    def call(self, *arguments: Any, seconds: float, patience: float | None = None, owner: Any = None) -> Any:
        """What the function returns.

        :param seconds: of processor time. :param patience: seconds on the clock, the wait for a process included.
        :param owner: has one call at a time, so that nobody keeps the others from theirs, and with `patience` a few
            that wait: each of them holds one of the few threads of a service.
        :raises Exceeded: the call took the process with it. :raises Unavailable: no process was free, or it waits.
        :raises TooManyRequests: the owner's last call took its process, a moment ago.
        """
        ends = None if patience is None else time.monotonic() + patience
        child = self._take(owner, patience)
        try:
            try:
                answer = child.ask((seconds, arguments), ends)
            except _Killed:
                child = self._another(child)
                answer = child.ask((seconds, arguments), ends)
        except BaseException as error:
            has_taken_much = isinstance(error, Exceeded)
            if isinstance(error, Unavailable):  # it was not done in time: by its own work, or by that of others?
                has_taken_much = child.spent() >= seconds / 2
            child.kill()
            if has_taken_much and owner is not None and self._rest:
                self._let_rest(owner)
            self._give(owner, self._spare())
            raise
        self._give(owner, child)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _another(self, killed: _Child) -> _Child:
        """What was killed is asked once more: by the kernel, when memory is short, the largest is, or somebody ends
        the whole service, the children first. Only who is killed twice is taken for the one that needs too much."""
        killed.kill()
        time.sleep(KILLED_SECONDS)
        return _Child(self._function, self._megabytes)

    def _spare(self) -> _Child | None:
        """In place of one that ended: it loads its function while nobody waits for it."""
        with suppress(OSError):
            return _Child(self._function, self._megabytes)
        return None

    def close(self) -> None:
        """End the processes that do nothing; the others end with their call."""
        with self._free:
            self._most = 0
            idle, self._idle = self._idle, []
        for child in idle:
            child.kill()

    def _let_rest(self, owner: Any) -> None:
        now = time.monotonic()
        with self._free:
            for one, (_, until) in list(self._resting.items()):
                if until + FORGIVEN_SECONDS < now:
                    del self._resting[one]
            times, _ = self._resting.get(owner, (0, 0.0))
            self._resting[owner] = times + 1, now + min(self._rest * 2**times, FORGIVEN_SECONDS)

    def _seconds_to_rest(self, owner: Any) -> float:
        _, until = self._resting.get(owner, (0, 0.0))
        return max(until - time.monotonic(), 0.0)

    def _take(self, owner: Any, patience: float | None) -> _Child:
        with self._free:
            has_come = self._wait(owner, patience)
            if (seconds := self._seconds_to_rest(owner)) > 0:
                detail = "What you asked for a moment ago took too much; try again later."
                raise TooManyRequests("service.resting", detail, {"retry_after": math.ceil(seconds)})
            if not has_come:
                raise Unavailable("service.busy", "Too much of this is under way; try again.", {"retry_after": 1})
            self._running += 1
            if owner is not None:
                self._owners.add(owner)
            child = self._idle.pop() if self._idle else None
        try:
            if child is None:
                child = _Child(self._function, self._megabytes)
                atexit.unregister(self.close)
                atexit.register(self.close)
            return child
        except BaseException:
            self._give(owner, None)
            raise

    def _wait(self, owner: Any, patience: float | None) -> bool:
        """Until the owner's turn, or until it has to rest; False where that does not come in time."""
        is_one_too_many = owner is not None and self._waiting[owner] >= MOST_WAITING
        if is_one_too_many and patience is not None:  # who has all the time in the world has threads of its own
            patience = 0.0
        self._waiting[owner] += 1
        try:
            return bool(self._free.wait_for(lambda: self._seconds_to_rest(owner) or self._may_run(owner), patience))
        finally:
            self._waiting[owner] -= 1
            if not self._waiting[owner]:
                del self._waiting[owner]

    def _may_run(self, owner: Any) -> bool:
        return self._running < max(self._most, 1) and owner not in self._owners

    def _give(self, owner: Any, child: _Child | None) -> None:
        with self._free:
            self._running -= 1
            self._owners.discard(owner)
            if child is not None and self._most:
                self._idle.append(child)
                child = None
            self._free.notify_all()
        if child is not None:
            child.kill()


class _Child:
    """One such process and the socket to it."""

    def __init__(self, function: str, megabytes: int) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "chassis.confined", function, str(megabytes), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        self._began = 0.0

    def spent(self) -> float:
        """Seconds of processor time that it has taken for what it was last asked, its start apart."""
        return self._processor_seconds() - self._began

    def _processor_seconds(self) -> float:
        """Only while it has not been waited for. What stands for the clock: clock_getcpuclockid(3)."""
        return time.clock_gettime(~self._process.pid << 3 | 2)

    def ask(self, request: Any, ends: float | None) -> Any:
        place, self._began = "", self._processor_seconds()
        try:
            _send(self._socket, request)
            while True:
                self._socket.settimeout(None if ends is None else max(ends - time.monotonic(), 0.001))
                kind, answer = _receive(self._socket)
                if kind == "answer":
                    return answer
                if kind == "loaded":
                    self._began = self._processor_seconds()
                else:
                    place = answer
        except TimeoutError:
            raise Unavailable("service.busy", "This takes too long now; try again.", {"retry_after": 1}) from None
        except (EOFError, OSError):
            died = self._died(place)
            log.warning("confined_process_died", reason=died.reason, place=place, code=self._process.returncode)
            raise died from None

    def _died(self, place: str) -> Exceeded:
        code = self._process.wait()
        if code == -signal.SIGKILL:
            return _Killed("memory", place)
        return Exceeded({-signal.SIGPROF: "time", OUT_OF_MEMORY: "memory"}.get(code, "crash"), place)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._socket.close()


def _send(connection: socket.socket, value: Any) -> None:
    body = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    connection.sendall(_LENGTH.pack(len(body)) + body)


def _receive(connection: socket.socket) -> Any:
    """:raises EOFError: the other side is gone."""
    (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
    return pickle.loads(_exactly(connection, length))


def _exactly(connection: socket.socket, length: int) -> bytearray:
    received = bytearray()
    while len(received) < length:
        chunk = connection.recv(min(length - len(received), 1 << 20))
        if not chunk:
            raise EOFError
        received += chunk
    return received


# --- inside such a process

_connection: socket.socket | None = None


def at(place: str) -> None:
    """Say what is worked at, for whoever asks what a call died of. Outside a confined process it says nothing."""
    if _connection is not None:
        _send(_connection, ("at", place))


def main(function: str, megabytes: str, descriptor: str) -> None:
    global _connection
    for ignored in (signal.SIGTERM, signal.SIGINT):  # meant for the process that started this one
        signal.signal(ignored, signal.SIG_IGN)
    most = int(megabytes) << 20
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _connection = socket.socket(fileno=int(descriptor))
    _connection.setblocking(True)  # eventlet's are not, and that is shared
    perform = _imported(function)
    with suppress(EOFError, OSError):
        _send(_connection, ("loaded", None))
        while True:
            seconds, arguments = _receive(_connection)
            _send(_connection, ("answer", _answer(perform, seconds, arguments)))


def _imported(function: str) -> Any:
    """What is imported stays: to look through it for garbage took a quarter of the start, and some of each call."""
    module, _, name = function.partition(":")
    gc.disable()
    perform = getattr(importlib.import_module(module), name)
    gc.freeze()
    gc.enable()
    return perform


def _answer(perform: Any, seconds: float, arguments: Any) -> Any:
    # The kernel ends the process, whatever code it is in: SIGPROF has no handler here.
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return perform(*arguments)
    except MemoryError:
        give_up()
    except Exception as error:
        return error
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def give_up() -> NoReturn:
    """End the process, which has no memory left for an answer."""
    os._exit(OUT_OF_MEMORY)


if __name__ == "__main__":
    # Not this module's twin, or `at` would speak for another one.
    importlib.import_module("chassis.confined").main(*sys.argv[1:])
