"""DMARC aggregate reports: read as receivers pack them, and refused where they are none or without end."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_gateway.domain.dmarc import DmarcReport, Source
from email_gateway.incoming.reading import Said, read

from ..dmarc_reports import mail, record, xml, zipped


def report_in(octets: bytes) -> DmarcReport | None:
    reading = read(octets, is_dmarc=True)
    assert (reading.said is Said.DMARC) == (reading.report is not None)
    return reading.report


@pytest.mark.parametrize("pack", [gzip.compress, zipped, bytes])
def test_a_report_is_read_however_it_is_packed(pack: object) -> None:
    records = (record(), record(count=4), record("2001:db8::1", 1, dkim="fail"), record(domain="news.sklep.example"))

    report = report_in(mail(pack(xml(*records, namespace=' xmlns="urn:ietf:params:xml:ns:dmarc-2.0"'))))  # type: ignore[operator]

    assert report is not None
    assert (report.reporter, report.report_id, report.ends_at.hour) == ("google.com", "17", 23)
    aligned = Source("192.0.2.1", "none", True, False)
    assert {domain: dict(sources) for domain, sources in report.messages.items()} == {
        "sklep.example": {aligned: 7, Source("2001:db8::1", "none", False, False): 1},
        "news.sklep.example": {aligned: 3},
    }


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"<feedback>",
        b"<html/>",
        xml(record(ip="not an address")),
        xml(record(count="many")),
        xml(record()).replace(b"1764460800", b"9" * 400),
        b'<!DOCTYPE feedback [<!ENTITY a "aaaaaaaaaa">]>' + xml(record()).partition(b"?>")[2],
        gzip.compress(b" " * (64 << 20)),
        zipped(b"<feedback>" + b" " * (64 << 20)),
        gzip.compress(xml(record()))[:-20],
        zipped(xml(record()))[:60],
    ],
)
def test_what_is_no_report_or_has_no_end_is_none(octets: bytes) -> None:
    assert report_in(mail(octets)) is None


def test_a_report_of_too_many_sources_is_cut() -> None:
    records = [record(f"10.{n // 65536}.{n // 256 % 256}.{n % 256}") for n in range(1_500)]
    records += [record(domain=f"{n}.example") for n in range(50)]

    report = report_in(mail(gzip.compress(xml(*records))))

    assert report is not None
    assert len(report.messages) == 20 and len(report.messages["sklep.example"]) == 1_000


@given(st.binary(max_size=300))
def test_any_bytes_are_read(octets: bytes) -> None:
    for packed in (octets, b"\x1f\x8b" + octets, b"PK\x03\x04" + octets, gzip.compress(b"<feedback>" + octets)):
        assert report_in(mail(packed)) is None
