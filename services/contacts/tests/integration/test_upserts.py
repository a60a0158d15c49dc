"""Many contacts in one request: as if each came by itself, with a handful of statements."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text

from contacts.usecases import groups, people, upserts

WISHES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "email": st.sampled_from(["a@x.example", "b@x.example", "c@x.example", "ola@", None]),
            "phone": st.sampled_from(["505603491", "505603492", "505603493", None]),
            "external_id": st.sampled_from(["k1", "k2", None]),
            "city": st.sampled_from(["Gdynia", "Hel", None]),
            "consents": st.sampled_from([{"email": {"granted": True}}, {"email": {"granted": False}}, {"sms": None}]),
            "group_ids": st.sampled_from([["first"], ["first", "second"], ["nobody's"]]),
        },
    ),
    max_size=12,
)
NOBODYS = UUID("019c0000-0000-7000-8000-000000000000")


def _send(account: Any, merge_by: str, wishes: list[Any], *, at_once: int) -> list[Any]:
    by_name = {name: account.call(groups.create, name=name, description="")["id"] for name in ("first", "second")}
    contacts = [
        {**wish, "group_ids": [by_name.get(name, NOBODYS) for name in wish.get("group_ids", ())]} for wish in wishes
    ]
    items: list[Any] = []
    for start in range(0, len(contacts), at_once):
        part = contacts[start : start + at_once]
        items += account.call(upserts.upsert_many, terms=account.terms, merge_by=merge_by, contacts=part)["items"]
    return [(one["outcome"], one["code"]) for one in items]


def _kept(account: Any) -> Any:
    """Contacts with their groups and what is kept of their consents and former addresses, without ids and times."""
    with account.database.transaction() as session:
        rows = session.execute(
            text(
                "SELECT email, phone, external_id, city, email_consent, sms_consent,"
                " ARRAY(SELECT g.name FROM group_members m JOIN groups g ON g.id = m.group_id"
                "  WHERE m.contact_id = c.id ORDER BY 1),"
                " ARRAY(SELECT granted::text FROM consent_changes h WHERE h.account_id = c.account_id"
                "  AND h.contact_id = c.id ORDER BY recorded_at, channel),"
                " ARRAY(SELECT address FROM former_addresses f WHERE f.account_id = c.account_id"
                "  AND f.contact_id = c.id ORDER BY 1)"
                " FROM contacts c WHERE account_id = :id ORDER BY 1, 2, 3"
            ),
            {"id": account.id},
        ).all()
        counts = session.execute(
            text("SELECT name, contacts FROM groups WHERE account_id = :id ORDER BY 1"), {"id": account.id}
        ).all()
    return [tuple(row) for row in rows], [tuple(row) for row in counts], account.call(people.count)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(wishes=WISHES, merge_by=st.sampled_from(["email", "phone", "external_id"]), limit=st.sampled_from([None, 2]))
def test_a_batch_is_as_if_each_contact_came_by_itself(new_account, wishes, merge_by, limit):
    together, apart = new_account(limit=limit), new_account(limit=limit)

    outcomes = _send(together, merge_by, wishes, at_once=1000)

    assert outcomes == _send(apart, merge_by, wishes, at_once=1)
    assert _kept(together) == _kept(apart)


def test_a_thousand_contacts_take_a_handful_of_statements(account):
    group_id = account.call(groups.create, name="Lista", description="")["id"]
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    engine = account.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        for city in ("Gdynia", "Hel"):  # added, then changed
            contacts = [{"email": f"u{n}@x.example", "city": city, "group_ids": [group_id]} for n in range(1000)]
            items = account.call(upserts.upsert_many, terms=account.terms, merge_by="email", contacts=contacts)["items"]
    finally:
        event.remove(engine, "before_cursor_execute", note)

    assert {one["outcome"] for one in items} == {"updated"}
    assert account.call(groups.get, group_id=group_id)["contacts"] == 1000
    assert len(statements) < 40, statements


def test_an_address_that_changes_hands_within_a_batch_is_free_for_the_next(account):
    """Unique indexes are looked at row by row: who gives an address up is written before who takes it."""
    first = [{"external_id": "k1", "email": "a@x.example"}, {"external_id": "k2", "email": "b@x.example"}]
    account.call(upserts.upsert_many, terms=account.terms, merge_by="external_id", contacts=first)

    moves = [
        {"external_id": "k1", "email": "c@x.example"},
        {"external_id": "k2", "email": "a@x.example"},
        {"external_id": "k3", "email": "b@x.example"},
        {"external_id": "k1", "email": "d@x.example"},
    ]
    items = account.call(upserts.upsert_many, terms=account.terms, merge_by="external_id", contacts=moves)["items"]

    assert [one["outcome"] for one in items] == ["updated", "updated", "added", "updated"]
    assert [row[:3] for row in _kept(account)[0]] == [
        ("a@x.example", None, "k2"), ("b@x.example", None, "k3"), ("d@x.example", None, "k1"),
    ]  # fmt: skip
    assert _kept(account)[0][2][8] == ["a@x.example", "c@x.example"]
