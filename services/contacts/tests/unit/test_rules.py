"""What rules of segments may say, and what wrong ones are told."""

from __future__ import annotations

from typing import Any

import pytest

from contacts.domain.rule_terms import MAX_CONDITIONS, MAX_DEPTH
from contacts.domain.rules import RuleError, parse
from contacts.domain.values import FieldType

CUSTOM = {"size": FieldType.NUMBER, "vip": FieldType.BOOLEAN}


def _conditions(count: int) -> dict[str, Any]:
    return {"any": [{"field": "city", "op": "eq", "value": "x"}] * count}


def _nested(levels: int) -> dict[str, Any]:
    rules: dict[str, Any] = {"field": "city", "op": "eq", "value": "x"}
    for _ in range(levels - 1):
        rules = {"not": rules}
    return rules


def _engaged(**value: Any) -> dict[str, Any]:
    return {"field": "engagement", "op": "opened", "value": value}


@pytest.mark.parametrize(
    ("rules", "path", "code"),
    [
        ({"field": "shoe", "op": "eq", "value": "x"}, "rules.field", "rules.unknown_field"),
        ({"field": "city'; DROP TABLE contacts", "op": "eq", "value": "x"}, "rules.field", "rules.unknown_field"),
        ({"field": ["city"], "op": "eq", "value": "x"}, "rules.field", "rules.unknown_field"),
        ({"all": [{"field": "city", "op": "like", "value": "x"}]}, "rules.all.0.op", "rules.unknown_operator"),
        ({"field": "city", "value": "x"}, "rules.op", "rules.unknown_operator"),
        ({"field": "group", "op": "eq", "value": "x"}, "rules.op", "rules.unknown_operator"),
        ({"any": [{"not": {"field": "city", "op": "eq", "value": 1}}]}, "rules.any.0.not.value", "rules.wrong_value"),
        ({"field": "city", "op": "eq", "value": "\ud800"}, "rules.value", "rules.wrong_value"),
        ({"field": "city", "op": "in", "value": ["x"] * 1_001}, "rules.value", "rules.wrong_value"),
        ({"field": "city", "op": "is_empty", "value": "x"}, "rules.value", "rules.wrong_value"),
        ({"field": "size", "op": "eq", "value": "3"}, "rules.value", "rules.wrong_value"),
        ({"field": "size", "op": "lt", "value": True}, "rules.value", "rules.wrong_value"),
        ({"field": "size", "op": "lt", "value": 10**400}, "rules.value", "rules.wrong_value"),
        ({"field": "size", "op": "between", "value": [1]}, "rules.value", "rules.wrong_value"),
        ({"field": "vip", "op": "eq", "value": "true"}, "rules.value", "rules.wrong_value"),
        ({"field": "birth_date", "op": "before", "value": "31.05.1990"}, "rules.value", "rules.wrong_value"),
        ({"field": "birth_date", "op": "last_days", "value": -1}, "rules.value", "rules.wrong_value"),
        ({"field": "birth_date", "op": "month_in", "value": [13]}, "rules.value", "rules.wrong_value"),
        ({"field": "group", "op": "in", "value": ["everyone"]}, "rules.value", "rules.wrong_value"),
        ({"field": "archived", "op": "in", "value": ["fax"]}, "rules.value", "rules.wrong_value"),
        (_engaged(campaigns=["x"]), "rules.value.campaigns", "rules.wrong_value"),
        (_engaged(at_least=0), "rules.value.at_least", "rules.wrong_value"),
        (_engaged(channels=["fax"]), "rules.value.channels", "rules.wrong_value"),
        (_engaged(last_days=1.5), "rules.value.last_days", "rules.wrong_value"),
        (_engaged(days=3), "rules.value.days", "rules.malformed"),
        (_engaged(**{"campaigns`, `channels": []}), "rules.value.campaigns`, `channels", "rules.malformed"),
        ({"all": []}, "rules.all", "rules.malformed"),
        ({}, "rules", "rules.malformed"),
        ({"all": [[]]}, "rules.all.0", "rules.malformed"),
        ({"field": "city", "op": "eq", "value": "x", "or": 1}, "rules.or", "rules.malformed"),
        ({"all": [_nested(1)], "any": [_nested(1)]}, "rules.all", "rules.malformed"),
        (_nested(13), "rules" + ".not" * 12, "rules.too_deep"),
        (_conditions(201), "rules.any.200", "rules.too_many"),
    ],
)
def test_a_wrong_rule_is_named(rules, path, code):
    with pytest.raises(RuleError) as refused:
        parse(rules, CUSTOM)

    assert (refused.value.path, refused.value.code) == (path, code)


def test_rules_may_be_as_deep_and_as_many_as_is_said():
    assert parse(_nested(MAX_DEPTH), {})
    assert parse(_conditions(MAX_CONDITIONS), {})
