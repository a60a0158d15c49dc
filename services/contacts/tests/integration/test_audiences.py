"""Audiences against sets in plain Python: groups and segments, less groups, segments, archive and missing consent."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from chassis.ids import new_id
from contacts.store import jobs, snapshots
from contacts.usecases import archive, audiences, fields, groups, people, segments
from contracts.vocabulary import ArchiveReason, Channel

from . import rule_model as model
from .rule_tables import NOON, store_people

CHOICE = st.lists(st.sampled_from(model.GROUPS), max_size=2, unique=True)


def _taken(database: Any, account: Any, channel: Channel, chosen: dict[str, Any]) -> list[dict[str, Any]]:
    snapshot_id = new_id()
    account.call(
        audiences.request_snapshot, snapshot_id=snapshot_id, channel=channel, audience=chosen, fields_=["city"]
    )
    with database.transaction() as session:
        job = jobs.claim(session, new_id())
        assert job is not None
        total = audiences.take(session, account_id=account.id, snapshot_id=snapshot_id, request=job.request, now=NOON)
        recipients: list[dict[str, Any]] = []
        place = {"snapshot_id": snapshot_id, "account_id": account.id, "channel": channel}
        for after in range(0, total, 7):
            page = snapshots.read(session, **place, after=after, up_to=min(after + 7, total), today=NOON.date())
            assert page.left_out == {}
            recipients += page.recipients
    account.call(audiences.drop, snapshot_id=snapshot_id)
    assert total == len(recipients)
    return recipients


def test_an_audience_is_whom_sets_in_plain_python_give_each_once(database, account):
    everyone = model.people(80, seed=2)
    ids = store_people(database, account.id, everyone)

    @settings(max_examples=25, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(CHOICE, CHOICE, model.trees(), st.none() | model.trees(), st.sampled_from((Channel.SMS, Channel.EMAIL)))
    def check(wanted: Any, unwanted: Any, rules: Any, without: Any, channel: Channel) -> None:
        with database.transaction() as session:
            session.execute(text("DELETE FROM segments"))
        saved = [
            account.call(segments.create, name=f"s{at}", description="", rules=one)["id"]
            for at, one in enumerate([rules, without])
            if one is not None
        ]
        chosen = {
            "groups": list(map(UUID, wanted)), "segments": saved[:1],
            "exclude_groups": list(map(UUID, unwanted)), "exclude_segments": saved[1:],
        }  # fmt: skip

        recipients = _taken(database, account, channel, chosen)

        expected = [
            (str(contact_id), person["city"])
            for contact_id, person in zip(ids, everyone, strict=True)
            if (set(wanted) & set(person["groups"]) or model.holds(rules, person))
            and not set(unwanted) & set(person["groups"])
            and not (without is not None and model.holds(without, person))
            and (channel is Channel.EMAIL or person["phone"])
            and person[f"{channel}_consent"]
            and channel not in person["archived"]
        ]
        assert [one["number"] for one in recipients] == list(range(1, len(expected) + 1))
        assert sorted((one["contact_id"], one["fields"].get("city")) for one in recipients) == sorted(
            expected, key=lambda pair: pair[0]
        )
        assert len({one["address"] for one in recipients}) == len(recipients)

    check()


PEOPLE = 10


def _list_of(account: Any) -> tuple[dict[str, Any], list[UUID]]:
    """A snapshot of `PEOPLE` people with consent, of whom one is told by number, and their contacts."""
    rows = "".join(f"p{number}@x.example;tak\n" for number in range(1, PEOPLE + 1))
    account.import_file(f"email;zgoda email\n{rows}", group_name="Lista")
    group = account.call(groups.list_groups, limit=10, cursor=None, archived=False)["items"][0]["id"]
    snapshot = {"snapshot_id": new_id()}
    account.call(
        audiences.request_snapshot, **snapshot, channel=Channel.EMAIL, audience={"groups": [group]}, fields_=[]
    )
    account.run_imports()
    page = account.call(audiences.read, **snapshot, after=0, limit=PEOPLE)
    assert page["left_out"] == {} and len(page["recipients"]) == PEOPLE
    return snapshot, [UUID(one["contact_id"]) for one in page["recipients"]]


def test_shuffled_audience_is_the_same_people_in_another_order(database, account):
    """As they were added says how long somebody is known; two shuffles are not the same either."""
    _, as_added = _list_of(account)
    group = account.call(groups.list_groups, limit=10, cursor=None, archived=False)["items"][0]["id"]
    orders = [as_added]
    for _ in range(2):
        snapshot = {"snapshot_id": new_id()}
        chosen = {"channel": Channel.EMAIL, "audience": {"groups": [group]}, "fields_": []}
        account.call(audiences.request_snapshot, **snapshot, **chosen, is_shuffled=True)
        account.run_imports()
        page = account.call(audiences.read, **snapshot, after=0, limit=PEOPLE)
        assert [one["number"] for one in page["recipients"]] == list(range(1, PEOPLE + 1))
        orders.append([UUID(one["contact_id"]) for one in page["recipients"]])
    assert all(sorted(order) == sorted(as_added) for order in orders)
    assert orders[0] != orders[1] != orders[2] != orders[0]


def test_audience_by_zones_begins_where_the_hour_comes_first(database, account):
    """A name that is no zone, and none, count as the account's zone; people of one zone are side by side."""
    zones = ["America/New_York", "Asia/Tokyo", "", "Atlantis", "Europe/Warsaw", "Asia/Tokyo", "Pacific/Kiritimati"]
    account.call(fields.create, key="zone", label="Strefa", type="text")
    rows = "".join(f"z{number}@x.example;tak;{zone}\n" for number, zone in enumerate(zones))
    account.import_file(f"email;zgoda email;zone\n{rows}", group_name="Strefy")
    group = account.call(groups.list_groups, limit=10, cursor=None, archived=False)["items"][0]["id"]
    snapshot = {"snapshot_id": new_id()}
    order = {"field": "zone", "default": "Europe/Warsaw", "local_time": datetime.fromisoformat("2026-11-24T18:00")}
    chosen = {"channel": Channel.EMAIL, "audience": {"groups": [group]}, "fields_": ["zone", "city"]}
    account.call(audiences.request_snapshot, **snapshot, **chosen, zones=order)
    account.run_imports()
    page = account.call(audiences.read, **snapshot, after=0, limit=10)
    found = [one["fields"].get("zone", "") for one in page["recipients"]]
    assert found[:3] == ["Pacific/Kiritimati", "Asia/Tokyo", "Asia/Tokyo"] and found[-1] == "America/New_York"
    assert sorted(found[3:6]) == ["", "Atlantis", "Europe/Warsaw"]


def test_what_a_person_did_after_the_snapshot_counts(database, account):
    """The audience of a campaign that is paused or throttled is read for days after it was taken."""
    snapshot, contact_ids = _list_of(account)
    place = {"account": account.id}

    def said(number: int, sql: str) -> None:
        with database.transaction() as session:
            session.execute(text(sql), {**place, "id": contact_ids[number - 1]})

    def archived(channel: Channel, address: str) -> Any:
        given = {"contact_ids": [], "reason": ArchiveReason.UNSUBSCRIBED, "note": ""}
        return account.call(archive.add, channel=channel, addresses=[address], **given)["items"][0]

    def page(after: int = 0, limit: int = 500) -> tuple[list[int], dict[str, list[int]]]:
        read = account.call(audiences.read, **snapshot, after=after, limit=limit)
        return [one["number"] for one in read["recipients"]], read["left_out"]

    address = {at + 1: f"p{at + 1}@x.example" for at in range(PEOPLE)}
    archived(Channel.SMS, "+48505603496")
    gone = archived(Channel.EMAIL, address[2])
    said(3, "UPDATE contacts SET email_consent = false WHERE account_id = :account AND id = :id")
    said(4, "UPDATE contacts SET email_consent = NULL WHERE account_id = :account AND id = :id")
    account.call(people.delete, contact_id=contact_ids[5 - 1])
    said(6, "UPDATE contacts SET email = 'other@x.example' WHERE account_id = :account AND id = :id")
    said(7, "UPDATE contacts SET email = NULL, phone = '+48505603400' WHERE account_id = :account AND id = :id")
    said(
        9,
        f"DELETE FROM {snapshots.table_of(snapshot['snapshot_id'])} WHERE contact_id = :id AND :account IS NOT NULL",
    )
    said(
        10,
        f"DELETE FROM {snapshots.table_of(snapshot['snapshot_id'])} WHERE contact_id = :id AND :account IS NOT NULL",
    )

    wanted = {"archived": [2], "withdrawn": [3, 4], "deleted": [5], "changed": [6, 7], "erased": [9, 10]}
    assert page() == ([1, 8], wanted)
    assert page(after=3, limit=3) == ([], {"withdrawn": [4], "deleted": [5], "changed": [6]})
    assert page(after=9) == ([], {"erased": [10]})
    account.call(archive.restore, archive_id=gone["id"], note="")
    assert page(limit=2) == ([1, 2], {})


def test_a_channel_that_tries_again_hears_of_whom_to_leave_out(database, account):
    _, contact_ids = _list_of(account)
    account.call(people.delete, contact_id=contact_ids[0])
    given = {"contact_ids": [], "reason": ArchiveReason.UNSUBSCRIBED, "note": ""}
    account.call(archive.add, channel=Channel.EMAIL, addresses=["p2@x.example"], **given)
    asked = [(contact_id, f"p{at + 1}@x.example") for at, contact_id in enumerate(contact_ids[:4])]
    asked[2] = (asked[2][0], "elsewhere@x.example")

    def check(of: Any) -> Any:
        return of.call(audiences.check_addressees, channel=Channel.EMAIL, addressees=asked)["left_out"]

    assert check(account) == [(0, "deleted"), (1, "archived"), (2, "changed")]
