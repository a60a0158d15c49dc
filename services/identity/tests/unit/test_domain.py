from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import Forbidden, Invalid
from contracts.networks import allows
from contracts.permissions import OWNER
from identity.domain import company, networks, plans, rights, throttling, totp
from identity.domain.addresses import normal_email
from identity.domain.company import vat_number
from identity.domain.throttling import PER_LOGIN, Throttle

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


# --- Throttling


def fail(times: int) -> Throttle:
    throttle = Throttle(0, NOON, None)
    for _ in range(times):
        throttle = throttling.after_attempt(throttle, PER_LOGIN, NOON)
    return throttle


def test_the_first_failures_cost_nothing() -> None:
    assert throttling.seconds_blocked(fail(PER_LOGIN.free), NOON) == 0


def test_further_failures_wait_twice_as_long_each() -> None:
    waits = [throttling.seconds_blocked(fail(PER_LOGIN.free + more), NOON) for more in (1, 2, 3, 4)]

    assert waits == [1, 2, 4, 8]


def test_ten_failures_lock_for_fifteen_minutes() -> None:
    assert throttling.seconds_blocked(fail(PER_LOGIN.locked_at), NOON) == 900


def test_failures_are_forgotten_after_a_quiet_hour() -> None:
    later = NOON + timedelta(hours=1, seconds=1)

    assert throttling.after_attempt(fail(9), PER_LOGIN, later).failures == 1


def test_addresses_of_one_ipv6_network_count_as_one() -> None:
    assert throttling.address_key("2001:db8::1") == throttling.address_key("2001:db8::2:3")
    assert throttling.address_key("2001:db8:0:1::1") != throttling.address_key("2001:db8::1")
    assert throttling.address_key("::ffff:192.0.2.1") == throttling.address_key("192.0.2.1")


@given(
    st.lists(
        st.tuples(st.sampled_from(["guess", "own begins", "own ends"]), st.floats(min_value=0, max_value=20)),
        max_size=300,
    )
)
@settings(max_examples=100)
def test_an_address_guesses_no_more_by_logging_in_with_an_account_of_its_own(steps: list[tuple[str, float]]) -> None:
    """A right password gives its attempt back; however guesses and such log-ins interleave, the lock still comes."""
    throttle, now, guesses, in_flight = Throttle(0, NOON, None), NOON, 0, 0
    for step, seconds in steps:
        now += timedelta(seconds=seconds)
        if step == "own ends" and in_flight:
            in_flight -= 1
            throttle = throttling.after_refund(throttle)
        elif step != "own ends" and not throttling.seconds_blocked(throttle, now):
            throttle = throttling.after_attempt(throttle, throttling.PER_ADDRESS, now)
            guesses, in_flight = (guesses + 1, in_flight) if step == "guess" else (guesses, in_flight + 1)

    hours = 1 + int((now - NOON) / throttling.PER_ADDRESS.forgotten_after)
    locks = 1 + int((now - NOON) / throttling.PER_ADDRESS.lock)
    assert guesses <= throttling.PER_ADDRESS.locked_at * hours + locks


# --- Codes


def test_a_code_is_right_one_step_early_or_late_and_no_more() -> None:
    secret = totp.new_secret()
    code = pyotp.TOTP(secret).at(NOON)

    accepted = [
        totp.matching_step(secret, code, NOON + timedelta(seconds=shift), last_step=0) is not None
        for shift in (-60, -30, 0, 30, 60)
    ]

    assert accepted == [False, True, True, True, False]


def test_a_code_works_once() -> None:
    secret = totp.new_secret()
    code = pyotp.TOTP(secret).at(NOON)
    step = totp.matching_step(secret, code, NOON, last_step=0)

    assert step is not None
    assert totp.matching_step(secret, code, NOON, last_step=step) is None


# --- Rights


def test_scopes_lie_within_the_makers_rights() -> None:
    assert rights.ensure_scopes(["contacts.read", "contacts.read"], ["contacts"]) == ["contacts.read"]
    with pytest.raises(Forbidden) as refused:
        rights.ensure_scopes(["contacts"], ["contacts.read"])
    assert refused.value.extra["permission"] == "contacts"


@pytest.mark.parametrize("scope", ["users", "users.manage", "account.close", "nothing.of.the.kind"])
def test_no_key_manages_users_or_closes_the_account(scope: str) -> None:
    with pytest.raises(Invalid):
        rights.ensure_scopes([scope], OWNER)


def test_a_key_loses_what_its_maker_loses() -> None:
    assert rights.common_rights(["contacts", "sms.send"], ["contacts.read", "sms"]) == ["contacts.read", "sms.send"]
    assert rights.common_rights(["contacts"], []) == []


# --- Networks


def test_networks_are_kept_in_canonical_form() -> None:
    assert networks.canonical(["192.0.2.7", "192.0.2.7/24", " 2001:DB8::1 ", "192.0.2.7"], field="panel") == [
        "192.0.2.7/32",
        "192.0.2.0/24",
        "2001:db8::1/128",
    ]


def test_a_wrong_network_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        networks.canonical(["192.0.2.0/24", "300.1.1.1"], field="panel")
    assert refused.value.errors[0]["field"] == "panel.1"


def test_an_empty_list_allows_everybody_and_a_mapped_address_is_its_ipv4_self() -> None:
    assert allows([], "203.0.113.9")
    assert allows(["192.0.2.0/24"], "::ffff:192.0.2.9")
    assert allows(["192.0.2.0/24", "2001:db8::/32"], "2001:db8::1")
    assert not allows(["192.0.2.0/24", "2001:db8::/32"], "203.0.113.9")
    assert not allows(["192.0.2.0/24"], "not an address")


# --- VAT numbers


@pytest.mark.parametrize("written", ["5260250274", "526-025-02-74", "PL 526 025 02 74"])
def test_a_nip_is_ten_digits_however_written(written: str) -> None:
    assert vat_number(written) == "5260250274"


@pytest.mark.parametrize("written", ["5260250275", "526025027", "PL", "hello", "٥٢٦٠٢٥٠٢٧٤", "PLABC"])
def test_a_wrong_vat_number_is_refused(written: str) -> None:
    with pytest.raises(Invalid):
        vat_number(written)


def test_a_foreign_vat_number_keeps_its_country() -> None:
    assert vat_number("de 136 695 976") == "DE136695976"


# --- E-mail addresses


def test_a_domain_is_kept_in_lower_case_and_idna() -> None:
    assert normal_email("Róża.K@Kwiaciarnia-Róża.PL") == "Róża.K@xn--kwiaciarnia-ra-xob60t.pl"
    with pytest.raises(Invalid):
        normal_email(f"a@{'x' * 64}.pl")


# --- Periods


@settings(max_examples=100)
@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=4000)), st.integers(1, 400))
def test_every_moment_lies_in_exactly_one_period(since: timedelta, days: int) -> None:
    now = NOON + since

    start, end = plans.period(NOON, days, now)

    assert start <= now < end
    assert end - start == timedelta(days=days)
    assert (start - NOON) % timedelta(days=days) == timedelta(0)


def test_the_free_plan_ends_after_thirty_days_to_the_second() -> None:
    ends_at = plans.ends_at(NOON, 30)

    assert not plans.has_ended(ends_at, NOON + timedelta(days=30) - timedelta(seconds=1))
    assert plans.has_ended(ends_at, NOON + timedelta(days=30))
    assert not plans.has_ended(plans.ends_at(NOON, None), NOON + timedelta(days=9999))


@pytest.mark.parametrize(
    "written",
    [
        "", "+48 22 123 45 67", "(22) 123-45-67 wew. 12", "+1 800 555 0199 ext 4", "0048221234567", "22/1234567",
        "tel. 22 123 45 67", "Tel.: +48 22 123 45 67", "+48\u00a022\u00a0123\u00a045\u00a067",
        "22\u2013123\u201345\u201367", "22 123 45 67, 22 123 45 68",
    ],
)  # fmt: skip
def test_a_companys_phone_is_kept_as_it_is_written(written):
    assert company.phone(f" {written} ") == written


@pytest.mark.parametrize(
    "written",
    [
        "12",
        "brak",
        "123456",
        "+48 221 234 567 890 123 45",
        "++48221234567",
        "a@b.example",
        "tel.",
        ",",
        "22 123 45 67, brak",
    ],
)
def test_what_is_no_phone_is_refused(written):
    with pytest.raises(Invalid) as refused:
        company.phone(written)
    assert [(one["field"], one["code"]) for one in refused.value.errors] == [("company.phone", "phone.invalid")]


@pytest.mark.parametrize(
    "written",
    [
        "",
        "sklep.example",
        "www.sklep.example",
        "https://sklep.example/o-nas?a=1",
        "http://źródło.pl",
        "sklep.example:8080",
        "sklep.example.",
        "http://192.0.2.1/",
    ],
)
def test_a_companys_site_is_kept_as_it_is_written(written):
    assert company.site(f" {written} ") == written


@pytest.mark.parametrize(
    "written",
    [
        "nie strona",
        "sklep",
        "https://",
        "ftp://sklep.example",
        "javascript:alert(1)",
        "a@b.example",
        "-a.example",
        "sklep.example..",
        "1.2.3",
    ],
)
def test_what_is_no_site_is_refused(written):
    with pytest.raises(Invalid) as refused:
        company.site(written)
    assert [(one["field"], one["code"]) for one in refused.value.errors] == [("company.site", "site.invalid")]


def test_a_region_is_one_that_phone_numbers_are_of():
    assert company.region("PL") == "PL"
    for written in ("XX", "EU", "UK", "pl"):
        with pytest.raises(Invalid) as refused:
            company.region(written)
        assert refused.value.errors[0]["code"] == "region.unknown"
