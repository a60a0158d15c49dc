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


def test_a_reset_link_is_valid_for_one_hour_and_only_the_last_one(
    owner: Actor, database: Database, passwords: Passwords, clock: Any, mails: Any
) -> None:
    request_reset(database, clock, "kowal@example.com")
    request_reset(database, clock, "kowal@example.com")
    first, second = (mail["fields"]["url"].rpartition("/")[2] for mail in mails())

    with pytest.raises(NotFound):
        links.reset_password(
            database, passwords=passwords, actor={}, now=clock.now, token=first, password="cztery fioletowe kalosze"
        )
    clock.advance(hours=1)
    with pytest.raises(NotFound):
        links.reset_password(
            database, passwords=passwords, actor={}, now=clock.now, token=second, password="cztery fioletowe kalosze"
        )


def test_who_does_not_match_gets_the_same_answer_and_no_mail(
    owner: Actor, database: Database, clock: Any, mails: Any
) -> None:
    request_reset(database, clock, "kowal@example.com", "murarz")
    request_reset(database, clock, "nobody@example.com")

    assert mails() == []


def test_one_address_is_not_flooded_with_links(owner: Actor, database: Database, clock: Any, mails: Any) -> None:
    with pytest.raises(TooManyRequests):
        for _ in range(20):
            request_reset(database, clock, "kowal@example.com")

    assert len(mails()) == 5


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
    with pytest.raises(TooManyRequests):  # nor one by many users
        ask({**owner, "user_id": other["user_id"]}, "Stranger@example.com")
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
    database: Database,
) -> None:
    """What is called a device is not said to an address that nobody has confirmed: it may be a stranger's."""
    register()
    log_in("kowal", device="Pay at evil.example", address="198.51.100.1")
    log_in("kowal", device="Pay at evil.example", address="203.0.113.9")
    assert [mail["template"] for mail in mails() if "device" not in mail["fields"]] == ["new_device"]
    with database.transaction() as session:
        session.execute(sql("UPDATE users SET email_confirmed_at = now()"))
        session.execute(sql("DELETE FROM outbox"))
        session.execute(sql("DELETE FROM known_devices"))

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
