"""What is done to lists and people is recorded in the audit trail, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any
from uuid import uuid4

import orjson
import pytest
from sqlalchemy import text

from chassis.database import Database
from chassis.ids import new_id
from contacts.jobs import suppressions
from contacts.jobs.worker import JobLeases, Worker
from contacts.store import jobs
from contacts.usecases import archive, exports, fields, groups, imports, privacy, segments
from contracts.channel import CHANNELS
from contracts.errors import Conflict, NotFound
from contracts.vocabulary import ArchiveReason, Channel


@pytest.fixture
def recorded_acts(database: Database) -> Callable[[], list[Any]]:
    """The acts that wait in the outbox, in their order."""

    def read() -> list[Any]:
        with database.transaction() as session:
            rows = session.scalars(text("SELECT body FROM outbox WHERE routing_key = 'act_recorded' ORDER BY position"))
            return [orjson.loads(bytes(row)) for row in rows]

    return read


def test_lists_fields_imports_and_exports(account: Any, recorded_acts: Callable[[], list[Any]]) -> None:
    group = account.call(groups.create, name="Zima", description="")["id"]
    account.call(groups.update, group_id=group, name="Lato")
    account.import_file("email;imie\nala@poczta.example;Ala\nola@poczta.example;Ola\n", group_ids=[group])
    combined = account.combine(operation="union", group_ids=[group], name="Razem")
    [made] = combined["items"]
    rules = {"all": [{"field": "city", "op": "eq", "value": "Gdynia"}]}
    segment = account.call(segments.create, name="Gdynia", description="", rules=rules)["id"]
    account.call(segments.update, segment_id=segment, name="Trójmiasto")
    account.call(segments.delete, segment_id=segment)
    field = account.call(fields.create, key="kod", type="text")["id"]
    account.call(fields.update, field_id=field, label="Kod")
    account.call(fields.delete, field_id=field)
    export = account.call(exports.create, group_id=group, segment_id=None, format="csv", fields_=None)["id"]
    account.call(groups.delete, group_id=group)
    with pytest.raises(NotFound):
        account.call(groups.delete, group_id=group)
    with pytest.raises(Conflict):
        account.call(groups.create, name="Razem", description="")

    acts = recorded_acts()

    assert [(act["action"], act["target_id"]) for act in acts if act["action"] != "import.started"] == [
        ("group.created", str(group)),
        ("group.changed", str(group)),
        ("groups.combining", str(combined["id"])),
        ("group.created", str(made["id"])),
        ("segment.created", str(segment)),
        ("segment.changed", str(segment)),
        ("segment.deleted", str(segment)),
        ("contact_field.created", str(field)),
        ("contact_field.changed", str(field)),
        ("contact_field.deleted", str(field)),
        ("export.started", str(export)),
        ("group.deleted", str(group)),
    ]
    assert [act["details"]["filename"] for act in acts if act["action"] == "import.started"] == ["list.csv"]
    assert {act["account_id"] for act in acts} == {str(account.id)}


def test_erasures_and_archive_name_no_address(account: Any, recorded_acts: Callable[[], list[Any]]) -> None:
    account.import_file("email\nala@poczta.example\nola@poczta.example\n")
    given: Any = {"contact_ids": [], "reason": ArchiveReason.SPAM, "note": ""}
    added = account.call(archive.add, channel=Channel.EMAIL, addresses=["ola@poczta.example"], **given)["items"][0]
    account.call(archive.restore, archive_id=added["id"], note="Asked for")
    account.call(privacy.request_export, email="ala@poczta.example")
    account.call(privacy.erase, email="ala@poczta.example")

    acts = recorded_acts()[1:]

    assert [act["action"] for act in acts] == ["archive.added", "archive.restored", "person.exported", "person.erased"]
    assert acts[0]["details"] == {"channel": "email", "reason_given": "spam", "addresses": 1}
    assert acts[1]["target_id"] == str(added["id"])
    assert "poczta.example" not in str(acts), "the trail outlives the person"


def test_an_event_archives_without_an_act(
    account: Any, database: Database, recorded_acts: Callable[[], list[Any]]
) -> None:
    entry = {"channel": "email", "address": "ala@poczta.example", "reason": ArchiveReason.HARD_BOUNCE}
    event = {"event_id": uuid4(), "account_id": account.id, "addresses": [entry]}
    with database.transaction() as session:
        archive.archive_refused(session, event=event, handler="archive_email_refusals", source="bounce")

    assert recorded_acts() == []


def test_a_refusal_that_says_nothing_of_the_person_archives_nobody(account: Any, database: Database) -> None:
    reasons = {ArchiveReason.HARD_BOUNCE: "nie.ma", ArchiveReason.SPAM: "jest", ArchiveReason.OTHER: "tez.jest"}
    addresses = [{"channel": "email", "address": f"{who}@x.example", "reason": why} for why, who in reasons.items()]
    event = {"event_id": uuid4(), "account_id": account.id, "addresses": addresses}

    with database.transaction() as session:
        archive.archive_refused(session, event=event, handler="archive_email_refusals", source="bounce")

    page = account.call(archive.list_archive, limit=10, cursor=None, restored=False)
    assert [entry["address"] for entry in page["items"]] == ["nie.ma@x.example"]


def test_a_list_for_the_archive_is_recorded_with_its_reason_and_what_it_did(
    account: Any, recorded_acts: Callable[[], list[Any]]
) -> None:
    why: Any = {"archive": {"reason": "unsubscribed", "note": ""}}

    job = account.import_file("email;telefon\nala@poczta.example;600100200\nola@poczta.example;\nzly;\n", **why)
    account.import_file("email\nala@poczta.example\n", **why)

    first, *added, last = recorded_acts()
    assert (first["action"], last["action"]) == ("import.started", "import.started")
    assert first["details"]["archive_reason"] == "unsubscribed"
    assert {act["action"] for act in added} == {"archive.added"}
    by_phone = {channel for channel, facts in CHANNELS.items() if facts.address_field == "phone"}
    assert {act["details"]["channel"]: act["details"]["addresses"] for act in added} == {
        **dict.fromkeys(by_phone, 1),
        "email": 2,
    }
    assert {act["details"]["reason_given"] for act in added} == {"unsubscribed"}
    assert {act["target_id"] for act in (first, *added)} == {str(job["id"])}
    assert {act["user_id"] for act in (first, *added, last)} == {account.actor["user_id"]}


def test_a_list_for_the_archive_that_is_cancelled_tells_what_it_did_until_then(
    account: Any, database: Database, recorded_acts: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(suppressions, "ROWS", 100)
    archived = {"archive": {"reason": "other", "note": ""}}
    import_id = account.queue_import("email\n" + "".join(f"p{n}@x.example\n" for n in range(300)), **archived)
    with database.transaction() as session:
        job = jobs.claim(session, new_id())
    assert job is not None

    def cancelled() -> bool:
        account.call(imports.cancel, import_id=import_id)
        return True

    runners = {"import": lambda database, job, _: suppressions.run(database, job, cancelled)}
    Worker(database, JobLeases(database), Event(), runners)._perform(job)

    added = [act for act in recorded_acts() if act["action"] == "archive.added"]
    assert [act["details"]["addresses"] for act in added] == [100]
    ended = account.call(imports.get, import_id=import_id)
    assert (ended["state"], ended["counts"]["added"], ended["counts"]["read"]) == ("cancelled", 100, 100)
