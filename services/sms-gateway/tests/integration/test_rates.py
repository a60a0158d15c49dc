"""The rate of a carrier, kept by all outbound processes together, and what operators see of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from raw_carrier import Carrier

from chassis.database import Database
from chassis.ids import new_id
from chassis.testing import wait_until
from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.constants import Status
from sms_gateway.usecases import carriers

RATE = 100


class Counting:
    """When each submit_sm came, by the carrier's own clock: not before the first and not after the second moment."""

    def __init__(self, takes: int = 0) -> None:
        self.came: list[tuple[float, float]] = []
        self.taken: list[float] = []
        self.codes = 0
        self.target: Any = None
        self._takes = takes

    def __call__(self, carrier: Carrier, pdu: smpp.Pdu, writer: Any) -> None:
        now = time.monotonic()
        self.came.append((self.target.ran[0], now))
        self.codes += str(pdu.fields["destination_addr"]).startswith("487")
        if self._takes and sum(at > now - 1.0 for at in self.taken[-self._takes :]) >= self._takes:
            carrier.answer(pdu, writer, Status.THROTTLED)
            return
        self.taken.append(now)
        carrier.answer(pdu, writer)

    def most_in_a_second(self) -> int:
        """What has come within one second for certain, however late this machine read it."""
        return max(sum(end - 1.0 < first and last <= end for first, last in self.came) for _, end in self.came)


def phones(count: int) -> list[str]:
    return [f"+48600{number:06d}" for number in range(count)]


def state_of(database: Database, carrier_id: Any) -> list[dict[str, Any]]:
    operator = {"operator_id": str(new_id())}
    with database.transaction() as session:
        found = carriers.get_carrier_state(session, actor=operator, now=datetime.now(UTC), carrier_id=carrier_id)
    return list(found["processes"])


def test_two_processes_keep_one_rate_in_every_second_and_operators_see_it(
    raw: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    counting = Counting()
    target = counting.target = raw(counting)
    carrier_id = carrier(target, rate=RATE, window=100)
    campaign.publish(campaign.batches(campaign.content("Hej"), phones(1200), size=50))
    outbound()
    wait_until(lambda: len(counting.came) > 100, what="the first process at work")
    outbound()
    wait_until(lambda: len(state_of(database, carrier_id)) == 2, what="the second process")
    states = wait_until(
        lambda: [each for each in state_of(database, carrier_id) if each["sent_per_second"]], what="what is sent"
    )

    wait_until(lambda: len(counting.came) == 1200, timeout=60, what="the whole campaign")

    assert counting.most_in_a_second() <= RATE
    assert {bind["is_bound"] for each in states for bind in each["binds"]} == {True}
    assert {each["circuit"] for each in states} == {"closed"}
    assert all(0 < each["rate_limit"] <= RATE for each in states)


def test_a_carrier_that_throttles_is_slowed_and_a_code_does_not_wait(
    raw: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    counting = Counting(takes=50)
    target = counting.target = raw(counting)
    carrier_id = carrier(target, window=50)
    outbound()
    campaign.publish(campaign.batches(campaign.content("Hej"), phones(800), size=100))
    wait_until(lambda: len(counting.taken) > 200, what="the campaign under way")
    campaign.publish(campaign.batches(campaign.content("Kod"), ["+48700000500"], first=9000), lane="otp")
    wait_until(lambda: counting.codes, timeout=5, what="the code")

    wait_until(lambda: len(counting.taken) >= 801, timeout=90, what="everybody")

    # Slowed, not stopped: the carrier was kept busy, and most of what was sent was taken.
    assert len(counting.came) < 2 * len(counting.taken)
    wait_until(
        lambda: any(each["shares"]["throttled"] for each in state_of(database, carrier_id)), what="operators see it"
    )
