"""Networks of phones, against libphonenumber's own look-up."""

from __future__ import annotations

import re

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import carrier

from sms_gateway.domain.networks import known, network_of


@pytest.mark.parametrize(
    ("address", "network"),
    [("+48600100200", "pl.t-mobile"), ("+48790000000", "pl.play"), ("+48123456789", None), ("+1", None), ("+", None)],
)
def test_networks(address: str, network: str | None) -> None:
    assert network_of(address) == network


@given(st.sampled_from(["48", "49", "420", "44", "380", "39", "1", "7"]), st.integers(10**8, 10**9 - 1))
def test_they_are_libphonenumbers(country: str, national: int) -> None:
    parsed = phonenumbers.PhoneNumber(country_code=int(country), national_number=national)
    name = carrier.name_for_valid_number(parsed, "en")
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    network = network_of(f"+{country}{national}")
    assert (network or ".").partition(".")[2] == slug[:60]


def test_every_network_has_a_country() -> None:
    assert {"pl.orange", "pl.play", "pl.plus", "pl.t-mobile"} <= known()
    assert all(re.fullmatch(r"[a-z]{2}\.[a-z0-9-]{1,60}|001\.[a-z0-9-]{1,60}", each) for each in known())
