"""How many connections a provider gets, and that all its domains share them."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from email_gateway.domain.retrying import Result
from email_gateway.smtp.destinations import Destination, Limits, Parcel
from email_gateway.smtp.outcomes import Outcome
from email_gateway.smtp.peers import Peer, Tls
from email_gateway.smtp.pool import Pool
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
    assert [allowance.enter() is not None for _ in range(8)] == [True] * 7 + [False], "one is for what is urgent"
    assert allowance.enter(urgent=True)

    allowance.slow_down()
    allowance.slow_down()  # another connection was told at the same moment
    assert (allowance.limit, allowance.free(urgent=True)) == (4, 0)
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
        place = allowance.enter()
        first, second = (lambda: order.append("bulk")), (lambda: order.append("urgent"))
        third = lambda: order.append("became urgent")  # noqa: E731
        assert place is not None
        assert not (allowance.enter(first) or allowance.enter(third) or allowance.enter(second, urgent=True))
        assert not (allowance.enter(third, urgent=True) or allowance.enter(third))
        place.leave()
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
        pool = Pool(
            lambda domain, _source: (domain, lambda: Destination(peers, limits, patient=False, allowances=allowances))
        )
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


class Stuck(Server):
    """Keeps every bulk mail until the test ends; takes others at once."""

    def __init__(self) -> None:
        super().__init__()
        self.is_over = asyncio.Event()

    async def _command(self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if line == "." and b"bulk" in self.bodies[-1]:
            await self.is_over.wait()
        await super()._command(line, reader, writer)


@pytest.mark.parametrize("slowed", [False, True], ids=["with all places", "with one place left"])
def test_a_code_leaves_while_bulk_for_other_domains_hangs_at_the_provider(
    monkeypatch: pytest.MonkeyPatch, slowed: bool
) -> None:
    shape = Shape("local", (".localhost",), connections=3, messages=50, source="the test")
    monkeypatch.setattr("email_gateway.smtp.shaping.SHAPES", (shape,))

    async def run() -> tuple[list[str], int]:
        server = Stuck()
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        allowances = Allowances()

        async def peers() -> list[Peer]:
            return [Peer("localhost", port, Tls.OFF)]

        limits = Limits(connections=8, idle_seconds=60.0, wait_seconds=60.0)
        pool = Pool(
            lambda domain, _source: (domain, lambda: Destination(peers, limits, patient=False, allowances=allowances))
        )
        pool.start()
        if slowed and (shared := allowances.of(["localhost"])):
            shared.slow_down()
        done: list[str] = []

        def parcel(number: int, address: str, *, urgent: bool) -> Parcel:
            body = b"Subject: %b\r\n\r\nx\r\n" % (b"code" if urgent else b"bulk")
            return Parcel(UUID(int=number), "s@x.pl", address, body, urgent, lambda made, _: done.append(made.address))

        pool.submit([parcel(n, f"a{n}@d{n % 9}.example", urgent=False) for n in range(60)])
        while len(server.bodies) < (1 if slowed else 2):
            await asyncio.sleep(0.01)
        codes = [f"code@c{n}.example" for n in range(5)]
        pool.submit([parcel(100 + n, each, urgent=True) for n, each in enumerate(codes)])
        while len(done) < len(codes):
            await asyncio.sleep(0.01)
        hung = sum(b"bulk" in body for body in server.bodies)
        told = list(done)
        server.is_over.set()
        while len(done) < 65:
            await asyncio.sleep(0.01)
        await pool.close(1)
        listening.close()
        return told, hung

    told, hung = asyncio.run(asyncio.wait_for(run(), 30))

    assert sorted(told) == [f"code@c{n}.example" for n in range(5)]
    assert hung == (1 if slowed else 2)


def test_with_a_single_place_bulk_makes_way_after_the_mail_that_is_under_way() -> None:
    """An operator's route with one connection: nothing else may be opened, so the hundred others wait."""

    async def run() -> list[str]:
        server, done = Server(), list[str]()
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        shared = Allowance(1)

        async def peers() -> list[Peer]:
            return [Peer("127.0.0.1", port, Tls.OFF)]

        def destination() -> Destination:
            made = Destination(peers, Limits(connections=1, wait_seconds=60.0), patient=False)
            made._allowance = shared
            return made

        pool = Pool(lambda domain, _source: (domain, destination))
        pool.start()

        def parcel(number: int, address: str, *, urgent: bool) -> Parcel:
            return Parcel(UUID(int=number), "s@x.pl", address, BODY, urgent, lambda made, _: done.append(made.address))

        pool.submit([parcel(n, f"b{n}@bulk.example", urgent=False) for n in range(100)])
        while len(done) < 3:
            await asyncio.sleep(0)
        pool.submit([parcel(200, "code@other.example", urgent=True)])
        while len(done) < 101:
            await asyncio.sleep(0.01)
        await pool.close(1)
        listening.close()
        return done

    done = asyncio.run(asyncio.wait_for(run(), 30))

    assert done.index("code@other.example") < 20


class Connection:
    """Holds a place; `told` is what it was asked to do."""

    def __init__(self, *, is_idle: bool) -> None:
        self.is_idle, self.told = is_idle, ""

    def quit(self) -> None:
        self.told = "quit"

    def finish(self) -> None:
        self.told = "finish"


def test_what_is_over_this_process_part_ends_the_idle_ones_first() -> None:
    async def run() -> None:
        allowance, called = Allowance(5, share=0), list[str]()
        assert not (allowance.enter(lambda: called.append("code"), urgent=True) or allowance.enter()), "not yet told"
        allowance.share_is(4)
        await asyncio.sleep(0)
        assert called == ["code"]

        places = [allowance.enter(urgent=number == 3) for number in range(4)]
        assert all(places) and not allowance.enter(urgent=True)
        connections = [Connection(is_idle=number == 2) for number in range(4)]
        for place, connection in zip(places, connections, strict=True):
            assert place is not None
            place.holder = connection
        allowance.share_is(3)
        assert [each.told for each in connections] == ["", "", "finish", ""]
        allowance.share_is(1)
        assert sum(each.told == "finish" for each in connections) == 3
        assert allowance.taken == 4, "until they have ended"
        assert allowance.free(urgent=True) == 0

    asyncio.run(run())


def test_what_fails_in_no_known_way_fails_one_connection_alone() -> None:
    async def run() -> list[Outcome]:
        outcomes: list[Outcome] = []

        async def peers() -> list[Peer]:
            raise LookupError("nobody thought of it")

        pool = Pool(lambda domain, _source: (domain, lambda: Destination(peers, Limits(), patient=False)))
        pool.start()
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: pytest.fail(str(context)))
        pool.submit([Parcel(UUID(int=1), "s@x.pl", "a@x.example", BODY, False, lambda _, of: outcomes.append(of))])
        while not outcomes:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert [each.is_empty for each in pool._all()] == [True], "the place is free again"
        await pool.close(0)
        return outcomes

    assert [each.result for each in asyncio.run(asyncio.wait_for(run(), 20))] == [Result.RETRY]


@pytest.mark.parametrize("taken_by", ["another connection", "withdrawal", "giving up"])
def test_who_waits_for_the_rate_rests_and_makes_way_once_nothing_is_left_to_send(taken_by: str) -> None:
    async def nobody() -> list[Peer]:
        raise AssertionError

    async def run() -> tuple[bool, str, bool]:
        clock = Clock()
        allowance = Allowance(3, rate=1, clock=clock)
        destination = Destination(nobody, Limits(), patient=False)
        destination._allowance = allowance
        sender, paced = allowance.enter(urgent=True), allowance.enter()
        assert sender and paced
        sender.holder, paced.holder = Connection(is_idle=False), (waits := Connection(is_idle=True))
        destination._places = {object(): sender, object(): paced}  # type: ignore[dict-item]
        for number in range(2):
            destination.submit(Parcel(UUID(int=number), "s@x.pl", "a@x.pl", BODY, True, lambda *_: None))
        assert destination._next(sender) and destination._next(paced) is None and paced.is_paced
        assert not paced.is_idle
        allowance.share_is(2)
        assert not allowance.enter(urgent=True), "another domain waits for a place"

        clock.now += 2.0
        if taken_by == "another connection":
            assert destination._next(sender)
        elif taken_by == "withdrawal":
            assert destination.withdraw(lambda _: True)
        else:
            destination.give_back()
        await asyncio.sleep(0)
        return paced.is_paced, waits.told, paced.is_idle

    assert asyncio.run(run()) == (False, "quit", True)


@pytest.mark.parametrize(("patient", "told"), [(True, ""), (False, "127.0.0.1")], ids=["smarthost", "recipient's"])
def test_the_name_of_our_own_smarthost_is_not_told(patient: bool, told: str) -> None:
    async def run() -> Outcome:
        listening = await asyncio.start_server(Server().serve, "127.0.0.1", 0)

        async def peers() -> list[Peer]:
            return [Peer("127.0.0.1", listening.sockets[0].getsockname()[1], Tls.OFF)]

        pool = Pool(lambda domain, _source: (domain, lambda: Destination(peers, Limits(), patient=patient)))
        outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        pool.start()
        pool.submit([Parcel(UUID(int=1), "s@x.pl", "a@x.pl", BODY, False, lambda _, of: outcome.set_result(of))])
        await outcome
        await pool.close(1)
        listening.close()
        return outcome.result()

    assert asyncio.run(asyncio.wait_for(run(), 20)).peer == told
