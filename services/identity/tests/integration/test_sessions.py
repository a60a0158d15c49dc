from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event, select
from sqlalchemy import text as sql

from chassis.database import Database
from contracts.errors import Forbidden, Invalid, NotFound, TooManyRequests, Unauthenticated, WiciError
from identity.domain.plans import QUOTAS
from identity.hashing import Passwords
from identity.models import AuditEntry, SessionToken
from identity.usecases import me, session_tokens, sessions

Actor = dict[str, Any]


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@pytest.fixture
def refresh(database: Database, clock: Any) -> Callable[[str], dict[str, Any]]:
    return lambda token: session_tokens.refresh(
        database, actor={"address": "192.0.2.1"}, now=clock.now, refresh_token=token
    )


def outcome(attempt: Callable[[], Any]) -> str:
    try:
        attempt()
    except WiciError as error:
        return error.code
    return "in"


# --- Log-in


def test_a_session_opens_and_its_token_is_known_by_hash_alone(
    database: Database, register: Callable[..., Actor], log_in: Callable[..., Any], principal_of: Callable[..., Any]
) -> None:
    actor = register()
    tokens = log_in("kowal", device="Firefox")

    principal = principal_of(tokens["access_token"])

    assert str(principal["account_id"]) == actor["account_id"]
    assert principal["kind"] == "session"
    assert principal["permissions"] == actor["permissions"]
    with database.transaction() as session:
        kept = set(session.scalars(select(SessionToken.token_hash)))
    assert kept == {hashlib.sha256(tokens[key].encode()).digest() for key in ("access_token", "refresh_token")}


def test_an_access_token_ends_after_fifteen_minutes(
    register: Callable[..., Actor], log_in: Callable[..., Any], principal_of: Callable[..., Any], clock: Any
) -> None:
    register()
    tokens = log_in("kowal")

    clock.advance(minutes=15)

    with pytest.raises(Unauthenticated):
        principal_of(tokens["access_token"])


def test_a_refresh_token_is_no_access_token(
    register: Callable[..., Actor], log_in: Callable[..., Any], principal_of: Callable[..., Any]
) -> None:
    register()

    with pytest.raises(Unauthenticated):
        principal_of(log_in("kowal")["refresh_token"])


def test_a_stranger_cannot_tell_whether_a_login_exists(
    register: Callable[..., Actor], log_in: Callable[..., Any], clock: Any
) -> None:
    register("kowal")

    def answers(login: str, address: str) -> list[str]:
        return [outcome(lambda: log_in(login, "wrong password here", address=address)) for _ in range(12)]

    assert answers("kowal", "192.0.2.10") == answers("nobody", "192.0.2.20")


def test_failures_slow_down_then_lock_and_the_right_password_does_not_help(
    register: Callable[..., Actor], log_in: Callable[..., Any], clock: Any
) -> None:
    register()
    tried = 0
    while tried < 10:
        try:
            log_in("kowal", "wrong password here")
        except Unauthenticated:
            tried += 1
        except TooManyRequests as refused:
            clock.advance(seconds=refused.extra["retry_after"])

    with pytest.raises(TooManyRequests) as locked:
        log_in("kowal")
    assert 890 < locked.value.extra["retry_after"] <= 900
    clock.advance(minutes=15)
    assert log_in("kowal")["access_token"]


def test_a_crowd_of_attempts_at_once_gets_no_more_guesses_than_one_by_one(
    register: Callable[..., Actor], log_in: Callable[..., Any]
) -> None:
    register()

    with ThreadPoolExecutor(64) as crowd:
        outcomes = list(
            crowd.map(
                lambda number: outcome(lambda: log_in("kowal", "wrong password here", address=f"192.0.2.{number}")),
                range(128),
            )
        )

    assert outcomes.count("session.wrong_credentials") == 5
    assert set(outcomes) <= {"session.wrong_credentials", "session.too_many_attempts", "session.busy"}


def test_many_logins_from_one_address_lock_the_address(log_in: Callable[..., Any], clock: Any) -> None:
    outcomes = [outcome(lambda n=n: log_in(f"login{n}", "wrong password here")) for n in range(60)]

    assert outcomes.count("session.wrong_credentials") == 41
    assert outcome(lambda: log_in("another", address="192.0.2.2")) == "session.wrong_credentials"


def test_success_costs_an_address_nothing(register: Callable[..., Actor], log_in: Callable[..., Any]) -> None:
    register()

    assert [outcome(lambda: log_in("kowal")) for _ in range(80)] == ["in"] * 80


# --- Refresh


def test_a_refresh_rotates_both_tokens(
    register: Callable[..., Actor],
    log_in: Callable[..., Any],
    refresh: Callable[..., Any],
    principal_of: Callable[..., Any],
) -> None:
    register()
    first = log_in("kowal")

    second = refresh(first["refresh_token"])

    assert second["session_id"] == first["session_id"]
    assert principal_of(second["access_token"])["session_id"] == first["session_id"]
    assert refresh(second["refresh_token"])["access_token"]


def test_a_session_ends_thirty_days_after_the_log_in_however_much_it_is_used(
    register: Callable[..., Any], log_in: Callable[..., Any], database: Database, clock: Any, act: Any
) -> None:
    actor = register()
    opened = log_in("kowal")
    began = clock.now

    def refresh(life: timedelta = timedelta(days=30)) -> None:
        asked: Any = {"refresh_token": opened["refresh_token"], "life": life}
        opened.update(session_tokens.refresh(database, actor={}, now=clock.now, **asked))

    for _ in range(5):
        clock.advance(days=5)
        refresh()
    asks = {**actor, "session_id": str(opened["session_id"])}
    [shown] = act(sessions.list_sessions, asks, limit=10, cursor=None)["items"]
    assert shown["expires_at"] == shown["ends_at"] == began + timedelta(days=30)
    with pytest.raises(Unauthenticated):
        refresh(life=timedelta(days=25))
    clock.advance(days=4, hours=23, minutes=50)
    refresh()
    assert opened["expires_in"] == 600, "the access token ends with it"
    clock.advance(minutes=10)
    with pytest.raises(Unauthenticated):
        refresh()


def test_a_refresh_token_that_comes_again_ends_the_session(
    database: Database,
    register: Callable[..., Actor],
    log_in: Callable[..., Any],
    refresh: Callable[..., Any],
    principal_of: Callable[..., Any],
    clock: Any,
) -> None:
    register()
    first = log_in("kowal")
    second = refresh(first["refresh_token"])
    clock.advance(seconds=11)

    with pytest.raises(Unauthenticated) as refused:
        refresh(first["refresh_token"])

    assert refused.value.code == "session.refresh_reused"
    for token in (first["access_token"], second["access_token"]):
        with pytest.raises(Unauthenticated):
            principal_of(token)
    with pytest.raises(Unauthenticated):
        refresh(second["refresh_token"])
    with database.transaction() as session:
        assert session.scalar(sql("SELECT count(*) FROM outbox WHERE routing_key = 'access_changed'")) == 1
        assert "session.refresh_reused" in session.scalars(select(AuditEntry.action)).all()


def test_tabs_that_refresh_at_once_get_the_same_tokens_and_keep_the_session(
    register: Callable[..., Actor],
    log_in: Callable[..., Any],
    refresh: Callable[..., Any],
    principal_of: Callable[..., Any],
) -> None:
    register()
    token = log_in("kowal")["refresh_token"]

    with ThreadPoolExecutor(8) as tabs:
        answers = list(tabs.map(lambda _: refresh(token), range(8)))

    assert all(answer == answers[0] for answer in answers)
    assert principal_of(answers[0]["access_token"])["kind"] == "session"
    assert refresh(answers[0]["refresh_token"])["access_token"] != answers[0]["access_token"]


def test_an_answer_that_was_lost_is_given_again_with_what_is_left_of_its_time(
    register: Callable[..., Actor], log_in: Callable[..., Any], refresh: Callable[..., Any], clock: Any
) -> None:
    register()
    first = log_in("kowal")
    second = refresh(first["refresh_token"])

    clock.advance(seconds=10)

    assert refresh(first["refresh_token"]) == {**second, "expires_in": 890}


def test_a_kept_answer_opens_no_door_that_was_closed_meanwhile(
    database: Database, register: Callable[..., Actor], log_in: Callable[..., Any], refresh: Callable[..., Any]
) -> None:
    register()
    first = log_in("kowal")
    refresh(first["refresh_token"])
    with database.transaction() as session:
        session.execute(sql("UPDATE users SET state = 'blocked'"))

    assert outcome(lambda: refresh(first["refresh_token"])) == "session.invalid"


def test_a_kept_answer_is_sealed_by_its_token_and_goes_with_the_next_refresh(
    database: Database,
    register: Callable[..., Actor],
    log_in: Callable[..., Any],
    refresh: Callable[..., Any],
    clock: Any,
) -> None:
    register()
    first = log_in("kowal")

    def kept() -> list[bytes]:
        with database.transaction() as session:
            answers = session.scalars(select(SessionToken.answer).where(SessionToken.answer.is_not(None)))
            return [bytes(answer) for answer in answers]

    second = refresh(first["refresh_token"])
    [sealed] = kept()
    assert second["refresh_token"].encode() not in sealed

    clock.advance(seconds=11)
    refresh(second["refresh_token"])
    assert sealed not in kept() and len(kept()) == 1


# --- List, end, passwords


def test_sessions_are_listed_and_ended_by_their_holder_alone(
    database: Database,
    register: Callable[..., Actor],
    log_in: Callable[..., Any],
    principal_of: Callable[..., Any],
    clock: Any,
) -> None:
    mine, other = register("kowal"), register("murarz")
    first, second = log_in("kowal", device="Firefox"), log_in("kowal", device="Telefon")
    stranger = {**other, "session_id": str(log_in("murarz")["session_id"])}
    actor = {**mine, "session_id": str(second["session_id"])}

    with database.transaction() as session:
        listed = sessions.list_sessions(session, actor=actor, now=clock.now, limit=100, cursor=None)
    assert [(item["device"], item["current"]) for item in listed["items"]] == [("Firefox", False), ("Telefon", True)]

    with pytest.raises(NotFound), database.transaction() as session:
        sessions.end(session, actor=stranger, now=clock.now, session_id=str(first["session_id"]))
    with database.transaction() as session:
        sessions.end(session, actor=actor, now=clock.now, session_id=str(first["session_id"]))
        sessions.end(session, actor=actor, now=clock.now, session_id="current")
    for token in (first["access_token"], second["access_token"]):
        with pytest.raises(Unauthenticated):
            principal_of(token)


def test_a_list_of_sessions_goes_on_at_its_cursor(
    database: Database, owner: Actor, log_in: Callable[..., Any], clock: Any
) -> None:
    for _ in range(4):
        log_in("kowal")
    seen, cursor = [], None
    while True:
        with database.transaction() as session:
            page = sessions.list_sessions(session, actor=owner, now=clock.now, limit=2, cursor=cursor)
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert len(seen) == len(set(seen)) == 5
    with pytest.raises(Invalid), database.transaction() as session:
        sessions.list_sessions(session, actor=owner, now=clock.now, limit=2, cursor="no such thing")


def test_a_new_password_ends_every_other_session(
    database: Database,
    passwords: Passwords,
    owner: Actor,
    log_in: Callable[..., Any],
    principal_of: Callable[..., Any],
    clock: Any,
) -> None:
    other = log_in("kowal")

    with pytest.raises(Invalid):
        me.change_password(
            database,
            passwords=passwords,
            actor=owner,
            now=clock.now,
            old_password="wrong",
            new_password="cztery fioletowe kalosze",
        )
    me.change_password(
        database,
        passwords=passwords,
        actor=owner,
        now=clock.now,
        old_password="trzy zielone parasole",
        new_password="cztery fioletowe kalosze",
    )

    with pytest.raises(Unauthenticated):
        principal_of(other["access_token"])
    assert outcome(lambda: log_in("kowal")) == "session.wrong_credentials"
    assert log_in("kowal", "cztery fioletowe kalosze")
    with database.transaction() as session:
        assert len(sessions.list_sessions(session, actor=owner, now=clock.now, limit=10, cursor=None)["items"]) == 2


def test_a_new_password_that_will_not_do_is_no_wrong_guess(
    database: Database, passwords: Passwords, owner: Actor, clock: Any
) -> None:
    for _ in range(12):
        with pytest.raises(Invalid) as refused:
            me.change_password(
                database,
                passwords=passwords,
                actor=owner,
                now=clock.now,
                old_password="trzy zielone parasole",
                new_password="short",
            )
        assert refused.value.errors[0]["field"] == "new_password"


def test_a_key_neither_lists_nor_ends_sessions(database: Database, owner: Actor, clock: Any) -> None:
    key = {**owner, "session_id": None, "api_key_id": str(uuid4())}

    with pytest.raises(Forbidden), database.transaction() as session:
        sessions.end(session, actor=key, now=clock.now, session_id="current")


def test_password_that_changes_while_the_old_one_is_verified_lets_nobody_in(
    database: Database, passwords: Passwords, vault: Any, clock: Any, owner: Actor, log_in: Callable[..., Actor]
) -> None:
    class Slow(Passwords):
        def verify(self, stored: str | None, password: str, turn: Any = None, *, is_queued: bool = False) -> bool:
            right = super().verify(stored, password, turn, is_queued=is_queued)
            me.change_password(
                database,
                passwords=passwords,
                actor=owner,
                now=clock.now,
                old_password=password,
                new_password="a wholly new secret",
            )
            return right

    slow = Slow(memory_kib=64, rounds=1)

    def old_password() -> None:
        sessions.log_in(
            database, passwords=slow, vault=vault, actor={"address": "192.0.2.9"}, now=clock.now, login="kowal",
            password="trzy zielone parasole", totp=None, device=None, device_token=None, trust_device=False,
        )  # fmt: skip

    assert outcome(old_password) == outcome(lambda: log_in("kowal", "wrong password"))
    assert outcome(lambda: log_in("kowal", "a wholly new secret")) == "in"


# --- What a panel shows at once


def test_a_log_in_answers_what_a_panel_needs(owner: Actor, log_in: Callable[..., Any], act: Callable[..., Any]) -> None:
    opened = log_in("kowal")
    asks = {**owner, "session_id": str(opened["session_id"])}

    shown = act(me.get_me, asks)

    assert opened["me"] == shown
    assert {"users.manage", "contacts.import", "account.keys"} <= set(shown["allowed"])
    assert (shown["second_factor_required"], shown["second_factor_due"]) == (False, False)
    assert (shown["time_zone"], shown["default_region"], shown["account_state"]) == ("Europe/Warsaw", "PL", "active")
    assert (shown["plan"]["code"], shown["plan"]["features"]) == ("free", [])
    assert [(each["feature"], each["remaining"]) for each in shown["quota"]] == [(feature, 100) for feature in QUOTAS]


def test_a_key_is_told_what_it_may_do_and_not_what_its_maker_may(owner: Actor, act: Callable[..., Any]) -> None:
    key = {**owner, "session_id": None, "api_key_id": str(uuid4()), "permissions": ["sms.send"]}

    shown = act(me.get_me, key)

    assert shown["allowed"] == ["sms.send"]
    assert "contacts" in shown["permissions"]


def test_what_a_panel_shows_at_once_takes_three_questions(
    database: Database, owner: Actor, act: Callable[..., Any]
) -> None:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    act(me.get_me, owner)
    event.remove(database.engine, "before_cursor_execute", note)

    assert len(asked) == 3, "the user at home; its roles; what of the quota is used"
