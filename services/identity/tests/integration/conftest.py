from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text as sql

from chassis.database import Database
from chassis.secrets import Vault
from chassis.testing import SECRET_KEYS, nameko_command, truncate
from contracts.permissions import OWNER
from identity.domain.tokens import token_hash
from identity.hashing import Passwords
from identity.usecases import accounts, sessions

# The cases that several modules share lie beside them.
sys.path.insert(0, str(Path(__file__).parent))

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PASSWORD = "trzy zielone parasole"


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = NOON

    def advance(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now


@pytest.fixture(scope="module")
def running_identity(launch_once: Any, amqp_url: str) -> None:
    """Identity as it runs, on the database that `database` empties between tests."""
    target = "identity.service:IdentityService"
    cheap = {"ARGON2_MEMORY_KIB": "64", "ARGON2_ROUNDS": "1"}
    seller = {f"INVOICE_SELLER_{field}": "1234563218" for field in ("NAME", "ADDRESS", "VAT_NUMBER")}
    launch_once(target, command=nameko_command(target, amqp_url), service="identity", env={**cheap, **seller})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(open_database: Callable[[str], Database]) -> Iterator[Database]:
    opened = open_database("identity")
    truncate(opened, keep=("plans",))
    yield opened


@pytest.fixture(scope="session")
def passwords() -> Passwords:
    return Passwords(memory_kib=64, rounds=1)


@pytest.fixture(scope="session")
def vault() -> Vault:
    return Vault(SECRET_KEYS)


@pytest.fixture
def register(database: Database, passwords: Passwords, clock: Clock) -> Callable[..., dict[str, Any]]:
    """`register(name="kowal")`: a new account, whose address is confirmed; its owner's actor, without a session."""

    def make(name: str = "kowal", *, confirmed: bool = True, **changes: Any) -> dict[str, Any]:
        wanted = {
            "login": name,
            "email": f"{name}@Example.COM",
            "password": PASSWORD,
            "account_name": name,
            "accept_terms": True,
            "language": "pl",
            **changes,
        }
        made = accounts.register(database, passwords=passwords, actor={"address": "192.0.2.1"}, now=clock.now, **wanted)
        if confirmed:
            with database.transaction() as session:
                confirm = "UPDATE users SET email_confirmed_at = :now WHERE id = :id"
                session.execute(sql(confirm), {"now": clock.now, "id": made["user_id"]})
        return {
            "account_id": str(made["account_id"]),
            "user_id": str(made["user_id"]),
            "permissions": sorted(OWNER),
            "address": "192.0.2.1",
        }

    return make


@pytest.fixture
def act(database: Database, clock: Clock) -> Callable[..., Any]:
    """`act(roles.create, actor, name=…)`: run a use case in a transaction of its own, as the service does."""

    def run(use_case: Callable[..., Any], actor: Any, **request: Any) -> Any:
        with database.transaction() as session:
            return use_case(session, actor=actor, now=clock.now, **request)

    return run


@pytest.fixture
def log_in(database: Database, passwords: Passwords, vault: Vault, clock: Clock) -> Callable[..., dict[str, Any]]:
    """`log_in("kowal")`: the tokens of a new session."""

    def open_session(
        login: str, password: str = PASSWORD, *, address: str = "192.0.2.1", **more: Any
    ) -> dict[str, Any]:
        wanted = {"totp": None, "device": None, "device_token": None, "trust_device": False, **more}
        actor: Any = {"address": address}
        return sessions.log_in(
            database,
            passwords=passwords,
            vault=vault,
            actor=actor,
            now=clock.now,
            login=login,
            password=password,
            **wanted,
        )

    return open_session


@pytest.fixture
def principal_of(act: Callable[..., Any]) -> Callable[[str], dict[str, Any]]:
    """`principal_of(token)`: to whom the token or key belongs, and what it may do."""

    def look_up(token: str) -> dict[str, Any]:
        note_nothing: Callable[..., None] = lambda *_: None  # noqa: E731
        answer = act(sessions.authenticate, {}, token=token_hash(token).hex(), note_use=note_nothing)
        principal: dict[str, Any] = answer["principal"]
        return principal

    return look_up


@pytest.fixture
def owner(register: Callable[..., Any], log_in: Callable[..., Any]) -> dict[str, Any]:
    """The owner of an account, logged in."""
    actor = register("kowal")
    return {**actor, "session_id": str(log_in("kowal")["session_id"])}


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
