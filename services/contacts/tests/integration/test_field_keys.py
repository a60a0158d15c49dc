"""A field that a template could not show is not made."""

from __future__ import annotations

import pytest

from contacts.usecases import fields
from contracts.errors import Invalid

WORDS = [
    "true",
    "false",
    "none",
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "else",
    "loop",
    "self",
    "range",
    "namespace",
    "wici_url",
]


@pytest.mark.parametrize("key", WORDS)
def test_a_word_of_templates_is_no_key(account, key):
    with pytest.raises(Invalid) as refused:
        account.call(fields.create, key=key, label="x", type="text")

    assert refused.value.errors[0]["code"] == "contact_field.reserved"


def test_a_word_with_more_to_it_is_one(account):
    for key in ("true_fan", "loop_count", "nothing", "wici", "format"):
        assert account.call(fields.create, key=key, label="x", type="text")["key"] == key
