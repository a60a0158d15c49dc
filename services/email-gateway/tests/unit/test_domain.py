"""The rules: when to try again, which route fits, which DNS records are there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from email_gateway.domain import retrying, routing, senders
from email_gateway.domain.senders import DnsRecord

START = datetime(2026, 11, 24, 8, tzinfo=UTC)
BASE = timedelta(minutes=5)


def test_waits_double_up_to_four_hours_and_end_after_three_days() -> None:
    now, waits = START, []
    attempts = 1
    while (due := retrying.next_try(first_tried_at=START, now=now, attempts=attempts, base=BASE)) is not None:
        waits.append(due - now)
        now, attempts = due, attempts + 1

    assert waits[:5] == [BASE, BASE * 2, BASE * 4, BASE * 8, BASE * 16]
    assert max(waits) == timedelta(hours=4)
    assert timedelta(days=3) <= now - START < timedelta(days=3, hours=4)
    assert retrying.next_try(first_tried_at=START, now=START, attempts=10**9, base=BASE) == START + timedelta(hours=4)


@pytest.mark.parametrize(
    ("name", "route"),
    [
        ("poczta.example", "exact"),
        ("a.poczta.example", "sub"),
        ("b.a.poczta.example", "subsub"),
        ("example", "all"),
        ("xpoczta.example", "all"),
    ],
)
def test_the_most_exact_pattern_wins(name: str, route: str) -> None:
    routes = [("*", "all"), ("*.poczta.example", "sub"), ("*.a.poczta.example", "subsub"), ("poczta.example", "exact")]

    assert routing.best_route(name, routes) == route
    assert routing.best_route(name, []) is None


def records() -> list[DnsRecord]:
    return senders.dns_records(
        "sklep.example",
        ownership_token="t0ken",
        keys=[("wici1", "v=DKIM1; k=rsa; p=MIIB")],
        mail_host="mail.wici.example",
        public_host="wici.example",
    )


def test_a_domain_is_verified_by_its_required_records_alone() -> None:
    wanted = records()
    found = {record.purpose: record.required for record in wanted}

    assert senders.are_required_found(wanted, found)
    for record in wanted:
        if record.required:
            assert not senders.are_required_found(wanted, {**found, record.purpose: None})


@pytest.mark.parametrize(
    ("purpose", "answers", "is_found"),
    [
        ("ownership", ["other", "wici-verification=t0ken"], True),
        ("ownership", ["wici-verification=other"], False),
        ("dkim:wici1", ["v=DKIM1; k=rsa;  p=MI IB"], True),
        ("dkim:wici1", ["v=DKIM1; k=rsa; p=MIIC"], False),
        ("return_path", ["10 mail.WICI.example."], True),
        ("return_path", [], False),
        ("spf", ["v=spf1 include:x.example a:mail.wici.example ~all"], True),
        ("spf", ["v=spf1 include:x.example ~all"], False),
        ("dmarc", ["v=DMARC1; p=reject"], True),
        ("tracking", ["wici.example."], True),
    ],
)
def test_records_are_found_as_people_write_them(purpose: str, answers: list[str], is_found: bool) -> None:
    (record,) = [each for each in records() if each.purpose == purpose]

    assert senders.is_record_found(record, answers) is is_found
