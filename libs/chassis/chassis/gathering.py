"""Gathered calls: requests of many callers in one RPC, answered each by itself.

A Nameko call costs about a millisecond of two processes whatever it carries. So the callers of a process that ask the
same method at the same time share one: who comes first asks at once, who comes while that call is under way waits and
goes with the next. Nobody waits for company.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

from chassis.logs import get_logger
from chassis.rpc_client import Gathered, RemoteFailure
from contracts.errors import KINDS, Unavailable, WiciError

MOST_GATHERED = 64

Request = tuple[dict[str, Any], dict[str, Any]]
"""(actor, payload) of one caller."""

log = get_logger()


class Client(Protocol):
    """`chassis.rpc_client.RpcClient`, or a fake."""

    def call(self, name: str, actor: Any, payload: dict[str, Any], *, deadline: float = ...) -> Any: ...


class _Caller:
    __slots__ = ("answer", "leads", "request", "wakes")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.wakes = threading.Event()
        self.leads = False
        self.answer: Any = None


class _Line:
    """Who waits to ask one method, and whether a call is under way."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting: list[_Caller] = []
        self.is_busy = False


class Gatherer:
    """A client whose calls to the methods in `gathered` share RPCs; all others pass."""

    def __init__(self, client: Client, gathered: Collection[str]) -> None:
        self._client = client
        self._gathered = frozenset(gathered)
        self._lines: defaultdict[str, _Line] = defaultdict(_Line)

    def call(self, name: str, actor: Any, payload: dict[str, Any], *, deadline: float = 10.0) -> Any:
        """As `RpcClient.call`, with the same errors."""
        if name not in self._gathered:
            return self._client.call(name, actor, payload, deadline=deadline)
        ends = time.monotonic() + deadline
        line, caller = self._lines[name], _Caller((actor, payload))
        with line.lock:
            line.waiting.append(caller)
            if not line.is_busy:
                line.is_busy = caller.leads = True
        if not caller.leads:
            self._wait(name, line, caller, ends)
        if caller.leads:
            self._ask(name, line, deadline)
        return _unpacked(name, caller.answer)

    def _wait(self, name: str, line: _Line, caller: _Caller, ends: float) -> None:
        if caller.wakes.wait(max(0.0, ends - time.monotonic())):
            return
        with line.lock:
            # In the last moment it may have been chosen, or answered.
            if caller.leads or caller.answer is not None:
                return
            if caller in line.waiting:
                line.waiting.remove(caller)
        raise Unavailable("service.timeout", f"{name} did not answer in time.")

    def _ask(self, name: str, line: _Line, deadline: float) -> None:
        """One call for everyone who waits (the leader is the first of them), and then somebody else leads."""
        with line.lock:
            callers = line.waiting[:MOST_GATHERED]
            del line.waiting[:MOST_GATHERED]
        # What stands where the thread itself is ended (SystemExit): whether the request was taken, nobody knows.
        answers: Sequence[Any] = [Unavailable("service.timeout", f"{name} did not answer.")] * len(callers)
        try:
            answers = self._answers(name, callers, deadline)
        finally:
            for caller, answer in zip(callers, answers, strict=True):
                caller.answer = answer
                caller.wakes.set()
            with line.lock:
                line.is_busy = bool(line.waiting)
                if line.waiting:
                    line.waiting[0].leads = True
                    line.waiting[0].wakes.set()

    def _answers(self, name: str, callers: list[_Caller], deadline: float) -> Sequence[Any]:
        first_actor = callers[0].request[0]
        try:
            told = self._client.call(
                name, first_actor, Gathered(requests=[caller.request for caller in callers]), deadline=deadline
            )["answers"]
            if len(told) == len(callers):
                return list(told)
            return [RemoteFailure(f"{name} answered {len(told)} of {len(callers)}")] * len(callers)
        except Exception as error:
            return [error] * len(callers)


def _unpacked(name: str, answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    if "result" in answer:
        return answer["result"]
    kind, *arguments = answer["error"]
    if kind in KINDS:
        raise KINDS[kind](*arguments)
    raise RemoteFailure(f"{name} failed: {kind}")


def answer(payload: dict[str, Any], handle: Callable[[list[Request]], Sequence[Any]]) -> dict[str, Any]:
    """The service's side: `handle` gets all requests and gives a result or a `WiciError` for each, in order.

    Where it fails altogether, every request is handled alone, so that one that nobody foresaw fails by itself.
    """
    requests: list[Request] = [(actor, asked) for actor, asked in payload["requests"]]
    try:
        answers = handle(requests)
    except Exception as error:
        if len(requests) > 1:
            log.exception("gathered_call_failed", requests=len(requests))
        answers = [error] if len(requests) == 1 else [_alone(request, handle) for request in requests]
    return {"answers": [_packed(each) for each in answers]}


def _alone(request: Request, handle: Callable[[list[Request]], Sequence[Any]]) -> Any:
    try:
        return handle([request])[0]
    except Exception as error:
        return error


def _packed(each: Any) -> dict[str, Any]:
    if isinstance(each, WiciError):
        return {"error": [type(each).__name__, each.code, each.detail, each.extra, each.errors]}
    if isinstance(each, Exception):
        log.error("request_failed", error=type(each).__name__, exc_info=each)
        return {"error": [type(each).__name__]}
    return {"result": each}
