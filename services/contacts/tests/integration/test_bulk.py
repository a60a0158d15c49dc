"""Acts on every contact that fits: counted, done a piece at a time, each once, and told to the audit trail."""

from __future__ import annotations

from threading import Event
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text

from chassis.ids import new_id
from contacts.domain.values import FieldType
from contacts.jobs import bulk as bulk_job
from contacts.jobs.worker import JobLeases, Worker
from contacts.store import accounts, jobs
from contacts.usecases import archive, bulk, fields, groups, people, segments
from contracts.contacts.bulk import BulkCreate
from contracts.errors import Conflict, Forbidden, Invalid, NotFound
from contracts.vocabulary import ArchiveReason, Channel

from .conftest import OtherServices

FROM_GDYNIA = {"field": "city", "op": "eq", "value": "Gdynia"}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_job, "PIECE", 10)


@pytest.fixture
def towns(account: Any) -> Any:
    """35 people of Gdynia, 15 of Sopot; the first five have a phone alone."""
    lines = [
        f"{'' if n < 5 else f'p{n}@x.example'};{600100200 + n};{'Gdynia' if n < 35 else 'Sopot'}" for n in range(50)
    ]
    account.import_file("email;telefon;miasto\n" + "\n".join(lines) + "\n")
    return account


def _queue(account: Any, **asked: Any) -> Any:
    return account.call(bulk.create, **BulkCreate().load(asked))["id"]


def _done(account: Any, **asked: Any) -> Any:
    bulk_id = _queue(account, **asked)
    account.run_imports()
    return account.call(bulk.get, bulk_id=bulk_id)


def _group(account: Any, name: str = "Lista") -> Any:
    return account.call(groups.create, name=name, description="")["id"]


def _members(account: Any, group_id: Any) -> int:
    return int(account.call(groups.get, group_id=group_id)["contacts"])


def _tables(database: Any) -> int:
    with database.transaction() as session:
        return int(session.scalar(text("SELECT count(*) FROM pg_tables WHERE tablename LIKE 'bulk\\_%'")))


def test_who_fits_goes_into_a_group_and_out_of_it(towns: Any, database: Any) -> None:
    group_id = _group(towns)
    known = [one["id"] for one in towns.people() if one["city"] == "Gdynia"][:3]
    towns.call(groups.add_contacts, group_id=group_id, contact_ids=known)
    asked = {"rules": FROM_GDYNIA, "target_group_id": str(group_id)}

    counted = _done(towns, act="add_to_group", dry_run=True, **asked)
    assert (counted["state"], counted["counts"]) == ("done", {"fitting": 35, "changed": 32})
    assert _members(towns, group_id) == 3
    added = _done(towns, act="add_to_group", **asked)
    assert (added["state"], added["done"], added["total"]) == ("done", 35, 35)
    assert added["counts"] == counted["counts"] and _members(towns, group_id) == 35

    removed = _done(towns, act="remove_from_group", group_ids=[str(group_id)], text="p1", target_group_id=str(group_id))
    assert removed["counts"] == {"fitting": 10, "changed": 10} and _members(towns, group_id) == 25
    assert len(towns.people()) == 50 and _tables(database) == 0


def test_who_fits_a_segment_is_archived_once_with_its_reason(towns: Any) -> None:
    segment_id = towns.call(segments.create, name="Gdynia", description="", rules=FROM_GDYNIA)["id"]
    towns.call(
        archive.add,
        channel=Channel.EMAIL,
        addresses=["p7@x.example"],
        contact_ids=[],
        reason=ArchiveReason.SPAM,
        note="",
    )
    asked = {"segment_id": str(segment_id), "act": "archive", "channel": "email", "reason": "other", "note": "moved"}

    counted = _done(towns, dry_run=True, **asked)
    done = _done(towns, **asked)

    assert done["counts"] == counted["counts"] == {"fitting": 35, "changed": 29}
    entries = towns.call(archive.list_archive, limit=100, cursor=None, restored=False)["items"]
    assert {one["source"] for one in entries if one["note"] == "moved"} == {f"bulk:{done['id']}"}
    assert len(entries) == 30 and all(one["contact_id"] for one in entries)
    assert _done(towns, **asked)["counts"] == {"fitting": 35, "changed": 0}


def test_who_fits_is_moved_from_one_group_to_another(towns: Any) -> None:
    old, new = _group(towns), _group(towns, "Nowa")
    ids = [one["id"] for one in towns.people() if one["city"] == "Gdynia"]
    towns.call(groups.add_contacts, group_id=old, contact_ids=ids[:30])
    towns.call(groups.add_contacts, group_id=new, contact_ids=ids[28:33])
    asked = {"rules": FROM_GDYNIA, "source_group_id": str(old), "target_group_id": str(new), "act": "move_to_group"}

    counted = _done(towns, dry_run=True, **asked)
    moved = _done(towns, **asked)

    # 30 leave the old one, two more of Gdynia were in neither, three were in the new one alone.
    assert moved["counts"] == counted["counts"] == {"fitting": 35, "changed": 32}
    assert (_members(towns, old), _members(towns, new)) == (0, 35)
    assert _done(towns, **asked)["counts"] == {"fitting": 35, "changed": 0}


def test_who_fits_is_given_values_and_keeps_the_others(towns: Any) -> None:
    for key, kind in (("status", FieldType.TEXT), ("points", FieldType.NUMBER)):
        towns.call(fields.create, key=key, label=key, type=kind)
    one = next(one for one in towns.people() if one["city"] == "Sopot")
    towns.call(people.update, contact_id=one["id"], fields_={"status": "vip", "points": 7})
    sopot = {"rules": {"field": "city", "op": "eq", "value": "Sopot"}, "act": "set_fields"}
    asked = {**sopot, "values": {"company": " Wici ", "fields": {"status": "vip"}}}

    counted = _done(towns, dry_run=True, **asked)
    done = _done(towns, **asked)

    assert done["counts"] == counted["counts"] == {"fitting": 15, "changed": 15}
    there = [each for each in towns.people() if each["city"] == "Sopot"]
    assert {(each["company"], each["custom"]["f1"]) for each in there} == {("Wici", "vip")}
    assert sorted(each["custom"].get("f2", 0) for each in there) == [0] * 14 + [7]
    emptied = _done(towns, **sopot, values={"fields": {"points": None}})
    assert emptied["counts"] == {"fitting": 15, "changed": 1}
    assert _done(towns, **asked)["counts"]["changed"] == 0


def _say_no(account: Any, database: Any, by_link: str, by_complaint: str, by_hand: str) -> None:
    """Each in one of the ways in which Wici is told, as its handler takes it."""
    account_id = UUID(account.actor["account_id"])
    ids = {one["email"]: one["id"] for one in account.people()}
    told = {"event_id": new_id(), "account_id": account_id, "channel": "email", "contact_id": ids[by_link]}
    complaint = {"channel": "email", "address": by_complaint, "reason": ArchiveReason.COMPLAINT}
    refused = {"event_id": new_id(), "account_id": account_id, "addresses": [complaint]}
    with database.transaction() as session:
        archive.archive_unsubscribed(session, event=told, sent_to=None)
        archive.archive_refused(session, event=refused, handler="archive_email_refusals", source="email_gateway")
    account.call(
        archive.add,
        channel=Channel.EMAIL,
        addresses=[by_hand],
        contact_ids=[],
        reason=ArchiveReason.UNSUBSCRIBED,
        note="telefonicznie",
    )


def test_nobody_is_moved_from_a_group_to_itself(towns: Any) -> None:
    group_id = str(_group(towns))
    with pytest.raises(Invalid) as refused:
        _queue(towns, rules=FROM_GDYNIA, act="move_to_group", source_group_id=group_id, target_group_id=group_id)
    assert [one["code"] for one in refused.value.errors] == ["bulk.same_group"]


def test_what_a_campaigns_bounces_have_archived_is_restored_but_for_who_said_no(towns: Any, database: Any) -> None:
    campaign_id, other = new_id(), new_id()
    account_id = UUID(towns.actor["account_id"])

    def archived(number: int, reason: str, campaign: Any) -> None:
        entry = {"id": new_id(), "address": f"p{number}@x.example", "contact_id": None, "reason": reason}
        with database.transaction() as session:
            archive.archive(
                session, account_id=account_id, channel="email", entries=[entry], source="email_gateway",
                campaign_id=campaign,
            )  # fmt: skip

    for number in range(5, 17):
        archived(number, "hard_bounce", campaign_id)
    archived(20, "hard_bounce", other)
    archived(21, "complaint", campaign_id)
    _say_no(towns, database, "p14@x.example", "p15@x.example", "p16@x.example")
    with database.transaction() as session:
        session.execute(text("UPDATE archive SET keeps_refusals = false WHERE address = 'p13@x.example'"))
    asked = {"act": "restore", "reason": "hard_bounce", "campaign_id": str(campaign_id), "note": "awaria u dostawcy"}

    counted = _done(towns, dry_run=True, **asked)
    done = _done(towns, **asked)

    assert done["counts"]["changed"] == counted["counts"]["changed"] == 8
    standing = towns.call(archive.list_archive, limit=100, cursor=None, restored=False)["items"]
    assert {one["address"][:3] for one in standing} == {"p13", "p14", "p15", "p16", "p20", "p21"}
    restored = towns.call(archive.list_archive, limit=100, cursor=None, restored=True)["items"]
    assert {one["restore_note"] for one in restored} == {"awaria u dostawcy"}
    assert _done(towns, **asked)["counts"]["changed"] == 0


def test_what_is_added_meanwhile_does_not_change_whom_it_is_about(towns: Any) -> None:
    """An act on who is not in a group, which puts them there: each once, and nobody is passed over."""
    group_id = _group(towns)
    outside = {"not": {"field": "group", "op": "in", "value": [str(group_id)]}}

    done = _done(towns, rules=outside, act="add_to_group", target_group_id=str(group_id))

    assert done["counts"] == {"fitting": 50, "changed": 50} and _members(towns, group_id) == 50


def test_a_turn_that_is_given_back_and_a_kill_change_nobody_twice(towns: Any, database: Any) -> None:
    group_id = _group(towns)
    bulk_id = _queue(towns, rules=FROM_GDYNIA, act="add_to_group", target_group_id=str(group_id))
    turns = 0
    while True:
        with database.transaction() as session:
            job = jobs.claim(session, new_id())
        assert job is not None
        if bulk_job.run(database, job, lambda: False, ask=towns.services.answer):
            break
        turns += 1
        with database.transaction() as session:
            jobs.put_off(session, job, 0.0)

    told = towns.call(bulk.get, bulk_id=bulk_id)
    assert turns == 4 and told["counts"] == {"fitting": 35, "changed": 35} and _members(towns, group_id) == 35


def _perform(database: Any, go_on: Any) -> None:
    with database.transaction() as session:
        job = jobs.claim(session, new_id())
    runners = {"bulk": lambda database, job, _: bulk_job.run(database, job, go_on, ask=OtherServices().answer)}
    Worker(database, JobLeases(database), Event(), runners)._perform(job)


def test_one_that_is_cancelled_tells_of_what_it_changed_and_leaves_no_table(towns: Any, database: Any) -> None:
    group_id = _group(towns)
    bulk_id = _queue(towns, rules=FROM_GDYNIA, act="add_to_group", target_group_id=str(group_id))

    def cancelled() -> bool:
        towns.call(bulk.cancel, bulk_id=bulk_id)
        return True

    _perform(database, cancelled)

    told = towns.call(bulk.get, bulk_id=bulk_id)
    assert (told["state"], told["counts"]) == ("cancelled", {"fitting": 35, "changed": 10})
    assert _members(towns, group_id) == 10 and _tables(database) == 0
    with pytest.raises(Conflict):
        towns.call(bulk.cancel, bulk_id=bulk_id)


def test_a_group_that_goes_meanwhile_fails_it_with_the_reason(towns: Any, database: Any) -> None:
    group_id = _group(towns)
    bulk_id = _queue(towns, rules=FROM_GDYNIA, act="add_to_group", target_group_id=str(group_id))

    def deleted() -> bool:
        if towns.call(groups.list_groups, limit=10, cursor=None, archived=False)["items"]:
            towns.call(groups.delete, group_id=group_id)
        return True

    _perform(database, deleted)

    told = towns.call(bulk.get, bulk_id=bulk_id)
    assert (told["state"], told["error"]["code"]) == ("failed", "group.not_found") and _tables(database) == 0


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"act": "add_to_group"}, "bulk.nobody"),
        ({"act": "add_to_group", "text": "a"}, "bulk.no_group"),
        ({"act": "add_to_group", "text": "a", "target_group_id": str(new_id())}, "group.not_found"),
        ({"act": "move_to_group", "text": "a", "target_group_id": str(new_id())}, "bulk.no_group"),
        ({"act": "set_fields", "text": "a"}, "bulk.no_values"),
        ({"act": "set_fields", "text": "a", "values": {"fields": {}}}, "bulk.no_values"),
        ({"act": "set_fields", "text": "a", "values": {"fields": {"x": 1}}}, "contact_field.not_found"),
        ({"act": "restore", "reason": "unsubscribed"}, "bulk.not_restored"),
        ({"act": "restore"}, "bulk.not_restored"),
        ({"act": "restore", "reason": "other", "text": "a"}, "bulk.not_for_restore"),
        ({"act": "archive", "text": "a", "reason": "other"}, "bulk.no_channel"),
        ({"act": "archive", "text": "a", "channel": "sms"}, "bulk.no_reason"),
        ({"act": "archive", "group_ids": [str(new_id())], "channel": "sms", "reason": "other"}, "group.not_found"),
        ({"act": "archive", "segment_id": str(new_id()), "channel": "sms", "reason": "other"}, "segment.not_found"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_queued(account: Any, asked: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        _queue(account, **asked)

    assert refused.value.errors[0]["code"] == code


@pytest.mark.parametrize(
    "blank",
    [{name: value} for name in ("q", "text") for value in (" ", "   ", "\u00a0", "\0", " \0\u2003\n")]
    + [{"rules": {}}],
)
def test_blanks_are_not_everybody(towns: Any, database: Any, blank: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        _queue(towns, act="archive", channel="sms", reason="other", **blank)
    with pytest.raises(Invalid):
        _queue(towns, act="archive", channel="sms", reason="other", **({"rules": FROM_GDYNIA} | blank))

    with database.transaction() as session:
        assert not session.scalar(text("SELECT count(*) FROM jobs WHERE kind = 'bulk'"))


def test_blanks_that_were_queued_before_change_nobody(towns: Any, database: Any) -> None:
    bulk_id = _queue(towns, q="p", act="archive", channel="sms", reason="other")
    with database.transaction() as session:
        session.execute(text("UPDATE jobs SET request = jsonb_set(request, '{q}', '\" \"') WHERE kind = 'bulk'"))

    _perform(database, lambda: True)

    told = towns.call(bulk.get, bulk_id=bulk_id)
    assert (told["state"], told["error"]["code"], told["counts"]["changed"]) == ("failed", "bulk.nobody", 0)


def test_to_archive_needs_the_permission_for_it(account: Any) -> None:
    account.actor["permissions"] = ["contacts.write"]

    with pytest.raises(Forbidden):
        _queue(account, text="a", act="archive", channel="sms", reason="other")


def test_another_account_sees_and_changes_nothing(towns: Any, new_account: Any) -> None:
    other, group_id = new_account(), _group(towns)
    bulk_id = _queue(towns, text="p", act="add_to_group", target_group_id=str(group_id))

    with pytest.raises(NotFound):
        other.call(bulk.get, bulk_id=bulk_id)
    with pytest.raises(NotFound):
        other.call(bulk.cancel, bulk_id=bulk_id)
    with pytest.raises(Invalid):
        _queue(other, text="p", act="add_to_group", target_group_id=str(group_id))


def test_the_trail_tells_of_it_and_the_words_are_forgotten(towns: Any, database: Any) -> None:
    group_id = _group(towns)

    done = _done(towns, text="p17@x.example", act="add_to_group", target_group_id=str(group_id))

    with database.transaction() as session:
        bodies = session.scalars(text("SELECT body FROM outbox WHERE routing_key = 'act_recorded' ORDER BY position"))
        told = [act for act in map(orjson.loads, bodies) if act["action"].startswith("bulk.")]
        kept = str(session.scalar(text("SELECT request FROM jobs WHERE kind = 'bulk'")))
    assert [act["action"] for act in told] == ["bulk.started", "bulk.ended"]
    assert told[1]["details"] == {"act": "add_to_group", "target_group_id": str(group_id), "changed": 1}
    assert {act["target_id"] for act in told} == {str(done["id"])}
    assert "p17" not in str(told) + kept


def test_the_end_of_an_account_takes_its_chosen_with_it(towns: Any, database: Any) -> None:
    _queue(towns, text="p", act="add_to_group", target_group_id=str(_group(towns)))
    with database.transaction() as session:
        job = jobs.claim(session, new_id())
    assert (
        job is not None
        and not bulk_job.run(database, job, lambda: False, ask=towns.services.answer)
        and _tables(database) == 1
    )

    with database.transaction() as session:
        accounts.erase(session, account_id=towns.id)

    assert _tables(database) == 0


def test_a_deleted_person_is_passed_over(towns: Any, database: Any) -> None:
    group_id = _group(towns)
    bulk_id = _queue(towns, rules=FROM_GDYNIA, act="add_to_group", target_group_id=str(group_id))
    last = [one["id"] for one in towns.people() if one["city"] == "Gdynia"]

    def gone() -> bool:
        while last:
            towns.call(people.delete, contact_id=last.pop())
        return True

    _perform(database, gone)

    told = towns.call(bulk.get, bulk_id=bulk_id)
    assert (told["state"], told["counts"]) == ("done", {"fitting": 35, "changed": 10})


def test_whoever_fits_is_deleted_and_nobody_else(towns: Any) -> None:
    group_id = _group(towns)
    _done(towns, q="600100", act="add_to_group", target_group_id=str(group_id))

    counted = _done(towns, rules=FROM_GDYNIA, act="delete", dry_run=True)
    deleted = _done(towns, rules=FROM_GDYNIA, act="delete")

    assert (counted["counts"], deleted["counts"]) == ({"fitting": 35, "changed": 35},) * 2
    assert (len(towns.people()), _members(towns, group_id)) == (15, 15)
    assert {one["city"] for one in towns.people()} == {"Sopot"}
