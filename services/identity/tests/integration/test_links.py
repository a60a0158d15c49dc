"""Links by mail (A3, A4, A5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text as sql

from chassis.database import Database
from contracts import events
from contracts.errors import Invalid, NotFound, TooManyRequests, Unauthenticated
from identity.hashing import Passwords
from identity.usecases import links, me

Actor = dict[str, Any]
PASSWORD = "trzy zielone parasole"
PANEL = "https://panel.example"


def request_reset(database: Database, clock: Any, email: str, account_name: str = "kowal") -> None:
    asked: Any = {"address": "192.0.2.5", "request_id": "r1"}
    with database.transaction() as session:
        links.request_password_reset(session, actor=asked, now=clock.now, email=email, account_name=account_name)
        wishes = session.scalars(sql("SELECT body FROM outbox WHERE routing_key = 'password_reset_requested'")).all()
    for _ in range(2):  # as the broker may: each event more than once
        for wish in wishes:
            loaded = events.PasswordResetRequested().loads(bytes(wish))
            with database.transaction() as session:
                links.send_password_reset(session, panel_url=PANEL, now=clock.now, asked=loaded)


def test_a_reset_link_opens_the_account_once(
    owner: Actor, database: Database, passwords: Passwords, clock: Any, mails: Any, log_in: Any
) -> None:
    request_reset(database, clock, "KOWAL@example.com")
    [mail] = mails()
    token = mail["fields"]["url"].rpartition("/")[2]
    assert (mail["to"], mail["template"], mail["fields"]["hours_valid"]) == ("kowal@example.com", "password_reset", 1)

    with pytest.raises(Invalid):
        links.reset_password(
            database, passwords=passwords, actor={}, now=clock.now, token=token, password="password1234"
        )
    links.reset_password(
        database, passwords=passwords, actor={}, now=clock.now, token=token, password="cztery fioletowe kalosze"
    )

    assert log_in("kowal", "cztery fioletowe kalosze")["access_token"]
    with pytest.raises(NotFound):
        links.reset_password(
            database, passwords=passwords, actor={}, now=clock.now, token=token, password="pięć żółtych rowerów"
        )
    with database.transaction() as session:
        assert session.scalar(sql("SELECT count(*) FROM sessions")) == 1


@pytest.mark.parametrize("written", ["jan@żółw.example", "jan@xn--w-uga1v8h.example", "JAN@ŻÓŁW.example"])
def test_an_address_is_known_however_its_domain_is_written(
    register: Any, database: Database, clock: Any, mails: Any, written: str
) -> None:
    register("murarz", email="jan@żółw.example")

    request_reset(database, clock, written, "murarz")

    assert [mail["to"] for mail in mails()] == ["jan@xn--w-uga1v8h.example"]


def test_a_new_password_by_mail_lifts_the_lock_of_the_login(
    owner: Actor, database: Database, passwords: Passwords, clock: Any, mails: Any, log_in: Any
) -> None:
    for number in range(9):
        with pytest.raises((Unauthenticated, TooManyRequests)):
            log_in("kowal", "wrong password here", address=f"198.51.100.{number}")
    with pytest.raises(TooManyRequests):
        log_in("kowal", address="203.0.113.1")
    request_reset(database, clock, "kowal@example.com")
    token = mails()[0]["fields"]["url"].rpartition("/")[2]

    links.reset_password(
        database, passwords=passwords, actor={}, now=clock.now, token=token, password="cztery fioletowe kalosze"
    )

    assert log_in("kowal", "cztery fioletowe kalosze", address="203.0.113.1")["access_token"]


def token_of(mail: dict[str, Any]) -> str:
    return str(mail["fields"]["url"].rpartition("/")[2])


def reset(database: Database, passwords: Passwords, clock: Any, token: str) -> None:
    new = {"token": token, "password": "cztery fioletowe kalosze"}
    links.reset_password(database, passwords=passwords, actor={}, now=clock.now, **new)


def test_a_reset_link_is_valid_for_one_hour(
    owner: Actor, database: Database, passwords: Passwords, clock: Any, mails: Any
) -> None:
    request_reset(database, clock, "kowal@example.com")
    [mail] = mails()
    clock.advance(hours=1)
    with pytest.raises(NotFound):
        reset(database, passwords, clock, token_of(mail))


def test_whoever_asks_once_more_ends_no_link_until_one_is_used(
    owner: Actor, database: Database, passwords: Passwords, clock: Any, mails: Any
) -> None:
    request_reset(database, clock, "kowal@example.com")
    clock.advance(minutes=21)
    request_reset(database, clock, "kowal@example.com")
    first, second = mails()

    reset(database, passwords, clock, token_of(first))

    with pytest.raises(NotFound):
        reset(database, passwords, clock, token_of(second))


def test_a_stranger_who_asks_a_thousand_times_takes_no_link_from_the_owner(
    owner: Actor, database: Database, passwords: Passwords, clock: Any, mails: Any
) -> None:
    """From as many addresses, for two hours; the owner asks in between and gets no other answer than the stranger."""

    def ask(address: str) -> None:
        with database.transaction() as session:
            asked: Any = {"address": address, "request_id": "r"}
            links.request_password_reset(
                session, actor=asked, now=clock.now, email="kowal@example.com", account_name="kowal"
            )
        with database.transaction() as session:
            take = "DELETE FROM outbox WHERE routing_key = 'password_reset_requested' RETURNING body"
            for wish in session.scalars(sql(take).execution_options()).all():
                loaded = events.PasswordResetRequested().loads(bytes(wish))
                links.send_password_reset(session, panel_url=PANEL, now=clock.now, asked=loaded)

    for number in range(1000):
        ask(f"198.51.{number // 250}.{number % 250}")
        clock.advance(seconds=7)
    ask("203.0.113.5")

    assert len(mails()) == 6, "one in twenty minutes"
    reset(database, passwords, clock, token_of(mails()[-1]))


def test_who_does_not_match_gets_the_same_answer_and_no_mail(
    owner: Actor, database: Database, clock: Any, mails: Any
) -> None:
    request_reset(database, clock, "kowal@example.com", "murarz")
    request_reset(database, clock, "nobody@example.com")

    assert mails() == []


def test_who_asks_from_one_address_is_slowed_whomever_they_ask_for(
    owner: Actor, database: Database, clock: Any, mails: Any
) -> None:
    with pytest.raises(TooManyRequests):
        for _ in range(60):
            request_reset(database, clock, "kowal@example.com")

    assert len(mails()) == 1


def test_an_address_that_nobody_confirmed_gets_few_mails_of_all_accounts_and_nothing_typed(
    register: Any, database: Database, clock: Any, mails: Any
) -> None:
    """However it is spelled: by registrations, and by resets that are asked for there."""
    spellings = ("Ofiara@gmail.com", "o.fiara@gmail.com", "ofiara+1@googlemail.com", "of.iara+x@GMAIL.com")
    for number in range(8):
        name = f"evil-example-{number}"
        register(name, email=spellings[number % 4], confirmed=False, panel_url=PANEL)
    with database.transaction() as session:
        query = sql("SELECT body FROM outbox WHERE routing_key = 'account_registered' ORDER BY position")
        links_sent = [events.AccountRegistered().loads(bytes(body))["url"] for body in session.scalars(query)]
    assert [url is not None for url in links_sent] == [True] * 5 + [False] * 3

    request_reset(database, clock, "Ofiara@gmail.com", "evil-example-0")
    assert mails() == []
    clock.advance(days=1, seconds=1)
    request_reset(database, clock, "Ofiara@gmail.com", "evil-example-0")
    [mail] = mails()
    assert mail["fields"].keys() == {"url", "hours_valid"}


def test_no_notice_goes_to_an_address_that_nobody_confirmed(register: Any, log_in: Any, mails: Any) -> None:
    register(confirmed=False)
    for number in range(3):
        log_in("kowal", device="Pay at evil.example", address=f"198.51.{number}.1")

    assert mails() == []


def test_nobody_is_flooded_with_links_to_confirm(
    owner: Actor, database: Database, passwords: Passwords, clock: Any, mails: Any, register: Any, log_in: Any
) -> None:
    other = register("murarz")
    other = {**other, "session_id": str(log_in("murarz")["session_id"])}

    def ask(actor: Actor, email: str) -> None:
        links.request_email_change(
            database, passwords=passwords, panel_url=PANEL, actor=actor, now=clock.now, email=email, password=PASSWORD
        )

    with pytest.raises(TooManyRequests):  # nor many strangers by one user
        for number in range(20):
            ask(owner, f"stranger{number}@example.com")
    with pytest.raises(TooManyRequests):
        for _ in range(20):
            ask(other, "stranger@example.com")
    for spelled in ("Stranger@example.com", "stranger+7@EXAMPLE.com"):
        with pytest.raises(TooManyRequests):  # nor one by many users, however it is spelled
            ask({**owner, "user_id": other["user_id"]}, spelled)
    assert len(mails()) <= 10


def test_a_new_address_is_confirmed_from_there_and_told_to_the_old(
    owner: Actor, database: Database, passwords: Passwords, clock: Any, mails: Any, act: Callable[..., Any]
) -> None:
    with pytest.raises(Invalid):
        links.request_email_change(
            database,
            passwords=passwords,
            panel_url=PANEL,
            actor=owner,
            now=clock.now,
            email="nowy@Example.org",
            password="wrong",
        )
    links.request_email_change(
        database,
        passwords=passwords,
        panel_url=PANEL,
        actor=owner,
        now=clock.now,
        email="nowy@Example.org",
        password=PASSWORD,
    )
    request_reset(database, clock, "kowal@example.com")
    token = mails()[0]["fields"]["url"].rpartition("/")[2]

    act(links.confirm_email_change, {}, token=token)

    with database.transaction() as session:
        assert me.get_me(session, now=clock.now, actor=owner)["email"] == "nowy@example.org"
        assert session.scalar(sql("SELECT count(*) FROM one_time_links")) == 0
    assert [(mail["template"], mail["to"]) for mail in mails()] == [
        ("email_change", "nowy@example.org"),
        ("password_reset", "kowal@example.com"),
        ("email_changed", "kowal@example.com"),
    ]
    with pytest.raises(NotFound):
        act(links.confirm_email_change, {}, token=token)


def test_a_log_in_from_elsewhere_is_told_by_mail(
    register: Callable[..., Actor],
    log_in: Callable[..., Any],
    mails: Callable[[], list[dict[str, Any]]],
) -> None:
    register()

    log_in("kowal", device="Firefox", address="192.0.2.1")
    log_in("kowal", device="Firefox", address="192.0.2.77")
    assert mails() == []
    log_in("kowal", device="Firefox", address="203.0.113.1")
    log_in("kowal", device="Telefon", address="192.0.2.1")
    log_in("kowal", device="Telefon", address="192.0.2.1")

    assert [(mail["template"], mail["fields"]["device"], mail["fields"]["address"]) for mail in mails()] == [
        ("new_device", "Firefox", "203.0.113.1"),
        ("new_device", "Telefon", "192.0.2.1"),
    ]
