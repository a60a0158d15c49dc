"""Fixtures of webhooks: an account that sets them up, the process, the lane, and a customer's endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import wait
from datetime import UTC, datetime
from typing import Any

import pytest

from chassis.broker import Broker
from chassis.database import Database
from chassis.secrets import Vault
from chassis.testing import SECRET_KEYS, Launcher, RunningProcess
from contracts.lanes import DELIVERY_EVENTS
from contracts.reporting import RPC
from reporting.ingester.writing import Ingest
from reporting.usecases import url_tests, webhook_deliveries, webhook_sends, webhooks

from ..factories import Send, body
from ..receiver import Receiver

# The receivers are on this machine, and every lane message is looked at with what webhooks there are at that moment.
LOCAL = {"WEBHOOK_NETWORKS": "127.0.0.0/8", "WEBHOOK_NOTICE_SECONDS": "0"}
WITH_VAULT = ("create_webhook", "update_webhook", "rotate_webhook_secret", "rotate_webhook_key", "test_url")
USE_CASES = {**vars(webhooks), **vars(webhook_deliveries), **vars(webhook_sends), **vars(url_tests)}


@pytest.fixture
def send() -> Send:
    return Send("email")


@pytest.fixture
def call(database: Database, send: Send) -> Callable[..., Any]:
    """`call("create_webhook", url=…)`: as the service does it, on behalf of the account of `send`."""

    def run(name: str, **payload: Any) -> Any:
        request = RPC[name].load(payload)
        vault = {"vault": Vault(SECRET_KEYS)} if name in WITH_VAULT else {}
        actor = {"account_id": payload.pop("account_id", send.account_id)}
        with database.transaction() as session:
            answer = USE_CASES[name](session, actor=actor, now=datetime.now(UTC), **request, **vault)
        return RPC[name].dump(answer)

    return run


@pytest.fixture
def process(database: Database, launch: Launcher) -> RunningProcess:
    return launch("reporting.webhooks", service="reporting", env=LOCAL)


@pytest.fixture
def tell(database: Database, broker: Broker) -> Callable[..., None]:
    """`tell(event, …)`: what a channel tells the log and, by the same lane, webhooks."""

    def publish(*events: dict[str, Any], known: bool = True) -> None:
        if known:
            Ingest(database).write([[dict(event) for event in events]])
        done = wait([broker.publish(DELIVERY_EVENTS, body(list(events)))], timeout=20)
        assert [one.exception() for one in done.done] == [None]

    return publish


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as one:
        yield one
