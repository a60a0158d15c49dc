from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pyotp
import pytest
from sqlalchemy import text as sql

from chassis.database import Database
from contracts import events
from contracts.errors import Conflict, Forbidden, Invalid, NotFound, TooManyRequests, Unauthenticated
from identity.domain.tokens import token_hash
from identity.hashing import Passwords
from identity.usecases import closing, ip_rules, links, operators, roles, second_factor, sessions, users

Actor = dict[str, Any]
PASSWORD = "trzy zielone parasole"
PANEL = "https://panel.example"


@pytest.fixture
def do(database: Database, clock: Any) -> Callable[..., Any]:
    def run(use_case: Callable[..., Any], actor: Actor, **request: Any) -> Any:
        with database.transaction() as session:
            return use_case(session, actor, clock.now, **request)

    return run


@pytest.fixture
def sealed(database: Database, vault: Any, clock: Any) -> Callable[..., Any]:
    def run(use_case: Callable[..., Any], actor: Actor, **request: Any) -> Any:
        with database.transaction() as session:
            return use_case(session, vault, actor, clock.now, **request)

    return run


@pytest.fixture
def enrolled(owner: Actor, sealed: Callable[..., Any], clock: Any) -> tuple[pyotp.TOTP, list[str]]:
    """The owner with the second factor on: the app, and the recovery codes."""
    app = pyotp.TOTP(sealed(second_factor.begin, owner)["secret"])
    codes = sealed(second_factor.confirm, owner, code=app.at(clock.now))["recovery_codes"]
    clock.advance(seconds=90)
    return app, codes


@pytest.fixture
def mails(database: Database) -> Callable[[], list[dict[str, Any]]]:
    """The mails asked for so far."""

    def asked() -> list[dict[str, Any]]:
        with database.transaction() as session:
            rows = session.scalars(
                sql("SELECT body FROM outbox WHERE routing_key = 'system_mail_requested' ORDER BY position")
            )
            return [json.loads(bytes(row)) for row in rows]

    return asked


def refusal(act: Callable[[], Any]) -> str:
    with pytest.raises(Unauthenticated) as refused:
        act()
    return refused.value.code


# --- The second factor (A12)


def test_enrolment_shows_the_seed_as_a_picture_and_is_in_force_once_confirmed(
    owner: Actor, sealed: Callable[..., Any], log_in: Callable[..., Any], clock: Any
) -> None:
    shown = sealed(second_factor.begin, owner)

    assert shown["qr_svg"].startswith("<svg")
    assert shown["uri"].startswith("otpauth://totp/Wici:kowal?secret=")
    assert log_in("kowal")["access_token"]
    with pytest.raises(Invalid):
        sealed(second_factor.confirm, owner, code="000000")
    codes = sealed(second_factor.confirm, owner, code=pyotp.TOTP(shown["secret"]).at(clock.now))["recovery_codes"]
    assert len(set(codes)) == 10
    assert refusal(lambda: log_in("kowal")) == "session.totp_required"


def test_a_log_in_takes_each_code_once(
    enrolled: tuple[pyotp.TOTP, list[str]], log_in: Callable[..., Any], clock: Any
) -> None:
    app, _ = enrolled
    code = app.at(clock.now)

    assert refusal(lambda: log_in("kowal", totp="000000")) == "session.totp_wrong"
    assert log_in("kowal", totp=code)["access_token"]
    assert refusal(lambda: log_in("kowal", totp=code)) == "session.totp_wrong"


def test_a_recovery_code_opens_one_log_in_however_it_is_written(
    enrolled: tuple[pyotp.TOTP, list[str]], log_in: Callable[..., Any]
) -> None:
    _, codes = enrolled

    assert log_in("kowal", totp=codes[0].upper().replace("-", " "))["access_token"]
    assert refusal(lambda: log_in("kowal", totp=codes[0])) == "session.totp_wrong"
    assert log_in("kowal", totp=codes[1])["access_token"]


def test_codes_are_guessed_no_more_often_than_passwords(
    enrolled: tuple[pyotp.TOTP, list[str]], log_in: Callable[..., Any], clock: Any
) -> None:
    guesses = 0
    with pytest.raises(TooManyRequests) as locked:
        while True:
            try:
                log_in("kowal", totp=f"{guesses:06d}")
            except Unauthenticated:
                guesses += 1
                # Asking without a code in between must not give the guesses back.
                try:
                    log_in("kowal")
                except (TooManyRequests, Unauthenticated):
                    pass
            except TooManyRequests as slowed:
                if slowed.extra["retry_after"] > 60:
                    raise
                clock.advance(seconds=slowed.extra["retry_after"])
            assert guesses < 20
    assert guesses == 10
    assert locked.value.extra["retry_after"] > 60


def test_a_trusted_device_is_asked_for_no_code_until_its_days_are_over(
    owner: Actor,
    enrolled: tuple[pyotp.TOTP, list[str]],
    log_in: Callable[..., Any],
    do: Callable[..., Any],
    clock: Any,
) -> None:
    app, _ = enrolled
    device = log_in("kowal", totp=app.at(clock.now), trust_device=True)["device_token"]
    assert device

    clock.advance(days=29)
    assert log_in("kowal", device_token=device)["access_token"]
    do(second_factor.set_settings, owner, second_factor_required=False, trusted_device_days=7)
    assert refusal(lambda: log_in("kowal", device_token=device)) == "session.totp_required"
    do(second_factor.set_settings, owner, second_factor_required=False, trusted_device_days=0)
    assert log_in("kowal", totp=app.at(clock.now), trust_device=True)["device_token"] is None


def test_a_trusted_device_does_not_prolong_its_own_trust(
    enrolled: tuple[pyotp.TOTP, list[str]], log_in: Callable[..., Any], clock: Any
) -> None:
    app, _ = enrolled
    device = log_in("kowal", totp=app.at(clock.now), trust_device=True)["device_token"]

    clock.advance(days=29)
    assert log_in("kowal", device_token=device, trust_device=True)["device_token"] is None
    clock.advance(days=2)
    assert refusal(lambda: log_in("kowal", device_token=device)) == "session.totp_required"


def test_anothers_trusted_device_is_worth_nothing_here(
    enrolled: tuple[pyotp.TOTP, list[str]], register: Any, log_in: Callable[..., Any], sealed: Any, clock: Any
) -> None:
    other = register("murarz")
    other = {**other, "session_id": str(log_in("murarz")["session_id"])}
    app = pyotp.TOTP(sealed(second_factor.begin, other)["secret"])
    sealed(second_factor.confirm, other, code=app.at(clock.now))
    clock.advance(seconds=60)
    device = log_in("murarz", totp=app.at(clock.now), trust_device=True)["device_token"]

    assert refusal(lambda: log_in("kowal", device_token=device)) == "session.totp_required"


def test_a_user_without_the_factor_that_is_a_duty_may_do_nothing_else(
    owner: Actor,
    enrolled: tuple[pyotp.TOTP, list[str]],
    do: Callable[..., Any],
    database: Database,
    passwords: Passwords,
    log_in: Callable[..., Any],
    clock: Any,
) -> None:
    users.create_user(
        database,
        passwords,
        owner,
        clock.now,
        login="bartek7",
        email="b@example.com",
        name="",
        password=PASSWORD,
        permissions=["contacts"],
        roles=[],
    )
    do(second_factor.set_settings, owner, second_factor_required=True, trusted_device_days=30)
    token = log_in("bartek7")["access_token"]

    with database.transaction() as session:
        assert sessions.principal(session, clock.now, token=token_hash(token).hex())["permissions"] == []


def test_a_duty_needs_ones_own_factor_first_and_cannot_be_shirked(
    owner: Actor, do: Any, sealed: Any, database: Database, vault: Any, clock: Any
) -> None:
    with pytest.raises(Conflict) as refused:
        do(second_factor.set_settings, owner, second_factor_required=True, trusted_device_days=30)
    assert refused.value.code == "totp.own_first"

    app = pyotp.TOTP(sealed(second_factor.begin, owner)["secret"])
    sealed(second_factor.confirm, owner, code=app.at(clock.now))
    do(second_factor.set_settings, owner, second_factor_required=True, trusted_device_days=30)
    with pytest.raises(Conflict) as refused:
        second_factor.disable(database, vault, owner, clock.advance(minutes=1), code=app.at(clock.now))
    assert refused.value.code == "totp.required"


def test_turning_it_off_takes_a_code(
    owner: Actor, enrolled: Any, database: Database, vault: Any, log_in: Any, clock: Any
) -> None:
    app, _ = enrolled

    with pytest.raises(Invalid):
        second_factor.disable(database, vault, owner, clock.now, code="000000")
    second_factor.disable(database, vault, owner, clock.now, code=app.at(clock.now))

    assert log_in("kowal")["access_token"]


def test_an_operator_resets_the_factor_of_who_has_lost_it(
    owner: Actor, enrolled: Any, do: Any, log_in: Any, mails: Any
) -> None:
    user_id = UUID(owner["user_id"])
    with pytest.raises(Forbidden):
        do(second_factor.reset, owner, user_id=user_id, reason="please")

    do(second_factor.reset, {"operator_id": str(uuid4())}, user_id=user_id, reason="asked by telephone")

    assert log_in("kowal")["access_token"]
    assert [mail["template"] for mail in mails()] == ["second_factor_reset"]


# --- Links by mail (A3, A4, A5)


def request_reset(database: Database, clock: Any, email: str, account_name: str = "kowal") -> None:
    asked: Any = {"address": "192.0.2.5", "request_id": "r1"}
    with database.transaction() as session:
        links.request_password_reset(session, asked, clock.now, email=email, account_name=account_name)
        wishes = session.scalars(sql("SELECT body FROM outbox WHERE routing_key = 'password_reset_requested'")).all()
    for _ in range(2):  # as the broker may: each event more than once
        for wish in wishes:
            loaded = events.PasswordResetRequested().loads(bytes(wish))
            with database.transaction() as session:
                links.send_password_reset(session, PANEL, clock.now, loaded)


def test_a_reset_link_opens_the_account_once(
    owner: Actor, database: Database, passwords: Passwords, clock: Any, mails: Any, log_in: Any
) -> None:
    request_reset(database, clock, "KOWAL@example.com")
    [mail] = mails()
    token = mail["fields"]["url"].rpartition("/")[2]
    assert (mail["to"], mail["template"], mail["fields"]["hours_valid"]) == ("kowal@example.com", "password_reset", 1)

    with pytest.raises(Invalid):
        links.reset_password(database, passwords, {}, clock.now, token=token, password="password1234")
    links.reset_password(database, passwords, {}, clock.now, token=token, password="cztery fioletowe kalosze")

    assert log_in("kowal", "cztery fioletowe kalosze")["access_token"]
    with pytest.raises(NotFound):
        links.reset_password(database, passwords, {}, clock.now, token=token, password="pięć żółtych rowerów")
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
        log_in("kowal")
    request_reset(database, clock, "kowal@example.com")
    token = mails()[0]["fields"]["url"].rpartition("/")[2]

    links.reset_password(database, passwords, {}, clock.now, token=token, password="cztery fioletowe kalosze")

    assert log_in("kowal", "cztery fioletowe kalosze")["access_token"]


def test_a_reset_link_is_valid_for_one_hour_and_only_the_last_one(
    owner: Actor, database: Database, passwords: Passwords, clock: Any, mails: Any
) -> None:
    request_reset(database, clock, "kowal@example.com")
    request_reset(database, clock, "kowal@example.com")
    first, second = (mail["fields"]["url"].rpartition("/")[2] for mail in mails())

    with pytest.raises(NotFound):
        links.reset_password(database, passwords, {}, clock.now, token=first, password="cztery fioletowe kalosze")
    clock.advance(hours=1)
    with pytest.raises(NotFound):
        links.reset_password(database, passwords, {}, clock.now, token=second, password="cztery fioletowe kalosze")


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
        links.request_email_change(database, passwords, PANEL, actor, clock.now, email=email, password=PASSWORD)

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
    owner: Actor, database: Database, passwords: Passwords, clock: Any, mails: Any, do: Any
) -> None:
    with pytest.raises(Invalid):
        links.request_email_change(
            database, passwords, PANEL, owner, clock.now, email="nowy@Example.org", password="wrong"
        )
    links.request_email_change(
        database, passwords, PANEL, owner, clock.now, email="nowy@Example.org", password=PASSWORD
    )
    request_reset(database, clock, "kowal@example.com")
    token = mails()[0]["fields"]["url"].rpartition("/")[2]

    do(links.confirm_email_change, {}, token=token)

    with database.transaction() as session:
        assert users.get_me(session, owner)["email"] == "nowy@example.org"
        assert session.scalar(sql("SELECT count(*) FROM one_time_links")) == 0
    assert [(mail["template"], mail["to"]) for mail in mails()] == [
        ("email_change", "nowy@example.org"),
        ("password_reset", "kowal@example.com"),
        ("email_changed", "kowal@example.com"),
    ]
    with pytest.raises(NotFound):
        do(links.confirm_email_change, {}, token=token)


def test_a_log_in_from_elsewhere_is_told_by_mail(
    register: Callable[..., Actor], log_in: Callable[..., Any], mails: Callable[[], list[dict[str, Any]]]
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


# --- IP rules (A11)


def test_rules_that_lock_out_whoever_sets_them_are_refused(owner: Actor, do: Any, database: Database) -> None:
    with pytest.raises(Conflict) as refused:
        do(ip_rules.replace, owner, panel=["203.0.113.0/24"], api=[])
    assert refused.value.errors[0]["field"] == "panel"

    assert do(ip_rules.replace, owner, panel=["192.0.2.0/24", "2001:db8::/48"], api=["203.0.113.7"]) == {
        "panel": ["192.0.2.0/24", "2001:db8::/48"],
        "api": ["203.0.113.7/32"],
    }


@pytest.mark.parametrize(
    ("settle", "wanted"),
    [
        (ip_rules.replace, {"panel": ["203.0.113.0/24"], "api": []}),
        (ip_rules.replace, {"panel": [], "api": ["192.0.2.0/24"]}),
        (second_factor.set_settings, {"second_factor_required": False, "trusted_device_days": 30}),
    ],
)
def test_no_key_says_who_may_log_in(owner: Actor, do: Any, settle: Callable[..., Any], wanted: Any) -> None:
    key = {**owner, "session_id": None, "api_key_id": str(uuid4())}
    before = do(lambda session, actor, _: ip_rules.get(session, actor), owner)

    with pytest.raises(Forbidden) as refused:
        do(settle, key, **wanted)

    assert refused.value.code == "session.required"
    assert do(lambda session, actor, _: ip_rules.get(session, actor), owner) == before


def test_the_gateway_is_told_the_rules(owner: Actor, do: Any, log_in: Any, database: Database, clock: Any) -> None:
    do(ip_rules.replace, owner, panel=["192.0.2.0/24"], api=["203.0.113.7"])
    token = log_in("kowal")["access_token"]

    with database.transaction() as session:
        principal = sessions.principal(session, clock.now, token=token_hash(token).hex())

    assert principal["ip_rules"] == {"panel": ["192.0.2.0/24"], "api": ["203.0.113.7/32"]}


# --- Roles (A9)


def test_a_role_grants_what_it_names_until_it_is_gone(
    owner: Actor, do: Any, database: Database, passwords: Passwords, log_in: Any, clock: Any
) -> None:
    role = do(roles.create, owner, name="Marketing", permissions=["contacts", "email"])
    users.create_user(
        database,
        passwords,
        owner,
        clock.now,
        login="bartek7",
        email="b@example.com",
        name="",
        password=PASSWORD,
        permissions=["sms.send"],
        roles=[role["id"]],
    )
    token = log_in("bartek7")["access_token"]

    def held() -> list[str]:
        with database.transaction() as session:
            return list(sessions.principal(session, clock.now, token=token_hash(token).hex())["permissions"])

    assert held() == ["contacts", "email", "sms.send"]
    do(roles.update, owner, role_id=role["id"], permissions=["reports"])
    assert held() == ["reports", "sms.send"]
    do(roles.delete, owner, role_id=role["id"])
    assert held() == ["sms.send"]


def test_nobody_changes_a_role_that_one_holds_or_that_is_anothers(
    owner: Actor, do: Any, database: Database, passwords: Passwords, register: Any, log_in: Any, clock: Any
) -> None:
    role = do(roles.create, owner, name="Kadry", permissions=["users.manage"])
    with pytest.raises(Conflict):
        do(roles.create, owner, name="Kadry", permissions=[])
    made = users.create_user(
        database,
        passwords,
        owner,
        clock.now,
        login="kadrowa",
        email="k@example.com",
        name="",
        password=PASSWORD,
        permissions=[],
        roles=[role["id"]],
    )
    manager = {**owner, "user_id": str(made["id"]), "session_id": str(log_in("kadrowa")["session_id"])}
    with pytest.raises(Forbidden):
        do(roles.update, manager, role_id=role["id"], permissions=["sms"])

    stranger = {**register("murarz"), "session_id": str(log_in("murarz")["session_id"])}
    with pytest.raises(NotFound):
        do(roles.update, stranger, role_id=role["id"], permissions=["sms"])
    with pytest.raises(NotFound):
        do(roles.delete, stranger, role_id=role["id"])


# --- Closing (A13)


def test_closing_erases_people_and_keeps_a_trail_without_them(
    owner: Actor, do: Any, database: Database, passwords: Passwords, log_in: Any, clock: Any
) -> None:
    account_id, operator = UUID(owner["account_id"]), {"operator_id": str(uuid4())}
    clock.advance(hours=1)
    do(operators.set_plan, operator, account_id=account_id, plan="starter", reason="paid")
    with pytest.raises(Invalid):
        closing.request(database, passwords, owner, clock.now, password="wrong")
    assert closing.request(database, passwords, owner, clock.now, password=PASSWORD)["state"] == "closing"
    with pytest.raises(Conflict) as refused:
        do(closing.close, operator, account_id=account_id, reason="asked for")
    assert refused.value.code == "account.plan_not_ended"

    clock.advance(hours=1)
    do(operators.set_plan, operator, account_id=account_id, plan="none", reason="ended")
    do(closing.close, operator, account_id=account_id, reason="asked for")
    do(closing.close, operator, account_id=account_id, reason="asked for")

    with database.transaction() as session:
        left = {
            table: session.scalar(sql(f"SELECT count(*) FROM {table}"))
            for table in ("users", "sessions", "session_tokens", "api_keys", "quota_periods", "roles")
        }
        assert set(left.values()) == {0}, left
        assert session.scalar(sql("SELECT count(*) FROM outbox WHERE routing_key = 'account_closed'")) == 1
        trail = session.execute(sql("SELECT action, address FROM audit_entries ORDER BY id")).all()
    assert "account.closure_requested" in {row.action for row in trail}
    assert [row.address for row in trail if row.action != "account.closed"] == [None] * (len(trail) - 1)
    with pytest.raises(Unauthenticated):
        log_in("kowal")


def test_an_operator_changes_a_vat_number_that_is_set(owner: Actor, do: Any) -> None:
    operator, account_id = {"operator_id": str(uuid4())}, UUID(owner["account_id"])

    do(closing.set_vat_number, operator, account_id=account_id, vat_number="5260250274", reason="first")
    changed = do(closing.set_vat_number, operator, account_id=account_id, vat_number="7740001454", reason="merger")

    assert changed["company"]["vat_number"] == "7740001454"
