from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pyotp
import pytest
from sqlalchemy import select
from sqlalchemy import text as sql

from chassis.database import Database
from chassis.testing import SECRET_KEYS
from contracts.errors import Forbidden, Invalid, NotFound, Unauthenticated
from identity.hashing import Passwords
from identity.models import AuditEntry
from identity.usecases import accounts, operators, session_tokens

NEW_PASSWORD = "sześć grubych kotów"


@pytest.fixture
def enter(database: Database, passwords: Passwords, vault: Any, clock: Any) -> Callable[..., dict[str, Any]]:
    def log_in(login: str, password: str, code: str, new_password: str | None = None) -> dict[str, Any]:
        actor: Any = {"address": "192.0.2.1"}
        return operators.log_in(
            database,
            passwords=passwords,
            vault=vault,
            actor=actor,
            now=clock.now,
            login=login,
            password=password,
            totp=code,
            new_password=new_password,
        )

    return log_in


@pytest.fixture
def secrets(database: Database, passwords: Passwords, vault: Any, clock: Any) -> tuple[str, str]:
    made = operators.add(
        database, passwords=passwords, vault=vault, now=clock.now, login="dyzurny1", email="ops@example.com"
    )
    assert made is not None
    return made


def test_the_one_time_password_opens_only_with_a_new_one_and_a_code(
    enter: Callable[..., Any], secrets: tuple[str, str], clock: Any
) -> None:
    password, secret = secrets
    code = pyotp.TOTP(secret).at(clock.now)

    with pytest.raises(Unauthenticated) as refused:
        enter("dyzurny1", password, code)
    assert refused.value.code == "session.password_change_required"
    with pytest.raises(Unauthenticated) as refused:
        enter("dyzurny1", password, "000000", NEW_PASSWORD)
    assert refused.value.code == "session.totp_wrong"
    with pytest.raises(Invalid):
        enter("dyzurny1", password, code, "password1234")

    assert enter("dyzurny1", password, code, NEW_PASSWORD)["access_token"]
    with pytest.raises(Unauthenticated):
        enter("dyzurny1", password, pyotp.TOTP(secret).at(clock.advance(seconds=30)), "osiem kulawych bocianów")


def test_an_operators_code_works_once(enter: Callable[..., Any], secrets: tuple[str, str], clock: Any) -> None:
    password, secret = secrets
    code = pyotp.TOTP(secret).at(clock.now)
    enter("dyzurny1", password, code, NEW_PASSWORD)

    with pytest.raises(Unauthenticated):
        enter("dyzurny1", NEW_PASSWORD, code)
    assert enter("dyzurny1", NEW_PASSWORD, pyotp.TOTP(secret).at(clock.advance(seconds=30)))


def test_an_operators_session_ends_after_twelve_hours_however_much_it_is_used(
    principal_of: Callable[..., Any],
    enter: Callable[..., Any],
    secrets: tuple[str, str],
    clock: Any,
    database: Database,
) -> None:
    password, secret = secrets
    tokens = enter("dyzurny1", password, pyotp.TOTP(secret).at(clock.now), NEW_PASSWORD)
    principal = principal_of(tokens["access_token"])
    assert (principal["kind"], principal["account_id"], principal["permissions"]) == ("operator", None, [])

    clock.advance(hours=11, minutes=55)
    tokens = session_tokens.refresh(database, actor={}, now=clock.now, refresh_token=tokens["refresh_token"])
    assert tokens["expires_in"] == 300
    clock.advance(minutes=5)
    with pytest.raises(Unauthenticated):
        session_tokens.refresh(database, actor={}, now=clock.now, refresh_token=tokens["refresh_token"])


def test_a_login_is_added_once(database: Database, passwords: Passwords, vault: Any, clock: Any, secrets: Any) -> None:
    assert (
        operators.add(
            database, passwords=passwords, vault=vault, now=clock.now, login="dyzurny1", email="x@example.com"
        )
        is None
    )


def test_only_an_operator_moves_an_account_and_the_reason_is_kept(
    database: Database, register: Callable[..., Any], clock: Any
) -> None:
    account = register()
    account_id, operator = UUID(account["account_id"]), {"operator_id": str(uuid4()), "address": "192.0.2.9"}

    with pytest.raises(Forbidden), database.transaction() as session:
        accounts.set_plan(
            session, actor=account, now=clock.now, account_id=account_id, plan="business", reason="please"
        )
    with database.transaction() as session:
        moved = accounts.set_plan(
            session, actor=operator, now=clock.now, account_id=account_id, plan="business", reason="Contract 114"
        )

    assert (moved["plan"]["code"], moved["plan_ends_at"]) == ("business", None)
    with database.transaction() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "account.plan_set")).one()
        assert (entry.reason, entry.details) == ("Contract 114", {"before": "free", "after": "business"})
        assert str(entry.operator_id) == operator["operator_id"]
        told = "SELECT count(*) FROM outbox WHERE routing_key = 'plan_changed'"
        assert session.scalar(sql(told)) == 2  # as the account was registered, and now


def test_unknown_plans_and_accounts_are_named(database: Database, register: Callable[..., Any], clock: Any) -> None:
    account_id, operator = UUID(register()["account_id"]), {"operator_id": str(uuid4())}

    with pytest.raises(Invalid), database.transaction() as session:
        accounts.set_plan(session, actor=operator, now=clock.now, account_id=account_id, plan="gold", reason="why not")
    with pytest.raises(NotFound), database.transaction() as session:
        accounts.set_plan(session, actor=operator, now=clock.now, account_id=uuid4(), plan="free", reason="why not")


def test_accounts_are_found_by_name_and_plan(clock: Any, database: Database, register: Callable[..., Any]) -> None:
    for name in ("kowal", "kowalska", "murarz"):
        register(name)
    operator = {"operator_id": str(uuid4())}

    with database.transaction() as session:
        found = accounts.list_accounts(
            session, now=clock.now, actor=operator, limit=1, cursor=None, name="kowal", plan="free"
        )
        rest = accounts.list_accounts(
            session, now=clock.now, actor=operator, limit=5, cursor=found["next_cursor"], name="kowal", plan="free"
        )

    assert [item["name"] for item in found["items"] + rest["items"]] == ["kowal", "kowalska"]
    with pytest.raises(Forbidden), database.transaction() as session:
        accounts.list_accounts(session, now=clock.now, actor={}, limit=1, cursor=None, name=None, plan=None)


def run(database_url: Callable[[str], str], *arguments: str) -> int:
    from identity.commands.operators import main

    environ = {"IDENTITY_DATABASE_URL": database_url("identity"), "WICI_SECRET_KEYS": SECRET_KEYS}
    return main(list(arguments), environ)


def test_who_has_lost_the_secret_gets_a_new_one_and_the_old_sessions_end(
    principal_of: Callable[..., Any],
    enter: Callable[..., Any],
    secrets: tuple[str, str],
    clock: Any,
    database: Database,
    database_url: Callable[[str], str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    password, secret = secrets
    old = enter("dyzurny1", password, pyotp.TOTP(secret).at(clock.now), NEW_PASSWORD)
    assert run(database_url, "reset", "dyzurny1", "--json") == 0
    new = json.loads(capsys.readouterr().out)

    with pytest.raises(Unauthenticated):
        principal_of(old["access_token"])
    with pytest.raises(Unauthenticated):
        enter("dyzurny1", NEW_PASSWORD, pyotp.TOTP(secret).at(clock.advance(seconds=60)))
    code = pyotp.TOTP(new["totp_secret"]).at(clock.now)
    assert enter("dyzurny1", new["password"], code, "siedem krzywych schodów")["access_token"]


def test_a_disabled_operator_is_out_at_once(
    principal_of: Callable[..., Any],
    enter: Callable[..., Any],
    secrets: tuple[str, str],
    clock: Any,
    database: Database,
    database_url: Callable[[str], str],
) -> None:
    password, secret = secrets
    tokens = enter("dyzurny1", password, pyotp.TOTP(secret).at(clock.now), NEW_PASSWORD)

    assert run(database_url, "disable", "dyzurny1") == 0

    with pytest.raises(Unauthenticated):
        principal_of(tokens["access_token"])
    with pytest.raises(Unauthenticated):
        enter("dyzurny1", NEW_PASSWORD, pyotp.TOTP(secret).at(clock.advance(seconds=60)))


def test_the_command_says_what_is_wrong(database_url: Callable[[str], str], database: Database) -> None:
    from identity.commands.operators import main

    assert run(database_url, "reset", "nobody1") == 1
    assert run(database_url, "disable", "nobody1") == 1
    assert run(database_url, "add", "X", "x@example.com") == 2
    assert main(["add", "dyzurny1", "x@example.com"], {}) == 2
