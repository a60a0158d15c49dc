"""The dispatcher when what it stands on breaks for a moment, and what is mended afterwards."""

from __future__ import annotations

import os
import shlex
import subprocess
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from campaigns.domain import reservation_id, snapshot_id
from campaigns.store import batches, leases
from campaigns.store.batches import Advance, BatchRange, Reported
from campaigns.usecases import dispatch, families
from chassis.database import Database
from chassis.testing import wait_until
from contracts.errors import PlanLimit

from .conftest import is_let_go

NO_FILES: Any = None
LEASE = timedelta(seconds=10)


def everybody_once(channel: Any, recipients: int) -> bool:
    (counts,) = channel.seen.values()
    return set(counts) == set(range(1, recipients + 1)) and all(len(bodies) == 1 for bodies in channel.bodies.values())


def rabbitmqctl(*arguments: str) -> str:
    command = [*shlex.split(os.environ.get("WICI_TEST_RABBITMQCTL", "rabbitmqctl")), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout


def test_database_that_drops_every_connection_costs_nothing(
    caller: Callable, channel: Any, dispatcher: Callable, database: Database
) -> None:
    owner = caller()
    campaign_id = owner.scheduled(60_000)
    dispatcher(CAMPAIGNS_WINDOW="4")
    for share in (0.2, 0.5, 0.8):
        wait_until(lambda share=share: sum(map(len, channel.seen.values())) >= share * 60_000)
        with database.transaction() as session:
            session.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND application_name = 'campaigns.dispatcher'"
                )
            )
    progress = owner.wait_for(campaign_id, "sent", timeout=60)["progress"]
    assert progress["published"] == 60_000
    assert progress["submitted"] + progress["failed"] + progress["deferred"] == 60_000
    assert everybody_once(channel, 60_000)


def test_broker_that_drops_the_connection_costs_nothing(
    caller: Callable, channel: Any, dispatcher: Callable, amqp_url: str
) -> None:
    owner = caller()
    campaign_id = owner.scheduled(60_000)
    dispatcher(CAMPAIGNS_WINDOW="4")
    wait_until(lambda: sum(map(len, channel.seen.values())) >= 10_000)
    vhost = amqp_url.rsplit("/", 1)[1]
    for line in rabbitmqctl("-q", "list_connections", "pid", "vhost", "client_properties").splitlines():
        if vhost in line and "campaigns.dispatcher" in line:
            rabbitmqctl("close_connection", line.split("\t")[0], "test")
    progress = owner.wait_for(campaign_id, "sent", timeout=60)["progress"]
    assert progress["submitted"] + progress["failed"] + progress["deferred"] == 60_000
    assert everybody_once(channel, 60_000)


def test_stopped_dispatcher_gives_its_work_back_at_once(
    caller: Callable, channel: Any, dispatcher: Callable, database: Database
) -> None:
    owner = caller()
    channel.holding.set()
    campaign_id = owner.scheduled(20_000)
    running = dispatcher(CAMPAIGNS_WINDOW="2", CAMPAIGNS_LEASE_SECONDS="60")
    wait_until(lambda: len(channel.held) == 2)

    assert running.stop() == 0

    with database.transaction() as session:
        assert session.scalar(text("SELECT lease_owner FROM campaigns WHERE id = :id"), {"id": campaign_id}) is None
    channel.finish_held()
    dispatcher()
    owner.wait_for(campaign_id, "sent")
    assert everybody_once(channel, 20_000)


def test_scheduling_that_broke_off_gives_its_reservation_back(
    caller: Callable, dispatcher: Callable, database: Database
) -> None:
    owner = caller()
    campaign_id = owner.draft()["id"]
    reserved = {"reservation_id": str(reservation_id(UUID(campaign_id))), "feature": "sms", "amount": 1200}
    owner.client.call("identity.reserve_quota", owner.actor, reserved)
    with database.transaction() as session:
        session.execute(text("UPDATE campaigns SET reserving_at = now() - interval '11 minutes'"))
    dispatcher()

    wait_until(lambda: owner.look()["reservations"][reserved["reservation_id"]]["released"])
    assert owner("get_campaign", campaign_id=campaign_id)["state"] == "draft"


def test_batch_without_a_word_for_too_long_is_published_again(
    caller: Callable, channel: Any, dispatcher: Callable, database: Database
) -> None:
    owner = caller()
    channel.holding.set()
    campaign_id = owner.scheduled(700)
    running = dispatcher()
    wait_until(lambda: len(channel.held) == 5)
    for delivery in channel.held:
        delivery.ack()  # as if the channel had lost them
    channel.held.clear()
    channel.holding.clear()
    running.stop()
    with database.transaction() as session:
        session.execute(text("UPDATE campaign_batches SET published_at = now() - interval '1 hour'"))
    running.start().wait_ready()

    owner.wait_for(campaign_id, "sent")
    assert everybody_once(channel, 700)


def test_audience_that_is_gone_fails_the_campaign(
    caller: Callable, channel: Any, dispatcher: Callable, database: Database
) -> None:
    owner = caller()
    campaign_id = owner.scheduled(20_000, options={"throttle_per_hour": 60})
    dispatcher()
    wait_until(lambda: channel.seen)
    owner("pause_campaign", campaign_id=campaign_id)
    wait_until(lambda: is_let_go(database, campaign_id), what="the dispatcher to let go of it")
    gone = {"snapshot_id": str(snapshot_id(UUID(campaign_id)))}
    owner.client.call("contacts.drop_snapshot", owner.actor, gone)
    owner("resume_campaign", campaign_id=campaign_id)

    failed = owner.wait_for(campaign_id, "failed")
    assert failed["failure"]["code"] == "snapshot.not_found"


def test_campaign_that_cannot_be_read_holds_nobody_up(
    caller: Callable, channel: Any, dispatcher: Callable, database: Database
) -> None:
    owner = caller()
    broken, sound = owner.scheduled(100), owner.scheduled(100)
    with database.transaction() as session:
        options = {"options": '{"quiet_hours": {"start": "noon"}}', "id": broken}
        session.execute(text("UPDATE campaigns SET options = CAST(:options AS jsonb) WHERE id = :id"), options)
    dispatcher()

    owner.wait_for(sound, "sent")
    with database.transaction() as session:
        state = session.scalar(text("SELECT state FROM campaigns WHERE id = :id"), {"id": broken})
    assert state == "failed"


# The statements themselves, two at a time.


@pytest.fixture
def sending(caller: Callable, database: Database) -> tuple[UUID, UUID]:
    """(campaign, dispatcher): a campaign of 2,000 that a dispatcher holds."""
    campaign_id, owner_id = UUID(caller().draft(2000)["id"]), uuid4()
    with database.transaction() as session:
        session.execute(
            text(
                "UPDATE campaigns SET state = 'sending', send_at = now(), send_id = :send, recipients = 2000"
                " WHERE id = :id"
            ),
            {"id": campaign_id, "send": uuid4()},
        )
        assert leases.claim(session, owner=owner_id, lease=LEASE, limit=10) == 1
    return campaign_id, owner_id


def record(database: Database, campaign_id: UUID, owner_id: UUID, after: int) -> list[UUID]:
    batch = BatchRange(uuid4(), campaign_id, after + 1, after + 500, 500)
    with database.transaction() as session:
        advance = Advance(campaign_id, after, after + 500, None)
        moved = batches.record(session, owner=owner_id, advances=[advance], batches=[batch])
    return [batch.id] if moved == {campaign_id} else []


def test_dispatcher_that_lost_its_lease_records_nothing(sending: tuple[UUID, UUID], database: Database) -> None:
    campaign_id, owner_id = sending
    assert len(record(database, campaign_id, owner_id, 0)) == 1
    assert record(database, campaign_id, uuid4(), 500) == []
    assert record(database, campaign_id, owner_id, 0) == [], "the same recipients are not recorded twice"
    with database.transaction() as session:
        assert leases.claim(session, owner=uuid4(), lease=LEASE, limit=10) == 0
        session.execute(text("UPDATE campaigns SET state = 'paused'"))
    assert record(database, campaign_id, owner_id, 500) == []


def test_report_counts_once_whatever_comes_first(sending: tuple[UUID, UUID], database: Database) -> None:
    campaign_id, owner_id = sending
    (early,) = record(database, campaign_id, owner_id, 0)
    (late,) = record(database, campaign_id, owner_id, 500)
    reports = [Reported(early, 480, 10, 10), Reported(late, 500, 0, 0), Reported(uuid4(), 1, 1, 1)]

    def report_all() -> None:
        with database.transaction() as session:
            batches.mark_done(session, reports)

    with database.transaction() as session:
        batches.mark_published(session, [late])
    threads = [threading.Thread(target=report_all) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.transaction() as session:
        batches.mark_published(session, [early, late])
        row = session.execute(text("SELECT published, submitted, failed, deferred FROM campaigns")).one()
    assert tuple(row) == (1000, 980, 10, 10)


def test_late_report_reopens_the_settlement(sending: tuple[UUID, UUID], database: Database) -> None:
    campaign_id, owner_id = sending
    (batch_id,) = record(database, campaign_id, owner_id, 0)
    with database.transaction() as session:
        session.execute(
            text("UPDATE campaigns SET state = 'cancelled'; UPDATE campaign_batches SET created_at = '2020-01-01'")
        )
        batches.withdraw_unpublished(session, campaign_id)
        assert leases.settled(session, owner=owner_id, campaign_id=campaign_id, handed_over=0)
        assert leases.claim(session, owner=owner_id, lease=LEASE, limit=10) == 0
        batches.mark_done(session, [Reported(batch_id, 500, 0, 0)])
        assert leases.claim(session, owner=owner_id, lease=LEASE, limit=10) == 1
        assert leases.handed_over(session, campaign_id) == 500


def test_late_report_whose_units_are_gone_is_settled_all_the_same(
    sending: tuple[UUID, UUID], database: Database
) -> None:
    campaign_id, owner_id = sending
    (batch_id,) = record(database, campaign_id, owner_id, 0)
    with database.transaction() as session:
        session.execute(text("UPDATE campaigns SET state = 'cancelled'"))
        batches.mark_done(session, [Reported(batch_id, 500, 0, 0)])
        (leased,) = leases.renew(session, owner=owner_id, lease=LEASE)
    asked: list[str] = []

    def call(name: str, _actor: Any, _payload: Any, **_: Any) -> Any:
        asked.append(name)
        if name == "identity.use_quota":
            raise PlanLimit("quota.exhausted", "Too few are left.", {})
        return {"submitted": 500, "units": 500}

    dispatch.Steps(database, call, owner_id, NO_FILES).settle(leased)

    of_contacts = ["contacts.let_go_of_audience", "contacts.drop_snapshot"]
    assert asked == ["identity.use_quota", "identity.release_quota", *of_contacts]
    with database.transaction() as session:
        assert session.scalar(text("SELECT settled_at FROM campaigns")) is not None


def test_batches_are_forgotten_long_after_the_settlement(sending: tuple[UUID, UUID], database: Database) -> None:
    campaign_id, owner_id = sending
    record(database, campaign_id, owner_id, 0)
    assert dispatch.forget_old_batches(database) == 0
    with database.transaction() as session:
        session.execute(text("UPDATE campaigns SET state = 'sent', settled_at = now() - interval '13 days'"))
    assert dispatch.forget_old_batches(database) == 0
    with database.transaction() as session:
        session.execute(text("UPDATE campaigns SET settled_at = now() - interval '15 days'"))
    assert dispatch.forget_old_batches(database) == 1


def test_people_of_steps_are_forgotten_long_after_the_settlement_and_their_counts_stay(
    sending: tuple[UUID, UUID], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign_id, _ = sending
    monkeypatch.setattr(dispatch, "FORGOTTEN_AT_ONCE", 2)
    tables = ("campaign_people", "campaign_queue", "campaign_step_counts")

    def kept_after(days: int) -> list[int]:
        with database.transaction() as session:
            session.execute(text("UPDATE campaigns SET settled_at = now() - make_interval(days => :d)"), {"d": days})
        dispatch.forget_old_batches(database)
        with database.transaction() as session:
            return [session.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables]

    with database.transaction() as session:
        for statement in (
            "UPDATE campaigns SET state = 'sent', step_channels = '{email,sms}', place = 1",
            "INSERT INTO campaign_people (campaign_id, number, state, numbers, steps)"
            " SELECT :id, n, 'reached', '{1,0}', '[]' FROM generate_series(1, 5) n",
            "INSERT INTO campaign_queue (campaign_id, number, person) SELECT :id, n, n FROM generate_series(1, 5) n",
            "INSERT INTO campaign_step_counts VALUES (:id, 0, 'state.reached', 5)",
        ):
            session.execute(text(statement), {"id": campaign_id} if ":id" in statement else {})
    assert kept_after(89) == [5, 5, 1]
    assert kept_after(91) == [0, 0, 1]


def test_a_campaign_of_steps_that_fails_with_a_step_ends_its_boosters(
    caller: Callable, sending: tuple[UUID, UUID], database: Database
) -> None:
    campaign_id, owner_id = sending
    step_id, booster_id = (UUID(caller().draft(10)["id"]) for _ in range(2))
    with database.transaction() as session:
        for statement in (
            "UPDATE campaigns SET step_channels = '{email,sms}' WHERE id = :campaign",
            "UPDATE campaigns SET state = 'failed', failure_code = 'x', failure_detail = 'No.', step_of = :campaign,"
            " place = 0, send_at = now() WHERE id = :step",
            "UPDATE campaigns SET state = 'scheduled', booster_of = :campaign, booster_after = 60 WHERE id = :booster",
        ):
            ids = {"campaign": campaign_id, "step": step_id, "booster": booster_id}
            session.execute(text(statement), {key: value for key, value in ids.items() if f":{key}" in statement})
        (leased,) = leases.renew(session, owner=owner_id, lease=LEASE)

    assert families.look_at(database, owner_id, leased)

    with database.transaction() as session:
        states = dict(session.execute(text("SELECT id, state FROM campaigns")).all())
    assert states == {campaign_id: "failed", step_id: "failed", booster_id: "cancelled"}
