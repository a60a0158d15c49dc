"""Mail from pools of addresses: bound, named, warmed up, paused; two sending processes and real connections."""

from __future__ import annotations

import asyncio
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from chassis.database import Database
from chassis.ids import new_id
from chassis.testing import Launcher, RunningProcess, as_administrator, wait_until
from contracts.errors import Conflict, Invalid, NotFound
from contracts.lanes import channel_lane
from contracts.vocabulary import Channel, Lane
from email_gateway.domain.retrying import Result
from email_gateway.models import IpAddress, IpPool
from email_gateway.outbound.ip_pools import Held, IpPools
from email_gateway.smtp.outcomes import Outcome
from email_gateway.store import ip_pools as store
from email_gateway.usecases import ip_pools as usecases

from .asking import OPERATOR, Call, account
from .conftest import Campaign, Heard, states
from .dns_peer import NameServer, name_server

OWN, SHARED, LISTED = "127.0.0.2", "127.0.0.3", "127.0.0.4"
NAMES = {OWN: "mx2.wici.example", SHARED: "mx3.wici.example"}
BLOCKED = b"554 5.7.1 Service unavailable; Client host blocked using zen.spamhaus.org\r\n"


@dataclass
class Receiver:
    """Takes every mail, but from addresses in `blocks`; who sent each, as it said and as it was."""

    port: int = 0
    blocks: set[str] = field(default_factory=set)
    taken: list[tuple[str, str, str]] = field(default_factory=list)  # address, EHLO name, recipient

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await self.talk(reader, writer)
        writer.close()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        here, name, recipient = writer.get_extra_info("peername")[0], "", ""
        writer.write(b"220 mx ESMTP\r\n")
        while line := await reader.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            answer = b"250 ok\r\n"
            if verb == "EHLO":
                name, answer = rest, b"250-mx\r\n250 PIPELINING\r\n"
            elif verb == "RCPT":
                recipient = rest[4:-1]
                answer = BLOCKED if here in self.blocks else answer
            elif verb == "DATA" and here in self.blocks:
                answer = b"503 no recipients\r\n"
            elif verb == "DATA":
                writer.write(b"354 go\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                self.taken.append((here, name, recipient))
            writer.write(answer)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    made, loop = Receiver(), asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(made.serve, "127.0.0.1", 0))
    made.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield made
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    server.close()
    loop.close()


@pytest.fixture(scope="module")
def names() -> Iterator[NameServer]:
    with name_server() as made:
        made.records = {(f"d{n}.example", "MX"): ["10 localhost."] for n in range(4)}
        yield made


def add_pool(database: Database, kind: str, *addresses: str, warm_up: list[int] | None = None) -> UUID:
    pool_id = new_id()
    with database.transaction() as session:
        session.add(IpPool(pool_id=pool_id, name=f"{kind} {pool_id}", kind=kind))
        session.flush()
        for address in addresses:
            session.add(
                IpAddress(
                    address_id=new_id(), pool_id=pool_id, address=address, ehlo_name=NAMES.get(address, "mx.example"),
                    warm_up=warm_up or [], warm_up_from=datetime.now(UTC).date(), is_named=True,
                )
            )  # fmt: skip
    return pool_id


def assign(database: Database, account_id: UUID, pool_id: UUID) -> None:
    with database.transaction() as session:
        store.assign(session, account_id=account_id, pool_id=pool_id)


def figures(database: Database, pool_id: UUID) -> Counter[str]:
    with database.transaction() as session:
        rows = store.figures(session, pool_id=pool_id, since=date(2020, 1, 1))
        total: Counter[str] = Counter()
        for row in rows:
            total.update({name: getattr(row, name) for name in ("delivered", "deferred", "refused", "blocked")})
        return total


def paused(database: Database) -> dict[str, str]:
    with database.transaction() as session:
        found = store.pauses(session, now=datetime.now(UTC))
        return {each.destination: each.code for of in found.values() for each in of}


def send_one(campaign: Campaign, address: str) -> None:
    """A single mail, as `POST /v1/emails` puts it into its lane."""
    batch = {**campaign.batch([address]), "campaign_id": None, "send_id": str(new_id())}
    campaign.broker.publish(channel_lane(Channel.EMAIL, Lane.TRANSACTIONAL), orjson.dumps(batch)).result(10)


def test_two_processes_send_from_pools_with_a_warm_up_in_common_and_pause_where_they_are_blocked(
    launch: Launcher, database: Database, campaign: Campaign, heard: Heard, receiver: Receiver, names: NameServer
) -> None:
    own = add_pool(database, "dedicated", OWN, warm_up=[60])
    shared = add_pool(database, "shared", SHARED)
    assign(database, campaign.account_id, own)
    env = {
        "EMAIL_DEFAULT_ROUTE": "mx", "EMAIL_NAMESERVERS": names.address, "EMAIL_MX_NETWORKS": "127.0.0.0/8",
        "EMAIL_MX_PORT": str(receiver.port), "EMAIL_MTA_STS": "0", "EMAIL_CHUNK": "20", "EMAIL_WORKERS": "1",
    }  # fmt: skip
    receiver.blocks.add(LISTED)
    processes = [launch("email_gateway.outbound", service="email_gateway", env=env, wait=False) for _ in range(2)]
    for process in processes:
        process.wait_ready()

    for part in range(6):
        campaign.publish(campaign.batch([f"a{part}x{n}@d{n % 3}.example" for n in range(40)], first=1 + 40 * part))
    wait_until(lambda: states(database, campaign.account_id).get("delivered") == 240, what="all of it", timeout=60)

    by_address = Counter(address for address, _, _ in receiver.taken)
    assert {(address, name) for address, name, _ in receiver.taken} == set(NAMES.items())
    assert 15 <= by_address[OWN] <= 60, "the day's warm-up, of both together; the rest is the shared pool's"
    wait_until(lambda: figures(database, own)["delivered"] == by_address[OWN], what="the figures", timeout=60)
    wait_until(lambda: figures(database, shared)["delivered"] == by_address[SHARED], what="the figures", timeout=60)

    other = add_pool(database, "dedicated", LISTED)
    assign(database, campaign.account_id, other)
    wait_until(
        lambda: all(str(other) in metrics(each) for each in processes), what="the processes to follow", timeout=60
    )
    receiver.taken.clear()
    campaign.campaign_id, campaign.send_id = uuid4(), new_id()
    campaign.publish(campaign.batch([f"b{n}@d3.example" for n in range(60)], first=1_001))
    wait_until(lambda: paused(database) == {"d3.example": "5.7.1"}, what="the pause", timeout=60)
    waits = f'wici_email_ip_pool_pauses{{pool="dedicated {other}"}} 1.0'
    wait_until(lambda: all(waits in metrics(each) for each in processes), what="both to know", timeout=60)

    send_one(campaign, "kod@d3.example")
    wait_until(
        lambda: (SHARED, NAMES[SHARED], "kod@d3.example") in receiver.taken,
        what="a code, from the shared pool",
        timeout=60,
    )
    wait_until(lambda: figures(database, other)["blocked"] >= 20, what="the figures", timeout=60)
    assert [recipient for _, _, recipient in receiver.taken] == ["kod@d3.example"], "bulk waits"


def metrics(process: RunningProcess) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{process.health_port}/metrics", timeout=20) as answer:
        return str(answer.read().decode())


# --- within one process


def many(pools: IpPools, count: int, account_id: str) -> int:
    """How many of so many mails leave from a pool's address."""
    sent = 0
    for number in range(count):
        try:
            sent += pools.choose(account_id, f"a{number}@x.example", urgent=False) is not None
        except Held:
            pass
    return sent


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 200), st.lists(st.tuples(st.integers(0, 2), st.integers(0, 80)), max_size=20))
def test_processes_together_send_no_more_than_a_warming_address_may(
    database: Database, limit: int, steps: list[tuple[int, int]]
) -> None:
    """Processes wish for any number of mails in any order; one is killed, one leaves politely."""
    with database.transaction() as session:
        session.execute(text("DELETE FROM ip_pools"))
    own, account_id = add_pool(database, "shared", OWN, warm_up=[limit]), str(uuid4())
    processes = [IpPools(database) for _ in range(3)]
    sent = 0
    for which, wishes in steps:
        processes[which].refresh()
        sent += many(processes[which], wishes, account_id)
        assert sent <= limit
    processes[0].close()
    last = IpPools(database)
    for _ in range(10):
        last.refresh()
        sent += many(last, limit, account_id)
    assert sent <= limit
    assert figures(database, own).total() == 0


def test_what_never_left_is_given_back(database: Database) -> None:
    add_pool(database, "shared", OWN, warm_up=[1])
    pools = IpPools(database)
    pools.refresh()
    source = pools.choose("x", "a@x.example", urgent=True)
    assert source is not None
    with pytest.raises(Held):
        pools.choose("x", "a@x.example", urgent=True)
    pools.note(source, "a@x.example", Outcome(Result.BUSY, "4.4.5", ""))
    assert pools.choose("x", "a@x.example", urgent=True) == source


def test_what_could_not_be_given_back_is_still_there(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    add_pool(database, "shared", OWN, warm_up=[8])
    pools = IpPools(database)
    pools.refresh()
    assert many(pools, 1, "x") == 1

    monkeypatch.setattr("email_gateway.outbound.ip_pools.UNUSED_SECONDS", -1.0)
    with as_administrator(database) as session:
        session.execute(text("ALTER TABLE warm_up_days RENAME TO away"))
    with pytest.raises(ProgrammingError):
        pools.refresh()
    with as_administrator(database) as session:
        session.execute(text("ALTER TABLE away RENAME TO warm_up_days"))
    assert many(pools, 8, "x") == 3, "half of the day's, less the one that was sent"


def test_an_address_without_its_name_or_that_is_not_here_is_not_used(database: Database) -> None:
    pool_id = add_pool(database, "shared", OWN, "192.0.2.77")
    pools = IpPools(database)
    pools.refresh()
    assert {pools.choose("x", f"a{n}@x.example", urgent=False).address for n in range(20)} == {OWN}  # type: ignore[union-attr]

    with database.transaction() as session:
        session.execute(text("UPDATE ip_addresses SET is_named = false"))
    pools.refresh()
    assert pools.choose("x", "a@x.example", urgent=False) is None, "no pool can be used: as if there were none"

    own = add_pool(database, "dedicated", SHARED)
    assign(database, UUID(int=7), own)
    with database.transaction() as session:
        session.execute(text("UPDATE ip_addresses SET is_named = true"))
        session.execute(text("UPDATE ip_pools SET is_paused = true WHERE pool_id = :id"), {"id": own})
    pools.refresh()
    with pytest.raises(Held):
        pools.choose(str(UUID(int=7)), "a@x.example", urgent=False)
    code = pools.choose(str(UUID(int=7)), "a@x.example", urgent=True)
    assert code is not None and code.pool_id == pool_id


# --- operators


def test_operators_keep_pools(call: Call, database: Database) -> None:
    pool = call("create_ip_pool", OPERATOR, name="Łąka", kind="dedicated", reason="Contract")
    with pytest.raises(Conflict, match="name"):
        call("create_ip_pool", OPERATOR, name="Łąka", kind="shared", reason="Contract")
    asked = {"address": "2001:DB8:0::1", "ehlo_name": "MX.wici.example", "reason": "Contract"}
    shown = call("add_ip_address", OPERATOR, pool_id=pool["id"], **asked)["addresses"][0]
    assert (shown["address"], shown["ehlo_name"]) == ("2001:db8::1", "mx.wici.example")
    assert (shown["is_named"], shown["limit_today"], shown["taken_today"]) == (None, 50, 0)
    with pytest.raises(Conflict):
        call("add_ip_address", OPERATOR, pool_id=pool["id"], **{**asked, "address": "2001:db8::0001"})

    tenant = str(uuid4())
    call("put_account_ip_pool", OPERATOR, account_id=tenant, pool_id=pool["id"], reason="Contract")
    with pytest.raises(Conflict):
        call("delete_ip_pool", OPERATOR, pool_id=pool["id"], reason="Contract")
    changed = call("update_ip_pool", OPERATOR, pool_id=pool["id"], is_paused=True, reason="Listed")
    assert (changed["is_paused"], changed["accounts"], changed["name"]) == (True, 1, "Łąka")
    call("put_account_ip_pool", OPERATOR, account_id=tenant, pool_id=None, reason="Contract")
    call("delete_ip_address", OPERATOR, pool_id=pool["id"], address_id=shown["id"], reason="Contract")
    with pytest.raises(NotFound):
        call("delete_ip_address", OPERATOR, pool_id=pool["id"], address_id=shown["id"], reason="Contract")
    assert call("get_ip_pool_figures", OPERATOR, pool_id=pool["id"], days=7) == {"items": []}
    assert [each["id"] for each in call("list_ip_pools", OPERATOR, limit=10)["items"]] == [pool["id"]]
    call("delete_ip_pool", OPERATOR, pool_id=pool["id"], reason="Contract")
    with pytest.raises(NotFound):
        call("get_ip_pool", OPERATOR, pool_id=pool["id"])
    with pytest.raises(Invalid):
        call("create_ip_pool", OPERATOR, name="x\n", kind="shared", reason="Contract")
    with pytest.raises(Exception, match="operator"):
        call("list_ip_pools", account(), limit=10)


@contextmanager
def looked_up(answers: dict[tuple[str, str], list[str] | None]) -> Iterator[Any]:
    class Tools:
        @staticmethod
        def look_up(name: str, kind: str) -> list[str] | None:
            return answers.get((name, kind), [])

    yield Tools


def test_names_are_looked_up_when_they_are_due(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    add_pool(database, "shared", OWN)
    now = datetime.now(UTC)
    good = {("2.0.0.127.in-addr.arpa", "PTR"): [f"{NAMES[OWN]}."], (NAMES[OWN], "A"): [OWN]}

    def is_named() -> bool | None:
        with database.transaction() as session:
            session.execute(text("UPDATE ip_addresses SET check_due_at = now() - interval '1 s'"))
        assert usecases.check_due_addresses(database, now=datetime.now(UTC), tools=tools) == 1
        assert usecases.check_due_addresses(database, now=now, tools=tools) == 0, "not due any more"
        with database.transaction() as session:
            return session.scalar(text("SELECT is_named FROM ip_addresses"))

    with looked_up({**good, ("2.0.0.127.in-addr.arpa", "PTR"): []}) as tools:
        assert is_named() is False
    with looked_up(good) as tools:
        assert is_named() is True
    with looked_up({**good, ("2.0.0.127.in-addr.arpa", "PTR"): None}) as tools:
        assert is_named() is True, "silence changes nothing"
