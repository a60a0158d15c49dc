"""Passwords take turns: few are hashed at once, few wait, and who floods one lane slows nobody in another."""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text as sql

from chassis.database import Database
from chassis.testing import wait_until
from contracts.errors import TooManyRequests, WiciError
from identity.domain.tokens import token_hash
from identity.hashing import Lane, Passwords, Turns
from identity.store import links as stored_links
from identity.usecases import links, sessions

PASSWORD, GUESS, NEW = "trzy zielone parasole", "wrong password here", "cztery fioletowe kalosze"


class Held(Passwords):
    """Guesses take until `go`; right passwords no time."""

    def __init__(self, patience: float = 60.0) -> None:
        self.go = threading.Event()
        self.most, self._now = 0, 0
        super().__init__(self._hold, memory_kib=64, rounds=1, patience=patience)

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

    with ThreadPoolExecutor(16) as crowd:
        guesses = [crowd.submit(attempt, f"login{number}", GUESS, f"203.0.113.{number}") for number in range(16)]
        wait_until(lambda: held.here() == 16, what="all strangers in their lane")

        assert attempt("kowal", PASSWORD, "192.0.2.1") == "True"
        assert attempt("kowal", PASSWORD, "203.0.113.77") == "session.busy", "told at once, without a wait"
        with database.transaction() as session:
            counted = "SELECT count(*) FROM login_throttles WHERE failures > 0 OR under_way > 0"
            assert session.scalar(sql(counted)) == 32, "who got no turn has made no guess"
        held.go.set()
        assert [guess.result(30) for guess in guesses] == ["session.wrong_credentials"] * 16

    assert held.most == 1
    assert attempt("kowal", PASSWORD, "203.0.113.77") == "True"


def test_who_waits_for_a_turn_longer_than_anybody_waits_for_an_answer_is_told_so_and_has_made_no_guess(
    database: Database, vault: Any, clock: Any
) -> None:
    """On a machine with too much to do: it was a time-out of the call, and a guess that counted."""
    slow = Held(patience=0.2)
    more = {"totp": None, "device": None, "device_token": None, "trust_device": False}

    def attempt(number: int) -> str:
        given = {"passwords": slow, "vault": vault, "now": clock.now, **more}
        actor = {"address": f"203.0.113.{number}"}
        with pytest.raises(WiciError) as caught:
            sessions.log_in(database, login=f"login{number}", password=GUESS, actor=actor, **given)
        return caught.value.code

    with ThreadPoolExecutor(1) as first:
        guess = first.submit(attempt, 1)
        wait_until(lambda: slow.most == 1, what="the first is being hashed")
        assert [attempt(2), attempt(3)] == ["session.busy"] * 2
        slow.go.set()
        assert guess.result(30) == "session.wrong_credentials"

    with database.transaction() as session:
        counted = "SELECT count(*) FROM login_throttles WHERE failures > 0 OR under_way > 0"
        assert session.scalar(sql(counted)) == 2, "the first one's login and address"
    assert slow.here() == 0


def test_strangers_who_fill_their_lane_keep_nobody_from_registering_and_logging_in(
    register: Any, log_in: Any, passwords: Passwords
) -> None:
    with ExitStack() as crowd:
        for number in range(16):
            crowd.enter_context(passwords.queue((Lane.STRANGERS, f"stranger{number}")))
        with pytest.raises(TooManyRequests, match=r"session\.busy"):
            log_in("kowal", address="203.0.113.77")

        register("kowal")
        assert log_in("kowal")["access_token"]


def test_a_link_from_a_mail_takes_a_turn_and_is_good_for_another_try(
    register: Any, log_in: Any, database: Database, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = UUID(register("kowal")["user_id"])
    with database.transaction() as session:
        stored_links.insert_link(
            session, token_hash=token_hash("wl_a-link"), purpose=links.RESET, user_id=user_id, now=clock.now,
            expires_at=clock.now + links.RESET_LIFE,
        )  # fmt: skip
    narrow = Passwords(memory_kib=64, rounds=1)
    monkeypatch.setitem(narrow._lanes, Lane.KNOWN, Turns(places=1, waiting=0, of_one=1))

    def follow() -> None:
        links.reset_password(database, passwords=narrow, actor={}, now=clock.now, token="wl_a-link", password=NEW)

    with narrow.queue((Lane.KNOWN, "somebody else")), pytest.raises(TooManyRequests, match=r"session\.busy"):
        follow()
    follow()

    assert log_in("kowal", NEW)


def test_no_password_is_worked_at_without_a_turn_but_by_commands() -> None:
    """`add` and `reset` of operators are run by hand, in a process of their own."""
    without = set()
    for module in sorted(Path(str(files("identity"))).glob("usecases/*.py")):
        for function in (each for each in ast.walk(ast.parse(module.read_text())) if isinstance(each, ast.FunctionDef)):
            for call in (each for each in ast.walk(function) if isinstance(each, ast.Call)):
                least = {"passwords.hash": 2, "passwords.verify": 3}.get(ast.unparse(call.func), 0)
                if len(call.args) < least:
                    without.add(f"{module.stem}.{function.name}")

    assert without == {"operators.add", "operators.reset"}


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
