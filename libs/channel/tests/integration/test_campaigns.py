"""Campaigns' states and figures, as every channel keeps and counts them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotDone
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from channel import campaign_counts, campaign_states, claims, settlement, suspended_accounts
from channel.batches import Header
from chassis import suspensions
from chassis.database import Database, cursor_of
from chassis.ids import new_id
from contracts.errors import ACCOUNT_SUSPENDED
from contracts.vocabulary import CampaignState, MessageState

from .conftest import ACCOUNT, LEDGER, chunk, header, settled

LATER = datetime(2099, 1, 1, tzinfo=UTC)
STRANGER = str(new_id())


@pytest.fixture(autouse=True)
def nothing_is_known(database: Database) -> None:
    """`database` is empty; so are the tables that no other test here fills."""
    with database.transaction() as session:
        for table in ("campaign_states", "account_suspensions"):
            session.execute(text(f"DELETE FROM {table}"))


def settle(database: Database, of: Header, state: MessageState, *numbers: int, **more: Any) -> None:
    with database.transaction() as session:
        settlement.settle(cursor_of(session), LEDGER, settled(chunk(of, *numbers), state, **more))


def count(database: Database, of: Header, *, deferred: int | None = None, account: str = ACCOUNT) -> tuple[Any, ...]:
    with database.transaction() as session:
        counts = campaign_counts.count_campaign(
            session, actor={"account_id": account}, now=datetime.now(UTC), campaign_id=UUID(of.campaign_id),
            send_id=of.send_id, recipients=100, deferred=deferred,
        )  # fmt: skip
    assert (counts["left_out"] is None) == (counts["failed"] is None)
    assert counts["units"] == counts["submitted"], "a message is a unit"
    return counts["submitted"], counts["failed"], counts["deferred"], *(counts["left_out"] or {}).items()


def test_slices_of_a_campaign_add_up_to_the_whole(database: Database, instance: Callable[..., UUID]) -> None:
    of = header()
    settle(database, of, MessageState.DELIVERED, 1, 2, 5)
    settle(database, of, MessageState.REJECTED, 3, 7)
    settle(database, of, MessageState.UNKNOWN, 6)
    settle(database, of, MessageState.DEFERRED, 4, 8, due_at=LATER)

    def counted(after: int, up_to: int) -> tuple[int, int, int]:
        with database.transaction() as session:
            counts = campaign_counts.count_campaign(
                session, actor={"account_id": ACCOUNT}, now=datetime.now(UTC), campaign_id=UUID(of.campaign_id),
                send_id=of.send_id, after=after, recipients=up_to, deferred=None,
            )  # fmt: skip
        assert counts["after"] == after
        return counts["submitted"], counts["failed"], counts["deferred"]

    assert counted(0, 8) == (4, 2, 2)
    slices = [counted(after, after + 1) for after in range(8)]
    assert tuple(map(sum, zip(*slices, strict=True))) == (4, 2, 2) and all(sum(one) == 1 for one in slices)


def due(database: Database) -> int:
    with database.transaction() as session:
        return session.scalar(text("SELECT count(*) FROM retries WHERE due_at <= now()")) or 0


def test_a_campaign_is_counted_in_the_ledger_and_is_its_accounts_own(
    database: Database, instance: Callable[..., UUID]
) -> None:
    of, other = header(), header()
    settle(database, of, MessageState.DELIVERED, 1, 2, 3)
    settle(database, of, MessageState.UNKNOWN, 4)
    settle(database, of, MessageState.REJECTED, 5)
    settle(database, of, MessageState.EXPIRED, 6)
    settle(database, of, MessageState.DEFERRED, 7, 8, due_at=LATER)
    settle(database, other, MessageState.DELIVERED, 1)

    assert count(database, of) == (4, 2, 2)
    assert count(database, of, deferred=2) == (None, None, 2)  # as before: the rows are not counted once more
    assert count(database, of, account=STRANGER) == (0, 0, 0)
    # Taken out of the schedule and on its way it is not over.
    with database.transaction() as session:
        session.execute(text("DELETE FROM retries"))
        waiting = chunk(of, 7, 8)
        waiting.claim = claims.Claim(new_id(), 2)
        claims.insert(cursor_of(session), instance(), [waiting])
    assert count(database, of, deferred=2) == (None, None, 2)


def test_of_two_states_the_later_version_stands_and_a_state_without_one_tells_nothing(database: Database) -> None:
    campaign = new_id()

    def tell(state: CampaignState, version: int) -> dict[str, CampaignState]:
        with database.transaction() as session:
            told = {"account_id": UUID(ACCOUNT), "campaign_id": campaign}
            campaign_states.note(session, **told, state=state, version=version)
            return campaign_states.stopped(session)

    # A release that numbers nothing pauses and resumes: kept, the first would hold for ever.
    assert tell(CampaignState.PAUSED, 0) == tell(CampaignState.SENDING, 0) == {}
    assert tell(CampaignState.PAUSED, 2) == {str(campaign): CampaignState.PAUSED}
    assert tell(CampaignState.SENDING, 3) == tell(CampaignState.PAUSED, 2) == {}
    assert tell(CampaignState.CANCELLED, 4) == {str(campaign): CampaignState.CANCELLED}


def test_a_resume_pulls_what_waited_for_it_and_a_cancel_all_of_the_campaign(database: Database) -> None:
    paused, busy = header(), header()
    settle(database, paused, MessageState.DEFERRED, 1, 2, due_at=LATER, code=campaign_states.PAUSED)
    settle(database, paused, MessageState.DEFERRED, 3, due_at=LATER, code="4.2.2")
    settle(database, busy, MessageState.DEFERRED, 1, due_at=LATER, code=campaign_states.PAUSED)

    def change(state: CampaignState, version: int) -> int:
        with database.transaction() as session:
            told = {"account_id": UUID(ACCOUNT), "campaign_id": UUID(paused.campaign_id)}
            campaign_states.note(session, **told, state=state, version=version)
            campaign_states.pull_forward(session)
        return due(database)

    assert change(CampaignState.PAUSED, 1) == 0
    assert change(CampaignState.SENDING, 2) == 2
    assert change(CampaignState.CANCELLED, 3) == 3


def test_the_end_of_a_suspension_pulls_what_waited_for_it_again_and_again(database: Database) -> None:
    of = header()
    settle(database, of, MessageState.DEFERRED, 1, due_at=LATER, code=ACCOUNT_SUSPENDED)
    settle(database, of, MessageState.DEFERRED, 2, due_at=LATER, code="4.2.2")

    def follow(*, is_suspended: bool) -> int:
        with database.transaction() as session:
            told = {"account_id": UUID(ACCOUNT), "occurred_at": datetime.now(UTC)}
            suspended_accounts.follow(session, **told, is_suspended=is_suspended)
            suspended_accounts.pull_forward(session)
        return due(database)

    assert follow(is_suspended=True) == 0
    assert follow(is_suspended=False) == 1
    # What an outbound process was just putting off is found a moment later.
    settle(database, of, MessageState.DEFERRED, 3, due_at=LATER, code=ACCOUNT_SUSPENDED)
    with database.transaction() as session:
        suspended_accounts.pull_forward(session)
        assert suspensions.suspended(session) == frozenset()
    assert due(database) == 2


def test_a_pause_that_is_told_after_its_account_was_closed_leaves_no_row(database: Database) -> None:
    told = {"account_id": UUID(ACCOUNT), "campaign_id": new_id(), "state": CampaignState.PAUSED}
    with database.transaction() as session:
        assert campaign_states.note(session, **told, version=1)
        suspensions.close(session, UUID(ACCOUNT))
        session.execute(text("DELETE FROM campaign_states"))
    with database.transaction() as session:
        assert not campaign_states.note(session, **told, version=2)
        suspended_accounts.follow(
            session, account_id=UUID(ACCOUNT), is_suspended=True, occurred_at=datetime.now(UTC), version=7
        )
        assert session.scalar(text("SELECT count(*) FROM campaign_states")) == 0
        assert suspensions.suspended(session) == frozenset()


def test_a_closing_waits_for_a_state_that_is_just_noted(database: Database) -> None:
    """Else the row would be written after the closing has looked for it."""
    told = {"account_id": UUID(ACCOUNT), "campaign_id": new_id(), "state": CampaignState.PAUSED}

    def close() -> None:
        with database.transaction() as session:
            suspensions.close(session, UUID(ACCOUNT))
            session.execute(text("DELETE FROM campaign_states"))

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            campaign_states.note(session, **told, version=1)
            closing = pool.submit(close)
            with pytest.raises(NotDone):
                closing.result(0.3)
        closing.result(10)
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM campaign_states")) == 0
