"""The rate of a carrier, kept by all outbound processes together, and what operators see of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from raw_carrier import Carrier
from sqlalchemy import text

from chassis.database import Database
from chassis.ids import new_id
from chassis.testing import wait_until
from sms_gateway.outbound.shares import SENT_SECONDS
from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.constants import Status
from sms_gateway.store import carrier_instances
from sms_gateway.store.carrier_instances import LEASE_SECONDS, Report
from sms_gateway.usecases import carriers

RATE, COUNT = 40, 400


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


def leases(database: Database) -> list[float]:
    """The seconds until each ends."""
    with database.transaction() as session:
        left = "SELECT extract(epoch FROM expires_at - clock_timestamp())::float8 FROM carrier_instances"
        return list(session.scalars(text(left)))


def test_two_processes_keep_one_rate_in_every_second_and_operators_see_it(
    raw: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    """The rate is one that a slow machine goes over too, where two processes send at it each."""
    counting = Counting()
    target = counting.target = raw(counting)
    carrier_id = carrier(target, rate=RATE, window=100)
    first, _ = outbound(), outbound()
    wait_until(lambda: len(state_of(database, carrier_id)) == 2, what="both processes")
    campaign.publish(campaign.batches(campaign.content("Hej"), phones(COUNT), size=10))

    wait_until(lambda: len(counting.came) == COUNT, timeout=90, what="the whole campaign")

    def both() -> list[dict[str, Any]]:
        found = state_of(database, carrier_id)
        return found if len(found) == 2 and all(each["answers"] for each in found) else []

    states = wait_until(both, what="two processes that have sent")
    assert counting.most_in_a_second() <= RATE
    assert RATE * (counting.came[-1][1] - counting.came[0][0] + 1) >= COUNT
    assert {bind["is_bound"] for each in states for bind in each["binds"]} == {True}
    assert {each["circuit"] for each in states} == {"closed"}
    assert all(0 < each["rate_limit"] <= RATE for each in states)

    first.stop()
    assert min(leases(database)) <= SENT_SECONDS


@pytest.mark.parametrize("seconds", [0.0, SENT_SECONDS])
def test_a_process_that_ends_leaves_its_share_to_the_others_once_what_it_sent_is_a_second_old(
    database: Database, seconds: float
) -> None:
    carrier_id, ending, staying = new_id(), new_id(), new_id()

    def renewed(instance_id: UUID, held: int) -> int:
        with database.transaction() as session:
            return carrier_instances.renew(session, instance_id, Report(carrier_id, RATE, held, True, "{}"))

    assert renewed(ending, 0) == RATE
    assert renewed(staying, 0) == 0
    with database.transaction() as session:
        carrier_instances.leave(session, ending, carrier_id, seconds)
        left_at = session.scalar(text("SELECT extract(epoch FROM clock_timestamp())::float8"))
    if not seconds:
        assert renewed(staying, 0) == RATE
        return

    def has_all() -> bool:
        return renewed(staying, 0) == RATE

    wait_until(has_all, timeout=LEASE_SECONDS - 1, what="the share that is free again")
    with database.transaction() as session:
        now = session.scalar(text("SELECT extract(epoch FROM clock_timestamp())::float8"))
    assert now - left_at >= seconds


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
