"""The service as it runs: a Nameko process, real calls over the broker, real events."""

from __future__ import annotations

import hashlib
import json
import os
import queue
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pyotp
import pytest
from sqlalchemy import text as sql

from chassis.broker import Broker
from chassis.database import Database
from chassis.ids import new_id
from chassis.rpc_client import RpcClient
from chassis.testing import SECRET_KEYS, wait_until
from chassis.topology import event_exchange
from contracts.errors import Forbidden, Invalid, PlanLimit, TooManyRequests, Unauthenticated, WiciError
from contracts.events import ACCESS_CHANGED
from contracts.identity import RPC
from identity.models import Operator
from identity.service import IdentityService

REGISTRATION = {
    "login": "rozalia",
    "email": "rozalia@kwiaciarnia.example",
    "password": "trzy zielone parasole",
    "account_name": "kwiaciarnia",
    "accept_terms": True,
}


@pytest.fixture
def ask(database: Database, broker: Broker, running_identity: None) -> Iterator[Callable[..., Any]]:
    """`ask("authenticate", actor, token=…)`: a call to a running identity service."""
    client = RpcClient(broker)

    def call(method: str, actor: Any = None, **payload: Any) -> Any:
        return client.call(f"identity.{method}", actor or {}, payload, deadline=15.0)

    yield call


def enter(ask: Callable[..., Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Register, log in and authenticate, as the gateway does; the actor and the tokens."""
    ask("register_account", **REGISTRATION)
    tokens = ask("create_session", login="rozalia", password="trzy zielone parasole")
    digest = hashlib.sha256(tokens["access_token"].encode()).hexdigest()
    principal = ask("authenticate", token=digest)["principal"]
    ids = {key: principal[key] for key in ("account_id", "user_id", "session_id")}
    return {**ids, "permissions": principal["permissions"], "address": "192.0.2.1", "request_id": "r-1"}, tokens


def test_every_call_of_the_contract_is_there() -> None:
    missing = [name for name in RPC if not hasattr(IdentityService, name)]

    assert missing == []


def test_the_first_hour_of_an_account(ask: Callable[..., Any], database: Database) -> None:
    actor, _ = enter(ask)

    account = ask("get_account", actor)
    assert (account["name"], account["time_zone"], account["default_region"]) == (
        "kwiaciarnia",
        "Europe/Warsaw",
        "PL",
    )
    assert account["plan"]["code"] == "free"
    reservation = str(uuid4())
    assert ask("reserve_quota", actor, reservation_id=reservation, feature="sms", amount=90) == {
        "reserved": 90,
        "remaining": 10,
        "only_to": [],
    }
    with pytest.raises(PlanLimit) as refused:
        ask("reserve_quota", actor, reservation_id=str(uuid4()), feature="sms", amount=11)
    assert refused.value.extra == {"feature": "sms", "limit": 100, "remaining": 10}
    assert ask("use_quota", actor, reservation_id=reservation, amount=70)["used"] == 70
    assert ask("release_quota", actor, reservation_id=reservation) == {"released": 20}
    assert ask("check_limit", actor, feature="contacts") == {"limit": 100}
    sms = ask("get_usage", actor)["features"][0]
    assert (sms["used"], sms["reserved"], sms["remaining"]) == (70, 0, 30)
    # What was to be announced has been, and the outbox is empty again.
    wait_until(lambda: _outbox_is_empty(database), what="the outbox's relay")


def _outbox_is_empty(database: Database) -> bool:
    with database.transaction() as session:
        return session.scalar(sql("SELECT count(*) FROM outbox")) == 0


def test_an_operator_who_is_none_or_was_shut_out_is_refused(ask: Callable[..., Any], database: Database) -> None:
    """Whoever vouches for them: an operator's session may be remembered for a while after it has ended."""
    actor, _ = enter(ask)
    move = {"account_id": actor["account_id"], "plan": "enterprise", "reason": "Mine"}
    operator_id = new_id()
    columns = {"login": "dyzurny", "email": "d@wici.example", "password_hash": "", "totp_secret": b""}

    def is_refused() -> None:
        for method, payload in (("set_plan", move), ("list_all_plans", {})):
            with pytest.raises(Forbidden) as refused:
                ask(method, {"operator_id": str(operator_id)}, **payload)
            assert refused.value.code == "operator.required"

    is_refused()
    with database.transaction() as session:
        session.add(Operator(id=operator_id, created_at=datetime.now(UTC), **columns))
    assert ask("set_plan", {"operator_id": str(operator_id)}, **move)["plan"]["code"] == "enterprise"
    with database.transaction() as session:
        session.execute(sql("UPDATE operators SET disabled_at = now()"))
    is_refused()


def test_a_revoked_key_is_announced_on_the_bus(ask: Callable[..., Any], broker: Broker) -> None:
    actor, _ = enter(ask)
    heard: queue.Queue[Any] = queue.Queue()
    _listen(broker, heard)
    made = ask("create_api_key", actor, name="Sklep", scopes=["sms.send"])
    digest = hashlib.sha256(made["key"].encode()).hexdigest()
    assert ask("authenticate", token=digest)["principal"]["permissions"] == ["sms.send"]

    ask("revoke_api_key", actor, api_key_id=made["id"])

    with pytest.raises(Unauthenticated):
        ask("authenticate", token=digest)
    assert json.loads(heard.get(timeout=10))["account_id"] == actor["account_id"]


def _listen(broker: Broker, heard: queue.Queue[Any]) -> None:
    """Hear `access_changed` as the gateway's workers do."""
    name = f"test-{uuid4()}"

    def declare(channel: Any) -> None:
        channel.queue_declare(name, exclusive=True, auto_delete=True)
        channel.queue_bind(name, event_exchange(ACCESS_CHANGED.source), ACCESS_CHANGED.name)

    def take(delivery: Any) -> None:
        heard.put(bytes(delivery.body))
        delivery.ack()

    broker.consume(name, take, declare=declare)


def test_a_key_in_use_is_noted_later_and_not_per_request(ask: Callable[..., Any], database: Database) -> None:
    actor, _ = enter(ask)
    made = ask("create_api_key", actor, name="Sklep", scopes=["sms.send"])
    digest = hashlib.sha256(made["key"].encode()).hexdigest()

    for _ in range(5):
        ask("authenticate", token=digest)

    wait_until(lambda: ask("list_api_keys", actor)["items"][0]["last_used_at"], timeout=25, what="the last use")


def test_log_ins_that_hash_do_not_hold_up_other_calls(ask: Callable[..., Any]) -> None:
    _, tokens = enter(ask)
    digest = hashlib.sha256(tokens["access_token"].encode()).hexdigest()

    def attempt(number: int) -> str:
        """Again where it waits for its turn in vain, as it may on a busy machine."""
        for _ in range(30):
            try:
                ask("create_session", login=f"nobody{number}", password="wrong password here")
            except WiciError as error:
                if error.code != "session.busy":
                    return error.code
            else:
                return "in"
        return "session.busy"

    with ThreadPoolExecutor(9) as callers:
        guesses = [callers.submit(attempt, number) for number in range(8)]
        answers = [ask("authenticate", token=digest) for _ in range(20)]

    assert len(answers) == 20
    assert {guess.result() for guess in guesses} == {"session.wrong_credentials"}


@pytest.mark.parametrize(
    "payload",
    [
        {**REGISTRATION, "login": "Rozalia"},
        {**REGISTRATION, "login": "rozalia\n"},
        {**REGISTRATION, "login": "róża12"},
        {**REGISTRATION, "login": "abcd"},
        {**REGISTRATION, "account_name": "a" * 21},
        {**REGISTRATION, "email": "not an address"},
        {**REGISTRATION, "password": "krótkie"},
        {**REGISTRATION, "password": "password\u0000 with a hole"},
        {**REGISTRATION, "accept_terms": "yes"},
        {**REGISTRATION, "login": 5},
        {},
    ],
)
def test_a_bad_registration_is_refused_and_leaves_nothing(
    bad: Callable[..., Any], database: Database, payload: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as refused:
        bad(payload)

    assert refused.value.errors
    with database.transaction() as session:
        assert session.scalar(sql("SELECT count(*) FROM accounts")) == 0


@pytest.fixture
def bad(database: Database, passwords: Any, clock: Any) -> Callable[..., Any]:
    """Load and register as the service does, without a broker."""
    from contracts.identity.accounts import AccountCreate
    from contracts.schema import load
    from identity.usecases import accounts

    return lambda payload: accounts.register(
        database, passwords=passwords, actor={}, now=clock.now, **load(AccountCreate, payload)
    )


def test_hundreds_of_guesses_get_nowhere(ask: Callable[..., Any]) -> None:
    enter(ask)
    refused = {"wrong": 0, "slowed": 0}

    def guess(number: int) -> None:
        try:
            ask(
                "create_session",
                {"address": f"2001:db8:{number:x}::1"},
                login="rozalia",
                password=f"guess {number:08d}",
            )
        except Unauthenticated:
            refused["wrong"] += 1
        except TooManyRequests:
            refused["slowed"] += 1

    with ThreadPoolExecutor(16) as crowd:
        list(crowd.map(guess, range(400)))

    assert refused["wrong"] <= 10
    assert refused["wrong"] + refused["slowed"] == 400


def test_an_operator_made_by_the_command_gives_an_account_its_plan(
    ask: Callable[..., Any], database_url: Callable[[str], str]
) -> None:
    actor, _ = enter(ask)
    environ = {
        **os.environ,
        "IDENTITY_DATABASE_URL": database_url("identity"),
        "WICI_SECRET_KEYS": SECRET_KEYS,
    }
    command = [sys.executable, "-m", "identity.commands.operators", "add", "dyzurny1", "ops@example.com", "--json"]
    made = json.loads(subprocess.run(command, env=environ, capture_output=True, check=True, text=True).stdout)
    again = subprocess.run(command, env=environ, capture_output=True, check=False, text=True)
    assert (again.returncode, again.stdout) == (1, "")

    tokens = ask(
        "create_operator_session",
        login="dyzurny1",
        password=made["password"],
        totp=pyotp.TOTP(made["totp_secret"]).now(),
        new_password="sześć grubych kotów",
    )
    digest = hashlib.sha256(tokens["access_token"].encode()).hexdigest()
    operator = ask("authenticate", token=digest)["principal"]
    assert operator["kind"] == "operator"
    moved = ask(
        "set_plan",
        {"operator_id": operator["operator_id"]},
        account_id=actor["account_id"],
        plan="business",
        reason="Contract 114",
    )

    assert moved["plan"]["code"] == "business"
    assert ask("get_usage", actor)["features"][0]["limit"] == 50_000
