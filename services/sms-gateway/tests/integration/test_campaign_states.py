"""A campaign that is paused or cancelled stops at the carrier's window, with two outbound processes as with one."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import text

from channel import campaign_states
from chassis.database import Database
from chassis.testing import wait_until
from contracts.vocabulary import CampaignState

from .test_outbound import ledger, left_over, phones

PEOPLE, PARTS, WINDOW, BINDS = 2_000, 2, 10, 2
# A part in flight goes on; what has left in part is finished.
ON_A_CONNECTION = 2 * BINDS * WINDOW * PARTS


@pytest.fixture
def slow(smsc: Any, carrier: Any, outbound: Any, campaign: Any) -> Any:
    """Two processes with a carrier of about 200 messages a second, a campaign of two-part messages, and some sent."""
    simulator = smsc(response_delay=0.2)
    carrier(simulator, window=WINDOW, binds=BINDS)
    campaign.publish(campaign.batches(campaign.content("Czesc {{ first_name }} " + "a" * 180), phones(PEOPLE)))
    outbound()
    outbound()
    wait_until(lambda: submitted(simulator) > 100, timeout=30, what="the first messages")
    return simulator


def submitted(simulator: Any) -> int:
    return int(simulator.get("/counts")["submitted"])


def change(database: Database, campaign: Any, state: CampaignState, version: int) -> None:
    told = {"account_id": campaign.account_id, "campaign_id": campaign.campaign_id}
    with database.transaction() as session:
        campaign_states.note(session, **told, state=state, version=version)


def stop(database: Database, campaign: Any, simulator: Any, state: CampaignState) -> int:
    """How many had left when it came to rest, two seconds later at most."""
    change(database, campaign, state, 2)
    before, ends = submitted(simulator), time.monotonic() + 2.0
    wait_until(lambda: time.monotonic() > ends, what="two seconds")  # the promise is in seconds
    after = submitted(simulator)
    assert after - before <= ON_A_CONNECTION
    return after


def reasons(database: Database) -> Counter[str]:
    with database.transaction() as session:
        return Counter(session.scalars(text("SELECT reason FROM retries")))


def test_paused_it_waits_and_resumed_everybody_gets_it_once(slow: Any, campaign: Any, database: Database) -> None:
    left = stop(database, campaign, slow, CampaignState.PAUSED)

    assert left < PEOPLE
    wait_until(lambda: not left_over(database)["claims"], what="claims settled")
    wait_until(lambda: len(campaign.done) == PEOPLE // 500, what="the batches' ends")
    waiting = reasons(database)
    assert waiting["campaign.paused"] == sum(done["deferred"] for done in campaign.done) > 0
    assert submitted(slow) == left

    change(database, campaign, CampaignState.SENDING, 3)
    change(database, campaign, CampaignState.PAUSED, 2)  # late, and once more
    campaign.wait_final(PEOPLE, timeout=60)
    wait_until(lambda: not any(left_over(database).values()), what="nothing left over")
    assert Counter(message["to"] for message in slow.messages()) == dict.fromkeys(phones(PEOPLE), PARTS)


def test_cancelled_the_rest_is_rejected_also_what_waited_for_a_pause(
    slow: Any, campaign: Any, database: Database
) -> None:
    stop(database, campaign, slow, CampaignState.PAUSED)
    wait_until(lambda: len(campaign.done) == PEOPLE // 500, what="the batches' ends")

    change(database, campaign, CampaignState.CANCELLED, 3)
    campaign.wait_final(PEOPLE)

    sent = {message["to"] for message in slow.messages()}
    states = ledger(database)
    assert {phone for phone, state in states.items() if state == "rejected"} == set(phones(PEOPLE)) - sent
    assert {event.get("code") for event in campaign.events if event["kind"] == "rejected"} == {"campaign.cancelled"}
    wait_until(lambda: not any(left_over(database).values()), what="nothing left over")
