from __future__ import annotations

import os
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy import text

from chassis.broker import Broker
from chassis.bus_messages import Delivery
from chassis.database import Database
from chassis.rpc_client import RpcClient
from chassis.testing import Launcher, RunningProcess, free_port, truncate, wait_until
from chassis.testing_clients import PatientClient
from contracts import lanes
from contracts.permissions import OWNER
from contracts.vocabulary import Channel, Lane

# What stands in for the neighbours has modules of its own.
sys.path.append(str(Path(__file__).parent))


@pytest.fixture
def database(open_database: Callable[[str], Database]) -> Database:
    opened = open_database("campaigns")
    truncate(opened)
    return opened


def _nameko(target: str, amqp_url: str, log: Path, **env: str) -> RunningProcess:
    nameko = str(Path(sys.executable).with_name("nameko"))
    environ = {**os.environ, "AMQP_URL": amqp_url, "HEALTH_PORT": str(free_port()), **env}
    return RunningProcess([nameko, "run", "--broker", amqp_url, target], environ, log).wait_ready()


@pytest.fixture(scope="session")
def neighbours(amqp_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProcess]:
    """identity, contacts and the channels; one for the whole run, since each test has accounts of its own."""
    log = tmp_path_factory.mktemp("neighbours") / "log"
    process = _nameko("neighbours", amqp_url, log, PYTHONPATH=str(Path(__file__).parent))
    yield process
    process.stop()


@pytest.fixture(scope="session")
def files_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where the octets of files are, of the service and its dispatchers."""
    return str(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="session")
def service(
    amqp_url: str, database_url: Callable[[str], str], files_folder: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningProcess]:
    """The service itself, one for the whole run."""
    log = tmp_path_factory.mktemp("campaigns") / "log"
    env = {
        "CAMPAIGNS_DATABASE_URL": database_url("campaigns"),
        "CAMPAIGNS_FILES": files_folder,
        "WICI_PUBLIC_URL": "https://wici.example",
    }
    process = _nameko("campaigns.service:CampaignsService", amqp_url, log, **env)
    yield process
    process.stop()


class Caller:
    """One account's user, calling over the real bus."""

    def __init__(self, client: PatientClient, account_id: UUID, permissions: list[str] | None = None) -> None:
        self.client, self.account_id = client, account_id
        self.actor: dict[str, Any] = {
            "account_id": str(account_id),
            "user_id": str(uuid4()),
            "permissions": sorted(OWNER) if permissions is None else permissions,
            "request_id": "request-1",
        }

    def __call__(self, method: str, **payload: Any) -> Any:
        return self.client.call(f"campaigns.{method}", self.actor, payload, deadline=30.0)

    def with_key(self, request_key: str) -> Caller:
        other = Caller(self.client, self.account_id)
        other.actor = {**self.actor, "request_key": request_key}
        return other

    def draft(self, recipients: int = 1200, **parts: Any) -> Any:
        """A complete SMS draft to a group of that many."""
        wanted = {
            "name": "Lato",
            "channel": "sms",
            "sender": "WICI",
            "audience": {"groups": [str(UUID(int=recipients))]},
            "content": {"text": "Cześć {{ first_name }}!"},
            **parts,
        }
        return self("create_campaign", **wanted)

    def scheduled(self, recipients: int = 1200, **parts: Any) -> str:
        campaign = self.draft(recipients, **parts)
        self("schedule_campaign", campaign_id=campaign["id"])
        return str(campaign["id"])

    def wait_for(self, campaign_id: str, state: str, timeout: float = 60.0) -> Any:
        def reached() -> Any:
            campaign = self("get_campaign", campaign_id=campaign_id)
            return campaign if campaign["state"] == state else None

        return wait_until(reached, timeout=timeout, what=f"state {state}")

    def look(self) -> Any:
        return self.client.call("identity.look", self.actor, {})


def is_let_go(database: Database, campaign_id: str) -> bool:
    """No dispatcher has the campaign in hand."""
    with database.transaction() as session:
        lease = text("SELECT lease_owner IS NULL FROM campaigns WHERE id = :id")
        return bool(session.scalar(lease, {"id": campaign_id}))


@pytest.fixture
def caller(
    broker: Broker, database: Database, neighbours: RunningProcess, service: RunningProcess
) -> Callable[..., Caller]:
    """`caller()`: the owner of a new account with a large quota; `caller(small_quota=True)`."""
    client = PatientClient(RpcClient(broker))

    def of(
        *, small_quota: bool = False, permissions: list[str] | None = None, account_id: UUID | None = None
    ) -> Caller:
        chosen = account_id or UUID(int=uuid4().int & ~1 | int(small_quota))
        return Caller(client, chosen, permissions)

    return of


def of_this_test(database: Database, handle: Callable[[Delivery], None]) -> Callable[[Delivery], None]:
    """`handle` for batches of campaigns of this test; what an earlier one left in a lane is of none that there is any
    more, and is let go."""
    known: dict[str, bool] = {}

    def take(delivery: Delivery) -> None:
        campaign_id = orjson.loads(delivery.body)["campaign_id"]
        if campaign_id not in known:
            with database.transaction() as session:
                found = session.scalar(text("SELECT 1 FROM campaigns WHERE id = :id"), {"id": campaign_id})
            known[campaign_id] = found is not None
        if known[campaign_id]:
            handle(delivery)
        else:
            delivery.ack()

    return take


class ChannelStandIn:
    """A channel on the real lane: dedupes by message, as channels do, and reports each batch done.

    :ivar seen: for each send, how often each recipient number came, all deliveries counted.
    :ivar bodies: every body that came for a batch; a batch that comes again must be the same.
    """

    def __init__(self, broker: Broker, database: Database, channel: Channel = Channel.SMS) -> None:
        self._broker = broker
        self.holding = threading.Event()
        self.held: list[Delivery] = []
        self.reports_each = self.units_each = 1
        self.seen: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
        self.bodies: dict[str, set[bytes]] = defaultdict(set)
        self.order: list[str] = []
        broker.consume(lanes.channel_lane(channel, Lane.BULK), of_this_test(database, self._on_delivery), prefetch=200)

    def _on_delivery(self, delivery: Delivery) -> None:
        batch = orjson.loads(delivery.body)
        self.bodies[batch["batch_id"]].add(delivery.body)
        self.order.append(batch["campaign_id"])
        for recipient in batch["recipients"]:
            self.seen[batch["send_id"]][recipient["number"]] += 1
        if self.holding.is_set():
            self.held.append(delivery)
        else:
            self.finish(delivery)

    def finish(self, delivery: Delivery) -> None:
        batch = orjson.loads(delivery.body)
        # Every 10th is refused for good and every 25th deferred, so that the counts differ.
        numbers = [recipient["number"] for recipient in batch["recipients"]]
        failed = sum(1 for number in numbers if number % 10 == 0)
        deferred = sum(1 for number in numbers if number % 25 == 1)
        report = {
            "v": 1,
            "batch_id": batch["batch_id"],
            "campaign_id": batch["campaign_id"],
            "submitted": len(numbers) - failed - deferred,
            "failed": failed,
            "deferred": deferred,
            "units": (len(numbers) - failed - deferred) * self.units_each,
        }
        for _ in range(self.reports_each):
            self._broker.publish(lanes.BATCHES_DONE, orjson.dumps(report))
        delivery.ack()

    def finish_held(self) -> None:
        self.holding.clear()
        while self.held:
            self.finish(self.held.pop(0))


@pytest.fixture
def chains(database: Database, neighbours: RunningProcess, launch: Launcher) -> Callable[..., RunningProcess]:
    """`chains()` starts one more process of chains; a short lease, so that a killed one is soon replaced."""

    def start(**env: str) -> RunningProcess:
        settings = {"CAMPAIGNS_CHAIN_LEASE_SECONDS": "1.5"}
        return launch("campaigns.chains", service="campaigns", env={**settings, **env})

    return start


@pytest.fixture
def channel(broker: Broker, database: Database) -> ChannelStandIn:
    return ChannelStandIn(broker, database)


@pytest.fixture
def email_channel(broker: Broker, database: Database) -> ChannelStandIn:
    return ChannelStandIn(broker, database, Channel.EMAIL)


@pytest.fixture
def dispatcher(
    database: Database, neighbours: RunningProcess, files_folder: str, launch: Launcher
) -> Iterator[Callable[..., Any]]:
    """`dispatcher()` starts one more dispatcher; a short lease, so that a killed one is soon replaced."""

    def start(**env: str) -> RunningProcess:
        settings = {"CAMPAIGNS_LEASE_SECONDS": "3", "CAMPAIGNS_FILES": files_folder}
        return launch("campaigns.dispatcher", service="campaigns", env={**settings, **env})

    yield start
