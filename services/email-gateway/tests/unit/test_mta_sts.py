"""Policies on TLS: what is one, and which hosts it names (RFC 8461)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_gateway.smtp.mta_sts import MOST_AGE, Mode, Policy, parse, policy_id

TEXT = "version: STSv1\r\nmode: enforce\r\nmx: Mail.k.example\r\nmx: *.k.example\r\nmax_age: 604800\r\n"


def test_a_policy_is_read_and_names_hosts() -> None:
    policy = parse(TEXT)

    assert policy == Policy(Mode.ENFORCE, ("mail.k.example", "*.k.example"), 604800)
    assert policy.names("MAIL.K.example.") and policy.names("mx2.k.example")
    assert not any(
        policy.names(host) for host in ("k.example", "a.b.k.example", "mail.k.example.evil", "mailk.example")
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version: STSv2\nmode: enforce\nmx: a\nmax_age: 1",
        "version: STSv1\nmode: maybe\nmx: a\nmax_age: 1",
        "version: STSv1\nmode: enforce\nmax_age: 1",
        "version: STSv1\nmode: enforce\nmx: a",
        "version: STSv1\nmode: enforce\nmx: a\nmax_age: long",
        "version: STSv1\nmode: enforce\nmax_age: 1" + "\nmx: a" * 101,
        "<html>not found</html>",
    ],
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


def test_a_policy_holds_for_a_year_at_most_and_may_say_that_there_is_none() -> None:
    assert parse(TEXT.replace("604800", "9" * 30)).max_age == MOST_AGE
    assert parse("version: STSv1\nmode: none\nmax_age: 60").mode is Mode.NONE


@pytest.mark.parametrize(
    ("records", "found"),
    [
        (["v=STSv1; id=20260101;"], "20260101"),
        (["v=spf1 -all", "v=STSv1; id=a1"], "a1"),
        (["v=STSv1; id=a", "v=STSv1; id=b"], None),
        (["v=STSv1;"], None),
        (["v=STSv1; id=a b"], None),
        (["v=STSv1; id=" + "a" * 33], None),
        ([], None),
    ],
)
def test_the_id_stands_in_exactly_one_record(records: list[str], found: str | None) -> None:
    assert policy_id(records) == found


@given(st.text(max_size=300))
def test_any_text_is_a_policy_or_none(text: str) -> None:
    for each in (text, TEXT + text, f"version: STSv1\nmode: {text}"):
        try:
            assert isinstance(parse(each), Policy)
        except ValueError:
            pass
    policy_id([text, f"v=STSv1; {text}"])
