"""Samples of audiences: spread over all, and nobody's way of lacking fields is missed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from contacts.store import audience_samples as store
from contacts.store.audience_samples import SETS, SPREAD
from contacts.usecases import archive, audience_samples, fields, groups, people, upserts
from contracts.vocabulary import ArchiveReason, Channel

PEOPLE = 1_000
WANTED = ["first_name", "birth_date", "points", "member", "code"]


def _group_of(account: Any) -> Any:
    """`PEOPLE` people: points for all but every 300th, a first name for all but every 7th, a date for one."""
    for key, kind in (("points", "number"), ("member", "boolean"), ("code", "text")):
        account.call(fields.create, key=key, type=kind)
    rows = "".join(
        f"p{number}@x.example;tak;{'' if number % 7 == 0 else 'Ola'};{'' if number % 300 == 0 else '3,5'};"
        f"{'1999-05-01' if number == 500 else ''}\n"
        for number in range(1, PEOPLE + 1)
    )
    account.import_file(f"email;zgoda email;imię;points;data urodzenia\n{rows}", group_name="Lista")
    return account.call(groups.list_groups, limit=10, cursor=None, archived=False)["items"][0]["id"]


def _sample(account: Any, **audience: Any) -> Any:
    return account.call(audience_samples.sample, channel=Channel.EMAIL, audience=audience, fields_=WANTED)


def test_a_sample_is_spread_and_has_everybodys_way_of_lacking_fields(account):
    group = _group_of(account)

    sampled = _sample(account, groups=[group])

    ways = {frozenset(contact["fields_"]) for contact in sampled["contacts"]}
    assert ways == {
        frozenset({"first_name", "points"}), frozenset({"points"}), frozenset({"first_name"}),
        frozenset({"first_name", "points", "birth_date"}),
    }  # fmt: skip
    ids = [contact["contact_id"] for contact in sampled["contacts"]]
    assert SPREAD * 0.9 < len(set(ids)) == len(ids) <= SPREAD + 2 * SETS
    numbers = [len(contact["fields_"]) for contact in sampled["contacts"]]
    assert numbers == sorted(numbers)  # whoever tries them in their order meets those who lack most first
    again = _sample(account, groups=[group])
    assert {contact["contact_id"] for contact in again["contacts"]} != set(ids)  # nobody knows who is looked at
    # Each stands for a share of the audience; who is there for what they lack, for nobody.
    assert sum(contact["stands_for"] for contact in sampled["contacts"]) == sampled["size"] == PEOPLE
    spread = [contact["stands_for"] for contact in sampled["contacts"] if contact["stands_for"]]
    assert len(spread) <= SPREAD and max(spread) < PEOPLE / SPREAD * 4
    # Somebody's value of each field, or one of its type.
    assert sampled["complete"] == {
        "first_name": "Ola", "points": 3.5, "birth_date": "1999-05-01", "member": True, "code": "1",
    }  # fmt: skip


def test_a_field_that_is_said_to_be_empty_is_lacked(account):
    """By whatever door it comes, and as contacts of before hold it."""
    group = _group_of(account)
    asked = {"fields_": {"points": None}, "consents": {"email": {"granted": True}}, "group_ids": [group]}
    one = {**asked, "email": "one@x.example"}
    account.call(people.create, terms=account.terms, **one)
    two = {**asked, "email": "two@x.example"}
    account.call(upserts.upsert_many, terms=account.terms, merge_by="email", contacts=[two])
    empty = "SELECT count(*) FROM contacts WHERE account_id = :id AND custom = '{}' AND email LIKE '%o%@x.example'"
    with account.database.transaction() as session:
        assert session.scalar(text(empty), {"id": account.id}) == 2
        session.execute(
            text("UPDATE contacts SET custom = jsonb_build_object(CAST(:slot AS text), NULL) WHERE email LIKE 'two@%'"),
            {"slot": _slot(account, "points")},
        )

    for _ in range(3):
        found = _sample(account, groups=[group])["contacts"]
        assert [contact["fields_"] for contact in found[:3]].count({}) == 2


def _slot(account: Any, key: str) -> str:
    with account.database.transaction() as session:
        found: str = session.scalar(
            text("SELECT slot FROM contact_fields WHERE account_id = :id AND key = :key"),
            {"id": account.id, "key": key},
        )
    return found


def test_of_a_large_audience_a_part_is_looked_at(account, monkeypatch):
    group = _group_of(account)
    monkeypatch.setattr(store, "LOOKED_AT", 3)

    sampled = _sample(account, groups=[group])
    assert 2 <= len(sampled["contacts"]) <= 3  # two of three may fall into one share
    assert sampled["size"] is None


def test_nobody_is_in_it_who_would_not_be_sent_to_and_nobody_of_no_audience(account):
    group = _group_of(account)
    given = {"contact_ids": [], "reason": ArchiveReason.UNSUBSCRIBED, "note": ""}
    account.call(archive.add, channel=Channel.EMAIL, addresses=["p500@x.example"], **given)

    assert not any("birth_date" in contact["fields_"] for contact in _sample(account, groups=[group])["contacts"])
    assert _sample(account) == {
        "contacts": [],
        "complete": {"first_name": "1", "points": 1, "birth_date": "2000-01-31", "member": True, "code": "1"},
        "size": 0,
    }
