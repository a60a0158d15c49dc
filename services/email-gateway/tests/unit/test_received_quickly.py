"""The quick ways of reading a submitted mail find what the slow ones do."""

from __future__ import annotations

import email.policy
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from email_gateway.content.received import MOST_LINE, NotAccepted, _author_in, has_long_line, is_plain

LONG = re.compile(rb"[^\n]{%d}" % (MOST_LINE + 2))
lines = st.lists(st.integers(0, 3).map(lambda few: few and MOST_LINE + few - 2), max_size=6)


@given(lines, st.booleans())
@example([MOST_LINE + 2], False)
@example([MOST_LINE + 1], True)
def test_long_lines_are_found(lengths: list[int], ends: bool) -> None:
    octets = b"\n".join(b"x" * length for length in lengths) + (b"\n" if ends else b"")

    assert has_long_line(octets) == (LONG.search(octets) is not None)


@given(st.text(alphabet=st.characters(codec="latin-1"), max_size=40))
@example("a  b ")
@example('Re: "x" <a@b>, (c)')
@example("=?utf-8?q?x?=")
def test_a_plain_subject_is_what_the_parser_reads(text: str) -> None:
    value = text.encode("latin-1")

    if is_plain(value):
        assert str(email.policy.default.header_factory("Subject", text)) == text


def test_an_author_is_read_once_and_a_refusal_each_time() -> None:
    assert _author_in(b" Sklep <a@sklep.example>") is _author_in(b" Sklep <a@sklep.example>")
    for _ in range(2):
        with pytest.raises(NotAccepted):
            _author_in(b" a@sklep.example, b@sklep.example")
