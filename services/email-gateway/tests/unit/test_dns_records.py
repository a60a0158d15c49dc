"""The records that a sender domain needs: found as people write them, and in words where they are not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from email_gateway.domain import dns_records as rules
from email_gateway.domain.dns_records import DnsRecord, Key
from email_gateway.domain.senders import KEPT_AFTER_ROTATION, KeyState

NOW = datetime(2026, 11, 30, tzinfo=UTC)
KEY = "v=DKIM1; k=rsa; p=MIIB"


def records(*keys: Key, names: rules.Names = rules.DEFAULT_NAMES) -> list[DnsRecord]:
    return rules.dns_records(
        "sklep.example",
        names=names,
        ownership_token="t0ken",
        keys=keys or [Key("wici1", KEY)],
        mail_host="mail.wici.example",
        public_host="wici.example",
    )


def record(purpose: str) -> DnsRecord:
    (found,) = [each for each in records() if each.purpose == purpose]
    return found


@pytest.mark.parametrize(
    ("octets", "names", "selector", "has_room"),
    [
        (202, rules.DEFAULT_NAMES, "wici", True),  # with `bounces.` 210, and 44 before them in a return path
        (203, rules.DEFAULT_NAMES, "wici", False),
        (208, rules.Names("b", "link"), "wici", True),
        (209, rules.Names("b", "link"), "wici", False),
        (205, rules.Names("b", "link"), "w" * 32, True),  # with `wwww…9999._domainkey.` 253
        (206, rules.Names("b", "link"), "w" * 32, False),
    ],
)
def test_names_below_a_domain_are_no_longer_than_dns_and_smtp_take(octets, names, selector, has_room) -> None:
    domain = ("a" * 49 + ".") * 4 + "b" * (octets - 200)

    assert rules.has_room_below(domain, names=names, selector=selector) is has_room


def test_a_domain_is_verified_by_its_required_records_alone() -> None:
    wanted = records()
    found = {record.purpose: record.required for record in wanted}

    assert rules.are_required_found(wanted, found)
    for record in wanted:
        if record.required:
            assert not rules.are_required_found(wanted, {**found, record.purpose: None})


def test_silence_is_no_loss() -> None:
    wanted = records()
    found = {record.purpose: record.required for record in wanted}

    assert not rules.are_lost(wanted, found)
    assert not rules.are_lost(wanted, {**found, "spf": None})
    assert rules.are_lost(wanted, {**found, "spf": False})
    assert not rules.are_lost(wanted, {**found, "tracking": False})


@pytest.mark.parametrize(
    ("purpose", "answers", "is_found"),
    [
        ("ownership", ["other", "wici-verification=t0ken"], True),
        ("ownership", ["wici-verification=other"], False),
        ("dkim:wici1", ["v=DKIM1; k=rsa;  p=MI IB"], True),
        ("dkim:wici1", ["k=rsa; p=MIIB; v=DKIM1; n=marketing"], True),
        ("dkim:wici1", ["p=MIIB"], True),
        ("dkim:wici1", ["v=DKIM1; k=rsa; p=MIIC"], False),
        ("dkim:wici1", ["v=DKIM1; k=rsa; p="], False),
        ("return_path", ["10 mail.WICI.example."], True),
        ("return_path", ["5 mail.wici.example."], True),
        ("return_path", ["10 other.example."], False),
        ("return_path", [], False),
        ("spf", ["v=spf1 include:x.example a:mail.wici.example ~all"], True),
        ("spf", ["v=spf1 include:x.example ~all"], False),
        ("spf", ["v=spf1 a:mail.wici.example -all", "v=spf1 mx -all"], False),
        ("dmarc", ["v=DMARC1; p=reject"], True),
        ("dmarc", ["v=DMARC1; p=reject", "v=DMARC1; p=none"], False),
        ("tracking", ["wici.example."], True),
    ],
)
def test_records_are_found_as_people_write_them(purpose: str, answers: list[str], is_found: bool) -> None:
    assert rules.is_found(record(purpose), answers) is is_found


@pytest.mark.parametrize(
    ("purpose", "answers", "code", "words"),
    [
        ("ownership", [], "record.missing", "TXT record at _wici.sklep.example"),
        ("ownership", ["google-site-verification=1"], "record.missing", "_wici.sklep.example"),
        ("dkim:wici1", ["v=DKIM1; k=rsa; p=MIIC"], "record.different", "p=MIIC"),
        ("return_path", ["10 mail.old.example."], "record.different", "10 mail.old.example."),
        ("spf", ["v=spf1 mx -all"], "record.different", "lacks a:mail.wici.example: v=spf1 mx -all"),
        ("spf", ["v=spf1 mx -all", "v=spf1 a:mail.wici.example -all"], "record.several", "2 such records"),
        ("tracking", ["shop.example."], "record.different", "CNAME"),
        ("dmarc", ["v=DMARC1; p=none", "v=DMARC1; p=reject"], "record.several", "make them one"),
    ],
)
def test_what_is_wrong_is_told_in_words(purpose: str, answers: list[str], code: str, words: str) -> None:
    found = rules.finding(record(purpose), answers)

    told = rules.advice(record(purpose), found.found, found.seen, is_doubled=False)

    assert told is not None
    assert told.code == code
    assert words in told.detail


def test_a_name_with_the_domain_twice_is_told() -> None:
    for purpose, short in (("ownership", "_wici"), ("dkim:wici1", "wici1._domainkey"), ("spf", "bounces")):
        one = record(purpose)
        told = rules.advice(one, False, [], is_doubled=True)
        assert rules.doubled_name(one) == f"{short}.sklep.example.sklep.example"
        assert told is not None
        assert told.code == "record.doubled_name"
        assert f"takes {short} alone" in told.detail


def test_nothing_is_to_be_done_about_what_is_found() -> None:
    assert rules.advice(record("spf"), True, [], is_doubled=False) is None
    told = rules.advice(record("spf"), None, [], is_doubled=False)
    assert told is not None
    assert told.code == "record.no_answer"


def test_of_keys_in_turn_only_those_that_sign_are_required() -> None:
    made = records(Key("a1", KEY, KeyState.RETIRED, NOW), Key("a2", KEY), Key("a3", KEY, KeyState.NEXT))

    of_keys = {each.purpose: (each.required, each.keep_until) for each in made if each.purpose.startswith("dkim:")}
    assert of_keys == {
        "dkim:a1": (False, NOW + KEPT_AFTER_ROTATION), "dkim:a2": (True, None), "dkim:a3": (False, None),
    }  # fmt: skip


def test_names_may_be_the_owners() -> None:
    made = {each.purpose: each for each in records(names=rules.Names("mailer", "go"))}

    assert made["spf"].name == made["return_path"].name == "mailer.sklep.example"
    assert made["tracking"].name == "go.sklep.example"
    assert "dmarc@mailer.sklep.example" in made["dmarc"].value
