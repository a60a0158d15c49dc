"""What an answer looks like on the wire."""

import json
import sys

from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.rpc_server import _encoded
from contracts.errors import Conflict

TEXT = st.text(st.characters(codec="utf-8"))
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner)
)


@settings(max_examples=50)
@given(VALUES)
def test_every_json_value_comes_back_as_it_was(value):
    body, failed = _encoded(value, None)
    assert failed is None
    assert json.loads(body) == {"result": value, "error": None}


def test_an_error_is_told_as_nameko_tells_it():
    try:
        raise Conflict("greeting.refused", "Not today.", {"limit": 3})
    except Conflict:
        body, failed = _encoded(None, sys.exc_info())
    told = json.loads(body)["error"]
    assert (told["exc_path"], told["exc_args"][:2]) == (
        "contracts.errors.Conflict",
        ["greeting.refused", "Not today."],
    )
    assert failed[0] is Conflict


def test_what_is_no_json_is_told_as_such_and_not_sent():
    body, failed = _encoded({"greeting": object()}, None)
    assert json.loads(body)["error"]["exc_type"] == failed[0].__name__ == "UnserializableValueError"
