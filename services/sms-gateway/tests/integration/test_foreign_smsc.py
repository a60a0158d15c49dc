"""The connector bound to an SMSC that is not ours: smpp34, whose codec and sessions are written in Rust by others."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import smpp34
from sqlalchemy import text

from chassis.database import Database
from chassis.testing import free_port, wait_until

LONG = "Zażółć gęślą jaźń, " * 10  # UCS-2, three parts
REFUSED_ONCE, REFUSED = "48600000003", "48600000004"


class ForeignSmsc:
    """Answers on a thread of its own: receipts by text for odd ids, by TLVs for even ones."""

    def __init__(self) -> None:
        self.port = free_port()
        self.binds: dict[str, Any] = {}
        self.submits: list[Any] = []
        self._refused: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._started = asyncio.run_coroutine_threadsafe(self._serve(), self._loop)
        self._tasks: set[Any] = set()

    async def _serve(self) -> None:
        server = smpp34.Server("127.0.0.1", self.port, system_id="foreign")
        await server.start()
        while True:
            event = await server.next()
            if isinstance(event, smpp34.Esme):
                self.binds[event.session_id] = event
            elif isinstance(event, smpp34.Unbound):
                self.binds.pop(event.session_id, None)
            elif isinstance(event, smpp34.SubmitSmEvent):
                self._answer(event)

    def _answer(self, event: Any) -> None:
        to = event.destination_addr
        self._refused[to] += 1
        if to == REFUSED:
            return event.reject(smpp34.ESME_RINVDSTADR)
        if to == REFUSED_ONCE and self._refused[to] == 1:
            return event.reject(smpp34.ESME_RMSGQFUL)
        self.submits.append(event)
        number = len(self.submits)
        event.accept(f"{number:08X}")
        self._spawn(self._deliver(event.source_addr, self._receipt(event, number)))
        return None

    async def _deliver(self, to: str, receipt: dict[str, Any]) -> None:
        """Until somebody has taken it, as carriers do: what is under way as a bind ends is told again."""
        while True:
            for bind in list(self.binds.values()):
                try:
                    return await bind.deliver_sm(to, **receipt)
                except Exception:  # a status that is none of success, or a bind that has ended
                    continue
            await asyncio.sleep(0.1)

    @staticmethod
    def _receipt(event: Any, number: int) -> dict[str, Any]:
        of = {"source_addr": event.destination_addr, "esm_class": 0x04}
        if number % 2:
            return {**of, "short_message": f"id:{number:x} sub:001 dlvrd:001 stat:DELIVRD err:000 text:".encode()}
        tlvs = [
            smpp34.Tlv(smpp34.TLV_RECEIPTED_MESSAGE_ID, f"{number:08X}\0".encode()),
            smpp34.Tlv(smpp34.TLV_MESSAGE_STATE, b"\x02"),
        ]
        return {**of, "tlvs": tlvs}

    def _spawn(self, work: Any) -> None:
        async def run() -> Any:
            return await work

        task = self._loop.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def say(self, source: str, destination: str, octets: bytes) -> None:
        """A message from a phone, on any bind."""
        bind = next(iter(self.binds.values()))
        self._loop.call_soon_threadsafe(
            lambda: self._spawn(bind.deliver_sm(destination, octets, source_addr=source))
        )  # fmt: skip

    def drop_binds(self) -> None:
        for bind in list(self.binds.values()):
            self._loop.call_soon_threadsafe(lambda bind=bind: self._spawn(bind.unbind()))

    def stop(self) -> None:
        self._started.cancel()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture
def foreign() -> Iterator[ForeignSmsc]:
    smsc = ForeignSmsc()
    yield smsc
    smsc.stop()


def joined(smsc: ForeignSmsc, to: str) -> str:
    """What the phone shows: parts by their user data header."""
    parts = [event for event in smsc.submits if event.destination_addr == to]
    assert {(event.esm_class & 0x40, event.data_coding) for event in parts} == {(0x40, 8)}
    by_number = {event.short_message[5]: event.short_message[6:] for event in parts}
    assert sorted(by_number) == list(range(1, len(parts) + 1)) and parts[0].short_message[4] == len(parts)
    return b"".join(by_number[number] for number in sorted(by_number)).decode("utf-16-be")


def test_a_foreign_smsc_takes_a_campaign_and_its_receipts_and_answers_are_understood(
    foreign: ForeignSmsc, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    carrier(foreign, window=20)
    outbound()
    wait_until(lambda: len(foreign.binds) == 2, what="both binds")
    campaign.publish(campaign.batches(campaign.content("Hej"), [f"+48600000{n:03d}" for n in range(200)], size=50))
    campaign.publish(campaign.batches(campaign.content(LONG), ["+48700000001"], first=500), lane="transactional")

    states = campaign.wait_final(201, timeout=60)

    assert Counter(states.values()) == {"delivered": 200, "rejected": 1}
    assert joined(foreign, "48700000001") == LONG
    short = [event for event in foreign.submits if event.destination_addr.startswith("48600")]
    assert Counter(event.destination_addr for event in short) == {
        f"48600000{n:03d}": 1 for n in range(200) if f"48600000{n:03d}" != REFUSED
    }
    assert {(event.short_message, event.source_addr, event.source_addr_ton) for event in short} == {(b"Hej", "Wici", 5)}

    foreign.say("48600000001", "7300", b"STOP")

    def answers() -> list[Any]:
        with database.transaction() as session:
            return [tuple(row) for row in session.execute(text("SELECT source, destination, octets FROM inbound_sms"))]

    wait_until(lambda: answers() == [("48600000001", "7300", b"STOP")], what="the answer of a phone")


def test_a_foreign_smsc_that_unbinds_is_bound_to_again_and_nobody_gets_two(
    foreign: ForeignSmsc, carrier: Any, outbound: Any, campaign: Any
) -> None:
    carrier(foreign, window=5, rate=100)
    outbound()
    campaign.publish(campaign.batches(campaign.content("Hej"), [f"+48610000{n:03d}" for n in range(300)], size=50))
    wait_until(lambda: len(foreign.submits) > 50, what="the campaign under way")
    before = set(foreign.binds)
    foreign.drop_binds()
    wait_until(lambda: foreign.binds.keys() - before, timeout=20, what="a new bind")

    states = campaign.wait_final(300, timeout=60)

    assert Counter(states.values()) == {"delivered": 300}
    assert max(Counter(event.destination_addr for event in foreign.submits).values()) == 1
