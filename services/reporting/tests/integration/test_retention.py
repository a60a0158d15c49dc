"""What is kept no longer goes in time, nothing sooner, and no counter changes (product row G5)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from chassis.database import Database
from contracts.errors import Unavailable
from contracts.ids import first_id_at
from reporting.commands.check import differences
from reporting.domain.labels import Kind, label
from reporting.ingester.writing import Ingest
from reporting.store import labels, partitions, retention
from reporting.usecases import retention as usecase

from ..factories import Send

NOW = datetime.now(UTC)


class Old(Send):
    """A send of so many days ago."""

    def __init__(self, channel: str, days: int, account_id: str | None = None, campaign: bool = True) -> None:
        super().__init__(channel, account_id)
        at = NOW - timedelta(days=days)
        self.send_id = UUID(int=first_id_at(at).int | (uuid4().int & (2**64 - 1)))
        self.started = at.timestamp()
        if not campaign:
            self.campaign_id = None  # type: ignore[assignment]


def ingested(database: Database, *sends: Send, opened: bool = False) -> None:
    """Three messages of each, as they were told when they were new."""
    for send in sends:
        told = [send.full(number, "delivered") for number in range(3)]
        if opened and send.channel == "email":
            told += [send.engagement(number, "opened") for number in range(2)]
        began = datetime.fromtimestamp(send.started, UTC)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("reporting.ingester.writing.datetime", _At(began))
            Ingest(database).write([told])


class _At:
    """`datetime` with another now."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self, _zone: Any) -> datetime:
        return self._now


def plans(days_by_account: dict[str, int]) -> usecase.Call:
    def call(name: str, actor: Any, payload: Any, *, deadline: float) -> Any:
        assert (name, actor["service"]) == ("identity.get_account", "reporting")
        if actor["account_id"] not in days_by_account:
            raise Unavailable("service.unavailable", "away")
        return {"plan": {"retention_days": days_by_account[actor["account_id"]]}}

    return call


def forget(database: Database, days_by_account: dict[str, int] | None = None, now: datetime = NOW) -> int:
    return usecase.forget(database, call=plans(days_by_account or {}), now=now, go_on=lambda: True)


def kept_of(database: Database, send: Send) -> int:
    with database.transaction() as session:
        query = text("SELECT count(*) FROM messages WHERE account_id = :account AND channel = :channel")
        return session.scalar(query, {"account": send.account_id, "channel": send.channel}) or 0


def counters_of(database: Database) -> list[Any]:
    with database.transaction() as session:
        return [*session.execute(text("SELECT * FROM counters ORDER BY scope_id, dimension, key"))]


def test_states_of_mail_go_after_40_days_and_of_sms_stay_and_no_counter_changes(database: Database) -> None:
    old, edge, sms = Old("email", 41), Old("email", 40), Old("sms", 41, campaign=False)
    ingested(database, old, edge, sms, opened=True)
    before = counters_of(database)

    assert forget(database) == 3
    assert forget(database) == 0

    assert [kept_of(database, send) for send in (old, edge, sms)] == [0, 3, 3]
    assert counters_of(database) == before
    with database.transaction() as session:
        left = session.scalar(
            text("SELECT count(*) FROM engagements WHERE account_id = :account"), {"account": old.account_id}
        )
        assert left == 0
        assert differences(session) == []


def test_what_comes_of_a_forgotten_message_counts_nothing(database: Database) -> None:
    old = Old("email", 41)
    ingested(database, old)
    forget(database)
    before = counters_of(database)

    Ingest(database).write([[old.engagement(0, "clicked", url="https://x.example/"), old.full(1, "hard_bounced")]])

    assert kept_of(database, old) == 0
    assert counters_of(database) == before


def labels_of(database: Database, account_id: str) -> set[str]:
    with database.transaction() as session:
        query = text("SELECT label FROM labels WHERE account_id = :account")
        return set(session.scalars(query, {"account": account_id}))


def test_labels_go_with_their_messages_and_none_come_after(database: Database) -> None:
    old, fresh = Old("email", 41, campaign=False), Send("email")
    partitions.prepare_partitions(database, NOW - timedelta(days=41))
    began = datetime.fromtimestamp(old.started, UTC)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reporting.ingester.writing.datetime", _At(began))
        Ingest(database).write([[old.full(0, "undelivered", labels={"external_id": "old"})]])
    Ingest(database).write([[fresh.full(0, "undelivered", labels={"external_id": "fresh"})]])
    with database.transaction() as session:  # of a message that went without them
        labels.add(session, [(old.message_id(7), old.account_id, label(Kind.TAG, "lone"))])

    assert forget(database) == 1
    Ingest(database).write([[old.full(number, "undelivered", labels={"external_id": "late"}) for number in (0, 1)]])

    assert labels_of(database, old.account_id) == set()
    assert labels_of(database, fresh.account_id) == {"fresh"}


@pytest.mark.parametrize("plan", [365, None])
def test_what_comes_of_a_deleted_message_counts_nothing_whatever_the_plan_is_now(
    database: Database, plan: int | None
) -> None:
    gone = Old("sms", 91)
    ingested(database, gone, Old("sms", 60, gone.account_id))
    assert forget(database, {gone.account_id: 90}) == 3
    before = counters_of(database)

    with database.transaction() as session:
        retention.forget_plan(session, UUID(gone.account_id))
        if plan is not None:
            retention.note_plan(session, UUID(gone.account_id), days=plan, asked_at=NOW)
    Ingest(database).write([[gone.full(0, "delivered"), gone.engagement(1, "clicked", url="https://x.example/")]])

    assert kept_of(database, gone) == 3  # the younger
    assert counters_of(database) == before
    with database.transaction() as session:
        assert differences(session) == []


def test_what_comes_of_a_message_that_is_still_there_counts(database: Database) -> None:
    there = Old("sms", 91)
    ingested(database, there)
    with database.transaction() as session:
        retention.note_plan(session, UUID(there.account_id), days=90, asked_at=NOW)
    before = counters_of(database)

    Ingest(database).write([[there.engagement(0, "clicked", url="https://x.example/")]])

    assert counters_of(database) != before
    with database.transaction() as session:
        assert differences(session) == []


def test_a_campaign_goes_with_its_plan_and_stays_where_nobody_can_say_what_that_is(database: Database) -> None:
    basic, unknown = Old("sms", 91), Old("sms", 91)
    single, fresh = (Old("sms", days, basic.account_id, campaign=days == 89) for days in (91, 89))
    ingested(database, basic, unknown, single, fresh)
    before = counters_of(database)

    assert forget(database, {basic.account_id: 90}) == 3

    assert kept_of(database, unknown) == 3
    assert kept_of(database, basic) == 6  # single ones, and a campaign that is younger
    assert counters_of(database) == before
    Ingest(database).write([[basic.engagement(0, "clicked", url="https://x.example/")]])
    assert counters_of(database) == before
    with database.transaction() as session:
        assert differences(session) == []


def test_a_plan_that_changed_is_not_acted_upon_before_it_is_known(database: Database) -> None:
    basic = Old("sms", 91)
    ingested(database, basic)
    with database.transaction() as session:
        retention.note_plan(session, UUID(basic.account_id), days=90, asked_at=NOW)
        retention.forget_plan(session, UUID(basic.account_id))

    assert forget(database) == 0
    assert forget(database, {basic.account_id: 365}) == 0
    assert kept_of(database, basic) == 3


def test_details_of_openings_go_after_ten_days_and_the_opening_stays_counted(database: Database) -> None:
    old, fresh = Old("email", 11), Old("email", 9)
    partitions.look_after(database, NOW)
    ingested(database, old, fresh, opened=True)
    before = counters_of(database)

    forget(database)
    forget(database)

    with database.transaction() as session:
        rows = session.execute(text("SELECT account_id::text, ip, user_agent FROM engagements"))
        detailed = [(row.account_id, row.ip is not None or row.user_agent is not None) for row in rows]
    assert sorted(detailed) == sorted([(old.account_id, False)] * 2 + [(fresh.account_id, True)] * 2)
    assert counters_of(database) == before
    Ingest(database).write([[old.engagement(0, "opened")]])  # again, and judged with what is left
    assert counters_of(database) == before


def test_a_day_of_mail_alone_is_dropped_whole(database: Database) -> None:
    day = (NOW - timedelta(days=45)).date()
    partitions.prepare_partitions(database, NOW - timedelta(days=45))
    ingested(database, Old("email", 45))

    forget(database)

    with database.transaction() as session:
        assert session.scalar(text("SELECT to_regclass(:name)"), {"name": f"messages_p{day:%Y%m%d}"}) is None


def without_partitions(database: Database, day: date) -> None:
    """What is made on that day goes to the partitions of days that have none of their own."""
    with database.transaction() as session:
        for table in partitions.PARTITIONED:
            session.execute(text(f"DROP TABLE IF EXISTS {table}_p{day:%Y%m%d}"))


def test_a_day_that_is_cleared_late_keeps_what_left_late_for_as_long(database: Database) -> None:
    partitions.prepare_partitions(database, NOW - timedelta(days=59))
    waiting = Old("email", 60, campaign=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reporting.ingester.writing.datetime", _At(datetime.fromtimestamp(waiting.started, UTC)))
        Ingest(database).write([[waiting.full(number, "accepted") for number in range(2)]])
    Ingest(database).write([[waiting.full(0, "delivered", 18.5 * 86_400), waiting.full(1, "delivered", 2 * 86_400.0)]])

    assert forget(database, now=NOW - timedelta(days=3)) == 1  # nobody has looked for as long, and 38 days are not 40
    assert kept_of(database, waiting) == 1
    assert forget(database) == 1


def test_of_those_that_left_late_a_page_at_a_time_goes_what_is_old_enough_and_no_writer_is_held_off_for_none(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    partitions.prepare_partitions(database, NOW - timedelta(days=59))
    waiting = Old("email", 60, campaign=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reporting.ingester.writing.datetime", _At(datetime.fromtimestamp(waiting.started, UTC)))
        Ingest(database).write([[waiting.full(number, "accepted") for number in range(5)]])
    assert forget(database) == 0
    days = 60 * 86_400.0
    Ingest(database).write([[waiting.full(number, "delivered", days) for number in (0, 4)]])
    held_off: list[Any] = []
    monkeypatch.setattr(retention.log, "wait_for_writers", held_off.append)

    def clear(now: datetime) -> int:
        return usecase.clear_late(database, now=now, go_on=lambda: True)

    assert clear(NOW + timedelta(days=39)) == 0 and held_off == []
    assert clear(NOW + timedelta(days=41)) == 2 and len(held_off) == 2
    assert kept_of(database, waiting) == 3


@pytest.mark.parametrize("in_default", [False, True])
def test_a_mail_that_leaves_long_after_it_was_accepted_is_kept_until_forty_days_after(
    database: Database, in_default: bool
) -> None:
    day = (NOW - timedelta(days=60)).date()
    if in_default:
        without_partitions(database, day)
    else:
        partitions.prepare_partitions(database, NOW - timedelta(days=59))
    waiting, sent = Old("email", 60, campaign=False), Old("email", 60, campaign=False)
    ingested(database, sent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reporting.ingester.writing.datetime", _At(datetime.fromtimestamp(waiting.started, UTC)))
        Ingest(database).write([[waiting.full(number, "accepted") for number in range(3)]])

    with database.transaction() as session:
        assert retention.exists(session, f"messages_p{day:%Y%m%d}") != in_default
    assert forget(database) == 3 and forget(database) == 0
    days = 60 * 86_400.0
    told = [waiting.full(0, "delivered", days), waiting.full(1, "hard_bounced", days), sent.full(0, "delivered", days)]
    Ingest(database).write([told])

    assert (kept_of(database, waiting), kept_of(database, sent)) == (3, 0)
    with database.transaction() as session:
        query = text("SELECT state FROM messages WHERE account_id = :account ORDER BY message_id")
        assert session.scalars(query, {"account": waiting.account_id}).all() == [40, 50, 0]
        assert differences(session) == []
    before = counters_of(database)
    assert forget(database, now=NOW + timedelta(days=39)) == 0
    assert forget(database, now=NOW + timedelta(days=41)) == 2
    assert forget(database, now=NOW + timedelta(days=80)) == 1  # it has not left in all that time, and will not
    assert kept_of(database, waiting) == 0 and counters_of(database) == before


def test_of_a_mail_that_waits_the_day_may_be_over_before_anybody_has_looked(database: Database) -> None:
    waiting = Old("email", 41, campaign=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reporting.ingester.writing.datetime", _At(datetime.fromtimestamp(waiting.started, UTC)))
        Ingest(database).write([[waiting.full(0, "accepted")]])

    Ingest(database).write([[waiting.full(0, "delivered", 41 * 86_400.0)]])

    forget(database)
    assert kept_of(database, waiting) == 1
