"""Doors: lanes of log-ins, log-ins at once, proofs, keys that keys made, and who stands before a panel's list."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pyotp
import pytest
from sqlalchemy import text as sql

from chassis.database import Database
from contracts.errors import Forbidden, TooManyRequests, Unauthenticated, WiciError
from identity.hashing import Passwords
from identity.usecases import (
    api_keys,
    closing,
    ip_rules,
    links,
    me,
    operators,
    proofs,
    roles,
    second_factor,
    session_tokens,
    users,
)

Actor = dict[str, Any]
PASSWORD = "trzy zielone parasole"
OPERATOR: Actor = {"operator_id": str(uuid4())}


def code_of(attempt: Callable[[], Any]) -> str:
    try:
        attempt()
    except WiciError as error:
        return error.code
    return ""


def make_key(act: Any, actor: Actor, **more: Any) -> dict[str, Any]:
    wanted = {"name": "k", "scopes": ["account.keys"], "expires_at": None, "ip_list": [], **more}
    made: dict[str, Any] = act(api_keys.create, actor, **wanted)
    return made


def as_key(owner: Actor, key: dict[str, Any]) -> Actor:
    return {**owner, "session_id": None, "api_key_id": str(key["id"]), "permissions": key["scopes"]}


# --- Keys


def test_a_revoked_key_takes_those_that_it_made_with_it(owner: Actor, act: Any, principal_of: Any) -> None:
    first = make_key(act, owner)
    second = make_key(act, as_key(owner, first))
    third = make_key(act, as_key(owner, second))
    other = make_key(act, owner)
    assert (third["created_by"], third["created_by_key"]) == (UUID(owner["user_id"]), second["id"])
    assert first["created_by_key"] is None

    act(api_keys.revoke, owner, api_key_id=first["id"])

    for key in (first, second, third):
        with pytest.raises(Unauthenticated):
            principal_of(key["key"])
    assert principal_of(other["key"])["api_key_id"] == other["id"]


@pytest.mark.parametrize("revokes", [False, True])
def test_a_changed_password_offers_to_revoke_the_users_keys(
    owner: Actor, act: Any, principal_of: Any, database: Database, passwords: Passwords, clock: Any, revokes: bool
) -> None:
    key = make_key(act, owner)
    me.change_password(
        database, passwords=passwords, actor=owner, now=clock.now, old_password=PASSWORD,
        new_password="cztery fioletowe kalosze", revoke_api_keys=revokes,
    )  # fmt: skip
    assert code_of(lambda: principal_of(key["key"])) == ("session.invalid" if revokes else "")


def test_a_reset_password_revokes_the_users_keys(
    owner: Actor, act: Any, principal_of: Any, database: Database, passwords: Passwords, clock: Any
) -> None:
    key = make_key(act, owner)
    with database.transaction() as session:
        url = links._new_link(
            session, "https://panel.example", UUID(owner["user_id"]), clock.now, purpose="password_reset",
            life=links.RESET_LIFE,
        )  # fmt: skip
    links.reset_password(
        database, passwords=passwords, actor={}, now=clock.now, token=url.rpartition("/")[2],
        password="cztery fioletowe kalosze",
    )  # fmt: skip
    with pytest.raises(Unauthenticated):
        principal_of(key["key"])


# --- The panel's list


def test_log_in_and_refresh_obey_the_panels_list_and_an_operator_resets_it(
    owner: Actor, act: Any, log_in: Any, database: Database, clock: Any
) -> None:
    tokens = log_in("kowal")
    act(ip_rules.set_rules, owner, panel=["192.0.2.0/24"], api=[])

    def refresh(address: str) -> Any:
        token = tokens["refresh_token"]
        return session_tokens.refresh(database, actor={"address": address}, now=clock.now, refresh_token=token)

    assert code_of(lambda: log_in("kowal", address="203.0.113.9")) == "address.not_allowed"
    assert code_of(lambda: log_in("kowal", "wrong password here", address="203.0.113.9")) == "session.wrong_credentials"
    assert code_of(lambda: refresh("203.0.113.9")) == "address.not_allowed"
    assert refresh("192.0.2.1")["access_token"], "the refused token was not used up"

    with pytest.raises(Forbidden):
        act(ip_rules.reset, owner, account_id=UUID(owner["account_id"]), reason="Mine")
    act(ip_rules.reset, OPERATOR, account_id=UUID(owner["account_id"]), reason="Locked out")
    assert log_in("kowal", address="203.0.113.9")["access_token"]


# --- Lanes


def lock(attempt: Callable[[str], Any], clock: Any, *, address: str = "203.0.113.{}") -> None:
    """Ten wrong guesses, each from another address."""
    guesses = 0
    while guesses < 10:
        try:
            attempt(address.format(guesses))
        except TooManyRequests as refused:
            clock.advance(seconds=refused.extra["retry_after"])
        except WiciError:
            guesses += 1


def test_a_stranger_does_not_lock_a_user_out_from_where_they_log_in(register: Any, log_in: Any, clock: Any) -> None:
    register("kowal")
    assert log_in("kowal", address="192.0.2.1")["access_token"]

    lock(lambda address: log_in("kowal", "wrong password here", address=address), clock)

    assert code_of(lambda: log_in("kowal", address="203.0.113.200")) == "session.too_many_attempts"
    assert log_in("kowal", address="192.0.2.99")["access_token"]
    lock(lambda _: log_in("kowal", "wrong password here", address="192.0.2.5"), clock)
    assert code_of(lambda: log_in("kowal", address="192.0.2.1")) == "session.too_many_attempts", (
        "a lane is no open door"
    )


@pytest.fixture
def operator(database: Database, vault: Any, passwords: Passwords, clock: Any) -> Callable[..., Any]:
    """`operator(password, code, address)` logs a new operator in, who has chosen PASSWORD; without: the right ones."""
    made = operators.add(
        database, passwords=passwords, vault=vault, now=clock.now, login="dyzurny1", email="ops@example.com"
    )
    assert made is not None
    first, secret = made

    def log_in(password: str = PASSWORD, code: str | None = None, *, address: str, new: str | None = None) -> Any:
        clock.advance(seconds=31)
        return operators.log_in(
            database, passwords=passwords, vault=vault, actor={"address": address}, now=clock.now, login="dyzurny1",
            password=password, totp=code or pyotp.TOTP(secret).at(clock.now), new_password=new,
        )  # fmt: skip

    log_in(first, address="192.0.2.1", new=PASSWORD)
    return log_in


def test_a_right_code_has_a_lane_of_its_own_wherever_it_comes_from(operator: Any, clock: Any) -> None:
    lock(lambda address: operator("wrong password here", "000000", address=address), clock)

    assert code_of(lambda: operator(PASSWORD, "000000", address="198.51.100.7")) == "session.too_many_attempts"
    assert operator(address="198.51.100.7")["access_token"]

    lock(lambda address: operator("wrong password here", address=address), clock)
    assert code_of(lambda: operator(address="198.51.100.8")) == "session.too_many_attempts", "a lane is no open door"


def test_an_operator_is_unlocked_by_the_command(operator: Any, database: Database, clock: Any) -> None:
    lock(lambda address: operator("wrong password here", address=address), clock)
    assert code_of(lambda: operator(address="198.51.100.7")) == "session.too_many_attempts"

    assert operators.unlock(database, now=clock.now, login="dyzurny1")
    assert not operators.unlock(database, now=clock.now, login="nobody1")

    assert operator(address="198.51.100.7")["access_token"]


# --- At once


def test_log_ins_at_once_with_the_right_password_are_no_failures(register: Any, log_in: Any) -> None:
    register("kowal")
    with ThreadPoolExecutor(16) as crowd:
        outcomes = list(crowd.map(lambda _: code_of(lambda: log_in("kowal")), range(8)))
    assert outcomes == [""] * 8


def test_log_ins_at_once_with_one_right_code_let_one_in_and_break_nothing(operator: Any, clock: Any) -> None:
    """The code is used up by the first; the others are told so."""
    clock.advance(seconds=31)
    frozen, clock.advance = clock.now, lambda **_: frozen
    with ThreadPoolExecutor(8) as crowd:
        outcomes = list(crowd.map(lambda _: code_of(lambda: operator(address="192.0.2.1")), range(8)))
    assert outcomes.count("") == 1
    assert set(outcomes) <= {"", "session.totp_wrong", "session.too_many_attempts"}


# --- Proofs


def test_what_opens_doors_for_good_asks_again_after_ten_minutes(
    owner: Actor, act: Any, database: Database, passwords: Passwords, vault: Any, clock: Any, register: Any
) -> None:
    user: dict[str, Any] = {
        "login": "bartek7", "email": "b@example.com", "name": "", "password": PASSWORD, "permissions": [], "roles": [],
    }  # fmt: skip

    def create_user(**changes: Any) -> Any:
        return users.create_user(database, passwords=passwords, actor=owner, now=clock.now, **{**user, **changes})

    made, doomed = create_user(), create_user(login="celina8", email="c@example.com")
    role, old_role = (act(roles.create, owner, name=name, permissions=[]) for name in ("R", "Q"))
    clock.advance(minutes=10)
    doors: list[Callable[[], Any]] = [
        lambda: make_key(act, owner),
        lambda: create_user(login="celina7"),
        lambda: act(users.set_rights, owner, user_id=made["id"], permissions=["contacts"], roles=[]),
        lambda: act(roles.create, owner, name="S", permissions=["contacts"]),
        lambda: act(roles.update, owner, role_id=role["id"], permissions=["contacts"]),
        lambda: act(ip_rules.set_rules, owner, panel=[], api=[]),
        lambda: act(second_factor.set_settings, owner, second_factor_required=False, trusted_device_days=0),
        lambda: act(second_factor.begin, owner, vault=vault),
        lambda: act(users.update_user, owner, user_id=made["id"], state="blocked"),
        lambda: act(users.delete_user, owner, user_id=doomed["id"]),
        lambda: act(roles.delete, owner, role_id=old_role["id"]),
    ]
    assert [code_of(door) for door in doors] == ["session.proof_required"] * len(doors)

    def prove(password: str | None, code: str | None = None) -> None:
        proofs.prove(
            database, actor=owner, now=clock.now, passwords=passwords, vault=vault, password=password, code=code
        )

    assert code_of(lambda: prove("wrong password here")) == "request.invalid"
    assert code_of(doors[0]) == "session.proof_required"
    prove(PASSWORD)
    assert [code_of(door) for door in doors] == [""] * len(doors)

    secret = act(second_factor.begin, owner, vault=vault)["secret"]
    clock.advance(minutes=11)
    # Who had the session for a moment may have kept a seed that nobody confirmed: it proves nothing.
    assert code_of(lambda: prove(None, pyotp.TOTP(secret).at(clock.now))) == "request.invalid"
    prove(PASSWORD)
    act(second_factor.confirm, owner, vault=vault, code=pyotp.TOTP(secret).at(clock.now))
    clock.advance(minutes=11)
    assert code_of(lambda: prove(None, "000000")) == "request.invalid"
    prove(None, pyotp.TOTP(secret).at(clock.now))
    assert make_key(act, owner)["id"]


def test_each_such_act_is_mailed_to_its_user(
    owner: Actor, act: Any, database: Database, vault: Any, clock: Any, mails: Any, passwords: Passwords
) -> None:
    make_key(act, owner, name="Sklep")
    act(ip_rules.set_rules, owner, panel=[], api=[])
    secret = act(second_factor.begin, owner, vault=vault)["secret"]
    act(second_factor.confirm, owner, vault=vault, code=pyotp.TOTP(secret).at(clock.now))
    clock.advance(seconds=31)
    code = pyotp.TOTP(secret).at(clock.now)
    second_factor.disable(database, actor=owner, now=clock.now, vault=vault, code=code)
    other = users.create_user(
        database, passwords=passwords, actor=owner, now=clock.now, login="bartek7", email="b@example.com", name="",
        password=PASSWORD, permissions=[], roles=[],
    )  # fmt: skip
    with database.transaction() as session:
        session.execute(sql("UPDATE users SET email_confirmed_at = now()"))
    act(users.set_rights, owner, user_id=other["id"], permissions=["contacts"], roles=[])

    for state in ("blocked", "blocked", "active"):
        act(users.update_user, owner, user_id=other["id"], state=state)
    role = act(roles.create, owner, name="Sklep", permissions=["contacts"])["id"]
    act(users.set_rights, owner, user_id=other["id"], permissions=[], roles=[role])
    act(roles.update, owner, role_id=role, permissions=["sms.send"])
    act(roles.delete, owner, role_id=role)
    act(users.delete_user, owner, user_id=other["id"])
    key = act(api_keys.list_api_keys, owner, limit=1, cursor=None)["items"][0]["id"]
    act(api_keys.revoke, owner, api_key_id=key)
    me.change_password(
        database, passwords=passwords, actor=owner, now=clock.now, old_password=PASSWORD, new_password="dwa bzy rosną"
    )
    closing.request(database, passwords=passwords, actor=owner, now=clock.now, password="dwa bzy rosną")

    told = [(mail["fields"].get("act") or mail["template"], mail["to"]) for mail in mails()]
    own, others = "kowal@example.com", "b@example.com"
    rights = [("rights_changed", others), ("Zmieniono uprawnienia użytkownika bartek7", own)]
    assert told == [
        ("api_key_created", own), ("ip_rules_changed", own), ("second_factor_on", own), ("second_factor_off", own),
        ("Dodano użytkownika bartek7", own),
        *rights,
        ("Zablokowano użytkownika bartek7", others), ("Zablokowano użytkownika bartek7", own),
        ("Odblokowano użytkownika bartek7", others), ("Odblokowano użytkownika bartek7", own),
        *rights,
        ("rights_changed", others), ("Zmieniono uprawnienia roli, którą ktoś ma", own),
        ("rights_changed", others), ("Usunięto rolę, którą ktoś miał", own),
        ("Usunięto użytkownika bartek7", others), ("Usunięto użytkownika bartek7", own),
        ("Unieważniono klucz API użytkownika kowal", own),
        ("Zmieniono hasło użytkownika kowal", own),
        ("Poproszono o zamknięcie konta", own),
    ]  # fmt: skip


def test_a_key_revokes_itself_and_those_that_it_made_and_a_session_any_without_a_proof(
    owner: Actor, act: Any, clock: Any
) -> None:
    def made_by(actor: Actor) -> Actor:
        key = make_key(act, actor, scopes=["account.keys"])
        asks = {name: value for name, value in owner.items() if name != "session_id"}
        return {**asks, "api_key_id": str(key["id"]), "permissions": ["account.keys"]}

    thief, other = made_by(owner), made_by(owner)
    child = made_by(thief)
    grandchild = made_by(child)

    def revokes(actor: Actor, key: Actor) -> str:
        return code_of(lambda: act(api_keys.revoke, actor, api_key_id=UUID(key["api_key_id"])))

    assert revokes(thief, other) == "api_key.not_made_by_it"
    assert revokes(child, thief) == "api_key.not_made_by_it"
    assert revokes(thief, grandchild) == ""
    assert revokes(child, child) == ""
    clock.advance(hours=2)
    assert revokes(owner, thief) == "", "an old session stops a thief at once"
    assert revokes(owner, thief) == "api_key.not_found"


def test_no_attempt_stays_under_way(register: Any, log_in: Any, database: Database) -> None:
    register("kowal")
    for password in (PASSWORD, "wrong password here", PASSWORD):
        code_of(lambda password=password: log_in("kowal", password))
    with database.transaction() as session:
        assert session.scalar(sql("SELECT coalesce(sum(under_way), 0) FROM login_throttles")) == 0
