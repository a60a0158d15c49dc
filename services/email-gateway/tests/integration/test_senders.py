"""Many add senders to one account at the same moment: its limit holds, and what is there twice is told as such."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from chassis.database import Database
from chassis.ids import new_id
from chassis.secrets import Vault
from chassis.testing import SECRET_KEYS, wait_until
from contracts.errors import Conflict, WiciError
from contracts.rpc import Actor
from email_gateway.content import dkim
from email_gateway.domain.senders import DOMAINS_ON_TRIAL, SenderState
from email_gateway.models import SenderDomain
from email_gateway.usecases import sender_addresses, senders

from .conftest import DOMAIN

PEOPLE = 6
ON_TRIAL = {"state": "trial", "plan": {"price": {"amount": 0}}}
NOW = datetime.now(UTC)


@pytest.fixture
def actor() -> Actor:
    return {"account_id": str(new_id())}


def tools(new_key: Callable[[str, UUID], bytes]) -> Any:
    config = SimpleNamespace(mail_host="mail.wici.example", public_host="wici.example")
    return SimpleNamespace(config=config, vault=Vault(SECRET_KEYS), new_id=new_id, new_key=new_key)


def add_at_once(database: Database, actor: Actor, domains: list[str]) -> Counter[str]:
    """What became of each: all have passed the first look when the first is written."""
    key, all_have_looked = dkim.new_private_key("ed25519"), threading.Barrier(len(domains))

    def new_key(_algorithm: str, _account_id: UUID) -> bytes:
        all_have_looked.wait(20)
        return key

    def add(domain: str) -> str:
        try:
            made = senders.create_sender_domain(
                database, actor=actor, now=NOW, tools=tools(new_key), account=ON_TRIAL, domain=domain,
                algorithms=["ed25519"],
            )  # fmt: skip
            return str(made["state"])
        except WiciError as error:
            return error.code

    with ThreadPoolExecutor(len(domains)) as pool:
        return Counter(pool.map(add, domains))


def test_no_more_domains_than_the_plan_allows_are_added_at_once(database: Database, actor: Actor) -> None:
    became = add_at_once(database, actor, [f"sklep{number}.example" for number in range(PEOPLE)])

    assert became == {"pending": DOMAINS_ON_TRIAL, "sender_domain.too_many": PEOPLE - DOMAINS_ON_TRIAL}


def test_a_domain_that_many_add_at_once_is_there_once(database: Database, actor: Actor) -> None:
    assert add_at_once(database, actor, [DOMAIN] * PEOPLE) == {"pending": 1, "sender_domain.exists": PEOPLE - 1}


def test_another_account_waits_for_nobody(database: Database, actor: Actor) -> None:
    other: Actor = {"account_id": str(new_id())}
    with database.transaction() as session:
        senders.store.hold_domains(session, UUID(actor["account_id"]))

        assert add_at_once(database, other, ["sklep.example"]) == {"pending": 1}


def test_an_address_that_is_added_twice_at_once_is_there_once(database: Database, actor: Actor) -> None:
    email, account_id = f"ala@{DOMAIN}", UUID(actor["account_id"])
    with database.transaction() as session:
        session.add(
            SenderDomain(
                domain_id=new_id(), account_id=account_id, domain=DOMAIN, state=SenderState.VERIFIED,
                ownership_token="x", found={},
            )
        )  # fmt: skip

    def add(session: Any) -> str:
        made, _ = sender_addresses.add_address(
            session, actor=actor, now=NOW, tools=tools(lambda *_: b""), email=email, name=None, asked={}
        )
        return made.state

    def add_second() -> str:
        with database.transaction() as session:
            return add(session)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            assert add(session) == SenderState.VERIFIED
            second = pool.submit(add_second)
            wait_until(lambda: is_anybody_waiting(database), what="the second one")
        with pytest.raises(Conflict, match=r"sender_address\.exists"):
            second.result(20)


def is_anybody_waiting(database: Database) -> bool:
    with database.transaction() as session:
        asked = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return bool(session.scalar(text(f"SELECT EXISTS ({asked})")))
