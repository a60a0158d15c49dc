"""The ledger's thread: what the database refuses stops nothing else, and what waits is told."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from channel import ledger_thread, settlement
from channel.batches import Batch, Header
from channel.ledger_thread import LedgerThread
from channel.ledger_work import Acknowledgement, Outcome
from channel.outlets import Chunk, Claim
from chassis.database import Database, cursor_of
from chassis.health import WorkStalled
from chassis.ids import new_id
from chassis.testing import wait_until
from contracts.ids import message_ids
from contracts.vocabulary import Lane, MessageState
from sms_gateway.batches import Arrived, Content, KnownCarrier, SmsMessage
from sms_gateway.store.ledger import SmsLedger

TOO_LONG = secrets.token_hex(4_500)  # an index takes a third of a page; this does not compress


class Running:
    """A ledger's thread with what it has committed."""

    def __init__(self, database: Database) -> None:
        self.outcomes: list[Outcome] = []
        self.is_broken = False
        self.thread = LedgerThread(database, SmsLedger(), new_id(), self._committed, self._broken, linger=0.0)
        self.thread.start()

    def _committed(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        for acknowledgement in outcome.work.acknowledgements:
            acknowledgement.acknowledge()

    def _broken(self) -> None:
        self.is_broken = True

    def settled(self) -> int:
        return sum(len(outcome.work.messages) for outcome in self.outcomes)

    def done(self) -> list[Batch]:
        return [batch for outcome in self.outcomes for batch in outcome.done]


@pytest.fixture
def running(database: Database) -> Iterator[Callable[[], Running]]:
    made: list[Running] = []

    def start() -> Running:
        made.append(Running(database))
        return made[-1]

    yield start
    for each in made:
        each.thread.stop()


def batch_of(count: int, carrier: UUID) -> list[SmsMessage]:
    """A batch whose messages have been handed over, `id0` and so on by their carrier."""
    raw = {name: str(new_id()) for name in ("batch_id", "account_id", "campaign_id", "send_id")}
    batch = Batch(Header({**raw, "content_hash": "h"}, Lane.BULK), Content(new_id(), "Wici", {"text": "Hej"}), count)
    recipients = [
        {"number": number, "address": f"+48600{number:06d}", "contact_id": None, "fields": {}}
        for number in range(count)
    ]
    chunk, of = Chunk(batch, None, recipients), message_ids(batch.header.send_id)
    chunk.claim = Claim(new_id(), count)
    messages = []
    for recipient in recipients:
        message = SmsMessage(chunk, recipient, str(of(recipient["number"])), False, 0)
        message.outlet, message.carrier_ids = KnownCarrier(carrier), [f"{carrier}-{recipient['number']}"]
        message.state, message.at = MessageState.SUBMITTED, datetime.now(UTC).timestamp()
        messages.append(message)
    return messages


def receipt_of(carrier: UUID, identifier: str) -> Arrived:
    return Arrived(carrier, identifier, MessageState.DELIVERED, "", "48600000000", datetime.now(UTC).timestamp())


def states(database: Database, messages: list[SmsMessage]) -> list[str | None]:
    with database.transaction() as session:
        rows = session.execute(text("SELECT message_id::text, state FROM ledger")).all()
    return [dict(rows).get(message.message_id) for message in messages]


@pytest.mark.parametrize("processes", [1, 2])
def test_an_answer_that_cannot_be_stored_stops_no_other(
    database: Database, running: Callable[[], Running], processes: int
) -> None:
    carrier = new_id()
    batches = [batch_of(50, carrier) for _ in range(processes)]
    threads = [running() for _ in range(processes)]
    for messages, each in zip(batches, threads, strict=True):
        messages[17].carrier_ids = [TOO_LONG]
        each.thread.settle(messages)

    for messages, each in zip(batches, threads, strict=True):
        wait_until(lambda each=each: each.done() or each.is_broken, timeout=10, what="the batch done")
        assert not each.is_broken
        assert each.settled() == 50
        expected = ["submitted"] * 50
        expected[17] = "unknown"
        assert states(database, messages) == expected
        each.thread.check()


@pytest.mark.parametrize("processes", [1, 2])
def test_a_receipt_that_cannot_be_stored_stops_no_other_and_is_answered(
    database: Database, running: Callable[[], Running], processes: int
) -> None:
    carrier = new_id()
    messages = batch_of(20 * processes, carrier)
    threads = [running() for _ in range(processes)]
    threads[0].thread.settle(messages)
    wait_until(lambda: threads[0].done(), what="the batch settled")
    answers: list[Future[None]] = []
    for number, each in enumerate(threads):
        mine = [receipt_of(carrier, f"{carrier}-{n}") for n in range(number * 20, number * 20 + 20)]
        answered: Future[None] = Future()
        answers.append(answered)
        poison = receipt_of(carrier, "poison")._replace(code="\0")
        each.thread.receive(Acknowledgement([*mine[:7], poison, *mine[7:]], lambda a=answered: a.set_result(None)))

    for answered in answers:
        answered.result(10)

    assert states(database, messages) == ["delivered"] * len(messages)
    assert not any(each.is_broken for each in threads)


def test_who_does_not_know_the_carrier_leaves_the_one_that_is_known(database: Database) -> None:
    """A sweeper after a crash during a retry: a receipt finds the message by the number, if its carrier is known."""
    carrier = new_id()
    (message,) = batch_of(1, carrier)
    message.carrier_ids = None

    def settle(outlet: KnownCarrier | None) -> UUID | None:
        message.outlet, message.state = outlet, MessageState.UNKNOWN  # type: ignore[assignment]
        with database.transaction() as session:
            settlement.settle(cursor_of(session), SmsLedger(), [message], careful=True)
            return session.scalar(text("SELECT carrier_id FROM ledger"))

    assert [settle(KnownCarrier(carrier)), settle(None)] == [carrier, carrier]
    assert settle(KnownCarrier(other := new_id())) == other, "a carrier that is told replaces it"


def test_a_ledger_that_does_not_commit_is_not_ready(
    database: Database, running: Callable[[], Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_thread, "STALLED_SECONDS", 0.2)
    each = running()
    each.thread.check()
    with database.transaction() as session:
        session.execute(text("LOCK TABLE ledger"))
        each.thread.settle(batch_of(1, new_id()))
        wait_until(lambda: is_stalled(each.thread), what="the ledger said to be stalled")

    wait_until(lambda: not is_stalled(each.thread), what="the ledger at work again")
    assert each.done()


def is_stalled(thread: Any) -> bool:
    try:
        thread.check()
    except WorkStalled:
        return True
    return False
