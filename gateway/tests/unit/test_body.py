"""Bodies: any bytes are either one strict JSON value or one clear refusal."""

import gzip
import io
import json

import pytest
from flask import Request
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from api_gateway import body
from contracts.errors import TooLarge, Unreadable, Unsupported, WiciError


def request(raw, content_type="application/json", **headers):
    builder = EnvironBuilder(method="POST", input_stream=io.BytesIO(raw), content_type=content_type, headers=headers)
    builder.content_length = len(raw)
    return Request(builder.get_environ())


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", "json.malformed"),
        (b'{"a": 1} {"b": 2}', "json.malformed"),
        (b'{"a": NaN}', "json.malformed"),
        (b'{"a": -Infinity}', "json.malformed"),
        (b"{'a': 1}", "json.malformed"),
        (b'{"a": 1e999}', "json.number_out_of_range"),
        (b'{"a": 123456789012345678901234567890}', "json.number_out_of_range"),
        (b'{"a": ' + b"9" * 5000 + b"}", "json.number_out_of_range"),
        (b'{"a": 9007199254740992}', "json.number_out_of_range"),
        (b'{"a": -9.1e15}', "json.number_out_of_range"),
        (b'{"a": 1, "a": 2}', "json.duplicate_key"),
        (b'{"b": {"a": 1, "a": 1}}', "json.duplicate_key"),
        (b'{"a": "\xff"}', "json.not_utf8"),
        ('{"a": "ż"}'.encode("cp1250"), "json.not_utf8"),
        ('{"a": 1}'.encode("utf-16"), "json.not_utf8"),
        (b'{"a": "\\u0000"}', "json.nul_character"),
        (b'{"\\u0000": 1}', "json.nul_character"),
        (b'{"a": "\\ud800"}', "json.lone_surrogate"),
        (b"[" * 40 + b"]" * 40, "json.too_deep"),
        (b"[" * 100_000, "json.too_deep"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "json.too_deep"),
        (b"\xef\xbb\xbf{}", "json.malformed"),
    ],
)
def test_what_is_not_strict_json_is_unreadable(raw, code):
    with pytest.raises(Unreadable) as raised:
        body.parse(raw)

    assert raised.value.code == code


def test_whole_numbers_are_whole_however_they_are_written():
    assert repr(body.parse(b"[5.0, 1e3, -0.0, 2.5]")) == "[5, 1000, 0, 2.5]"


def test_strict_json_is_read_whole():
    text = '{"name": "Zażółć", "emoji": "\\ud83d\\ude00", "n": [1, -2.5, true, null, 9007199254740991]}'

    assert body.parse(text.encode()) == json.loads(text)


@given(st.binary(max_size=200))
@settings(max_examples=100)
def test_any_bytes_are_a_value_or_a_refusal(raw):
    try:
        body.parse(raw)
    except WiciError as error:
        assert error.code.startswith("json.")


def test_gzip_is_inflated_no_further_than_the_limit():
    bomb = gzip.compress(b" " * 5_000_000)

    with pytest.raises(TooLarge) as raised:
        body.read_json(request(bomb, **{"Content-Encoding": "gzip"}), 1_000_000)

    assert raised.value.extra == {"limit": 1_000_000}


def test_gzip_in_several_members_is_one_body():
    packed = gzip.compress(b'{"a":') + gzip.compress(b"1}")

    assert body.read_json(request(packed, **{"Content-Encoding": "gzip"}), 1000) == {"a": 1}


@pytest.mark.parametrize("packed", [b"not gzip", gzip.compress(b'{"a": 1}')[:-4], gzip.compress(b"{}")[:12]])
def test_broken_gzip_is_unreadable(packed):
    with pytest.raises(Unreadable, match="gzip"):
        body.read_json(request(packed, **{"Content-Encoding": "gzip"}), 1000)


@pytest.mark.parametrize(
    ("content_type", "headers"),
    [
        ("text/plain", {}),
        ("application/x-www-form-urlencoded", {}),
        ("application/json; charset=iso-8859-2", {}),
        ("", {}),
        ("application/json", {"Content-Encoding": "br"}),
    ],
)
def test_other_media_types_charsets_and_encodings_are_unsupported(content_type, headers):
    with pytest.raises(Unsupported):
        body.read_json(request(b"{}", content_type, **headers), 1000)


def test_too_large_is_refused_before_and_while_reading():
    with pytest.raises(TooLarge):
        body.read_json(request(b"x" * 1001), 1000)


def test_no_body_is_nothing():
    assert body.read_json(request(b"", content_type=""), 1000) is body.NOTHING


@pytest.mark.parametrize("query", [b"a=%ff", b"a=%00", b"a=\xff", b"&".join(b"a=1" for _ in range(200))])
def test_unreadable_query_strings(query):
    with pytest.raises(Unreadable):
        body.parse_query(query)
