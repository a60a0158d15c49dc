"""After a restore: what is known to have left is not sent again, the rest waits for somebody's word."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import text

from channel import quarantine, settlement
from channel.batches import Header
from channel.stops import Stops
from chassis import suspensions
from chassis.database import Database, cursor_of
from contracts.vocabulary import Lane, MessageState

from .conftest import LEDGER, chunk, header, settled

# What the message log says of the first numbers of a send; of the others it knows nothing.
IN_LOG = {1: "delivered", 2: "submitted", 3: "deferred"}


@pytest.fixture
def of(database: Database, instance: Callable[..., UUID]) -> Header:
    """Five messages of a campaign that were to leave and were put off."""
    with database.transaction() as session:
        quarantine.begin(session)
        stops = Stops()
        stops.accounts = suspensions.suspended(session)
        campaign = header()
        messages = settled(chunk(campaign, 1, 2, 3, 4, 5), MessageState.DEFERRED)
        assert stops and stops.holds(campaign) and stops.holds(header(Lane.OTP))
        stops.put_off(messages)
        settlement.settle(cursor_of(session), LEDGER, messages)
    return campaign


def known(of: Header) -> quarantine.Knows:
    by_id = {of.id_of(number): quarantine.Known(state) for number, state in IN_LOG.items()}
    return lambda _account_id, message_id: by_id.get(message_id)


def states(database: Database) -> list[str]:
    with database.transaction() as session:
        return list(session.scalars(text("SELECT state FROM ledger ORDER BY message_id")))


def due(database: Database) -> int:
    with database.transaction() as session:
        return int(session.scalar(text("SELECT count(*) FROM retries WHERE due_at <= now()")) or 0)


def test_what_is_known_to_have_left_is_settled_and_the_rest_leaves_in_the_end(database: Database, of: Header) -> None:
    with database.transaction() as session:
        (found,) = quarantine.look(session, known(of))
        assert (found.campaign_id, found.waiting) == (of.campaign_id, 5)
        assert {key: each.state for key, each in found.left.items()} == {
            of.id_of(1): "delivered", of.id_of(2): "submitted"
        }  # fmt: skip
        assert quarantine.settle(session, "sms", found.left) == 2
        assert quarantine.settle(session, "sms", found.left) == 0
    assert states(database) == ["delivered", "unknown", "deferred", "deferred", "deferred"]
    assert due(database) == 0

    with database.transaction() as session:
        told = session.scalars(text("SELECT convert_from(body, 'UTF8') FROM lane_outbox")).all()
        quarantine.end(session)
        assert suspensions.suspended(session) == frozenset()
    assert [of.id_of(2) in body and '"unknown"' in body for body in told] == [True]
    assert due(database) == 3


def test_a_campaign_that_nobody_can_tell_of_is_not_sent_again(database: Database, of: Header) -> None:
    with database.transaction() as session:
        assert quarantine.drop(session, "sms", UUID(of.campaign_id)) == 5
        quarantine.end(session)

    assert states(database) == ["unknown"] * 5
    assert due(database) == 0


def test_a_quarantine_can_begin_again(database: Database) -> None:
    with database.transaction() as session:
        suspensions.note(
            session,
            account_id=UUID(quarantine.EVERYBODY),
            is_suspended=False,
            occurred_at=datetime(2020, 1, 1, tzinfo=UTC),
        )
        for _ in range(2):
            quarantine.begin(session)
        assert suspensions.suspended(session) == {quarantine.EVERYBODY}
