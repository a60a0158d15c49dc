from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contacts.usecases import audience, combine, fields, groups, people, segments
from contracts.errors import Conflict, Invalid
from contracts.vocabulary import Channel

TODAY = date(2026, 11, 24)
CITIES = ["Gdynia", "Gdańsk", "Łódź", "Nowy Dwór Mazowiecki", None]
KINDS = {
    "city": "text", "first_name": "text", "birth_date": "date", "email_consent": "boolean",
    "size": "number", "vip": "boolean", "code": "text", "since": "date",
}  # fmt: skip


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
    members = account.call(people.list_page, limit=100, cursor=None)["items"]
    for n, group_id in enumerate(made):
        ids = [one["id"] for at, one in enumerate(members) if at % (n + 2) == 0]
        account.call(groups.add_contacts, group_id=group_id, contact_ids=ids)
    return [str(one) for one in made], account.call(people.list_page, limit=100, cursor=None)["items"]


def _value(person: Any, name: str) -> Any:
    if name == "email_consent":
        told = person["consents"]["email"]
        return told["granted"] if told else None
    value = person["fields_"].get(name) if name in person["fields_"] else person[name]
    return date.fromisoformat(value) if KINDS[name] == "date" and isinstance(value, str) else value


def _holds(rule: Any, person: Any) -> bool:
    """The rules, evaluated in plain Python."""
    if "all" in rule:
        return all(_holds(one, person) for one in rule["all"])
    if "any" in rule:
        return any(_holds(one, person) for one in rule["any"])
    if "not" in rule:
        return not _holds(rule["not"], person)
    name, op, wanted = rule["field"], rule["op"], rule.get("value")
    if name == "group":
        inside = bool(set(wanted) & {str(one) for one in person["group_ids"]})
        return inside if op == "in" else not inside
    opposite = {"ne": "eq", "not_in": "in", "not_contains": "contains", "is_not_empty": "is_empty"}
    if op in opposite:
        return not _holds({**rule, "op": opposite[op]}, person)
    value = _value(person, name)
    if op == "is_empty":
        return value is None
    if value is None:
        return False
    if KINDS[name] == "date" and not op.endswith("_days"):
        wanted = [date.fromisoformat(one) for one in wanted] if isinstance(wanted, list) else date.fromisoformat(wanted)
    return bool(PYTHON[op](value, wanted))


PYTHON = {
    "eq": lambda value, wanted: value == wanted,
    "in": lambda value, wanted: value in wanted,
    "contains": lambda value, wanted: wanted in value,
    "starts_with": lambda value, wanted: value.startswith(wanted),
    "ends_with": lambda value, wanted: value.endswith(wanted),
    "lt": lambda value, wanted: value < wanted,
    "lte": lambda value, wanted: value <= wanted,
    "gt": lambda value, wanted: value > wanted,
    "gte": lambda value, wanted: value >= wanted,
    "before": lambda value, wanted: value < wanted,
    "after": lambda value, wanted: value > wanted,
    "between": lambda value, wanted: wanted[0] <= value <= wanted[1],
    "last_days": lambda value, days: TODAY - timedelta(days) <= value <= TODAY,
    "next_days": lambda value, days: TODAY <= value <= TODAY + timedelta(days),
    "older_than_days": lambda value, days: value < TODAY - timedelta(days),
    "anniversary_in_days": lambda value, days: value.strftime("%m-%d") == (TODAY + timedelta(days)).strftime("%m-%d"),
}
texts = st.sampled_from(["Gdynia", "Gdańsk", "Łódź", "G", "ó", "", "Ola", "A", "A1", "ń", "%", "Nowy Dwór Mazowiecki"])
numbers = st.sampled_from([3, 4.5, -1, 0, 4])
dates = st.sampled_from(["1990-11-24", "2000-02-29", _day(0), _day(-7), _day(9)])
scalars = {"text": texts, "number": numbers, "date": dates, "boolean": st.booleans()}
operators = {
    "text": ["eq", "ne", "in", "not_in", "contains", "not_contains", "starts_with", "ends_with"],
    "number": ["eq", "ne", "lt", "lte", "gt", "gte", "between", "in", "not_in"],
    "date": [
        "eq",
        "ne",
        "before",
        "after",
        "between",
        "last_days",
        "next_days",
        "older_than_days",
        "anniversary_in_days",
    ],
    "boolean": ["eq", "ne"],
}


@st.composite
def conditions(draw: Any, group_ids: list[str]) -> dict[str, Any]:
    name = draw(st.sampled_from([*KINDS, "group"]))
    if name == "group":
        chosen = st.lists(st.sampled_from(group_ids), min_size=1, max_size=2, unique=True)
        return {"field": name, "op": draw(st.sampled_from(["in", "not_in"])), "value": draw(chosen)}
    kind = KINDS[name]
    op = draw(st.sampled_from([*operators[kind], "is_empty", "is_not_empty"]))
    if op in ("is_empty", "is_not_empty"):
        return {"field": name, "op": op}
    if op.endswith("_days"):
        return {"field": name, "op": op, "value": draw(st.integers(0, 400))}
    size = {"between": (2, 2), "in": (1, 3), "not_in": (1, 3)}.get(op)
    value = st.lists(scalars[kind], min_size=size[0], max_size=size[1]) if size else scalars[kind]
    return {"field": name, "op": op, "value": draw(value)}


def trees(group_ids: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.recursive(
        conditions(group_ids),
        lambda below: st.one_of(
            st.builds(lambda one: {"all": one}, st.lists(below, min_size=1, max_size=3)),
            st.builds(lambda one: {"any": one}, st.lists(below, min_size=1, max_size=3)),
            st.builds(lambda one: {"not": one}, below),
        ),
        max_leaves=12,
    )


def test_random_rules_give_the_members_that_plain_python_gives(account):
    group_ids, everyone = _fill(account)

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(trees(group_ids))
    def check(rules: dict[str, Any]) -> None:
        found = account.call(people.find, limit=100, cursor=None, rules=rules)["items"]
        assert {one["id"] for one in found} == {one["id"] for one in everyone if _holds(rules, one)}
        assert account.call(segments.count, rules=rules) == {"count": len(found)}

    check()


@pytest.mark.parametrize(
    ("rules", "path", "code"),
    [
        ({"field": "shoe", "op": "eq", "value": "x"}, "rules.field", "rules.unknown_field"),
        ({"all": [{"field": "city", "op": "like", "value": "x"}]}, "rules.all.0.op", "rules.unknown_operator"),
        ({"any": [{"not": {"field": "city", "op": "eq", "value": 1}}]}, "rules.any.0.not.value", "rules.wrong_value"),
        ({"all": []}, "rules.all", "rules.malformed"),
        ({"field": "city", "op": "eq", "value": "x", "or": 1}, "rules.or", "rules.malformed"),
        ({"field": "city'; DROP TABLE contacts", "op": "eq", "value": "x"}, "rules.field", "rules.unknown_field"),
    ],
)
def test_a_wrong_rule_is_named(account, rules, path, code):
    with pytest.raises(Invalid) as refused:
        account.call(segments.count, rules=rules)

    assert (refused.value.errors[0]["field"], refused.value.errors[0]["code"]) == (path, code)


def test_a_segment_is_an_audience_and_a_renamed_field_goes_with_it(account):
    _fill(account)
    rules = {"field": "city", "op": "in", "value": ["Gdynia", "Gdańsk"]}
    saved = account.call(segments.create, name="Trójmiasto", description="", rules=rules)
    chosen = {"groups": [], "segments": [saved["id"]], "exclude_groups": [], "exclude_segments": []}

    counted = account.call(audience.count, channel=Channel.EMAIL, audience=chosen)["count"]
    listed = account.call(people.of_segment, segment_id=saved["id"], limit=100, cursor=None)["items"]

    agreed = [one for one in listed if (one["consents"]["email"] or {}).get("granted")]
    assert 0 < counted == len(agreed) < len(listed)
    with pytest.raises(Conflict):
        account.call(segments.create, name="TRÓJMIASTO".swapcase(), description="", rules=rules)


def test_a_split_is_repeatable_disjoint_and_complete(account):
    _, everyone = _fill(account)
    whole = account.call(groups.create, name="Wszyscy", description="")["id"]
    account.call(groups.add_contacts, group_id=whole, contact_ids=[one["id"] for one in everyone])

    def split(*names: str) -> list[set[Any]]:
        shares = zip(names, (20.0, 30.0, 50.0), strict=True)
        parts = [{"name": name, "percent": percent} for name, percent in shares]
        made = account.call(combine.run, operation="split", group_ids=[whole], parts=parts, seed="s")["items"]
        assert [one["contacts"] for one in made] == [8, 12, 20]
        return [
            {one["id"] for one in account.call(people.list_page, limit=100, cursor=None, group_id=group["id"])["items"]}
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
        group = account.call(combine.run, operation=operation, **request)["items"][0]
        found = account.call(people.list_page, limit=100, cursor=None, group_id=group["id"])["items"]
        assert group["contacts"] == len(found)
        return {one["id"] for one in found}

    assert made("union") == inside[0] | inside[1]
    assert made("subtract") == inside[0] - inside[1]
    rules = {"field": "city", "op": "eq", "value": "Gdynia"}
    kept = {one["id"] for one in everyone if one["city"] == "Gdynia"}
    assert made("filter", group_ids=[UUID(group_ids[0])], rules=rules) == inside[0] & kept
