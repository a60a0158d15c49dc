"""Gathered calls: requests of many callers in one RPC, answered each by itself.

A Nameko call costs about a millisecond of two processes whatever it carries. So the callers of a process that ask the
same method at the same time share one: who comes first asks at once, who comes while that call is under way waits and
goes with the next. Nobody waits for company.

Accounts take turns: a call takes one request of each that waits, then a second, and so on, and begins with those whose
turn is longest ago. The service works in that order for `SECONDS_A_CALL`; what it has not begun by then comes back and
goes with a later call. So who asks a lot, or for what takes long, waits for itself and not in front of others.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, Protocol

from chassis.answers import as_told
from chassis.logs import get_logger
from chassis.rpc_client import Gathered, RemoteFailure
from contracts.errors import KINDS, Unavailable, WiciError

MOST_GATHERED = 64
# How long the service begins one request after another of a call; the one under way then is still brought to its end.
SECONDS_A_CALL = 0.5

Request = tuple[dict[str, Any], dict[str, Any]]
"""(actor, payload) of one caller."""

log = get_logger()


class Later(Exception):
    """The service's answer to a request that it has not begun: ask again. No caller ever sees it."""


class Client(Protocol):
    """`chassis.rpc_client.RpcClient`, or a fake."""

    def call(self, name: str, actor: Any, payload: dict[str, Any], *, deadline: float = ...) -> Any: ...


class _Caller:
    __slots__ = ("answer", "is_gone", "leads", "request", "wakes")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.wakes = threading.Event()
        self.leads = False
        self.is_gone = False  # it gave up, in the line or under way
        self.answer: Any = None


class _Line:
    """Who waits to ask one method, by account in order of their turns, and whether a call is under way."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.waiting: dict[Any, deque[_Caller]] = {}
        self.is_busy = False

    def __len__(self) -> int:
        return sum(map(len, self.waiting.values()))

    def append(self, caller: _Caller) -> None:
        self.waiting.setdefault(_account_of(caller), deque()).append(caller)

    def remove(self, caller: _Caller) -> None:
        theirs = self.waiting.get(_account_of(caller), deque())
        if caller in theirs:
            theirs.remove(caller)
        if not theirs:
            self.waiting.pop(_account_of(caller), None)

    @property
    def first(self) -> _Caller | None:
        return next(iter(self.waiting.values()))[0] if self.waiting else None

    def take(self, most: int) -> list[_Caller]:
        """One of each account, then another of each; the last account served is the last in the line."""
        taken: list[_Caller] = []
        while self.waiting and len(taken) < most:
            account = next(iter(self.waiting))
            theirs = self.waiting.pop(account)
            taken.append(theirs.popleft())
            if theirs:
                self.waiting[account] = theirs
        return taken

    def put_back(self, callers: Iterable[_Caller]) -> None:
        """Those whose turn it was, and who were not served: before all others, in their order.

        Not who gave up meanwhile: nobody waits for the answer, nor would lead the next call.
        """
        theirs: dict[Any, deque[_Caller]] = {}
        for caller in callers:
            if caller.is_gone:
                continue
            theirs.setdefault(_account_of(caller), deque()).append(caller)
        for account, waiting in self.waiting.items():
            theirs.setdefault(account, deque()).extend(waiting)
        self.waiting = theirs


def _account_of(caller: _Caller) -> Any:
    return caller.request[0].get("account_id")


class Gatherer:
    """A client whose calls to the methods in `gathered` share RPCs; all others pass.

    :param is_large: whether a payload is so large that many of them would be too much for one message: it goes alone.
    """

    def __init__(
        self, client: Client, gathered: Collection[str], is_large: Callable[[dict[str, Any]], bool] = lambda _: False
    ) -> None:
        self._client = client
        self._is_large = is_large
        self._gathered = frozenset(gathered)
        self._lines: defaultdict[str, _Line] = defaultdict(_Line)

    def call(self, name: str, actor: Any, payload: dict[str, Any], *, deadline: float = 10.0) -> Any:
        """As `RpcClient.call`, with the same errors."""
        if name not in self._gathered:
            return self._client.call(name, actor, payload, deadline=deadline)
        if self._is_large(payload):
            alone = Gathered(requests=[(actor, payload)], seconds=SECONDS_A_CALL)
            return _unpacked(name, self._client.call(name, actor, alone, deadline=deadline)["answers"][0])
        ends = time.monotonic() + deadline
        line, caller = self._lines[name], _Caller((actor, payload))
        with line.lock:
            line.append(caller)
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
            caller.is_gone = True
            line.remove(caller)
        raise Unavailable("service.timeout", f"{name} did not answer in time.")

    def _ask(self, name: str, line: _Line, deadline: float) -> None:
        """One call for those whose turn it is (the leader is the first of them), and then somebody else leads."""
        with line.lock:
            callers = line.take(MOST_GATHERED)
        # What stands where the thread itself is ended (SystemExit): whether the request was taken, nobody knows.
        answers: Sequence[Any] = [Unavailable("service.timeout", f"{name} did not answer.")] * len(callers)
        try:
            answers = self._answers(name, callers, deadline)
        finally:
            with line.lock:
                line.put_back(caller for caller, answer in zip(callers, answers, strict=True) if _is_later(answer))
                for caller, answer in zip(callers, answers, strict=True):
                    if not _is_later(answer):
                        caller.answer = answer
                        caller.wakes.set()
                first = line.first
                line.is_busy = first is not None
                if first is not None:
                    first.leads = True
                    first.wakes.set()

    def _answers(self, name: str, callers: list[_Caller], deadline: float) -> Sequence[Any]:
        first_actor = callers[0].request[0]
        try:
            told = self._client.call(
                name,
                first_actor,
                Gathered(requests=[caller.request for caller in callers], seconds=SECONDS_A_CALL),
                deadline=deadline,
            )["answers"]
            if len(told) == len(callers) and not _is_later(told[0]):  # who leads does not wait for another
                return list(told)
            return [RemoteFailure(f"{name} answered {len(told)} of {len(callers)}")] * len(callers)
        except Exception as error:
            return [error] * len(callers)


def _is_later(answer: Any) -> bool:
    return isinstance(answer, dict) and "later" in answer


def _unpacked(name: str, answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    if "result" in answer:
        return answer["result"]
    kind, *arguments = answer["error"]
    if kind in KINDS:
        raise KINDS[kind](*arguments)
    raise RemoteFailure(f"{name} failed: {kind}")


class Turns:
    """The requests of a gathered call in order, the first always, and then no more once its time is over.

    :param seconds: None: of a caller that does not take back what was not begun.
    """

    def __init__(self, seconds: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends = None if seconds is None else clock() + seconds

    def of(self, requests: Iterable[Request]) -> Iterator[Request | None]:
        """Each request whose turn comes; None for each that is to come again."""
        for number, request in enumerate(requests):
            is_over = self._ends is not None and number > 0 and self._clock() >= self._ends
            yield None if is_over else request


def answer(payload: dict[str, Any], handle: Callable[[list[Request], Turns], Sequence[Any]]) -> dict[str, Any]:
    """The service's side: `handle` gets all requests and gives a result, a `WiciError` or `Later` for each, in order.

    Where it fails altogether, every request is handled alone, so that one that nobody foresaw fails by itself.
    """
    requests: list[Request] = [(actor, asked) for actor, asked in payload["requests"]]
    turns = Turns(payload.get("seconds"))
    try:
        answers = handle(requests, turns)
    except Exception as error:
        if len(requests) > 1:
            log.exception("gathered_call_failed", requests=len(requests))
        answers = [error] if len(requests) == 1 else [_alone(request, handle) for request in requests]
    return {"answers": [_packed(each) for each in answers]}


def _alone(request: Request, handle: Callable[[list[Request], Turns], Sequence[Any]]) -> Any:
    try:
        return handle([request], Turns(None))[0]
    except Exception as error:
        return error


def _packed(each: Any) -> dict[str, Any]:
    if isinstance(each, Later):
        return {"later": True}
    told = as_told(each) if isinstance(each, Exception) else each
    if told is not each:
        log.warning("request_failed", error=each)
    each = told
    if isinstance(each, WiciError):
        return {"error": [type(each).__name__, each.code, each.detail, each.extra, each.errors]}
    if isinstance(each, Exception):
        log.error("request_failed", error=type(each).__name__, exc_info=each)
        return {"error": [type(each).__name__]}
    return {"result": each}
