"""What a stranger asks costs the same whether or not there is such a login, address or account (A2).

Not clocks but causes are compared: the statements that the database is sent, and the passwords that are verified or
hashed. Equal work cannot take unequal time, on any machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pyotp
import pytest
from sqlalchemy import event
from sqlalchemy import text as sql

from chassis.database import Database
from contracts.errors import TooManyRequests, WiciError
from identity.hashing import Passwords
from identity.usecases import accounts, links, operators, sessions, users

PASSWORD = "trzy zielone parasole"


class CountingPasswords(Passwords):
    """Passwords that also say what was done."""

    def __init__(self) -> None:
        self.done: list[str] = []
        super().__init__(self._count, memory_kib=64, rounds=1)

    def _count(self, function: Callable[..., Any], *arguments: Any) -> Any:
        self.done.append(function.__name__)
        return function(*arguments)


@pytest.fixture
def work(database: Database) -> Iterator[Callable[[Callable[[Passwords], Any]], tuple[str, list[str], list[str]]]]:
    """`work(attempt)`: how `attempt(passwords)` ended, the statements it sent, and the hashes it made."""
    statements: list[str] = []

    @contextmanager
    def listening() -> Iterator[None]:
        def on_execute(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            statements.append(statement)

        event.listen(database.engine, "before_cursor_execute", on_execute)
        yield
        event.remove(database.engine, "before_cursor_execute", on_execute)

    def measure(attempt: Callable[[Passwords], Any]) -> tuple[str, list[str], list[str]]:
        statements.clear()
        passwords = CountingPasswords()
        with listening():
            try:
                attempt(passwords)
                ended = "done"
            except WiciError as error:
                ended = f"{error}"
        return ended, list(statements), passwords.done

    yield measure


@pytest.fixture
def log_in_work(work: Any, database: Database, vault: Any, clock: Any) -> Callable[..., Any]:
    numbers = iter(range(1, 200))

    def of(login: str, password: str = "wrong password here", totp: str | None = None) -> Any:
        actor: Any = {"address": f"192.0.2.{next(numbers)}"}
        rest: Any = {"device": None, "device_token": None, "trust_device": False}
        return work(
            lambda passwords: sessions.log_in(
                database,
                passwords=passwords,
                vault=vault,
                actor=actor,
                now=clock.now,
                login=login,
                password=password,
                totp=totp,
                **rest,
            )
        )

    return of


def test_a_wrong_log_in_is_the_same_work_for_every_login(
    register: Callable[..., Any], log_in_work: Callable[..., Any], database: Database
) -> None:
    register("kowal")
    register("murarz")
    register("ogrodnik")
    with database.transaction() as session:
        session.execute(sql("UPDATE users SET state = 'blocked' WHERE login = 'murarz'"))
        session.execute(sql("UPDATE users SET totp_confirmed_at = now(), totp_secret = 'x' WHERE login = 'ogrodnik'"))

    known = log_in_work("kowal")

    assert known[0].startswith("session.wrong_credentials")
    assert known[2] == ["_matches"]
    for login in ("nobody1", "murarz", "ogrodnik", "KOWAL", "x" * 254, "żółw"):
        assert log_in_work(login) == known, login
    assert log_in_work("murarz", PASSWORD) == known, "a blocked user's right password"
    assert log_in_work("nobody2", totp="123456") == log_in_work("ogrodnik", totp="123456")


def test_a_locked_login_says_so_whether_or_not_it_exists(
    register: Callable[..., Any], log_in_work: Callable[..., Any]
) -> None:
    register("kowal")

    known, unknown = ([log_in_work(login) for _ in range(8)] for login in ("kowal", "nobody1"))

    assert known == unknown
    assert known[-1][0].startswith("session.too_many_attempts")
    assert known[-1][2] == [], "no password is looked at behind the lock"


def test_an_operators_wrong_log_in_is_the_same_work_for_every_login(
    work: Any, database: Database, vault: Any, clock: Any, passwords: Passwords
) -> None:
    made = operators.add(
        database, passwords=passwords, vault=vault, now=clock.now, login="dyzurny1", email="ops@example.com"
    )
    operators.add(database, passwords=passwords, vault=vault, now=clock.now, login="dyzurny2", email="ops@example.com")
    operators.disable(database, now=clock.now, login="dyzurny2")
    assert made is not None
    password, secret = made

    def of(login: str, password: str, code: str) -> Any:
        return work(
            lambda counted: operators.log_in(
                database, passwords=counted, vault=vault, actor={"address": "192.0.2.1"}, now=clock.now,
                login=login, password=password, totp=code, new_password=None,
            )
        )  # fmt: skip

    known = of("dyzurny1", "wrong password here", pyotp.TOTP(secret).at(clock.now))
    assert known == of("dyzurny2", "wrong password here", "000000") == of("nobody1", "wrong password here", "000000")
    assert of("dyzurny1", password, "000000")[0].startswith("session.totp_wrong"), "the code comes first"


def test_a_reset_is_the_same_work_whether_or_not_anybody_matches(
    register: Callable[..., Any], work: Any, database: Database, clock: Any
) -> None:
    register("kowal")
    register("murarz")

    def of(email: str, account_name: str) -> Any:
        def ask(_passwords: Passwords) -> None:
            with database.transaction() as session:
                actor: Any = {"address": "192.0.2.9"}
                links.request_password_reset(
                    session, actor=actor, now=clock.now, email=email, account_name=account_name
                )

        return work(ask)

    known = of("kowal@example.com", "kowal")
    assert known[0] == "done"
    for email, name in (
        ("kowal@example.com", "murarz"),
        ("nobody@example.com", "kowal"),
        ("kowal@example.com", "none1"),
    ):
        assert of(email, name) == known


def test_a_registration_is_the_same_work_whether_or_not_the_address_is_known(
    register: Callable[..., Any], work: Any, database: Database, clock: Any
) -> None:
    register("kowal")

    def of(login: str, name: str, email: str) -> Any:
        return work(
            lambda passwords: accounts.register(
                database, passwords=passwords, actor={"address": "192.0.2.9"}, now=clock.now,
                login=login, email=email, password=PASSWORD, account_name=name, accept_terms=True, language="pl",
            )
        )  # fmt: skip

    assert of("murarz", "murarz", "kowal@example.com") == of("ogrodnik", "ogrodnik", "new@example.com")
    assert of("kowal", "tokarz", "new@example.com")[2] == ["hash"], "a name that is taken costs a hash as well"


def test_an_address_is_told_of_few_taken_names(
    register: Callable[..., Any], database: Database, passwords: Passwords, clock: Any, log_in: Callable[..., Any]
) -> None:
    """The one thing that has to be told is told slowly: registration and adding users guess from the same purse."""
    register("kowal")
    owner = register("murarz")
    owner["session_id"] = str(log_in("murarz")["session_id"])
    told = 0
    with pytest.raises(TooManyRequests):
        for number in range(200):
            try:
                if number % 2:
                    register(f"login{number}", login="kowal")
                else:
                    users.create_user(
                        database, passwords=passwords, actor=owner, now=clock.now,
                        login="kowal", email="a@example.com", name="", password=PASSWORD, permissions=[], roles=[],
                    )  # fmt: skip
            except TooManyRequests:
                raise
            except WiciError as refused:
                assert refused.code == "login.taken"
                told += 1

    assert told == 41
