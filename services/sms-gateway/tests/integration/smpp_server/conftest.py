"""A server that partners bind to, and more of them; identity and contacts answer from here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from smpp_partners import EMPTY_HANDED, Partner, Running, a_partner

from channel.testing import answer_for_contacts, answer_for_identity
from chassis.broker import Broker
from chassis.database import Database
from chassis.testing import Launcher, free_port, launcher, truncate
from contracts.errors import PlanLimit


@pytest.fixture(scope="package")
def base(open_database: Callable[[str], Database]) -> Database:
    database = open_database("sms_gateway")
    truncate(database)
    return database


@pytest.fixture(scope="package")
def others(amqp_url: str) -> Iterator[Broker]:
    """Identity and contacts, as far as they are asked."""
    broker = Broker(amqp_url, "test").start()

    def lease(actor: dict[str, Any], _payload: dict[str, Any]) -> None:
        if actor["account_id"] in EMPTY_HANDED:
            raise PlanLimit("quota.exhausted", "", {"remaining": 0})

    answer_for_identity(broker, lease)
    answer_for_contacts(broker)
    yield broker
    broker.close()


@pytest.fixture(autouse=True)
def contacts() -> None:
    """`others` answers, once for all tests of a module."""


@pytest.fixture(scope="package")
def launch_for_all(
    amqp_url: str,
    database_url: Callable[[str], str],
    base: Database,
    others: Broker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Launcher]:
    """As `launch_once`, for all modules of this folder: starting a process is what takes its time."""
    with launcher(amqp_url, database_url, tmp_path_factory.mktemp("processes")) as launch:
        yield launch


@pytest.fixture(scope="package")
def start(launch_for_all: Launcher) -> Callable[..., Running]:
    def started(**env: str) -> Running:
        port = free_port()
        env = {"WICI_SMPP_PORT": str(port), **env}
        return Running(launch_for_all("sms_gateway.smpp_server", service="sms_gateway", env=env), port)

    return started


@pytest.fixture(scope="package")
def server(start: Callable[..., Running]) -> Running:
    return start()


@pytest.fixture(scope="package")
def other_server(start: Callable[..., Running]) -> Running:
    return start(SMPP_RESPONSE_SECONDS="2")


@pytest.fixture
def second(other_server: Running) -> Running:
    """Another one, with a short patience; a test may kill it."""
    if not other_server.process.is_running():
        other_server.process.start().wait_ready()
    return other_server


@pytest.fixture
def partner(base: Database) -> Callable[..., Partner]:
    """`partner(senders=["+48500700800"])`."""
    return partial(a_partner, base)
