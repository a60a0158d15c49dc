"""Reads DMARC aggregate reports (RFC 7489 section 7.2, appendix C): XML in a mail, as it is, zipped or gzipped."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from ipaddress import ip_address
from xml.etree import ElementTree

from email_gateway.domain.dmarc import DmarcReport, Source
from email_gateway.incoming.parts import Part

MOST_XML = 4 << 20  # octets, unpacked; a report of a day of Google's has some hundred kilobytes
MOST_DOMAINS, MOST_SOURCES = 20, 1_000
MOST_WORD = 200
MOST_MESSAGES = 2**40
_DISPOSITIONS = frozenset({"none", "quarantine", "reject"})


def report_in(parts: Sequence[Part]) -> DmarcReport | None:
    """The first report among the parts; None: there is none that can be read."""
    for part in parts:
        with suppress(
            ValueError, zlib.error, zipfile.BadZipFile, ElementTree.ParseError, NotImplementedError, EOFError
        ):
            xml = _unpacked(part.octets)
            if xml is not None:
                return _report(xml)
    return None


def _unpacked(octets: bytes) -> bytes | None:
    """:raises ValueError: it is larger than any report."""
    if octets.startswith(b"\x1f\x8b"):
        xml = zlib.decompressobj(wbits=31).decompress(octets, MOST_XML + 1)
    elif octets.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(octets)) as archive, archive.open(archive.infolist()[0]) as member:
            xml = member.read(MOST_XML + 1)
    elif octets.lstrip()[:1] == b"<" and b"<feedback" in octets[:2000]:
        xml = octets
    else:
        return None
    # No report has a document type; an entity of it could grow without end.
    if len(xml) > MOST_XML or b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise ValueError
    return xml


def _report(xml: bytes) -> DmarcReport:
    """:raises ValueError: a figure is none. Namespaces, which some receivers use, are passed over."""
    root = ElementTree.fromstring(xml)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    messages: dict[str, Counter[Source]] = {}
    for record in root.iterfind("record"):
        domain = _word(record, "identifiers/header_from").lower().rstrip(".")
        if domain not in messages and len(messages) >= MOST_DOMAINS:
            continue
        sources = messages.setdefault(domain, Counter())
        source = _source(record)
        if source in sources or len(sources) < MOST_SOURCES:
            sources[source] += min(max(int(_word(record, "row/count")), 0), MOST_MESSAGES)
    return DmarcReport(
        reporter=_word(root, "report_metadata/org_name"),
        report_id=_word(root, "report_metadata/report_id"),
        begins_at=_moment(root, "report_metadata/date_range/begin"),
        ends_at=_moment(root, "report_metadata/date_range/end"),
        messages=messages,
    )


def _source(record: ElementTree.Element) -> Source:
    evaluated = "row/policy_evaluated/"
    disposition = _word(record, evaluated + "disposition").lower()
    return Source(
        str(ip_address(_word(record, "row/source_ip"))),
        disposition if disposition in _DISPOSITIONS else "none",
        _word(record, evaluated + "dkim").lower() == "pass",
        _word(record, evaluated + "spf").lower() == "pass",
    )


def _word(element: ElementTree.Element, path: str) -> str:
    return " ".join((element.findtext(path) or "").replace("\0", " ").split())[:MOST_WORD]


def _moment(element: ElementTree.Element, path: str) -> datetime:
    seconds = int(_word(element, path))
    if not 0 <= seconds < 2**32:
        raise ValueError
    return datetime.fromtimestamp(seconds, UTC)
