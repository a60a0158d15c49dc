"""Our signatures, judged by dkimpy."""

from __future__ import annotations

import re

import dkim as oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from email_gateway.content import dkim

KEYS = {
    algorithm: dkim.load_signer("example.com", "s1", dkim.new_private_key(algorithm))
    for algorithm in ("rsa", "ed25519")
}
MUST_HAVE = [(b"From", b"Sklep <news@example.com>"), (b"Subject", b"Witaj")]


def verified(signer: dkim.Signer, headers: list[dkim.Header], body: bytes) -> bool:
    signature = signer.sign(dkim.select(headers), dkim.body_hash(body), 1_790_000_000)
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    record = dkim.dns_record(signer).encode()
    return accepted(signature + lines + b"\r\n" + body, record)


def accepted(message: bytes, record: bytes) -> bool:
    try:
        return bool(oracle.DKIM(message).verify(dnsfunc=lambda name, timeout=5: record))
    except oracle.DKIMException:
        return False


@pytest.mark.parametrize("algorithm", ["rsa", "ed25519"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\r\n",
        b"\r\n\r\n\r\n",
        b"a",
        b"a\r\n",
        b"a\r\n\r\n\r\n",
        b" \r\n \r\n",
        b".\r\n..\r\n",
        b"x" * 5000 + b"\r\n",
    ],
)
def test_bodies_with_odd_ends_verify(algorithm: str, body: bytes) -> None:
    assert verified(KEYS[algorithm], MUST_HAVE, body)


@pytest.mark.parametrize("algorithm", ["rsa", "ed25519"])
def test_folded_and_repeated_headers_verify(algorithm: str) -> None:
    headers = [
        (b"From", b"=?utf-8?B?xYHDs2TFug==?=\r\n <a@example.com>"),
        (b"To", b"a@b.pl,\r\n\tb@c.pl"),
        (b"To", b"second@d.pl"),
        (b"SUBJECT", b"  spaced \t out  "),
        (b"List-Unsubscribe", b"<https://x/u/" + b"t" * 400 + b">"),
        (b"List-Unsubscribe-Post", b"List-Unsubscribe=One-Click"),
        (b"X-Other", b"not signed"),
    ]

    assert verified(KEYS[algorithm], headers, b"hello\r\n")


def test_a_changed_body_fails() -> None:
    signature = KEYS["rsa"].sign(dkim.select(MUST_HAVE), dkim.body_hash(b"one\r\n"), 1)
    record = dkim.dns_record(KEYS["rsa"]).encode()
    message = signature + b"From: Sklep <news@example.com>\r\nSubject: Witaj\r\n\r\ntwo\r\n"

    assert not accepted(message, record)


def test_a_second_from_header_breaks_the_signature() -> None:
    signature = KEYS["rsa"].sign(dkim.select(MUST_HAVE), dkim.body_hash(b"one\r\n"), 1)
    record = dkim.dns_record(KEYS["rsa"]).encode()
    message = signature + b"From: x@evil.example\r\nFrom: Sklep <news@example.com>\r\nSubject: Witaj\r\n\r\none\r\n"

    assert b"from:subject:from" in signature
    assert not accepted(message, record)


@pytest.mark.parametrize("name", [b"From", b"To", b"Subject", b"Reply-To", b"List-Unsubscribe"])
@pytest.mark.parametrize("is_there", [True, False])
def test_nobody_adds_a_header_that_people_see(name: bytes, is_there: bool) -> None:
    """Nor the first of its name, where we wrote none."""
    headers = [*MUST_HAVE, *([(name, b"<mailto:a@example.com>")] if is_there else [])]
    lines = b"".join(key + b": " + value + b"\r\n" for key, value in headers) + b"\r\none\r\n"
    record = dkim.dns_record(KEYS["rsa"]).encode()

    signature = KEYS["rsa"].sign(dkim.select(headers), dkim.body_hash(b"one\r\n"), 1)

    assert accepted(signature + lines, record)
    assert not accepted(signature + name + b": <mailto:x@evil.example>\r\n" + lines, record)


line = st.text(alphabet=st.sampled_from("ab .\t=ł"), max_size=60).map(str.encode)
value = st.lists(st.text(alphabet="ab \t;=", min_size=1, max_size=20), min_size=1, max_size=3).map(
    lambda parts: ("x" + "\r\n z".join(parts)).encode()
)


@settings(max_examples=60)
@given(
    extra=st.lists(st.tuples(st.sampled_from([b"To", b"Reply-To", b"X-A", b"Date"]), value), max_size=5),
    lines=st.lists(line, max_size=8),
    ends=st.booleans(),
)
def test_any_headers_and_body_verify(extra: list[dkim.Header], lines: list[bytes], ends: bool) -> None:
    body = b"\r\n".join(lines) + (b"\r\n" if ends else b"")

    assert verified(KEYS["ed25519"], MUST_HAVE + extra, body)


@settings(max_examples=100)
@given(value=st.text(st.sampled_from("aż \t\r\n"), max_size=12).map(str.encode))
def test_a_value_without_folds_is_canonical_as_one_with_them(value: bytes) -> None:
    """Most values are not searched for white space: see `dkim.relaxed`."""
    wanted = re.sub(rb"[ \t\r\n]+", b" ", value).strip(b" ")

    assert dkim.relaxed(b" Subject\t", value) == b"subject:" + wanted + b"\r\n"
