from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from contacts.usecases import audiences, fields, groups, people, segments
from contracts.errors import Conflict
from contracts.vocabulary import Channel

TODAY = date(2026, 11, 24)
CITIES = ["Gdynia", "Gdańsk", "Łódź", "Nowy Dwór Mazowiecki", None]


def _day(offset: int) -> str:
    return (TODAY + timedelta(days=offset)).isoformat()


def _fill(account: Any) -> tuple[list[str], list[Any]]:
    for key, kind in (("size", "number"), ("vip", "boolean"), ("code", "text"), ("since", "date")):
        account.call(fields.create, key=key, label=key, type=kind)
    rows = [
        f"p{n}@x.example;{CITIES[n % 5] or ''};{['Ola', 'Jan', ''][n % 3]};{['1990-11-24', '2000-02-29', ''][n % 3]}"
        f";{['tak', 'nie', ''][n % 3]};{['', '3', '4.5', '-1'][n % 4]};{['tak', 'nie', ''][n % 3]}"
        f";{['A1', 'B2', '', 'A2'][n % 4]};{['', _day(-n), _day(n)][n % 3]}"
        for n in range(40)
    ]
    head = "email;miasto;imie;data urodzenia;zgoda e-mail;size;vip;code;since\n"
    account.import_file(head + "\n".join(rows) + "\n")
    made = [account.call(groups.create, name=f"g{n}", description="")["id"] for n in range(2)]
    members = account.call(people.list_contacts, limit=100, cursor=None)["items"]
    for n, group_id in enumerate(made):
        ids = [one["id"] for at, one in enumerate(members) if at % (n + 2) == 0]
        account.call(groups.add_contacts, group_id=group_id, contact_ids=ids)
    return [str(one) for one in made], account.call(people.list_contacts, limit=100, cursor=None)["items"]


def test_a_segment_is_an_audience_and_a_renamed_field_goes_with_it(account):
    _fill(account)
    rules = {"field": "city", "op": "in", "value": ["Gdynia", "Gdańsk"]}
    saved = account.call(segments.create, name="Trójmiasto", description="", rules=rules)
    chosen = {"groups": [], "segments": [saved["id"]], "exclude_groups": [], "exclude_segments": []}

    counted = account.call(audiences.count, channel=Channel.EMAIL, audience=chosen, only_to=None)["count"]
    listed = account.call(people.list_segment_contacts, segment_id=saved["id"], limit=100, cursor=None)["items"]

    agreed = [one for one in listed if (one["consents"]["email"] or {}).get("granted")]
    assert 0 < counted == len(agreed) < len(listed)
    with pytest.raises(Conflict):
        account.call(segments.create, name="TRÓJMIASTO".swapcase(), description="", rules=rules)


def test_a_renamed_field_goes_with_its_segments_and_one_in_use_is_not_deleted(account):
    field = account.call(fields.create, key="size", label="Rozmiar", type="number")
    account.import_file("email;size\na@x.example;3\nb@x.example;5\n")
    rules = {"all": [{"not": {"any": [{"field": "size", "op": "gt", "value": 4}]}}]}
    saved = account.call(segments.create, name="Mali", description="", rules=rules)

    account.call(fields.update, field_id=field["id"], key="height")

    renamed = account.call(segments.get, segment_id=saved["id"])["rules"]
    assert renamed == {"all": [{"not": {"any": [{"field": "height", "op": "gt", "value": 4}]}}]}
    assert account.call(segments.count, rules=renamed) == {"count": 1}
    with pytest.raises(Conflict, match="Mali") as refused:
        account.call(fields.delete, field_id=field["id"])
    assert (refused.value.code, refused.value.extra["segments"][0]["name"]) == ("contact_field.in_use", "Mali")
    account.call(segments.delete, segment_id=saved["id"])
    account.call(fields.delete, field_id=field["id"])


def test_a_group_that_a_segment_names_is_archived_but_not_deleted(account):
    group_id = account.call(groups.create, name="g", description="")["id"]
    rules = {"any": [{"field": "group", "op": "not_in", "value": str(group_id)}]}
    saved = account.call(segments.create, name="Reszta", description="", rules=rules)

    account.call(groups.update, group_id=group_id, archived=True)
    with pytest.raises(Conflict, match="Reszta"):
        account.call(groups.delete, group_id=group_id)

    assert account.call(segments.count, rules=rules) == {"count": 0}
    account.call(segments.update, segment_id=saved["id"], rules={"field": "city", "op": "is_empty"})
    account.call(groups.delete, group_id=group_id)


def test_a_campaign_that_nobody_knows_of_has_engaged_nobody(account):
    account.import_file("email\na@x.example\n")
    asked = {"campaigns": ["00000000-0000-7000-8000-0000000000c1"]}

    assert account.call(segments.count, rules={"field": "engagement", "op": "opened", "value": asked}) == {"count": 0}
    assert account.call(segments.count, rules={"field": "engagement", "op": "not_opened", "value": asked}) == {
        "count": 1
    }


def test_a_split_is_repeatable_disjoint_and_complete(account):
    _, everyone = _fill(account)
    whole = account.call(groups.create, name="Wszyscy", description="")["id"]
    account.call(groups.add_contacts, group_id=whole, contact_ids=[one["id"] for one in everyone])

    def split(*names: str) -> list[set[Any]]:
        shares = zip(names, (20.0, 30.0, 50.0), strict=True)
        parts = [{"name": name, "percent": percent} for name, percent in shares]
        made = account.combine(operation="split", group_ids=[whole], parts=parts, seed="s")["items"]
        assert [one["contacts"] for one in made] == [8, 12, 20]
        return [
            {
                one["id"]
                for one in account.call(people.list_contacts, limit=100, cursor=None, group_id=group["id"])["items"]
            }
            for group in made
        ]

    first, again = split("a", "b", "c"), split("d", "e", "f")
    assert first == again
    assert set().union(*first) == {one["id"] for one in everyone}


def test_union_subtract_and_filter(account):
    group_ids, everyone = _fill(account)
    inside = [{one["id"] for one in everyone if group_id in map(str, one["group_ids"])} for group_id in group_ids]

    def made(operation: str, **more: Any) -> set[Any]:
        request = {"name": operation, "group_ids": [UUID(one) for one in group_ids], "seed": "", **more}
        group = account.combine(operation=operation, **request)["items"][0]
        found = account.call(people.list_contacts, limit=100, cursor=None, group_id=group["id"])["items"]
        assert group["contacts"] == len(found)
        return {one["id"] for one in found}

    assert made("union") == inside[0] | inside[1]
    assert made("subtract") == inside[0] - inside[1]
    rules = {"field": "city", "op": "eq", "value": "Gdynia"}
    kept = {one["id"] for one in everyone if one["city"] == "Gdynia"}
    assert made("filter", group_ids=[UUID(group_ids[0])], rules=rules) == inside[0] & kept
