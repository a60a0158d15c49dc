"""A campaign that is paused or cancelled stops at the connections, however slow the destination."""

from __future__ import annotations

import time

import pytest

from channel import campaign_states
from chassis.database import Database
from chassis.testing import Launcher, wait_until
from contracts.vocabulary import CampaignState

from .conftest import Campaign, Heard, World, sender_env, states

PEOPLE, CONNECTIONS = 600, 4
ADDRESSES = [f"osoba{number}@poczta.example" for number in range(PEOPLE)]


@pytest.fixture
def slow(campaign: Campaign, heard: Heard, world: World, launch: Launcher, database: Database) -> World:
    """Two processes, a server that takes a third of a second for each message, a campaign, and some of it sent."""
    world.call("/settings", {"delay_ms": 300, "hard": 0, "soft": 0, "spam": 0, "defer": 0})
    for start in range(0, PEOPLE, 300):
        campaign.publish(campaign.batch(ADDRESSES[start : start + 300], first=start + 1))
    for _ in range(2):
        launch("email_gateway.outbound", service="email_gateway", env=sender_env(world))
    wait_until(lambda: len(world.mails()) > 30, timeout=30, what="the first mails")
    return world


def change(database: Database, campaign: Campaign, state: CampaignState, version: int) -> None:
    told = {"account_id": campaign.account_id, "campaign_id": campaign.campaign_id}
    with database.transaction() as session:
        campaign_states.note(session, **told, state=state, version=version)


def stop(database: Database, campaign: Campaign, world: World, state: CampaignState) -> int:
    """How many had left when it came to rest, two seconds later at most."""
    change(database, campaign, state, 2)
    before, ends = len(world.mails()), time.monotonic() + 2.0
    wait_until(lambda: time.monotonic() > ends, what="two seconds")  # the promise is in seconds
    after = len(world.mails())
    assert after - before <= 2 * CONNECTIONS * 2
    return after


def ended(heard: Heard, as_what: str) -> tuple[int, int]:
    """How many the ends of batches call submitted, and how many what else they became."""
    ends = [end for ends in heard.done.values() for end in ends]
    return sum(end["submitted"] for end in ends), sum(end[as_what] for end in ends)


def test_paused_it_waits_and_resumed_everybody_gets_it_once(
    slow: World, campaign: Campaign, heard: Heard, database: Database
) -> None:
    left = stop(database, campaign, slow, CampaignState.PAUSED)

    # That nobody is sent to is promised in seconds; a busy machine may write it down later.
    wait_until(
        lambda: states(database, campaign.account_id) == {"delivered": left, "deferred": PEOPLE - left}, what="the rest"
    )
    wait_until(lambda: ended(heard, "deferred") == (left, PEOPLE - left), what="what the batches say")

    slow.call("/settings", {"delay_ms": 0})
    change(database, campaign, CampaignState.SENDING, 3)
    wait_until(lambda: states(database, campaign.account_id) == {"delivered": PEOPLE}, timeout=60, what="the rest")
    assert slow.call("/counts")["duplicates"] == 0


def test_cancelled_the_rest_is_rejected(slow: World, campaign: Campaign, heard: Heard, database: Database) -> None:
    left = stop(database, campaign, slow, CampaignState.CANCELLED)

    wait_until(
        lambda: states(database, campaign.account_id) == {"delivered": left, "rejected": PEOPLE - left}, what="the end"
    )
    codes = {event.get("code") for event in heard.of(campaign.account_id) if event["kind"] == "rejected"}
    assert codes == {"campaign.cancelled"}
    wait_until(lambda: ended(heard, "failed") == (left, PEOPLE - left), what="what the batches say")
