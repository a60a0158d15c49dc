"""Two senders are one to a provider: they share its connections by lease."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from chassis.database import Database
from chassis.ids import new_id
from email_gateway.domain.retrying import Result
from email_gateway.outbound.provider_places import ProviderPlaces
from email_gateway.smtp.destinations import Destination, Limits, Parcel
from email_gateway.smtp.outcomes import Outcome
from email_gateway.smtp.peers import Peer, Tls
from email_gateway.smtp.pool import Pool
from email_gateway.smtp.rates import Rate
from email_gateway.smtp.shaping import Allowance, Allowances, Shape
from email_gateway.store import provider_places as store
from email_gateway.store.provider_places import Report

BODY = b"Subject: x\r\n\r\nx\r\n"
MOST = 4


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 6), st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=12))
def test_processes_hold_no_more_than_there_are(database: Database, most: int, steps: list[tuple[int, bool]]) -> None:
    """Whoever renews takes all that it is granted; what it gives up ends before its next report."""
    with database.transaction() as session:
        session.execute(text("DELETE FROM provider_places"))
    instances, held = [new_id() for _ in range(3)], [0, 0, 0]
    for which, is_busy in steps:
        with database.transaction() as session:
            [granted] = store.renew(session, instances[which], [Report("", "google", most, held[which], is_busy)])
        held[which] = granted.places
        assert sum(held) <= most
    with database.transaction() as session:
        for instance_id in instances:
            store.leave(session, instance_id)
        of_both = [Report("192.0.2.1", "google", most, 0, True), Report("", "google", most, 0, True)]
        assert [each.places for each in store.renew(session, new_id(), of_both)] == [most, most], "by address"


def test_a_part_is_over_while_the_database_hangs_and_while_nobody_wants_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in {"RENEW": 0.1, "LOOK": 0.01, "USE": 1.0, "IDLE": 0.5}.items():
        monkeypatch.setattr(f"email_gateway.outbound.provider_places.{name}_SECONDS", seconds)
    allowances = {("", f"p{n}"): Allowance(MOST, f"p{n}", share=0) for n in range(100)}

    async def shares_are(share: int) -> None:
        while {each.share for each in allowances.values()} != {share}:
            await asyncio.sleep(0.01)

    async def run() -> None:
        keeping = asyncio.create_task(ProviderPlaces(database, lambda: allowances).keep())
        for each in allowances.values():
            assert each.enter(urgent=True) is None
        await shares_are(MOST)
        places = [each.enter() for each in allowances.values()]
        with database.transaction() as session:
            session.execute(text("LOCK TABLE provider_places"))
            await shares_are(0)
        await shares_are(MOST)
        for place in places:
            assert place is not None
            place.leave()
        await shares_are(0)
        await asyncio.sleep(0.3)
        assert {each.share for each in allowances.values()} == {0}, "it is not asked for again"
        places = [each.enter() for each in allowances.values()]
        await shares_are(MOST)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)

    asyncio.run(asyncio.wait_for(run(), 60))


def test_what_is_given_up_is_the_others_once_no_connection_can_be_opened_by_it(database: Database) -> None:
    ours, theirs = Allowance(MOST, "google", share=0), Allowance(MOST, "google", share=0)
    first, second = (ProviderPlaces(database, dict[tuple[str, str], Allowance]) for _ in range(2))

    async def renewed(places: ProviderPlaces, allowance: Allowance) -> int:
        assert await places._renew({("", "google"): allowance}, time.monotonic())
        return allowance.share

    async def run() -> None:
        assert ours.enter(urgent=True) is None
        assert await renewed(first, ours) == MOST
        assert theirs.enter(urgent=True) is None
        assert await renewed(second, theirs) == 0
        assert await renewed(first, ours) == 1, "idle; until it knew it could have opened all"
        assert await renewed(second, theirs) == 0
        assert await renewed(first, ours) == 1
        assert await renewed(second, theirs) == MOST - 1
        for each in (first, second):
            await each._leave()

    asyncio.run(asyncio.wait_for(run(), 60))


def test_processes_that_ask_for_the_same_in_any_order_do_not_wait_for_each_other_for_good(database: Database) -> None:
    keys = [(f"192.0.2.{n}", "google") for n in range(40)]

    def renew(seed: int) -> int:
        instance_id, asked = new_id(), Random(seed).sample(keys, len(keys))
        for _ in range(10):
            with database.transaction() as session:
                granted = store.renew(session, instance_id, [Report(*key, MOST, 0, True) for key in asked])
        with database.transaction() as session:
            store.leave(session, instance_id)
        return len(granted)

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(renew, range(4))) == [len(keys)] * 4


class Counting:
    """Takes every mail after a moment, and counts who is there at once."""

    def __init__(self) -> None:
        self.now = self.peak = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.now += 1
        self.peak = max(self.peak, self.now)
        try:
            writer.write(b"220 mx\r\n")
            while line := await reader.readline():
                if line.startswith(b"DATA"):
                    writer.write(b"354 go\r\n")
                    await reader.readuntil(b"\r\n.\r\n")
                    await asyncio.sleep(0.005)
                writer.write(b"250-mx\r\n250 PIPELINING\r\n" if line.startswith(b"EHLO") else b"250 ok\r\n")
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.now -= 1
            writer.close()


async def sent_by_two(database: Database, mails: int) -> tuple[int, list[Result]]:
    """The most connections at once, and what became of so many mails of each of two senders."""
    server = Counting()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    results: list[Result] = []

    async def peers() -> list[Peer]:
        return [Peer("localhost", port, Tls.OFF)]

    def on_done(_parcel: Parcel, outcome: Outcome) -> None:
        results.append(outcome.result)

    senders = []
    for _ in range(2):
        allowances = Allowances(are_shared=True)
        limits = Limits(connections=8, wait_seconds=60.0)
        make = partial(Destination, peers, limits, patient=False, allowances=allowances)
        pool = Pool(lambda domain, _source, make=make: (domain, make))
        pool.start()
        keeper = ProviderPlaces(database, partial(by_key, allowances))
        senders.append((pool, asyncio.create_task(keeper.keep())))
    for number, (pool, _) in enumerate(senders):
        addresses = [f"a{n}@d{number}x{n % 5}.example" for n in range(mails)]
        pool.submit([Parcel(UUID(int=n), "s@x.pl", each, BODY, False, on_done) for n, each in enumerate(addresses)])
    while len(results) < 2 * mails:
        await asyncio.sleep(0.01)
    for pool, keeping in senders:
        await pool.close(1)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
    listening.close()
    return server.peak, results


def test_two_senders_are_one_to_a_provider(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    shape = Shape("local", (".localhost",), connections=MOST, messages=20, source="the test")
    monkeypatch.setattr("email_gateway.smtp.shaping.SHAPES", (shape,))

    peak, results = asyncio.run(asyncio.wait_for(sent_by_two(database, 100), 60))

    assert results == [Result.DELIVERED] * 200
    assert peak <= MOST + 2, "the provider's, and two of which the server has not seen the end; without leases: eight"
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM provider_places")) == 0, "left"


def test_two_senders_together_keep_to_a_provider_s_rate(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted where each mail begins, and by the time that is judged by."""
    shape = Shape("local", (".localhost",), connections=MOST, messages=20, source="the test", rate=20)
    monkeypatch.setattr("email_gateway.smtp.shaping.SHAPES", (shape,))
    begun: list[float] = []

    class Noting(Rate):
        def take(self, *, urgent: bool) -> bool:
            if may := super().take(urgent=urgent):
                begun.append(self._begun[-1])
            return may

    monkeypatch.setattr("email_gateway.smtp.shaping.Rate", Noting)

    results = asyncio.run(asyncio.wait_for(sent_by_two(database, 25), 60))[1]

    assert results == [Result.DELIVERED] * 50
    assert max(sum(start <= each < start + 1.0 for each in begun) for start in begun) <= 20 < len(begun)


def by_key(allowances: Allowances) -> dict[tuple[str, str], Allowance]:
    return {("", name): each for name, each in allowances.by_name.items()}
