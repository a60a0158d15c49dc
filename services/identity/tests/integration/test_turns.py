"""Passwords take turns: few are hashed at once, few wait, and who floods one lane slows nobody in another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text as sql

from chassis.database import Database
from chassis.testing import wait_until
from contracts.errors import TooManyRequests, WiciError
from identity.hashing import Lane, Passwords, Turns
from identity.usecases import sessions

PASSWORD, GUESS = "trzy zielone parasole", "wrong password here"


class Held(Passwords):
    """Guesses take until `go`; right passwords no time."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.most, self._now = 0, 0
        super().__init__(self._hold, memory_kib=64, rounds=1)

    def _hold(self, function: Callable[..., Any], *arguments: str) -> Any:
        if arguments[-1] == GUESS:
            self._now += 1
            self.most = max(self.most, self._now)
            assert self.go.wait(30)
            self._now -= 1
        return function(*arguments)

    def here(self) -> int:
        return self._lanes[Lane.STRANGERS]._here.total()


@pytest.fixture
def held() -> Iterator[Held]:
    made = Held()
    yield made
    made.go.set()


def test_strangers_who_guess_all_at_once_slow_no_log_in_from_a_known_place(
    register: Any, log_in: Any, database: Database, vault: Any, clock: Any, held: Held
) -> None:
    register("kowal")
    log_in("kowal", address="192.0.2.1")

    def attempt(login: str, password: str, address: str) -> str:
        more = {"totp": None, "device": None, "device_token": None, "trust_device": False}
        given = {"passwords": held, "vault": vault, "now": clock.now, "actor": {"address": address}, **more}
        try:
            return str(bool(sessions.log_in(database, login=login, password=password, **given)["access_token"]))
        except WiciError as error:
            return error.code

    with ThreadPoolExecutor(18) as crowd:
        guesses = [crowd.submit(attempt, f"login{number}", GUESS, f"203.0.113.{number}") for number in range(18)]
        wait_until(lambda: held.here() == 18, what="all strangers in their lane")

        assert attempt("kowal", PASSWORD, "192.0.2.1") == "True"
        assert attempt("kowal", PASSWORD, "203.0.113.77") == "session.busy", "told at once, without a wait"
        with database.transaction() as session:
            counted = "SELECT count(*) FROM login_throttles WHERE failures > 0 OR under_way > 0"
            assert session.scalar(sql(counted)) == 36, "who got no turn has made no guess"
        held.go.set()
        assert [guess.result(30) for guess in guesses] == ["session.wrong_credentials"] * 18

    assert held.most == 1
    assert attempt("kowal", PASSWORD, "203.0.113.77") == "True"


@given(
    st.integers(1, 3), st.integers(0, 3), st.integers(1, 4), st.lists(st.tuples(st.sampled_from("abc"), st.booleans()))
)
def test_no_lane_holds_more_than_it_may_of_all_and_of_one(
    places: int, waiting: int, of_one: int, steps: list[tuple[str, bool]]
) -> None:
    """Callers come, and leave in any order; those who are in need no more than a place each here."""
    turns = Turns(places=places + waiting, waiting=0, of_one=of_one)
    inside: list[tuple[str, Any]] = []
    for caller, leaves in steps:
        if leaves and inside:
            inside.pop(0)[1].__exit__(None, None, None)
            continue
        callers = [name for name, _ in inside]
        turn = turns.queue(caller)
        if len(callers) < places + waiting and callers.count(caller) < of_one:
            turn.__enter__()
            inside.append((caller, turn))
        else:
            with pytest.raises(TooManyRequests):
                turn.__enter__()
