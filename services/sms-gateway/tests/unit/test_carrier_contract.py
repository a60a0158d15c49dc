"""What operators may set of a carrier."""

from __future__ import annotations

import pytest
from marshmallow import ValidationError

from contracts.sms_gateway.carriers import CarrierChange


@pytest.mark.parametrize("host", ["127.0.0.1", "smsc.example.com", "smsc", "2001:db8::1", "a-b.example.", "xn--d1a.pl"])
def test_hosts(host: str) -> None:
    assert CarrierChange().load({"host": host, "reason": "Moved"})["host"] == host


@pytest.mark.parametrize(
    "host",
    ["", "-a.example", "a b", "smsc.example.com:2775", "http://smsc", "256.1.1.1", "1.2.3", "a..b", "[::1]", "a" * 64,
     "smsc.example.com\n", "smsc_1.example"],
)  # fmt: skip
def test_what_is_no_host_is_refused_when_it_is_set(host: str) -> None:
    with pytest.raises(ValidationError):
        CarrierChange().load({"host": host, "reason": "Moved"})
