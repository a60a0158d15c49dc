"""Everything that people are told has a Polish text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from string import Formatter
from typing import Any

import marshmallow
import pytest
from marshmallow import fields, validate
from system import all_sources

from api_gateway.languages import _tables
from api_gateway.routes import all_routes
from channel.left_out import CODES
from contacts.domain.columns import MAPPABLE
from contacts.domain.rule_terms import BUILT_IN, OPERATORS
from contracts.contacts import import_reasons
from contracts.errors import KINDS
from contracts.permissions import PERMISSIONS
from contracts.vocabulary import ContentFailure, Engagement, LeftOut, MessageState
from email_gateway import batches
from email_gateway.smtp import outcomes

POLISH, ENGLISH = _tables("pl"), _tables("en")
CODE = re.compile(r"[a-z_0-9]+(\.[a-z_0-9]+)+")
# Codes whose first or last word is put together where they are raised; what they become is written out here.
MADE_UP = {
    *(f"campaign.is_{state}" for state in ("draft", "scheduled", "sending", "paused", "cancelled", "failed")),
    "campaign.already_sent",
    *(f"{noun}.in_use" for noun in ("group", "segment")),
    *(
        f"{noun}.not_found"
        for noun in ("import", "export", "bulk", "combination", "job", "group", "segment", "user", "role", "api_key")
    ),
    *(f"{kind}.too_many" for kind in ("uploads", "downloads", "previews")),
    *(f"{purpose}.not_found" for purpose in ("password_reset", "invitation", "email_change")),
    "phone.invalid",
    "sender_id.wrong_state",
}


def called(node: ast.Call) -> str:
    return str(getattr(node.func, "attr", getattr(node.func, "id", "")))


def codes_in(source: str) -> Iterator[str]:
    """The codes of refusals that a source names."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            place = {"of_field": 1, "rule": 0, "FileRefused": 0, "broken_rule": 0, **dict.fromkeys(KINDS, 0)}.get(
                called(node)
            )
            if place is not None and len(node.args) > place + 1:
                yield from constant(node.args[place])
        elif isinstance(node, ast.Dict):
            by_key = {key.value: value for key, value in zip(node.keys, node.values, strict=True) if is_text(key)}
            if {"field", "code", "detail"} <= by_key.keys():
                yield from constant(by_key["code"])


def is_text(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def constant(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and CODE.fullmatch(str(node.value)):
        yield str(node.value)


def test_what_our_mail_senders_say_of_an_outcome_has_a_text() -> None:
    said = {*outcomes.MEANINGS.values(), outcomes.SMARTHOST_ENDED, outcomes.SMARTHOST_ACCEPTED, batches.ERASED.detail}

    assert not sorted(said - POLISH["outcome_details"].keys())


def test_every_code_has_a_polish_text() -> None:
    named = MADE_UP | {code for source in all_sources().values() for code in codes_in(source)}

    assert not sorted(named - POLISH["codes"].keys())


def test_every_reason_of_our_own_for_an_outcome_has_a_text() -> None:
    assert not {*map(str, ContentFailure), *(CODES[reason] for reason in LeftOut)} - POLISH["outcomes"].keys()


def rules_of(schema: marshmallow.Schema, depth: int = 0) -> Iterator[str]:
    for field in schema.load_fields.values():
        yield from rules_of_field(field, depth)


def rules_of_field(field: Any, depth: int) -> Iterator[str]:
    """The sentences of a field's own validators, and of those in it."""
    own = [str(check.error) for check in field.validators if getattr(check, "error", None)]
    yield from (sentence for sentence in own if "{" not in sentence)  # those with facts in them have codes of their own
    inner = [getattr(field, name, None) for name in ("inner", "key_field", "value_field")]
    for below in inner:
        if below is not None:
            yield from rules_of_field(below, depth)
    if isinstance(field, fields.Nested) and depth < 4:
        yield from rules_of(field.schema, depth + 1)


def test_every_sentence_of_a_validator_has_a_polish_text() -> None:
    schemas = {schema for route in all_routes() for schema in (route.request, route.or_json, route.query) if schema}

    said = {sentence for schema in schemas for sentence in rules_of(schema())}

    assert validate.Regexp.default_message not in said
    assert not sorted(said - POLISH["sentences"].keys())


def test_permissions_fields_and_operators_have_names() -> None:
    operators = {operator for each in OPERATORS.values() for operator in each}

    assert POLISH["permissions"].keys() == PERMISSIONS.keys()
    for tables in (POLISH, ENGLISH):
        assert (tables["fields"].keys(), tables["operators"].keys()) == (BUILT_IN.keys() | set(MAPPABLE), operators)


def test_every_point_of_a_time_line_is_said_in_words() -> None:
    kinds = {kind.value for kind in (*MessageState, *Engagement)} | {f"{act}.machine" for act in ("opened", "clicked")}

    assert POLISH["moments"].keys() == ENGLISH["moments"].keys() >= kinds
    assert {key.partition(".")[2] for key in ENGLISH["moments"]} - {"", "machine"} <= kinds


@pytest.mark.parametrize("table", ["codes", "sentences"])
def test_texts_can_be_filled_in(table: str) -> None:
    for key, text in POLISH[table].items():
        assert text.strip() == text and text, key
        assert all(name is None or name.isidentifier() for _, name, _, _ in Formatter().parse(text)), key


def test_every_reason_of_a_refused_row_has_a_text():
    """`import_reasons` has a sentence for each code, or for what is wrong with whichever field."""
    said = POLISH["import_reasons"]

    assert set(said) == {*import_reasons._REASONS, *import_reasons._WRONG, "unreadable", "invalid"}
