"""The account's long work of all kinds, found again by who has closed the page."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from chassis.ids import new_id
from contacts.usecases import bulk, combinations, exports, groups, imports, jobs, privacy
from contacts.usecases.open_jobs import LONG
from contracts.contacts.bulk import BulkCreate
from contracts.contacts.jobs import RPC, JobKind, JobQuery
from contracts.errors import NotFound


def _listed(account: Any, **asked: Any) -> list[dict[str, Any]]:
    page = account.call(jobs.list_jobs, **JobQuery().load(asked))
    return RPC["list_jobs"].response().dump(page)["items"]  # type: ignore[misc,no-any-return]


def test_work_of_every_kind_is_listed_newest_first_and_filtered(account: Any, new_account: Any) -> None:
    account.import_file("email\na@x.example\nb@x.example\n", group_name="Lista")
    [group] = account.call(groups.list_groups, limit=10, cursor=None, archived=False)["items"]
    asked = BulkCreate().load({"text": "a", "act": "add_to_group", "target_group_id": str(group["id"])})
    begun = [
        account.call(bulk.create, **asked),
        account.call(combinations.create, operation="union", group_ids=[group["id"]], name="Nowa", seed=""),
        account.call(exports.create, group_id=group["id"], segment_id=None, format="csv", fields_=None),
    ]
    account.call(groups.delete, group_id=account.call(groups.create, name="Pusta", description="")["id"])

    assert [one["kind"] for one in _listed(account)] == ["export", "combination", "bulk", "import"]
    assert [one["id"] for one in _listed(account, open=True)] == [str(one["id"]) for one in reversed(begun)]
    ended = [(one["kind"], one["state"], one["total"]) for one in _listed(account, open=False)]
    assert ended == [("import", "done", 2)]
    assert [one["id"] for one in _listed(account, kind="combination")] == [str(begun[1]["id"])]
    account.run_imports()
    assert _listed(account, open=True) == [] and _listed(new_account()) == []


def test_one_is_seen_by_its_id_and_not_by_others_nor_what_nobody_asked_for(account: Any, new_account: Any) -> None:
    import_id = account.queue_import("email\na@x.example\n")
    assert account.call(jobs.get, job_id=import_id)["state"] == account.call(imports.get, import_id=import_id)["state"]

    group_id = account.call(groups.create, name="Pusta", description="")["id"]
    account.call(groups.delete, group_id=group_id)
    with account.database.transaction() as session:
        leftover = session.scalar(text("SELECT id FROM jobs WHERE kind = 'forget_group'"))
    for someone, job_id in ((new_account(), import_id), (account, leftover), (account, new_id())):
        with pytest.raises(NotFound):
            someone.call(jobs.get, job_id=job_id)


def test_who_may_only_see_contacts_sees_no_imports_exports_nor_work_about_a_person(account: Any) -> None:
    import_id = account.queue_import("email\na@x.example\n")
    account.call(exports.create, group_id=None, segment_id=None, format="csv", fields_=None)
    account.call(privacy.erase, email="a@x.example", contact_id=None, phone=None)
    asked = BulkCreate().load({"text": "a", "act": "set_fields", "values": {"city": "Łódź"}})
    account.call(bulk.create, **asked)
    assert len(_listed(account)) == 4

    account.actor["permissions"] = ["contacts.read"]
    assert [one["kind"] for one in _listed(account)] == ["bulk"]
    assert _listed(account, kind="import") == []
    with pytest.raises(NotFound):
        account.call(jobs.get, job_id=import_id)
    account.actor["permissions"] = ["contacts.read", "contacts.import"]
    assert [one["kind"] for one in _listed(account)] == ["bulk", "import"]
    assert account.call(jobs.get, job_id=import_id)["kind"] == "import"


@pytest.mark.parametrize(
    ("held", "hidden"),
    [
        (["contacts"], set()),
        (["contacts.read"], {"import", "export", "person_export", "erasure"}),
        (["contacts.read", "contacts.erase"], {"import", "export"}),
        (["contacts.read", "contacts.export"], {"import", "person_export", "erasure"}),
    ],
)
def test_a_kind_is_seen_by_who_may_see_it_at_its_own_place(held: list[str], hidden: set[str]) -> None:
    assert {*JobKind} - {*jobs.seen_by({"permissions": held})} == hidden


def test_every_kind_is_one_that_there_is() -> None:
    assert {*LONG, "erasure"} == {kind.value for kind in JobKind}
