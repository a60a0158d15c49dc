"""Rules of pools: warm-up, which address takes a mail, names in DNS, and what is a block."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_gateway.domain.ip_pools import BLOCKS, WARM_UP, Answers, Naming, in_order, limit_of, naming, reverse_name
from email_gateway.smtp.replies import Reply
from email_gateway.smtp.shaping import SHAPES, provider_of_mailboxes
from email_gateway.smtp.verdicts import RULES, Stage, is_block

FIRST = date(2026, 3, 1)


@dataclass(frozen=True)
class Address:
    address: str


def test_a_new_address_sends_more_each_day_and_then_as_much_as_there_is() -> None:
    limits = [limit_of(WARM_UP, FIRST, FIRST + timedelta(days=day)) for day in range(len(WARM_UP) + 1)]

    assert limits == [*WARM_UP, None]
    assert sorted(WARM_UP) == list(WARM_UP) and limits[0] == 50
    assert limit_of([], FIRST, FIRST) is None
    assert limit_of(WARM_UP, FIRST, FIRST - timedelta(days=1)) == 50, "clocks of two machines"


addresses = st.lists(st.ip_addresses(v=4).map(str), min_size=2, max_size=8, unique=True)


@given(addresses, st.text(max_size=30))
def test_a_recipient_gets_the_same_address_and_keeps_it_when_others_come_and_go(some: list[str], who: str) -> None:
    ordered = in_order(who, [Address(each) for each in some])

    assert list(in_order(who, [Address(each) for each in reversed(some)])) == list(ordered)
    without_last = [each for each in ordered if each is not ordered[-1]]
    assert list(in_order(who, without_last)) == without_last


@pytest.mark.parametrize(
    "some",
    [["192.0.2.1", "192.0.2.2"], ["192.0.2.10", "192.0.2.11", "192.0.2.12"], [f"2001:db8::{n}" for n in range(1, 6)]],
    ids=["two", "three", "five"],
)
def test_recipients_are_spread_evenly_over_the_addresses(some: list[str]) -> None:
    sources, count = [Address(each) for each in some], 4_000
    first = [in_order(f"osoba{n}@poczta.example", sources)[0].address for n in range(count)]
    second = [in_order(f"osoba{n}@poczta.example", sources)[1].address for n in range(count)]

    for chosen in (first, second):
        assert all(0.9 < chosen.count(each) * len(some) / count < 1.1 for each in some)


@pytest.mark.parametrize(
    ("pointers", "forward", "expected"),
    [
        (["MX1.wici.example."], ["192.0.2.9", "192.0.2.1"], Naming(True, None)),
        (["other.example.", "mx1.wici.example."], ["192.0.2.1"], Naming(True, None)),
        ([], ["192.0.2.1"], Naming(False, "PTR: no record")),
        (["host-1.isp.example."], ["192.0.2.1"], Naming(False, "PTR: host-1.isp.example")),
        (["mx1.wici.example."], ["192.0.2.2"], Naming(False, "mx1.wici.example: 192.0.2.2")),
        (None, ["192.0.2.1"], Naming(None, None)),
        (["mx1.wici.example."], None, Naming(None, None)),
    ],
)
def test_an_address_is_named_when_its_name_leads_back(
    pointers: list[str] | None, forward: list[str] | None, expected: Naming
) -> None:
    assert naming("192.0.2.1", "mx1.wici.example", pointers, forward) == expected


def test_names_of_ipv6() -> None:
    assert reverse_name("192.0.2.1") == "1.2.0.192.in-addr.arpa"
    assert naming("2001:db8::1", "mx.wici.example", ["mx.wici.example."], ["2001:0db8:0::0001"]).is_named
    assert reverse_name("2001:db8::1").endswith(".8.b.d.0.1.0.0.2.ip6.arpa")


def test_a_pool_pauses_after_twenty_blocks_that_are_half_of_the_answers() -> None:
    answers = Answers()
    told = [answers.note(is_block=number % 3 != 0) for number in range(40)]

    assert told.index(True) + 1 == BLOCKS + BLOCKS // 2
    healthy = Answers()
    assert not any(healthy.note(is_block=number % 3 == 0) for number in range(30_000)), "a third is no wave"
    assert healthy.count <= 1_000


@pytest.mark.parametrize(
    ("stage", "reply", "expected"),
    [
        (Stage.RCPT, Reply(554, "Client host [192.0.2.1] blocked using zen.spamhaus.org", "5.7.1"), True),
        (Stage.CONNECT, Reply(554, "Your IP address has a poor reputation"), True),
        (Stage.MAIL, Reply(550, "Access denied, banned sending IP [192.0.2.1]", "5.7.606"), True),
        (Stage.BODY, Reply(550, "The IP address does not have a PTR record setup", "5.7.25"), True),
        (Stage.MAIL, Reply(421, "Messages from 192.0.2.1 temporarily deferred; on our block list", "4.7.0"), True),
        (Stage.BODY, Reply(550, "Unauthenticated email from k.example is not accepted due to DMARC", "5.7.26"), False),
        (Stage.BODY, Reply(550, "Message rejected as spam", "5.7.1"), False),
        (Stage.RCPT, Reply(550, "No such user here", "5.1.1"), False),
        (Stage.RCPT, Reply(452, "Mailbox full", "4.2.2"), False),
        (Stage.BODY, Reply(250, "blocked", "2.0.0"), False),
    ],
)  # fmt: skip
def test_a_block_speaks_of_our_address(stage: Stage, reply: Reply, expected: bool) -> None:
    assert is_block(stage, reply) is expected


def test_what_blocks_is_about_the_sender() -> None:
    assert {rule.about for rule in RULES if rule.blocks} == {"sender"}


def test_a_mailbox_is_at_the_provider_that_takes_its_mail() -> None:
    assert provider_of_mailboxes("gmail.com") == "google"
    assert provider_of_mailboxes("o2.pl") == "wp"
    assert provider_of_mailboxes("sklep.example") == "other"
    assert len({each for shape in SHAPES for each in shape.mailboxes}) == 8
