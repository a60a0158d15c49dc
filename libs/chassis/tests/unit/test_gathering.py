from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import gathering
from chassis.gathering import MOST_GATHERED, Gatherer, Later, Turns
from chassis.rpc_client import RemoteFailure
from chassis.testing import wait_until
from contracts.errors import Invalid, NotFound, Unavailable


class Service:
    """Answers as a service does through `gathering.answer`, but not before it `may_answer`."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        self.asked, self.may_answer = threading.Event(), threading.Event()
        self.may_answer.set()
        self.sizes: list[int] = []
        self.lock = threading.Lock()
        self.under_way = 0

    def call(self, name: str, actor: Any, payload: dict[str, Any], *, deadline: float = 10.0) -> Any:
        if "requests" not in payload:
            return ["alone", name]
        with self.lock:
            self.sizes.append(len(payload["requests"]))
            self.under_way += 1
            assert self.under_way == 1
        self.asked.set()
        assert self.may_answer.wait(10)
        with self.lock:
            self.under_way -= 1
        return gathering.answer(payload, self.handle)


def doubled(requests: Any, turns: Turns) -> list[Any]:
    return [
        Invalid("number.odd", "Odd.", {"actor": actor["id"]}) if asked["number"] % 2 else asked["number"] * 2
        for actor, asked in requests
    ]


def waiting(client: Gatherer) -> int:
    """How many stand in the line."""
    return len(client._lines["numbers.double"])


def ask(client: Gatherer, number: int) -> Any:
    try:
        return client.call("numbers.double", {"id": number}, {"number": number})
    except Invalid as error:
        return error.code, error.extra["actor"]


def test_everyone_gets_the_answer_to_what_they_asked() -> None:
    service = Service(doubled)
    client = Gatherer(service, {"numbers.double"})
    service.may_answer.clear()

    with ThreadPoolExecutor(400) as callers:
        asked = callers.map(lambda number: ask(client, number), range(400))
        wait_until(lambda: waiting(client) == 399, what="all but the first in the line")
        service.may_answer.set()
        answers = list(asked)

    assert answers == [("number.odd", n) if n % 2 else n * 2 for n in range(400)]
    assert sum(service.sizes) == 400
    assert service.sizes == [1, 64, 64, 64, 64, 64, 64, 15]


def test_who_comes_alone_goes_at_once_and_other_methods_pass() -> None:
    service = Service(doubled)
    client = Gatherer(service, {"numbers.double"})

    assert ask(client, 4) == 8
    assert service.sizes == [1]
    assert client.call("numbers.other", {}, {}) == ["alone", "numbers.other"]


def test_a_request_that_nobody_foresaw_fails_by_itself() -> None:
    def handle(requests: Any, turns: Turns) -> list[Any]:
        return [1 // asked["number"] for _, asked in requests]

    answers = gathering.answer({"requests": [[{}, {"number": 1}], [{}, {"number": 0}]]}, handle)["answers"]

    assert answers == [{"result": 1}, {"error": ["ZeroDivisionError"]}]
    client = Gatherer(Service(handle), {"numbers.double"})
    with pytest.raises(RemoteFailure, match="ZeroDivisionError"):
        client.call("numbers.double", {}, {"number": 0})


def test_a_service_that_is_away_is_away_for_all_and_the_line_goes_on() -> None:
    class Away(Service):
        def call(self, name: str, actor: Any, payload: dict[str, Any], *, deadline: float = 10.0) -> Any:
            raise Unavailable("service.timeout", "away")

    service = Away(doubled)
    client = Gatherer(service, {"numbers.double"})

    def one(_: int) -> str:
        with pytest.raises(Unavailable):
            client.call("numbers.double", {}, {"number": 2})
        return "away"

    with ThreadPoolExecutor(16) as callers:
        assert list(callers.map(one, range(64))) == ["away"] * 64


def test_a_leader_that_is_ended_leaves_the_line_to_others() -> None:
    class Ending(Service):
        def call(self, name: str, actor: Any, payload: dict[str, Any], *, deadline: float = 10.0) -> Any:
            if not self.sizes:
                self.sizes.append(1)
                wait_until(lambda: waiting(client) == 1, what="the second in the line")
                raise SystemExit
            return super().call(name, actor, payload, deadline=deadline)

    service = Ending(doubled)
    client = Gatherer(service, {"numbers.double"})

    with ThreadPoolExecutor(2) as callers:
        first = callers.submit(ask, client, 2)
        wait_until(lambda: service.sizes, what="the first one's call")
        second = callers.submit(ask, client, 4)
        with pytest.raises(SystemExit):
            first.result(5)
        assert second.result(5) == 8


def test_who_waits_longer_than_its_deadline_gives_up_and_is_not_sent() -> None:
    service = Service(doubled)
    client = Gatherer(service, {"numbers.double"})
    service.may_answer.clear()

    with ThreadPoolExecutor(2) as callers:
        first = callers.submit(ask, client, 2)
        assert service.asked.wait(10)
        with pytest.raises(Unavailable):
            client.call("numbers.double", {"id": 1}, {"number": 6}, deadline=0.05)
        service.may_answer.set()
        assert first.result() == 4

    assert service.sizes == [1]
    assert ask(client, 8) == 16


def test_errors_keep_what_they_say() -> None:
    missing = NotFound(
        "group.not_found", "There is no such group.", {"id": "7"}, [{"field": "id", "code": "c", "detail": "d"}]
    )
    client = Gatherer(Service(lambda requests, turns: [missing for _ in requests]), {"numbers.double"})

    with pytest.raises(NotFound) as caught:
        client.call("numbers.double", {}, {})

    assert (caught.value.code, caught.value.detail) == (missing.code, missing.detail)
    assert (caught.value.extra, caught.value.errors) == (missing.extra, missing.errors)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=150), st.integers(1, 7), st.randoms())
def test_accounts_take_turns_and_everyone_is_served_once(accounts: list[int], slow: int, random: Any) -> None:
    """However many of a call the service gets done: no account is served again before each that waits was."""
    line = gathering._Line()
    for number, account in enumerate(accounts):
        line.append(gathering._Caller(({"account_id": account}, {"number": number})))
    served: list[tuple[int, int]] = []

    while len(line):
        waits = {account: len(theirs) for account, theirs in line.waiting.items()}
        first = line.first
        taken = line.take(MOST_GATHERED)
        assert taken[0] is first
        done = random.randint(1, slow)
        line.put_back(taken[done:])
        served_now = [caller.request for caller in taken[:done]]
        times = Counter(actor["account_id"] for actor, _ in served_now)
        for one, least in waits.items():  # nobody is more than a turn ahead of who waits
            assert times[one] == least or max(times.values()) <= times[one] + 1
        served += [(actor["account_id"], asked["number"]) for actor, asked in served_now]

    assert sorted(number for _, number in served) == list(range(len(accounts)))
    for account in set(accounts):  # and each in the order in which it asked
        assert [n for a, n in served if a == account] == [n for n, a in enumerate(accounts) if a == account]


def test_who_asks_for_what_takes_long_waits_for_itself_and_not_in_front_of_others() -> None:
    """A clock that only work moves: each request of the busy account takes nearly all of a call's time."""
    clock = [0.0]
    done: list[str] = []

    def handle(requests: Any, turns: Turns) -> list[Any]:
        turns = Turns(gathering.SECONDS_A_CALL, lambda: clock[0])
        answers: list[Any] = []
        for request in turns.of(requests):
            if request is None:
                answers.append(Later())
                continue
            actor, _asked = request
            clock[0] += 0.45 if actor["account_id"] == "busy" else 0.01
            done.append(actor["account_id"])
            answers.append("done")
        return answers

    service = Service(handle)
    client = Gatherer(service, {"numbers.double"})
    service.may_answer.clear()

    with ThreadPoolExecutor(40) as callers:
        busy = [callers.submit(client.call, "numbers.double", {"account_id": "busy"}, {}) for _ in range(32)]
        wait_until(lambda: waiting(client) == 31, what="the busy account's in the line")
        calm = callers.submit(client.call, "numbers.double", {"account_id": "calm"}, {})
        wait_until(lambda: waiting(client) == 32, what="the other's in the line")
        service.may_answer.set()
        assert {each.result(20) for each in [*busy, calm]} == {"done"}

    assert done.index("calm") <= 2
    assert len(done) == 33


def test_who_does_not_take_back_what_was_not_begun_gets_all_of_it() -> None:
    def handle(requests: Any, turns: Turns) -> list[Any]:
        return [Later() if each is None else 1 for each in turns.of(requests)]

    requests = [[{}, {}]] * 3
    assert gathering.answer({"requests": requests}, handle)["answers"] == [{"result": 1}] * 3
    in_no_time = gathering.answer({"requests": requests, "seconds": 0}, handle)["answers"]
    assert in_no_time == [{"result": 1}, {"later": True}, {"later": True}]


def test_who_gave_up_under_way_is_not_put_back_and_leads_nobody() -> None:
    """The service is long at a request, and begins none of the others: who has gone by then asks no more."""
    begun: list[int] = []
    gone = threading.Event()

    def handle(requests: Any, turns: Turns) -> list[Any]:
        begun.append(requests[0][1]["number"])
        assert begun[-1] != 2 or gone.wait(10)
        return ["served", *(Later() for _ in requests[1:])]

    service = Service(handle)
    client = Gatherer(service, {"numbers.double"})
    service.may_answer.clear()
    with ThreadPoolExecutor(8) as callers:
        first = callers.submit(ask, client, 1)
        assert service.asked.wait(10)
        second = callers.submit(ask, client, 2)
        wait_until(lambda: waiting(client) == 1, what="the second in the line")
        third = callers.submit(client.call, "numbers.double", {"id": 3}, {"number": 3}, deadline=1.0)
        wait_until(lambda: waiting(client) == 2, what="the third in the line")
        service.may_answer.set()
        with pytest.raises(Unavailable):  # it was under way with the second
            third.result(10)
        gone.set()
        assert (first.result(10), second.result(10), ask(client, 4)) == ("served", "served", "served")

    assert begun == [1, 2, 4]
