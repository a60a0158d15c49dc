"""A person is erased while messages to them are on every part of their way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import text

from channel import people as under_way
from chassis.database import Database, ensure_partitions
from chassis.testing import places_of, wait_until
from contracts import ids
from sms_gateway.usecases import privacy

HER = "+48600000007"


def phones(count: int) -> list[str]:
    return [f"+48600{number:06d}" for number in range(count)]


def erase(database: Database, campaign: Any, **options: Any) -> dict[str, Any]:
    return privacy.erase_person(
        database,
        actor={"account_id": str(campaign.account_id)},
        now=datetime.now(UTC),
        addresses=[HER],
        **{"erased_at": datetime.now(UTC), "dry_run": False, **options},
    )


def is_out(database: Database, campaign: Any) -> bool:
    return erase(database, campaign, erased_at=ids.created_at(campaign.send_id) + timedelta(seconds=1))["waiting"] == 0


def states_of_erased(database: Database) -> list[tuple[str, str | None]]:
    with database.transaction() as session:
        rows = session.execute(text("SELECT state, code FROM ledger WHERE address = 'erased'"))
        return [(state, code) for state, code in rows]


def test_what_lies_in_the_lane_is_not_sent_any_more(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    simulator = smsc()
    carrier(simulator)
    campaign.publish(campaign.batches(campaign.content("Hej {{ first_name }}"), phones(20)))
    assert erase(database, campaign)["counts"] == {"messages": 0, "messages_waiting": 0}
    outbound()

    states = campaign.wait_final(20)

    assert HER not in {message["to"] for message in simulator.messages()}
    assert states[campaign.message_id(8)] == "rejected"
    assert states_of_erased(database) == [("rejected", "address.erased")]
    wait_until(lambda: campaign.done, what="the batch is done")
    assert (campaign.done[0]["submitted"], campaign.done[0]["failed"]) == (19, 1)
    assert not any(HER in str(event) for event in campaign.events)
    assert places_of(database, [HER]) == []


def test_what_is_in_hand_is_written_down_without_the_person(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    simulator = smsc(response_delay=1.0, receipt_delay=0.5)
    carrier(simulator)
    campaign.publish(campaign.batches(campaign.content("Hej {{ first_name }}"), phones(20)))
    outbound()
    wait_until(lambda: simulator.get("/counts")["binds"] and claims(database), what="the claim")

    assert erase(database, campaign)["waiting"] > 0
    wait_until(lambda: is_out(database, campaign), what="nothing in hand")

    assert campaign.wait_final(20)[campaign.message_id(8)] == "delivered"
    assert states_of_erased(database) == [("delivered", "000")]
    assert places_of(database, [HER]) == []


def claims(database: Database) -> int:
    with database.transaction() as session:
        return session.scalar(text("SELECT count(*) FROM claims")) or 0


def test_a_retry_is_withdrawn_and_dry_run_only_counts_it(
    smsc: Any, carrier: Any, outbound: Any, campaign: Any, database: Database
) -> None:
    outbound()  # no carrier: everything waits
    campaign.publish(campaign.batches(campaign.content("Hej {{ first_name }}"), phones(20)))
    wait_until(lambda: erase(database, campaign, dry_run=True)["counts"]["messages_waiting"] == 1, what="a retry")

    with database.transaction() as session:
        waiting = session.execute(text("SELECT body FROM retries")).scalars().all()
    assert HER in [orjson.loads(body)["recipients"][0]["address"] for body in waiting]
    answer = erase(database, campaign)

    assert answer["counts"] == {"messages": 1, "messages_waiting": 1}
    wait_until(lambda: states_of_erased(database) == [("rejected", "address.erased")], what="the rejection")
    simulator = smsc()
    carrier(simulator)
    wait_until(lambda: simulator.get("/counts")["submitted"] == 19, what="the others")
    assert HER not in {message["to"] for message in simulator.messages()}
    wait_until(lambda: is_out(database, campaign), what="nothing under way")
    assert places_of(database, [HER]) == []


def test_days_that_are_written_no_more_get_an_index_on_the_number(database: Database) -> None:
    now = datetime.now(UTC)
    with database.transaction() as session:
        ensure_partitions(session, "ledger", (now - timedelta(days=5)).date(), days=7)

    for _ in range(2):
        under_way.index_cold(database.engine, now)

    with database.transaction() as session:
        indexed = session.scalars(
            text("SELECT indexname FROM pg_indexes WHERE tablename LIKE 'ledger_p%' AND indexname LIKE '%_address'")
        ).all()
    days = [now - timedelta(days=ago) for ago in (5, 4, 3, 2)]
    assert sorted(indexed) == [f"ledger_p{day:%Y%m%d}_address" for day in days]
