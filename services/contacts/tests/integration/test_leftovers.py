from __future__ import annotations

import pytest
from sqlalchemy import text

from contacts.jobs import leftovers
from contacts.usecases import fields, groups, people

LIST = "email;rozmiar\n" + "".join(f"p{n}@x.example;{n}\n" for n in range(250))


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    monkeypatch.setattr(leftovers, "BATCH", 100)


def _left(database, sql: str) -> int:
    with database.transaction() as session:
        return session.scalar(text(sql))


def test_a_deleted_group_is_gone_at_once_and_its_memberships_after(database, account):
    group_id = account.import_file(LIST, group_name="Lista")["group_ids"][0]
    other_id = account.import_file(LIST, group_name="Inna")["group_ids"][0]
    shown = account.call(people.list_contacts, limit=1, cursor=None, email="p1@x.example")["items"][0]
    assert {str(one) for one in shown["group_ids"]} == {group_id, other_id}

    account.call(groups.delete, group_id=group_id)

    shown = account.call(people.list_contacts, limit=1, cursor=None, email="p1@x.example")["items"][0]
    assert [str(one) for one in shown["group_ids"]] == [other_id]
    assert account.call(people.list_contacts, limit=9, cursor=None, group_id=group_id)["items"] == []
    assert account.call(people.find_contacts, limit=9, cursor=None, group_ids=[group_id])["items"] == []
    account.run_imports()
    assert _left(database, "SELECT count(*) FROM group_members") == 250
    assert account.call(groups.get, group_id=other_id)["contacts"] == 250


def test_the_values_of_a_deleted_field_go_after_it(database, account):
    field = account.call(fields.create, key="size", label="Rozmiar", type="number")
    kept = account.call(fields.create, key="kept", label="p", type="text")
    account.import_file(LIST, mapping={"email": "email", "rozmiar": "size"})
    account.import_file(LIST, mapping={"email": "email", "rozmiar": "kept"})

    account.call(fields.update, field_id=kept["id"], key="renamed")
    account.call(fields.delete, field_id=field["id"])

    shown = account.call(people.list_contacts, limit=1, cursor=None, email="p7@x.example")["items"][0]
    assert shown["fields_"] == {"renamed": "7"}
    account.run_imports()
    assert _left(database, "SELECT count(*) FROM contacts WHERE custom ? 'f1'") == 0
    assert _left(database, "SELECT count(*) FROM contacts WHERE custom ? 'f2'") == 250
    again = account.call(fields.create, key="size", label="Rozmiar", type="text")
    shown = account.call(people.list_contacts, limit=1, cursor=None, email="p7@x.example")["items"][0]
    assert again["id"] != field["id"] and shown["fields_"] == {"renamed": "7", "size": None}
