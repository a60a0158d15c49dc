from __future__ import annotations

import csv
import io
from base64 import b64decode
from datetime import timedelta
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import text

from chassis.ids import new_id
from contacts.jobs import exports as export_job
from contacts.jobs import snapshots as snapshot_job
from contacts.store import jobs
from contacts.usecases import archive, audiences, exports, fields, files, groups, people, privacy, upserts
from contracts.errors import Conflict, Invalid, NotFound, PlanLimit
from contracts.vocabulary import ArchiveReason, Channel

from .conftest import NOON


def _add(account: Any, **given: Any) -> Any:
    return account.call(people.create, terms=account.terms, **given)


def _group(account: Any, name: str, *people_: Any) -> Any:
    group_id = account.call(groups.create, name=name, description="")["id"]
    if people_:
        account.call(groups.add_contacts, group_id=group_id, contact_ids=[one["id"] for one in people_])
    return group_id


def _run(account: Any, job_kind: Any) -> None:
    with account.database.transaction() as session:
        job = jobs.claim(session, new_id())
    job_kind.run(account.database, job, lambda: True)


def test_addresses_are_normalised_and_unique(account):
    ola = _add(account, email=" OLA@X.example", phone="505 603 496", external_id="k1")

    assert (ola["email"], ola["phone"]) == ("ola@x.example", "+48505603496")
    for given in ({"email": "ola@X.EXAMPLE"}, {"phone": "0505603496"}, {"external_id": "k1"}):
        with pytest.raises(Conflict) as refused:
            _add(account, **given)
        assert refused.value.extra["contact_id"] == str(ola["id"])


def test_contacts_are_counted_as_the_plan_counts_them(account):
    assert account.call(people.count) == {"count": 0}
    ola, _ = _add(account, email="ola@x.example"), _add(account, email="ala@x.example")
    account.call(people.delete, contact_id=ola["id"])

    assert account.call(people.count) == {"count": 1}


def test_every_wrong_field_is_named(account):
    with pytest.raises(Invalid) as refused:
        _add(account, email="ola@", phone="12", fields_={"shoe": 1})

    assert [one["field"] for one in refused.value.errors] == ["email", "phone", "fields.shoe"]


def test_a_contact_changes_only_in_what_is_given(account):
    account.call(fields.create, key="size", label="Rozmiar", type="number")
    ola = _add(account, email="ola@x.example", city="Gdynia", fields_={"size": 38})

    changed = account.call(people.update, contact_id=ola["id"], city=None, phone="505603496")

    assert (changed["city"], changed["phone"], changed["fields_"]) == (None, "+48505603496", {"size": 38})
    with pytest.raises(Invalid):
        account.call(people.update, contact_id=ola["id"], email=None, phone=None)


def test_the_plan_limit_holds_for_single_contacts_and_batches(new_account):
    account = new_account(limit=2)
    _add(account, email="a@x.example")

    items = account.call(
        upserts.upsert_many,
        terms=account.terms,
        merge_by="email",
        contacts=[{"email": "b@x.example"}, {"email": "c@x.example"}, {"email": "A@x.example", "city": "Gdynia"}],
    )["items"]

    assert [one["outcome"] for one in items] == ["added", "rejected", "updated"]
    assert items[1]["code"] == "plan.contact_limit"
    with pytest.raises(PlanLimit):
        _add(account, email="d@x.example")


def test_a_renamed_field_keeps_its_values_and_a_deleted_one_loses_them(account):
    field = account.call(fields.create, key="size", label="Rozmiar", type="number")
    ola = _add(account, email="ola@x.example", fields_={"size": 38})

    account.call(fields.update, field_id=field["id"], key="shoe_size")
    assert account.call(people.get, contact_id=ola["id"])["fields_"] == {"shoe_size": 38}

    account.call(fields.delete, field_id=field["id"])
    account.call(fields.create, key="shoe_size", label="x", type="text")
    assert account.call(people.get, contact_id=ola["id"])["fields_"] == {"shoe_size": None}
    assert account.call(fields.unknown, names=["city", "shoe_size", "size"])["unknown"] == ["size"]


def test_counts_of_groups_are_right_for_every_path(account):
    ola, jan = _add(account, email="ola@x.example"), _add(account, email="jan@x.example")
    group_id = _group(account, "Lista", ola, jan)

    again = account.call(groups.add_contacts, group_id=group_id, contact_ids=[ola["id"]])
    assert again == {"changed": 0, "contacts": 2}
    account.call(people.delete, contact_id=ola["id"])
    assert account.call(groups.get, group_id=group_id)["contacts"] == 1
    gone = account.call(groups.remove_contacts, group_id=group_id, contact_ids=[jan["id"]])
    assert gone == {"changed": 1, "contacts": 0}
    account.call(groups.delete, group_id=group_id)
    with pytest.raises(NotFound):
        account.call(groups.get, group_id=group_id)


def test_a_name_is_free_again_when_its_group_is_archived(account):
    group_id = _group(account, "Lista")
    with pytest.raises(Conflict):
        _group(account, "LISTA")

    account.call(groups.update, group_id=group_id, archived=True)
    _group(account, "Lista")

    with pytest.raises(Conflict):
        account.call(groups.update, group_id=group_id, archived=False)


def _audience(**ids: Any) -> Any:
    return {name: ids.get(name, []) for name in ("groups", "segments", "exclude_groups", "exclude_segments")}


def test_an_audience_is_groups_minus_groups_minus_archive_minus_no_consent(account):
    agreed = {"email": {"granted": True}}
    anna, beata, celina, dorota, ewa = (
        _add(account, email=f"{name}@x.example", consents=agreed if name != "e" else {"email": {"granted": False}})
        for name in "abcde"
    )
    first = _group(account, "1", anna, beata, celina)
    second = _group(account, "2", beata, dorota, ewa)
    third = _group(account, "3", celina)
    account.call(
        archive.add, channel=Channel.EMAIL, addresses=[], contact_ids=[dorota["id"]], reason=ArchiveReason.SPAM, note=""
    )
    chosen = _audience(groups=[first, second], exclude_groups=[third])

    snapshot = {"snapshot_id": new_id(), "channel": Channel.EMAIL, "audience": chosen, "fields_": ["email", "city"]}
    account.call(audiences.request_snapshot, **snapshot)
    with pytest.raises(Conflict):
        account.call(audiences.read, snapshot_id=snapshot["snapshot_id"], after=0, limit=10)
    _run(account, snapshot_job)

    taken = account.call(audiences.request_snapshot, **snapshot)
    page = account.call(audiences.read, snapshot_id=snapshot["snapshot_id"], after=0, limit=10)["recipients"]
    assert account.call(audiences.count, channel=Channel.EMAIL, audience=chosen, only_to=None) == {"count": 2}
    assert (taken["state"], taken["total"]) == ("done", 2)
    assert [(one["number"], one["address"], one["fields"]) for one in page] == [
        (1, "a@x.example", {"email": "a@x.example"}),
        (2, "b@x.example", {"email": "b@x.example"}),
    ]
    assert account.call(audiences.count, channel=Channel.SMS, audience=chosen, only_to=None) == {"count": 0}


def test_an_archived_address_is_restored_with_a_trace(account):
    ola = _add(account, email="ola@x.example")
    entry = account.call(
        archive.add,
        channel=Channel.EMAIL,
        addresses=["OLA@x.example"],
        contact_ids=[],
        reason=ArchiveReason.OTHER,
        note="n",
    )["items"][0]
    assert entry["contact_id"] == ola["id"]

    restored = account.call(archive.restore, archive_id=entry["id"], note="by phone")

    listing = {"limit": 10, "cursor": None}
    assert restored["restored_at"] and str(restored["restored_by"]) == account.actor["user_id"]
    assert account.call(archive.list_archive, restored=False, **listing)["items"] == []
    assert [one["id"] for one in account.call(archive.list_archive, restored=True, **listing)["items"]] == [entry["id"]]
    with pytest.raises(NotFound):
        account.call(archive.restore, archive_id=entry["id"], note="")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_export_holds_everybody_and_no_formula(account, kind):
    account.import_file("email;imie;telefon\n" + "".join(f"p{n}@x.example;=1+{n};\n" for n in range(30)))
    _add(account, phone="505603496")
    export = account.call(
        exports.create, group_id=None, segment_id=None, format=kind, fields_=["email", "first_name", "phone"]
    )

    _run(account, export_job)

    done = account.call(exports.get, export_id=export["id"])
    parts, seq = [], 0
    while (part := account.call(files.read, file_id=done["file_id"], seq=seq))["chunk"] is not None:
        parts.append(b64decode(part["chunk"]))
        seq += 1
    content = b"".join(parts)
    if kind == "csv":
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
        assert ["p3@x.example", "'=1+3", ""] in rows and ["", "", "+48505603496"] in rows
    else:
        rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
        assert ["p3@x.example", "=1+3", ""] in rows
    assert (done["state"], done["done"], done["total"], len(rows)) == ("done", 31, 31, 32)


def test_the_archive_is_listed_by_what_one_looks_for_and_exported(account):
    account.import_file("email\n" + "".join(f"p{n}@x.example\n" for n in range(5)))
    ids = [one["id"] for one in account.people()]
    given = {"channel": Channel.EMAIL, "note": "=1+1"}
    account.call(archive.add, addresses=[], contact_ids=ids[:3], reason=ArchiveReason.SPAM, **given)
    account.call(archive.add, addresses=["P4@x.example"], contact_ids=[], reason=ArchiveReason.OTHER, **given)

    def listed(**wanted: Any) -> list[str]:
        page = account.call(archive.list_archive, limit=10, cursor=None, **{"restored": False, **wanted})
        return [one["address"] for one in page["items"]]

    assert listed(reason=ArchiveReason.SPAM) == [f"p{n}@x.example" for n in range(3)]
    assert listed(address=" P4@X.example") == ["p4@x.example"]
    assert listed(until=NOON - timedelta(days=9_000)) == listed(campaign_id=new_id()) == []
    export_id = account.call(
        exports.create, source="archive", group_id=None, segment_id=None, format="csv", fields_=["address", "note"]
    )["id"]
    _run(account, export_job)

    done = account.call(exports.get, export_id=export_id)
    assert (done["source"], done["state"], done["total"]) == ("archive", "done", 4)
    rows = list(csv.reader(io.StringIO(account.download(done["file_id"]).removeprefix("\ufeff")), delimiter=";"))
    assert rows[:2] == [["address", "note"], ["p0@x.example", "'=1+1"]]
    with pytest.raises(Invalid):
        account.call(exports.create, source="archive", group_id=None, segment_id=None, format="csv", fields_=["city"])


def test_a_bounce_of_an_erased_address_is_not_archived(account):
    person = _add(account, email="ola@x.example")
    account.call(privacy.erase, email="ola@x.example")
    entry = {"channel": "email", "address": "ola@x.example", "contact_id": person["id"], "reason": "hard_bounce"}
    event = {"event_id": new_id(), "account_id": account.id, "addresses": [entry]}

    with account.database.transaction() as session:
        archive.archive_refused(session, event=event, handler="archive_email_refusals", source="email_gateway")

    page = account.call(archive.list_archive, limit=10, cursor=None, restored=False)
    assert page["items"] == []
    with pytest.raises(Invalid, match="not valid"):
        account.call(
            archive.add, channel=Channel.EMAIL, addresses=["OLA@x.example"], contact_ids=[],
            reason=ArchiveReason.SPAM, note="",
        )  # fmt: skip


def test_an_erased_person_does_not_come_back_by_a_list(account):
    ola = _add(account, email="ola@x.example", phone="505603496")
    _group(account, "Lista", ola)

    answer = account.call(privacy.erase, contact_id=ola["id"])

    job = account.import_file("email;telefon\nOla@x.example;\njan@x.example;505603496\n")
    assert (answer["state"], answer["dry_run"]) == ("waiting", False)
    assert (job["counts"]["added"], job["counts"]["rejected"]) == (1, 1)
    assert job["problems"] == {"email.erased": 1, "phone.erased": 1}
    batch = account.call(
        upserts.upsert_many, terms=account.terms, merge_by="email", contacts=[{"email": "ola@x.example"}]
    )["items"]
    assert batch[0]["code"] == "address.erased"
    with pytest.raises(Conflict, match="erased"):
        _add(account, email="ola@x.example")
    jan = next(one for one in account.people() if one["email"] == "jan@x.example")
    with pytest.raises(Conflict, match="erased"):
        account.call(people.update, contact_id=jan["id"], phone="505603496")
    with account.database.transaction() as session:
        assert b"ola@x.example" not in b"".join(session.scalars(text("SELECT hash FROM erased")))
    assert _add(account, email="ola@x.example", restore_erased=True)["email"] == "ola@x.example"


def test_a_page_ends_where_the_next_begins(account):
    account.import_file("email\n" + "".join(f"p{n}@x.example\n" for n in range(25)))

    seen, cursor = [], None
    while True:
        page = account.call(people.list_contacts, limit=10, cursor=cursor)
        seen += [one["email"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert len(seen) == len(set(seen)) == 25
    with pytest.raises(Invalid):
        account.call(people.list_contacts, limit=10, cursor="no")
