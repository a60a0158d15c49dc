"""Days of the ledger go once they are kept no longer, and no day goes of which anything may still be asked."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from phones import PHONE, rows
from sqlalchemy import text

from channel import campaign_states, old_days, people
from chassis.database import Database
from chassis.ids import new_id
from chassis.partitions import ensure_partitions
from contracts.ids import first_id_at, message_id
from contracts.vocabulary import CampaignState
from sms_gateway.outbound.sms import SmsOutbound

NOW = datetime.now(UTC)
TABLES, KEPT = SmsOutbound.partitioned, SmsOutbound.kept_days
ACCOUNT = new_id()
OLD = KEPT + 10


def forget(database: Database) -> None:
    old_days.forget(database.engine, TABLES, KEPT, NOW)


def made(database: Database, days_ago: int, *, campaign_id: UUID | None = None, in_default: bool = False) -> UUID:
    """A message of two parts of that day, in its partition."""
    at = NOW - timedelta(days=days_ago)
    sent = message_id(UUID(int=first_id_at(at).int | uuid4().int & (1 << 80) - 1), 1)
    with database.transaction() as session:
        for table in () if in_default else TABLES:
            ensure_partitions(session, table, at.date(), days=1)
        session.execute(
            text("INSERT INTO ledger (message_id, account_id, campaign_id, address, state, parts)"
                 " VALUES (:id, :account, :campaign, :phone, 'delivered', 2)"),
            {"id": sent, "account": ACCOUNT, "campaign": campaign_id, "phone": PHONE},
        )  # fmt: skip
        session.execute(
            text("INSERT INTO ledger_parts (message_id, part, carrier_id, carrier_message_id, state)"
                 " SELECT :id, n, :carrier, 'c' || n, 'delivered' FROM generate_series(1, 2) n"),
            {"id": sent, "carrier": new_id()},
        )  # fmt: skip
    return sent


def wait(database: Database, sent: UUID) -> None:
    rows(
        database,
        f"INSERT INTO retries (message_id, account_id, due_at, attempts, body) VALUES ('{sent}', '{ACCOUNT}', now(), 1,"
        " '{}') RETURNING 1",
    )


def tell(database: Database, campaign_id: UUID, state: CampaignState) -> None:
    """Now; as if that had been long ago, where it says so."""
    with database.transaction() as session:
        version = int(session.scalar(text("SELECT count(*) + 1 FROM campaign_states")) or 0)
        campaign_states.note(session, account_id=ACCOUNT, campaign_id=campaign_id, state=state, version=version)


def left(database: Database) -> set[UUID]:
    """Messages of which everything is there; of the others nothing is."""
    whole = {one for (one,) in rows(database, "SELECT message_id FROM ledger")}
    parts = {one for (one,) in rows(database, "SELECT message_id FROM ledger_parts")}
    assert whole == parts
    return whole


def partitions(database: Database) -> list[str]:
    """Of days that are kept no longer."""
    least = f"_p{NOW - timedelta(days=KEPT):%Y%m%d}"
    found = rows(database, "SELECT relname FROM pg_class WHERE relname ~ '^ledger(_parts)?_p[0-9]{8}$' ORDER BY 1")
    return [name for (name,) in found if name[-10:] < least]


def test_a_day_goes_whole_and_on_time_and_what_waits_or_is_counted_keeps_its_own(database: Database) -> None:
    running, ended, forgotten = new_id(), new_id(), new_id()
    made(database, KEPT + 1)
    made(database, OLD, campaign_id=forgotten)
    last_kept, waiting = made(database, KEPT), made(database, OLD + 1)
    paused, settling = made(database, OLD + 2, campaign_id=running), made(database, OLD + 3, campaign_id=ended)
    wait(database, waiting)
    tell(database, running, CampaignState.PAUSED)
    tell(database, ended, CampaignState.CANCELLED)
    people.index_cold(database.engine, NOW)

    forget(database)
    forget(database)

    assert left(database) == {last_kept, waiting, paused, settling}
    assert len(partitions(database)) == 3 * len(TABLES)

    rows(database, "DELETE FROM retries RETURNING 1")
    rows(database, "UPDATE campaign_states SET changed_at = now() - interval '31 days' RETURNING 1")
    with database.transaction() as session:
        campaign_states.forget_old(session)
    forget(database)

    assert left(database) == {last_kept, paused}, "a campaign may pause for as long as it likes"
    tell(database, running, CampaignState.SENDING)
    rows(database, "UPDATE campaign_states SET changed_at = now() - interval '31 days' RETURNING 1")
    with database.transaction() as session:
        campaign_states.forget_old(session)
    forget(database)
    assert left(database) == {last_kept, paused}, "and send"

    rows(database, "DELETE FROM campaign_states RETURNING 1")
    forget(database)
    assert left(database) == {last_kept} and partitions(database) == []


def test_rows_without_a_day_of_their_own_go_too(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(old_days, "AT_ONCE", 2)
    running = new_id()
    for days in range(OLD, OLD + 5):
        made(database, days, in_default=True)
    kept = {made(database, OLD, in_default=True, campaign_id=running), waiting := made(database, OLD, in_default=True)}
    wait(database, waiting)
    tell(database, running, CampaignState.SENDING)

    forget(database)

    assert left(database) == kept


def test_who_reads_holds_it_up_and_nobody_waits_for_long(database: Database) -> None:
    made(database, OLD)
    with database.transaction() as reader:
        reader.execute(text("SELECT count(*) FROM ledger"))
        forget(database)
    assert len(rows(database, "SELECT FROM ledger")) == 1

    forget(database)
    assert partitions(database) == []


def test_two_instances_at_once_are_harmless(database: Database) -> None:
    for days in range(OLD, OLD + 3):
        made(database, days)

    def look_after(_: Any) -> None:
        forget(database)
        people.index_cold(database.engine, NOW)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(look_after, range(8)))
    forget(database)

    assert partitions(database) == []
