"""Reports call every network that sms-gateway tells by the name that people know."""

from __future__ import annotations

import re

from phonenumbers.carrierdata import CARRIER_DATA

from reporting.domain.networks import network_name
from sms_gateway.domain import networks


def test_every_network_has_a_name() -> None:
    unnamed = {network.partition(".")[2] for network in networks.known() if network_name(network) == network}
    called = {re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60]: name
              for names in CARRIER_DATA.values() if (name := names.get("en", ""))}  # fmt: skip

    assert unnamed == set(), [f'{short} = "{called.get(short)}"' for short in sorted(unnamed)]


def test_a_name_says_the_country() -> None:
    assert network_name("pl.t-mobile") == "T-Mobile (PL)"
    assert network_name("us.at-t") == "AT&T (US)"
    assert network_name("") == "" and network_name("26001") == "26001"
