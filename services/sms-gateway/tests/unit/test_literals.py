"""Values as PostgreSQL reads them in text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sms_gateway.content import gsm
from sms_gateway.store import literals


def test_an_array_has_what_was_put_in() -> None:
    assert literals.array_of_text([]) == "{}"
    assert literals.array_of_text(["a", 'b"c', "d\\e", "", "NULL", "{}"]) == ('{"a","b\\"c","d\\\\e","","NULL","{}"}')
    assert literals.arrays([], 2) == ["{}", "{}"]
    assert literals.arrays([(1, "a"), (2, "b")], 2) == ['{"1","2"}', '{"a","b"}']


def test_what_looks_like_the_end_of_a_value_ends_none() -> None:
    """Each row keeps its own: these are of several accounts."""
    column = [('x",',), (None,), ("of another",), ('"',)]
    assert literals.nullable_arrays(column) == ['{"x\\",",NULL,"of another","\\""}']


@given(st.binary(max_size=40).filter(lambda octets: b"\x1b" not in octets))
def test_text_without_an_escape_is_decoded_as_with_one(octets: bytes) -> None:
    assert gsm.decode(octets) + "€" == gsm.decode(octets + b"\x1b\x65")
