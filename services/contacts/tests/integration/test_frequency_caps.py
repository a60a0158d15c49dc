"""The frequency cap: who has had as many messages as it allows is left out of the next, by any channel."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from chassis.database import Database
from chassis.ids import new_id
from chassis.testing import wait_until
from contacts.jobs import engagement as job
from contacts.store import engagement
from contacts.store import frequency_caps as store
from contacts.store import snapshots as snapshot_store
from contacts.usecases import archive, audience_samples, audiences, frequency_caps, groups
from contracts.vocabulary import ArchiveReason, Channel, FollowUpWho

from .conftest import NOON

TODAY = NOON.date()
PEOPLE = 8


@pytest.fixture
def group(account: Any) -> UUID:
    """Eight people with consent, all of them to be reached by mail."""
    rows = "".join(f"p{number}@x.example;tak\n" for number in range(PEOPLE))
    account.import_file(f"email;zgoda email\n{rows}", group_name="Lista")
    return UUID(str(account.call(groups.list_groups, limit=10, cursor=None, archived=False)["items"][0]["id"]))


@pytest.fixture
def read(account: Any, group: UUID) -> Any:
    """`read()`: who is to be sent to and who is left out, as of a snapshot taken at first."""
    snapshot = {"snapshot_id": new_id()}
    chosen = {"channel": Channel.EMAIL, "audience": {"groups": [group]}, "fields_": []}
    account.call(audiences.request_snapshot, **snapshot, **chosen)
    account.run_imports()

    def page() -> tuple[list[UUID], dict[str, list[int]]]:
        answer = account.call(audiences.read, **snapshot, after=0, limit=PEOPLE)
        return [UUID(one["contact_id"]) for one in answer["recipients"]], answer["left_out"]

    return page


def sent(database: Database, account: Any, who: list[UUID], day: date = TODAY, kind: str = "submitted") -> None:
    """Another campaign has handed a message over to each of them."""
    column = {"account_id": str(account.id), "campaign_id": str(uuid4()), "kind": kind, "day": str(day)}
    with database.transaction() as session:
        engagement.add(session, [{**column, "contact_ids": ",".join(map(str, who))}] * 2)  # twice is once


def cap(account: Any, messages: int, days: int) -> None:
    account.call(frequency_caps.set_frequency_cap, cap={"messages": messages, "days": days})


def test_who_has_had_as_many_is_left_out_until_the_days_are_over(database: Database, account: Any, read: Any) -> None:
    people, _ = read()
    cap(account, 2, 7)
    sent(database, account, people[:3])
    assert read() == (people, {})
    sent(database, account, people[:2], TODAY - timedelta(days=6))
    sent(database, account, people[2:3], TODAY - timedelta(days=7))
    assert read() == (people[2:], {"capped": [1, 2]})
    # The end of a message that counts already is no second message; what somebody did counts for nothing.
    sent(database, account, people[3:5], kind="opened")
    sent(database, account, people[3:5], kind="bounced")
    assert read()[1] == {"capped": [1, 2]}

    cap(account, 2, 8)
    assert read()[1] == {"capped": [1, 2, 3]}
    account.call(frequency_caps.set_frequency_cap, cap=None)
    assert read() == (people, {}) and account.call(frequency_caps.get_frequency_cap) == {"cap": None}
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM recent_sends")) == 0


def test_cap_knows_of_what_was_delivered_before_it_was_set(database: Database, account: Any, read: Any) -> None:
    people, _ = read()
    sent(database, account, people[:4], kind="delivered")
    sent(database, account, people[:4], TODAY - timedelta(days=1), kind="delivered")
    cap(account, 2, 7)
    assert read()[1] == {"capped": [1, 2, 3, 4]}
    sent(database, account, people[:5], kind="delivered")
    cap(account, 3, 7)
    assert read()[1] == {"capped": [1, 2, 3, 4]}


def test_followers_of_a_campaign_are_those_who_did_or_did_not(database: Database, account: Any, read: Any) -> None:
    people, _ = read()
    campaign_id, other = uuid4(), uuid4()
    told = {"delivered": people[:5], "bounced": people[5:7], "opened": people[:2], "clicked": people[1:3]}
    columns = [
        {"account_id": str(account.id), "campaign_id": str(of), "kind": kind, "day": str(TODAY),
         "contact_ids": ",".join(map(str, who))}
        for of, told_of_it in ((campaign_id, told), (other, {"clicked": people, "opened": people}))
        for kind, who in told_of_it.items()
    ]  # fmt: skip
    with database.transaction() as session:
        engagement.add(session, columns)

    def followers(who: FollowUpWho, of: UUID = campaign_id, channel: str | None = None) -> set[UUID]:
        chosen = {"follow_up": {"campaign_id": of, "who": who, "channel": channel}}
        snapshot = {"snapshot_id": new_id()}
        account.call(audiences.request_snapshot, **snapshot, channel=Channel.EMAIL, audience=chosen, fields_=[])
        account.run_imports()
        page = account.call(audiences.read, **snapshot, after=0, limit=PEOPLE)
        counted = account.call(audiences.count, channel=Channel.EMAIL, audience=chosen, only_to=None)
        assert counted["count"] == len(page["recipients"])
        return {UUID(one["contact_id"]) for one in page["recipients"]}

    assert {str(who): followers(who) for who in FollowUpWho} == {
        "delivered": set(people[:5]), "not_delivered": set(people[5:7]),
        "opened": set(people[:3]), "not_opened": set(people[3:5]),
        "clicked": set(people[1:3]), "not_clicked": {people[0], *people[3:5]},
    }  # fmt: skip
    assert followers(FollowUpWho.CLICKED, uuid4()) == set()

    # Two who were told to have arrived failed: of a mail that came back, of an SMS that arrived after all.
    column = {"account_id": str(account.id), "campaign_id": str(campaign_id), "kind": "bounced", "day": str(TODAY)}
    with database.transaction() as session:
        engagement.add(session, [{**column, "contact_ids": f"{people[0]},{people[3]}"}])
    assert followers(FollowUpWho.NOT_DELIVERED, channel=Channel.SMS) == set(people[5:7])
    assert followers(FollowUpWho.NOT_OPENED, channel=Channel.SMS) == set(people[3:5])
    email = {who: followers(who, channel=Channel.EMAIL) for who in FollowUpWho}
    assert email == {
        "delivered": {people[1], people[2], people[4]}, "not_delivered": {people[0], people[3], *people[5:7]},
        "opened": set(people[1:3]), "not_opened": {people[4]}, "clicked": set(people[1:3]), "not_clicked": {people[4]},
    }  # fmt: skip

    # Contents are tried with, and measured for, them.
    asked = {"channel": Channel.EMAIL, "audience": {"follow_up": {"campaign_id": campaign_id, "who": "clicked"}}}
    sampled = account.call(audience_samples.sample, **asked, fields_=["email"])
    assert {one["contact_id"] for one in sampled["contacts"]} == set(people[1:3])
    assert "@" in sampled["complete"]["email"]


def test_nothing_is_kept_without_a_cap_nor_of_another_account(database: Database, account: Any, read: Any) -> None:
    people, _ = read()
    sent(database, account, people)
    cap(account, 1, 1)
    with database.transaction() as session:
        session.execute(text("INSERT INTO accounts (account_id) VALUES (:id)"), {"id": uuid4()})
        assert session.scalar(text("SELECT count(*) FROM recent_sends")) == 0
    assert read() == (people, {})


def test_erased_person_and_old_days_are_forgotten(database: Database, account: Any, read: Any) -> None:
    people, _ = read()
    cap(account, 1, 90)
    sent(database, account, people[:2])
    sent(database, account, people[2:3], TODAY - timedelta(days=89))
    with database.transaction() as session:
        engagement.erase_engagement(session, account.id, people[:1])
    assert read()[1] == {"capped": [2, 3]}
    job.tidy(database, TODAY + timedelta(days=2), keep_days=400)
    assert read()[1] == {"capped": [2]}


def test_audience_is_broken_down_by_the_first_reason(database: Database, account: Any, group: UUID, read: Any) -> None:
    people, _ = read()
    excluded = account.call(groups.create, name="Bez nich", description="")["id"]
    account.call(groups.add_contacts, group_id=excluded, contact_ids=people[:1])
    other = {"channel": Channel.EMAIL, "reason": ArchiveReason.OTHER, "note": ""}
    account.call(archive.add, addresses=["p1@x.example"], contact_ids=[], **other)
    cap(account, 1, 7)
    sent(database, account, people[:3])
    with database.transaction() as session:
        session.execute(text("UPDATE contacts SET email_consent = false WHERE id = :id"), {"id": people[3]})

    def counted(channel: Channel, **more: Any) -> dict[str, int]:
        asked = {"audience": {"groups": [group], **more}, "only_to": only_to}
        return dict(account.call(audiences.break_down, channel=channel, **asked))

    only_to: list[str] | None = None
    reasons = ("excluded", "without_address", "archived", "without_consent", "capped", "not_proved")
    usual = {**dict.fromkeys(reasons, 0), "total": PEOPLE}
    assert counted(Channel.EMAIL, exclude_groups=[excluded]) == {
        **usual, "reachable": 4, "excluded": 1, "archived": 1, "without_consent": 1, "capped": 1,
    }  # fmt: skip
    assert counted(Channel.SMS) == {**usual, "reachable": 0, "without_address": PEOPLE}
    reachable = account.call(audiences.count, channel=Channel.EMAIL, audience={"groups": [group]}, only_to=None)
    of_all = counted(Channel.EMAIL)
    assert of_all["reachable"] + of_all["capped"] == reachable["count"]

    only_to = ["p5@x.example", "p0@x.example", "stranger@x.example"]  # the second one is capped
    on_trial = {**of_all, "reachable": 1, "not_proved": of_all["reachable"] - 1}
    assert counted(Channel.EMAIL) == on_trial
    only_to = []
    assert counted(Channel.EMAIL) == {**on_trial, "reachable": 0, "not_proved": of_all["reachable"]}


def snapshots(account: Any, group: UUID, many: int) -> list[UUID]:
    taken = [new_id() for _ in range(many)]
    for snapshot_id in taken:
        chosen = {"channel": Channel.EMAIL, "audience": {"groups": [group]}, "fields_": []}
        account.call(audiences.request_snapshot, snapshot_id=snapshot_id, **chosen)
    account.run_imports()
    return taken


def test_of_campaigns_that_read_the_same_people_at_once_one_reaches_each(
    database: Database, account: Any, group: UUID
) -> None:
    """Two campaigns, each read by three at once and its pages in another order: with room for one message nobody gets
    two, and nobody is left without."""
    cap(account, 1, 7)
    pages = [(after, snapshot_id) for snapshot_id in snapshots(account, group, 2) for after in range(0, PEOPLE, 2)]
    pages.sort(key=lambda page: (page[0] * 5 % PEOPLE, page[1]))

    def read_page(page: tuple[int, UUID]) -> list[str]:
        after, snapshot_id = page
        read = {"snapshot_id": snapshot_id, "campaign_id": snapshot_id, "after": after, "limit": 2}
        return [one["contact_id"] for one in account.call(audiences.read, **read)["recipients"]]

    with ThreadPoolExecutor(6) as readers:
        reached = [contact_id for page in readers.map(read_page, pages) for contact_id in page]
    assert len(reached) == len(set(reached)) == PEOPLE


def test_room_is_held_until_it_is_known_is_let_go_or_lapses(database: Database, account: Any, group: UUID) -> None:
    first, second = snapshots(account, group, 2)
    cap(account, 1, 7)

    def reached(campaign: UUID) -> list[int]:
        answer = account.call(audiences.read, snapshot_id=campaign, campaign_id=campaign, after=0, limit=PEOPLE)
        return [one["number"] for one in answer["recipients"]]

    def lapse() -> None:
        with database.transaction() as session:
            session.execute(
                text(
                    "UPDATE recent_sends SET held_until = now() - interval '1 s' WHERE held_until < now()"
                    " + interval '1 day'"
                )
            )

    # What is read again, after a crash say, finds the room that was held for it.
    assert reached(first) == reached(first) == list(range(1, PEOPLE + 1)) and reached(second) == []
    account.call(audiences.let_go, snapshot_id=first, campaign_id=first, after=0, numbers=[7, 8])
    assert reached(second) == [7, 8] and reached(first) == [1, 2, 3, 4, 5, 6]
    account.call(audiences.let_go, snapshot_id=first, campaign_id=first, after=5)
    assert reached(second) == [6, 7, 8] and reached(first) == [1, 2, 3, 4, 5]

    # Handed over: it counts by its day, and is neither let go nor lapses.
    page = account.call(audiences.read, snapshot_id=first, campaign_id=first, after=0, limit=2)
    column = {"account_id": str(account.id), "campaign_id": str(first), "kind": "submitted", "day": str(TODAY)}
    with database.transaction() as session:
        ids = ",".join(one["contact_id"] for one in page["recipients"])
        engagement.add(session, [{**column, "contact_ids": ids}])
    account.call(audiences.let_go, snapshot_id=first, campaign_id=first, after=0)
    with database.transaction() as session:
        session.execute(
            text("UPDATE recent_sends SET held_until = now() - interval '1 s' WHERE held_until IS NOT NULL")
        )
    assert reached(second) == list(range(3, PEOPLE + 1))
    with database.transaction() as session:
        session.execute(
            text("UPDATE recent_sends SET held_until = now() - interval '1 s' WHERE held_until IS NOT NULL")
        )
    job.tidy(database, TODAY, keep_days=400)
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM recent_sends")) == 2


def test_of_a_snapshot_that_was_not_taken_there_is_nothing_to_let_go(
    database: Database, account: Any, group: UUID
) -> None:
    """It waits, or it failed: whoever ends its campaign is not told that it is not ready."""
    waiting = {"snapshot_id": new_id()}
    chosen = {"channel": Channel.EMAIL, "audience": {"groups": [group]}, "fields_": []}
    account.call(audiences.request_snapshot, **waiting, **chosen)
    account.call(audiences.let_go, **waiting, campaign_id=uuid4(), after=0)
    with database.transaction() as session:
        session.execute(text("UPDATE jobs SET state = 'failed'"))
    assert account.call(audiences.get, **waiting)["state"] == "failed"
    account.call(audiences.let_go, **waiting, campaign_id=uuid4(), after=0)


def test_strangers_in_an_audience_are_counted_whoever_would_be_left_out(
    database: Database, account: Any, group: UUID, read: Any
) -> None:
    """Who has had enough, or is archived at this moment, is in the audience all the same; who was erased is not."""
    (snapshot_id,) = snapshots(account, group, 1)
    people, _ = read()
    cap(account, 1, 7)
    sent(database, account, people)

    def strangers(*known: str) -> int:
        return int(account.call(audiences.count_strangers, snapshot_id=snapshot_id, addresses=list(known))["count"])

    everybody = [f"p{number}@x.example" for number in range(PEOPLE)]
    assert (strangers(*everybody), strangers(*everybody[1:]), strangers()) == (0, 1, PEOPLE)
    with database.transaction() as session:
        snapshot_store.forget(session, account_id=account.id, contact_ids=people[:1], addresses=[])
    assert strangers(*everybody[1:]) == 0


CAMPAIGN = uuid4()
FIRST, LAST = UUID(int=1), UUID(int=2)


def record_them(session: Session, account_id: UUID) -> None:
    columns = [
        {"account_id": str(account_id), "campaign_id": str(CAMPAIGN), "kind": kind, "day": str(day),
         "contact_ids": str(contact)}
        for kind, day, contact in (("delivered", TODAY, FIRST), ("submitted", TODAY - timedelta(days=1), LAST))
    ]  # fmt: skip
    engagement.add(session, columns)


def let_them_go(session: Session, account_id: UUID) -> None:
    session.execute(text("CREATE TEMPORARY TABLE snapshot (contact_id uuid, number int) ON COMMIT DROP"))
    session.execute(text("INSERT INTO snapshot VALUES (:last, 1), (:first, 2)"), {"first": FIRST, "last": LAST})
    store.let_go(session, account_id=account_id, campaign_id=CAMPAIGN, snapshot="snapshot", after=0)


@pytest.mark.parametrize("work", [record_them, let_them_go, lambda session, _: store.drop_lapsed(session)])
def test_whoever_writes_many_takes_the_first_contact_first(
    database: Database, account: Any, group: UUID, work: Callable[[Session, UUID], object]
) -> None:
    """One that waits for the first contact holds no other, in whichever order they came or lie in the table."""
    cap(account, 1, 7)
    bound = {"account": account.id, "campaign": CAMPAIGN, "first": FIRST, "last": LAST, "day": TODAY}
    with database.transaction() as session:
        session.execute(
            text(
                "INSERT INTO recent_sends (account_id, contact_id, campaign_id, day, held_until)"
                " SELECT :account, one, :campaign, :day, now() - interval '1 s'"
                " FROM unnest(ARRAY[CAST(:last AS uuid), CAST(:first AS uuid)]) one"
            ),
            bound,
        )
    locked = text("SELECT FROM recent_sends WHERE account_id = :account AND contact_id = :contact FOR UPDATE NOWAIT")

    def run() -> None:
        with database.transaction() as session:
            work(session, account.id)

    with ThreadPoolExecutor(1) as other:
        with database.transaction() as session:
            session.execute(locked, {"account": account.id, "contact": FIRST})
            pid = session.scalar(text("SELECT pg_backend_pid()"))
            running = other.submit(run)
            waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND :pid = ANY (pg_blocking_pids(pid))")
            wait_until(lambda: session.scalar(waits, {"pid": pid}) or running.done())
            assert not running.done()
            session.execute(locked, {"account": account.id, "contact": LAST})
        running.result()


def test_of_one_message_the_day_is_the_first_that_is_told(database: Database, account: Any, read: Any) -> None:
    people, _ = read()
    cap(account, 1, 1)
    campaign_id = str(uuid4())
    told = {"delivered": (TODAY, people[:3]), "submitted": (TODAY - timedelta(days=1), people[:2])}
    columns = [
        {"account_id": str(account.id), "campaign_id": campaign_id, "kind": kind, "day": str(day),
         "contact_ids": ",".join(map(str, who))}
        for kind, (day, who) in told.items()
    ]  # fmt: skip
    with database.transaction() as session:
        engagement.add(session, columns)
    assert read()[1] == {"capped": [3]}
