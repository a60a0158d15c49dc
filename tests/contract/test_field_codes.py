"""The codes and facts of what marshmallow says, read back from its sentences."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import fields, validate

from contracts.errors import Invalid
from contracts.schema import Schema, load


class Order(Schema):
    name = fields.String(validate=validate.Length(min=3, max=5))
    code = fields.String(validate=validate.Length(equal=2))
    least = fields.String(validate=validate.Length(min=2))
    most = fields.String(validate=validate.Length(max=2))
    size = fields.Integer(validate=validate.Range(min=1, max=9))
    age = fields.Integer(validate=validate.Range(min=18))
    share = fields.Float(validate=validate.Range(max=0.5))
    colour = fields.String(validate=validate.OneOf(["red", "blue"]))
    needed = fields.Integer(required=True)


@pytest.mark.parametrize(
    ("sent", "code", "parameters"),
    [
        ({"name": "ab"}, "field.length_out_of_range", {"min": 3, "max": 5}),
        ({"code": "a"}, "field.wrong_length", {"equal": 2}),
        ({"least": "a"}, "field.too_short", {"min": 2}),
        ({"most": "abc"}, "field.too_long", {"max": 2}),
        ({"size": 0}, "field.out_of_range", {"min": 1, "max": 9}),
        ({"age": 17}, "field.too_small", {"min": 18}),
        ({"share": 0.75}, "field.too_large", {"max": 0.5}),
        ({"colour": "green"}, "field.not_one_of", {"choices": ["red", "blue"]}),
        ({"name": None}, "field.null", None),
        ({"size": "x"}, "field.wrong_type", None),
        ({"colour": "Must be one of: red\nblue."}, "field.not_one_of", {"choices": ["red", "blue"]}),
    ],
)
def test_each_rule_has_its_code_and_its_facts(sent: dict[str, Any], code: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        load(Order, {"needed": 1, **sent})

    (error,) = refusal.value.errors
    assert (error["field"], error["code"], error.get("parameters")) == (next(iter(sent)), code, parameters)


def test_what_is_missing_has_no_facts() -> None:
    with pytest.raises(Invalid) as refusal:
        load(Order, {})

    assert [(error["code"], "parameters" in error) for error in refusal.value.errors] == [("field.missing", False)]
