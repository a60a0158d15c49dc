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


def test_parameters_are_tags_with_octets_or_what_a_partner_sent() -> None:
    parameters = {"0x1400": "5045", "0x1401": None}
    assert CarrierChange().load({"parameters": parameters, "reason": "DLT"})["parameters"] == parameters


@pytest.mark.parametrize(
    "parameters", [{"1400": "50"}, {"0x1400": "5"}, {"0x0424": "50"}, {"0x020c": None}, {"0x1400": "zz"}]
)
def test_what_is_no_parameter_is_refused_when_it_is_set(parameters: dict[str, str | None]) -> None:
    with pytest.raises(ValidationError):
        CarrierChange().load({"parameters": parameters, "reason": "DLT"})


@pytest.mark.parametrize(
    "errors", [{"0x00": "retry"}, {"0x00000000": "reject"}, {"0x0b": "retry", "0x0000000b": "reject"}, {"11": "retry"}]
)
def test_a_table_of_errors_has_each_error_once_and_success_never(errors: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        CarrierChange().load({"errors": errors, "reason": "Their table"})
    assert CarrierChange().load({"errors": {"0x0b": "retry", "0x400": "slow_down"}, "reason": "Their table"})
