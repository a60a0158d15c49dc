"""The outlet with providers that hang, refuse or do not take a payload: whom that holds up, and whom it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from keys_of_tests import RSA_PEM

from channel.field_templates import RenderFailed
from channel.providers.answers import Answer, Verdict
from channel.providers.google import ServiceAccount
from channel.providers.places import OF_ONE, Holds
from contracts.channel import CHANNELS
from contracts.push_gateway.devices import Platform
from contracts.vocabulary import Channel, ContentFailure, Lane, MessageState
from push_gateway.batches import PushMessage, StoredContent, Target
from push_gateway.content.template import Template
from push_gateway.outbound.directory import Credentials
from push_gateway.outbound.outlet import PushOutlet
from push_gateway.wires import fcm
from push_gateway.wires.web import WebAccount

CONTENT = StoredContent(str(uuid4()), "shop", Template({"title": "Hello", "body": "World"}))
ACCEPTED = Answer(Verdict.ACCEPTED)


class Providers:
    """In place of the senders: `answers` by token, `late` once they may `go`."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []
        self.late, self.go = ACCEPTED, asyncio.Event()

    async def send(self, _credentials: Any, _push: Any, target: Target, place: Any) -> Answer:
        answer = self.answers.get(target.token, self.late if target.token == "late" else ACCEPTED)
        if isinstance(answer, Exception):
            raise answer
        async with place():
            self.asked.append(target.token)
            if target.token == "late" or answer == "hangs":
                await self.go.wait()
        return answer


class Bench:
    """An outlet, the devices at each address, and what became of the messages."""

    def __init__(self) -> None:
        self.providers, self.is_stopped = Providers(), False
        self.devices: dict[str, list[Target]] = {}
        self.put_off: list[PushMessage] = []
        self.credentials = Credentials(uuid4(), None, None, WebAccount(b"", "mailto:a@shop.example"))
        self.nonsense: set[str] = set()  # addresses that the database refuses
        directory: Any = SimpleNamespace(look_up=self._look_up)
        senders: Any = self.providers
        links: Any = SimpleNamespace(
            of=lambda message: f"https://wici.example/o/{UUID(message.recipient['contact_id'])}"
        )
        self.outlet = PushOutlet(CHANNELS[Channel.PUSH].lanes, directory, senders, links, ahead=1_000)
        events: Any = SimpleNamespace(
            is_stopped=lambda _header: self.is_stopped, settled=lambda _messages: None, put_off=self.put_off.extend
        )
        self.outlet.events = events
        self.tasks: set[Any] = set()

    def _look_up(self, _account_id: str, _sender: str, addresses: set[str]) -> Any:
        if self.nonsense & addresses:
            raise psycopg.errors.InvalidTextRepresentation
        return self.credentials, self.devices

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        self.tasks.add(asyncio.ensure_future(work))

    def send(
        self, *devices: tuple[Any, str], lane: Lane = Lane.BULK, contact_id: str = str(UUID(int=7))
    ) -> PushMessage:
        address = str(uuid4())
        self.devices[address] = [Target(uuid4(), platform, token) for platform, token in devices]
        header = SimpleNamespace(lane=lane, account_id=CONTENT.account_id, campaign_id=None)
        chunk: Any = SimpleNamespace(batch=SimpleNamespace(header=header, content=CONTENT))
        message = PushMessage(chunk, {"address": address, "contact_id": contact_id}, str(uuid4()), False, 0)
        self.outlet.hand_over([message])
        return message


def run(check: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    async def with_bench() -> None:
        bench = Bench()
        bench.spawn(bench.outlet.run(bench.spawn))
        try:
            await check(bench)
        finally:
            for task in bench.tasks:
                task.cancel()

    asyncio.run(with_bench())


async def until(is_so: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not is_so():
            await asyncio.sleep(0.005)


def test_a_provider_that_hangs_holds_up_neither_the_others_nor_all_single_messages() -> None:
    async def check(bench: Bench) -> None:
        for place in range(900):
            bench.providers.answers[f"dead-{place}"] = "hangs"
            bench.send((Platform.FCM, f"dead-{place}"))
        await until(lambda: len(bench.providers.asked) >= OF_ONE)
        others = bench.send((Platform.APNS, "fine")), bench.send((Platform.FCM, "code"), lane=Lane.TRANSACTIONAL)
        await until(lambda: all(one.state is MessageState.DELIVERED for one in others))
        assert len(bench.providers.asked) == OF_ONE + 2

    run(check)


@pytest.mark.parametrize("verdict", [Verdict.LATER, Verdict.SET_UP])
def test_who_waits_for_a_provider_that_refuses_all_does_not_ask_it_too(verdict: Verdict) -> None:
    async def check(bench: Bench) -> None:
        said = Answer(verdict, "fcm.UNAUTHENTICATED", 30.0, is_general=True)
        bench.providers.late = said
        sent = [bench.send((Platform.FCM, "late")) for _ in range(100)]
        await until(lambda: len(bench.providers.asked) == OF_ONE)
        bench.providers.go.set()
        await until(lambda: all(one.state is MessageState.DEFERRED for one in sent))
        assert len(bench.providers.asked) == OF_ONE
        assert {one.code for one in sent} == {"fcm.UNAUTHENTICATED"} and all(0 < (one.wait or 0) <= 30 for one in sent)

    run(check)


def test_a_campaign_that_stops_while_its_messages_wait_sends_no_more() -> None:
    async def check(bench: Bench) -> None:
        bench.providers.late = ACCEPTED
        sent = [bench.send((Platform.FCM, "late")) for _ in range(100)]
        await until(lambda: len(bench.providers.asked) == OF_ONE)
        bench.is_stopped = True
        bench.providers.go.set()
        await until(lambda: len(bench.put_off) + sum(one.state is not None for one in sent) == 100)
        assert len(bench.put_off) == 100 - OF_ONE == 100 - len(bench.providers.asked)

    run(check)


def test_what_has_not_left_when_the_process_ends_is_given_back() -> None:
    async def check(bench: Bench) -> None:
        bench.providers.late = ACCEPTED
        for _ in range(100):
            bench.send((Platform.FCM, "late"))
        await until(lambda: len(bench.providers.asked) == OF_ONE)
        stopping = asyncio.ensure_future(bench.outlet.stop(5.0))
        await asyncio.sleep(0)
        bench.providers.go.set()
        await stopping
        assert len(bench.outlet.take_back()) == 100 - len(bench.providers.asked) == 100 - OF_ONE

    run(check)


def test_a_device_that_the_payload_does_not_fit_is_refused_and_the_others_have_it() -> None:
    async def check(bench: Bench) -> None:
        bench.providers.answers["web"] = RenderFailed("body", ContentFailure.TEXT_TOO_LONG, "Too long.")
        both = bench.send((Platform.WEB, "web"), (Platform.FCM, "fine"))
        alone = bench.send((Platform.WEB, "web"))
        await until(lambda: both.state and alone.state)
        assert both.state is MessageState.DELIVERED
        assert (alone.state, alone.code) == (MessageState.REJECTED, ContentFailure.TEXT_TOO_LONG)

    run(check)


def test_a_device_whose_row_makes_no_sense_harms_neither_its_owners_others_nor_other_people() -> None:
    async def check(bench: Bench) -> None:
        both = bench.send((Platform.WEB, "https://["), (Platform.FCM, "first"))
        alone = bench.send(("pager", "second"))
        other = bench.send((Platform.FCM, "third"))
        await until(lambda: both.state and alone.state and other.state)
        assert (both.state, other.state) == (MessageState.DELIVERED, MessageState.DELIVERED)
        assert (alone.state, alone.code) == (MessageState.REJECTED, "push.device_invalid")

    run(check)


def test_an_address_that_the_database_refuses_ends_alone_however_many_are_looked_up_with_it() -> None:
    async def check(bench: Bench) -> None:
        sent = [bench.send((Platform.FCM, f"device-{place}")) for place in range(40)]
        bench.nonsense = {sent[7].recipient["address"], sent[31].recipient["address"]}
        await until(lambda: all(one.state for one in sent))
        refused = [place for place, one in enumerate(sent) if one.state is MessageState.REJECTED]
        assert refused == [7, 31] and sent[7].code == "push.failed"
        assert sum(one.state is MessageState.DELIVERED for one in sent) == 38

    run(check)


def test_a_message_of_which_nothing_can_be_made_ends_and_the_others_leave() -> None:
    async def check(bench: Bench) -> None:
        broken = bench.send((Platform.FCM, "first"), contact_id="nobody")
        other = bench.send((Platform.FCM, "second"))
        await until(lambda: broken.state and other.state)
        assert (broken.state, broken.code, other.state) == (
            MessageState.UNKNOWN, "push.failed", MessageState.DELIVERED,
        )  # fmt: skip

    run(check)


def test_campaigns_leave_room_for_single_messages() -> None:
    bench = Bench()
    bench.outlet.claimed[Lane.BULK] = 800

    assert bench.outlet.has_room(Lane.TRANSACTIONAL) and not bench.outlet.has_room(Lane.BULK)


def test_who_is_held_back_may_be_asked_again_in_time() -> None:
    now = 0.0
    holds = Holds(lambda: now)
    holds.note("shop", Answer(Verdict.LATER, "fcm.UNAVAILABLE", 5.0, is_general=True))
    holds.note("other", Answer(Verdict.LATER, "apns.TooManyRequests", 5.0))
    holds.note("shop", Answer(Verdict.LATER, "fcm.UNAVAILABLE", 1.0, is_general=True))
    now = 4.0
    assert holds.answer("shop") == Answer(Verdict.LATER, "fcm.UNAVAILABLE", 1.0, is_general=True)
    assert holds.answer("other") is None
    now = 5.0
    assert holds.answer("shop") is None


@pytest.mark.parametrize("status", [400, 503])
def test_a_refused_token_is_asked_for_once_and_takes_no_place(status: int) -> None:
    asked: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, json={"error": "invalid_grant"})

    async def check() -> set[Answer]:
        async with httpx.AsyncClient(transport=httpx.MockTransport(refuse)) as client:
            wire = fcm.Fcm(client, client, "https://fcm.example", "https://token.example/")
            account = ServiceAccount("shop", "push@shop.example", RSA_PEM)
            return set(await asyncio.gather(*(wire.send(account, {}, no_place) for _ in range(20))))

    (answer,) = asyncio.run(check())
    assert answer.is_general and len(asked) == 1


def no_place() -> Any:
    raise AssertionError("no place is needed")
