"""A carrier by HTTP whose answers say nothing, and codes that it may have taken; names and addresses that hang."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import httpcore
import orjson
import pytest
from raw_carrier import until
from raw_http_carrier import Behaviour, HttpCarrier, Request, answer

from channel.batches import Batch, Header
from channel.outlets import Chunk, Message
from chassis.ids import new_id
from chassis.public_addresses import networks
from contracts.vocabulary import Lane
from sms_gateway.batches import Content, SmsMessage
from sms_gateway.content.parts import LongForm
from sms_gateway.http_api.client import HttpLinkSettings
from sms_gateway.http_api.dialects import dialect_of
from sms_gateway.http_api.lookups import LookUps
from sms_gateway.http_api.network import GuardedNetwork
from sms_gateway.http_api.requests import Access
from sms_gateway.outbound import carriers
from sms_gateway.outbound.carrier_settings import CarrierSettings
from sms_gateway.outbound.carriers import CarrierOutlet

LOCAL = networks(("127.0.0.0/8",))
HTTP = {"body": {"to": "{to}", "text": "{text}"}, "answer": {"id": "id", "error": "error"}}


class Events:
    """Records outcomes."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    def settled(self, messages: Sequence[Message]) -> None:
        self.messages += messages

    def wants_claims(self, outlet: Any) -> None:
        pass


def code(accepted_ago: float = 0.0) -> SmsMessage:
    raw: dict[str, Any] = {name: str(new_id()) for name in ("batch_id", "account_id", "send_id")}
    header = Header({**raw, "content_hash": "h", "accepted_at": time.time() - accepted_ago}, Lane.OTP)
    recipient = {"number": 0, "address": "+48600100200"}
    chunk = Chunk(Batch(header, Content(new_id(), "Wici", {"text": "Kod"}), 1), None, [recipient])
    made = SmsMessage(chunk, recipient, str(new_id()), False, 0)
    made.bodies = [
        orjson.dumps({"to": "+48600100200", "from": "Wici", "text": "Kod", "parts": 1, "encoding": "gsm",
                      "flash": False, "validity_minutes": None})
    ]  # fmt: skip
    return made


def outlet(url: str, events: Any, fail_over: Callable[..., list[SmsMessage]]) -> CarrierOutlet:
    http = HttpLinkSettings(
        dialect_of("http", {**HTTP, "url": url}), Access("me", "secret", "https://w.example"), 10, 5.0, LOCAL
    )
    settings = CarrierSettings(
        new_id(), "c", 1, "h", 1, "s", "p", "", "transceiver", 1, 10, 0, None, LongForm.TEXT, "same", http=http
    )
    return CarrierOutlet(settings, events, 100, lambda is_on_trial: None, fail_over)


def outcome(behaviour: Behaviour, message: SmsMessage, *, takes_it: bool = False) -> tuple[HttpCarrier, str | None]:
    """What becomes of a message at the only carrier, or with another one beside it."""

    async def run() -> tuple[HttpCarrier, str | None]:
        target, events = HttpCarrier(behaviour), Events()
        url = f"http://127.0.0.1:{await target.start()}/send"
        moved: list[SmsMessage] = []

        def fail_over(_outlet: CarrierOutlet, messages: Sequence[SmsMessage]) -> list[SmsMessage]:
            moved.extend(messages if takes_it else ())
            return [] if takes_it else list(messages)

        work = outlet(url, events, fail_over)
        work.start()
        work.hand_over([message])
        await until(lambda: events.messages or moved, 20)
        await asyncio.sleep(0.05)
        await work.stop(0.1)
        target.server.close()
        assert not work.queues
        return target, "moved" if moved else str(events.messages[0].state)

    return asyncio.run(run())


def says(*answers: bytes) -> Behaviour:
    async def behave(carrier: HttpCarrier, request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(answers[min(len(carrier.requests), len(answers)) - 1])

    return behave


@pytest.mark.parametrize(
    ("answers", "asked", "state"),
    [
        ([answer(502)], 2, "unknown"), ([answer(200, {"status": "ok"})], 2, "unknown"),
        ([answer(504), answer(200, {"id": "x"})], 2, "submitted"), ([answer(502), answer(503)], 2, "unknown"),
        ([answer(502), answer(400)], 2, "unknown"),
    ],
)  # fmt: skip
def test_a_code_that_may_have_been_taken_is_sent_once_more(
    monkeypatch: pytest.MonkeyPatch, answers: list[bytes], asked: int, state: str
) -> None:
    monkeypatch.setattr(carriers, "DOUBT_REST", 0.02)
    target, became = outcome(says(*answers), code())
    assert (len(target.requests), became) == (asked, state)


def test_one_that_is_of_no_use_any_more_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carriers, "DOUBT_REST", 0.02)
    target, became = outcome(says(answer(502)), code(accepted_ago=31 * 60))
    assert (len(target.requests), became) == (1, "unknown")


def test_another_carrier_has_it_at_once() -> None:
    target, became = outcome(says(answer(502)), code(), takes_it=True)
    assert (len(target.requests), became) == (1, "moved")


def test_while_it_rests_it_is_not_taken_for_unsent() -> None:
    """Its carrier may have it: neither an open circuit nor the end lets it start anew as what has not left does."""

    async def run() -> None:
        work, message = outlet("http://127.0.0.1:1/send", Events(), lambda _outlet, messages: list(messages)), code()
        work.queues.put([message])
        work.lost(work.queues.take(Lane.OTP, 1))
        assert work.take_back() == work.withdraw(lambda header: True) == []
        await work.stop(0.1)
        assert [each.state for each in work.take_back()] == ["unknown"]

    asyncio.run(run())


def connecting(look_ups: LookUps, *, timeout: float, times: int = 1) -> list[Any]:
    async def run() -> list[Any]:
        network = GuardedNetwork(LOCAL, is_secure=False, look_ups=look_ups)
        tries = (network.connect_tcp("sms.example", full.getsockname()[1], timeout) for _ in range(times))
        return await asyncio.gather(*tries, return_exceptions=True)

    with socket.socket() as full:
        full.bind(("0.0.0.0", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:  # nobody accepts them: there is room for no more
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", full.getsockname()[1]))
        try:
            return asyncio.run(run())
        finally:
            for each in waiting:
                each.close()


def test_addresses_that_do_not_answer_have_one_time_together() -> None:
    began = time.monotonic()
    (failure,) = connecting(LookUps(lambda host, port: [f"127.0.0.{each}" for each in range(1, 9)]), timeout=0.8)
    assert isinstance(failure, httpcore.ConnectTimeout) and time.monotonic() - began < 8 * 0.8


def test_a_name_that_hangs_is_looked_for_once_and_has_not_left() -> None:
    asked, goes_on = [], threading.Event()

    def hangs(host: str, port: int) -> list[str]:
        asked.append(host)
        goes_on.wait(20)
        return ["127.0.0.1"]

    failures = connecting(LookUps(hangs), timeout=0.2, times=20)
    goes_on.set()
    assert {type(each) for each in failures} == {httpcore.ConnectTimeout} and asked == ["sms.example"]


def test_a_name_that_is_not_known_is_not_looked_for_again_at_once() -> None:
    asked = []

    def unknown(host: str, port: int) -> list[str]:
        asked.append(host)
        raise OSError

    async def run() -> None:
        look_ups = LookUps(unknown)
        for _ in range(3):
            with pytest.raises(OSError):
                await look_ups.places("sms.example", 443)

    asyncio.run(run())
    assert len(asked) == 1
