"""How many connections a provider gets, and that all its domains share them."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from email_gateway.domain.retrying import Result
from email_gateway.smtp.pool import Destination, Limits, Outcome, Parcel, Pool
from email_gateway.smtp.session import Peer, Tls
from email_gateway.smtp.shaping import RECOVERS_SECONDS, SHAPES, Allowance, Allowances, Shape, shape_of

from .test_session import BODY, Server


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("hosts", "name"),
    [
        (["gmail-smtp-in.l.google.com", "other.example"], "google"),
        (["ASPMX.L.GOOGLE.com."], "google"),
        (["outlook-com.olc.protection.outlook.com"], "outlook"),
        (["k-example.mail.protection.outlook.com"], "microsoft365"),
        (["mta5.am0.yahoodns.net"], "yahoo"),
        (["mx.wp.pl"], "wp"),
        (["mx.poczta.onet.pl"], "onet"),
        (["mx.interia.pl"], "interia"),
        (["mx.notgoogle.com"], None),
        (["google.com.evil.example"], None),
        ([], None),
    ],
)
def test_a_provider_is_known_by_its_hosts(hosts: list[str], name: str | None) -> None:
    shape = shape_of(hosts)
    assert (shape and shape.name) == name


def test_every_provider_has_a_source_and_figures() -> None:
    assert len({shape.name for shape in SHAPES}) == len(SHAPES)
    for shape in SHAPES:
        assert shape.source and shape.connections > 0 and shape.messages > 0
        assert all(ending.startswith(".") for ending in shape.hosts)


def test_too_much_halves_the_places_and_they_come_back_one_a_minute() -> None:
    clock = Clock()
    allowance = Allowance(8, clock=clock)
    assert [allowance.enter() for _ in range(9)] == [True] * 8 + [False]

    allowance.slow_down()
    allowance.slow_down()  # another connection was told at the same moment
    assert (allowance.limit, allowance.free) == (4, 0)
    for _ in range(5):
        clock.now += RECOVERS_SECONDS / 2
        allowance.slow_down()
    assert allowance.limit == 1

    clock.now += 3.5 * RECOVERS_SECONDS
    assert allowance.limit == 4
    clock.now += 100 * RECOVERS_SECONDS
    assert allowance.limit == 8


def test_who_is_urgent_is_given_a_place_before_the_others() -> None:
    async def run() -> list[str]:
        allowance, order = Allowance(1), list[str]()
        first, second = (lambda: order.append("bulk")), (lambda: order.append("urgent"))
        third = lambda: order.append("became urgent")  # noqa: E731
        assert allowance.enter()
        assert not (allowance.enter(first) or allowance.enter(third) or allowance.enter(second, urgent=True))
        assert not (allowance.enter(third, urgent=True) or allowance.enter(third))
        allowance.leave()
        for _ in range(6):
            await asyncio.sleep(0)
        return order

    assert asyncio.run(run()) == ["urgent", "became urgent", "bulk"]


def test_what_waits_too_long_for_a_connection_was_not_tried() -> None:
    async def peers() -> list[Peer]:
        await asyncio.Event().wait()
        raise AssertionError

    async def run() -> list[Result]:
        destination = Destination(peers, Limits(wait_seconds=1.0), patient=False)
        results: list[Result] = []
        for number in range(2):
            parcel = Parcel(
                UUID(int=number), "s@x.pl", "a@x.pl", BODY, False, lambda _, out: results.append(out.result)
            )
            destination.submit(parcel)
            parcel.tries = number
        destination.watch(destination.used_at + 2.0)
        return results

    assert asyncio.run(run()) == [Result.BUSY, Result.RETRY]


def test_domains_of_one_provider_share_its_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve domains, two places: all mail leaves, and over two connections at a time."""
    shape = Shape("local", (".localhost",), connections=2, messages=3, source="the test")
    monkeypatch.setattr("email_gateway.smtp.shaping.SHAPES", (shape,))
    open_now: list[int] = []

    class Counting(Server):
        now = 0

        async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.now += 1
            open_now.append(self.now)
            await super().serve(reader, writer)
            self.now -= 1

    async def run() -> list[Outcome]:
        server = Counting()
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        allowances = Allowances()

        async def peers() -> list[Peer]:
            return [Peer("localhost", port, Tls.OFF)]

        limits = Limits(connections=8, idle_seconds=60.0)
        pool = Pool(lambda domain: (domain, lambda: Destination(peers, limits, patient=False, allowances=allowances)))
        pool.start()
        outcomes: list[Outcome] = []
        is_complete = asyncio.Event()

        def on_done(_parcel: Parcel, outcome: Outcome) -> None:
            outcomes.append(outcome)
            if len(outcomes) == 60:
                is_complete.set()

        addresses = [f"a{n}@d{n % 12}.example" for n in range(60)]
        pool.submit([Parcel(UUID(int=n), "s@x.pl", each, BODY, False, on_done) for n, each in enumerate(addresses)])
        await asyncio.wait_for(is_complete.wait(), 20)
        await pool.close(1)
        listening.close()
        return outcomes

    outcomes = asyncio.run(run())

    assert [outcome.result for outcome in outcomes] == [Result.DELIVERED] * 60
    assert max(open_now) <= 4, "two, and two of which the server has not seen the end; without a bound it is twelve"
