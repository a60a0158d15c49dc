"""The loop over a fake ledger and a fake outlet: in any order of commits, answers and failures, everybody is settled
once and every delivery is answered once."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from channel import loop as loops
from channel.batches import Batch, UnknownContent
from channel.claims import Settled, Taken
from channel.defaults import OutboundDefaults
from channel.ledger_work import Outcome, Work, count
from channel.loop import Loop
from channel.outlets import Chunk, Claim, Message, Outlet
from chassis.ids import new_id
from contracts.vocabulary import CampaignState, Channel, ContentFailure, Lane, MessageState

ACCOUNT = str(new_id())
ROOM = 25
FINAL = (MessageState.DELIVERED, MessageState.REJECTED, MessageState.UNDELIVERED)


class KnownContent:
    account_id, sender = ACCOUNT, "test"


class FakeOutlet(Outlet):
    """Holds what it is given until the test answers."""

    def __init__(self) -> None:
        super().__init__((Lane.BULK,), chunk=10)
        self.held: list[Message] = []
        self.connected = True
        self.stopped: dict[str, CampaignState] = {}

    @property
    def is_up(self) -> bool:
        return self.connected and not self.is_closing

    def has_room(self, lane: Lane) -> bool:
        return self.claiming[lane] + self.claimed[lane] + self.chunk <= ROOM

    def room_for_retries(self) -> int:
        return ROOM if self.is_up else 0

    def hand_over(self, messages: list[Any]) -> None:
        assert self.is_up, "handed over to an outlet that is down"
        assert not any(message.header.campaign_id in self.stopped for message in messages), "its campaign is stopped"
        assert not any("left_out" in message.recipient for message in messages), "somebody who has said no"
        self.held += messages

    def withdraw(self, is_stopped: Any) -> list[Any]:
        withdrawn = [message for message in self.held if is_stopped(message.header)]
        self.held = [message for message in self.held if not is_stopped(message.header)]
        return withdrawn

    def take_back(self) -> list[Any]:
        taken, self.held = self.held, []
        for message in taken:
            message.state, message.was_tried = MessageState.DEFERRED, False
        return taken


class FakeOutbound(OutboundDefaults):
    channel = Channel.SMS
    ledger: Any = None

    def __init__(self) -> None:
        self.outlet = FakeOutlet()

    def load_content(self, session: Any, content_hash: str) -> Any:
        return KnownContent() if content_hash == "known" else None

    def is_address(self, address: str) -> bool:
        return address != "bad"


class FakeDelivery:
    def __init__(self, body: bytes) -> None:
        self.body, self.acks = body, 0

    def ack(self) -> None:
        self.acks += 1

    def nack(self, *, requeue: bool = True) -> None:
        raise AssertionError("a readable batch was refused")


class FakeLedger:
    """A ledger in memory, as strict as the real one is forgiving: whatever comes twice is an error."""

    def __init__(self) -> None:
        self.work = Work()
        self.final: dict[str, MessageState] = {}
        self.deferred: dict[str, Message] = {}
        self.claimed: set[str] = set()
        self.attempts: Counter[str] = Counter()

    def claim(self, chunk: Chunk) -> None:
        self.work.chunks.append(chunk)

    def settle(self, messages: Any) -> None:
        self.work.messages += messages

    def count_elsewhere(self, batch: Batch, outcomes: list[Settled]) -> None:
        self.work.settled_elsewhere.append((batch, outcomes))

    def commit(self, on_committed: Any) -> None:
        work, self.work = self.work, Work()
        _claims, done = count(work)
        for message in work.messages:
            self._write(message)
        on_committed(Outcome(work, taken=[self._take(chunk) for chunk in work.chunks], done=done))

    def _write(self, message: Message) -> None:
        assert message.message_id in self.claimed, "settled without a claim, or twice for one"
        assert message.message_id not in self.final, "settled again after its end"
        self.claimed.discard(message.message_id)
        assert message.state is not None
        if message.state is MessageState.DEFERRED:
            assert message.due_at is not None
            self.deferred[message.message_id] = message
        else:
            self.final[message.message_id] = message.state

    def _take(self, chunk: Chunk) -> Taken:
        mine, settled, elsewhere = [], [], []
        for recipient in chunk.recipients:
            message_id = chunk.batch.header.id_of(recipient["number"])
            if message_id in self.claimed:
                elsewhere.append(recipient)
            elif message_id in self.final or message_id in self.deferred:
                settled.append((str(self.final.get(message_id, MessageState.DEFERRED)), None))
            else:
                self.claimed.add(message_id)
                mine.append(recipient)
        taken = Taken(chunk, mine, settled, elsewhere)
        if mine:
            chunk.claim, chunk.recipients = Claim(new_id(), len(mine)), mine
        return taken


class Outbox:
    def __len__(self) -> int:
        return 0


class LoopMachine(RuleBasedStateMachine):
    """Batches arrive and arrive again, commits and answers come when they like, the outlet fails and comes back."""

    @initialize()
    def begin(self) -> None:
        self.asyncio = asyncio.new_event_loop()
        self.outbound, self.ledger = FakeOutbound(), FakeLedger()
        self.bodies: list[tuple[bytes, set[str]]] = []
        self.deliveries: list[FakeDelivery] = []
        self.expected: set[str] = set()

        async def make() -> Loop:
            return Loop(self.outbound, lambda content_hash: self.outbound.load_content(None, content_hash))

        self.loop = self.asyncio.run_until_complete(make())
        self.loop.ledger = self.loop.claims_at_once = self.ledger  # type: ignore[assignment]
        self.loop.publisher = Outbox()  # type: ignore[assignment]
        self.outbound.attach(self.loop, None)  # type: ignore[arg-type]

    def turn(self) -> None:
        """Let the loop do what it has at hand, its reading of contents on threads included."""

        async def settle_down() -> None:
            for _ in range(3):
                await asyncio.sleep(0)
            while self.loop._tasks:
                await asyncio.gather(*self.loop._tasks)
            await asyncio.sleep(0)

        self.asyncio.run_until_complete(settle_down())

    @rule(size=st.integers(0, 35), is_known=st.booleans(), bad=st.booleans(), gone=st.integers(0, 40))
    def arrive(self, size: int, is_known: bool, bad: bool, gone: int = 0) -> None:
        """:param gone: the number of somebody who is left out."""
        recipients: list[dict[str, Any]] = [
            {"number": number, "address": "bad" if bad and number % 3 == 0 else f"+{number}", "contact_id": None}
            for number in range(1, size + 1)
        ]
        for recipient in recipients[gone - 1 : gone] if gone else ():
            recipient["left_out"] = "withdrawn"
        send_id = new_id()
        body = orjson.dumps({
            "batch_id": str(new_id()), "account_id": ACCOUNT, "campaign_id": str(new_id()), "send_id": str(send_id),
            "content_hash": "known" if is_known else "unknown", "recipients": recipients,
        })  # fmt: skip
        self.bodies.append((body, {_id(send_id, one["number"]) for one in recipients}))
        self._deliver(-1)

    @rule(which=st.integers(0, 3))
    def arrive_again(self, which: int) -> None:
        if self.bodies:
            self._deliver(which % len(self.bodies))

    def _deliver(self, which: int) -> None:
        body, ids = self.bodies[which]
        self.expected |= ids
        self.deliveries.append(FakeDelivery(body))
        self.loop.on_delivery(Lane.BULK, self.deliveries[-1])  # type: ignore[arg-type]
        self.turn()

    @rule()
    def commit(self) -> None:
        self.ledger.commit(self.loop.on_committed)
        self.turn()

    @rule(how_many=st.integers(1, 12), state=st.sampled_from((*FINAL, MessageState.DEFERRED)))
    def answer(self, how_many: int, state: MessageState) -> None:
        held = self.outbound.outlet.held
        some, held[:] = held[:how_many], held[how_many:]
        for message in some:
            message.state, message.at = state, 1.0
        self.loop.settled(some)

    @rule()
    def fail(self) -> None:
        self.outbound.outlet.connected = False
        self.loop.wants_claims(self.outbound.outlet)
        self.turn()

    @rule()
    def come_back(self) -> None:
        self.outbound.outlet.connected = True
        self.loop.wants_claims(self.outbound.outlet)
        self.turn()

    @rule(which=st.integers(0, 3), state=st.sampled_from((CampaignState.PAUSED, CampaignState.CANCELLED)))
    def stop(self, which: int, state: CampaignState) -> None:
        if self.bodies:
            body, _ = self.bodies[which % len(self.bodies)]
            self._stop({**self.outbound.outlet.stopped, orjson.loads(body)["campaign_id"]: state})
            assert not any(self.loop.is_stopped(message.header) for message in self.outbound.outlet.held)

    @rule()
    def resume(self) -> None:
        stopped = self.outbound.outlet.stopped.items()
        self._stop({key: state for key, state in stopped if state is not CampaignState.PAUSED})

    def _stop(self, stopped: dict[str, CampaignState]) -> None:
        self.outbound.outlet.stopped = stopped
        self.loop.stop_campaigns(stopped)
        self.turn()

    @rule()
    def due(self) -> None:
        """The schedule's turn, as the upkeep takes it: claimed and adopted in one go."""
        taken = list(self.ledger.deferred.values())[: self.loop.room_for_retries()]
        for message in taken:
            del self.ledger.deferred[message.message_id]
            self.ledger.claimed.add(message.message_id)
            header, recipient = message.header, dict(message.recipient)
            if recipient["number"] % 5 == 0:
                recipient["left_out"] = "deleted"
            chunk = Chunk(Batch(header, KnownContent(), 1), None, [recipient])
            chunk.claim = Claim(new_id(), 1)
            number = recipient["number"]
            chunk.existing, chunk.attempts = frozenset((number,)), {number: message.attempts + message.was_tried}
            self.loop.adopt([chunk])
        self.turn()

    def teardown(self) -> None:
        if not hasattr(self, "loop"):
            return
        try:
            self._run_out()
            assert set(self.ledger.final) == self.expected
            assert [delivery.acks for delivery in self.deliveries] == [1] * len(self.deliveries)
            outlet = self.outbound.outlet
            assert not any((*outlet.claiming.values(), *outlet.claimed.values(), self.loop._uncommitted))
        finally:
            self.asyncio.close()

    def _run_out(self) -> None:
        self.come_back()
        self.resume()
        for _ in range(400):
            self.answer(1_000, MessageState.DELIVERED)
            self.commit()
            self.due()
            if not (self.ledger.work or self.ledger.deferred or self.ledger.claimed or self._unanswered()):
                return
        raise AssertionError("it never came to an end")

    def _unanswered(self) -> bool:
        return any(delivery.acks == 0 for delivery in self.deliveries)


def _id(send_id: UUID, number: int) -> str:
    from contracts.ids import message_id

    return str(message_id(send_id, number))


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "CLAIMED_ELSEWHERE_AGAIN_SECONDS", 0.0)


LoopMachine.TestCase.settings = settings(
    max_examples=80, stateful_step_count=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)  # fmt: skip
TestLoop = LoopMachine.TestCase


def test_a_content_that_is_not_kept_rejects_its_batch_at_once() -> None:
    machine = LoopMachine()
    machine.begin()
    machine.arrive(7, is_known=False, bad=False)
    for _ in range(3):
        machine.commit()

    assert set(machine.ledger.final.values()) == {MessageState.REJECTED}
    assert machine.outbound.outlet.held == []
    assert UnknownContent(ACCOUNT).account_id == ACCOUNT
    machine.teardown()


def test_what_has_not_left_of_a_cancelled_campaign_is_rejected_and_of_a_paused_one_it_waits() -> None:
    machine = LoopMachine()
    machine.begin()
    machine.arrive(20, is_known=True, bad=False)
    machine.commit()
    machine.stop(0, CampaignState.PAUSED)
    machine.commit()
    assert {message.code for message in machine.ledger.deferred.values()} == {"campaign.paused"}
    assert len(machine.ledger.deferred) == 20

    machine.due()
    machine.commit()
    assert len(machine.ledger.deferred) == 20

    machine.stop(0, CampaignState.CANCELLED)
    machine.due()
    machine.commit()
    assert list(machine.ledger.final.values()) == [MessageState.REJECTED] * 20
    machine.teardown()


def test_nothing_of_a_suspended_account_is_handed_over_until_that_is_lifted() -> None:
    machine = LoopMachine()
    machine.begin()
    machine.loop.suspend_accounts(frozenset([ACCOUNT]))
    machine.arrive(4, is_known=True, bad=False)
    for _ in range(3):
        machine.commit()
    machine.due()

    waiting = [*machine.ledger.deferred.values(), *machine.ledger.work.messages]
    assert machine.outbound.outlet.held == []
    assert {(message.code, message.was_tried) for message in waiting} == {("account.suspended", False)}

    machine.loop.suspend_accounts(frozenset())
    machine.teardown()
    assert set(machine.ledger.final.values()) == {MessageState.DELIVERED}


def test_who_is_left_out_of_a_batch_is_counted_by_the_reason() -> None:
    machine = LoopMachine()
    machine.begin()
    machine.arrive(20, is_known=True, bad=False, gone=7)
    for _ in range(3):
        machine.commit()
    machine.answer(100, MessageState.DELIVERED)
    (batch,) = {id(message.chunk.batch): message.chunk.batch for message in machine.ledger.work.messages}.values()
    machine.commit()

    assert (batch.submitted, batch.failed, batch.left_out) == (19, 0, {"withdrawn": 1})
    machine.teardown()


def test_what_fails_by_its_content_is_counted_by_the_code_among_the_failed() -> None:
    header: Any = None
    batch = Batch(header, None, 5)
    for state, code in (
        (MessageState.REJECTED, "template.failed"), (MessageState.REJECTED, ContentFailure.TEMPLATE_FAILED),
        (MessageState.REJECTED, "0x0b"), (MessageState.DELIVERED, None), (MessageState.DEFERRED, "text.empty"),
    ):  # fmt: skip
        batch.settle(state, code)

    assert (batch.submitted, batch.failed, batch.deferred, batch.unsettled) == (1, 3, 1, 0)
    assert batch.content_failed == {"template.failed": 2}


def test_at_the_end_what_left_without_an_answer_does_not_go_back_into_its_lane() -> None:
    """The lane would send it as if it had never left; the schedule knows."""
    machine = LoopMachine()
    machine.begin()
    machine.arrive(3, is_known=True, bad=False)
    machine.commit()
    silent = machine.outbound.outlet.held[1]
    silent.count_unanswered()
    machine.asyncio.run_until_complete(machine.loop.stop(0.0))

    told = machine.ledger.work.messages
    assert [(one.message_id, one.state, one.due_at is None) for one in told] == [
        (silent.message_id, MessageState.DEFERRED, False)
    ]
    machine.asyncio.close()
