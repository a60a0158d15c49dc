"""Parts of long messages from phones: what their user data header says (3GPP TS 23.040 sections 9.2.3.24.1 and
9.2.3.24.8), and the message that several of them make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sms_gateway.content import headers, national
from sms_gateway.content.delivered import delivered_text
from sms_gateway.domain.joining import Segment
from sms_gateway.smpp.constants import CODING_UCS2, ESM_UDH

_REFERENCE_SIZES = {0x00: 1, 0x08: 2}  # by the element that says that it is a part
_SHIFTS = {national.SINGLE_SHIFT, national.LOCKING_SHIFT}  # of an alphabet that it is not written in any more


class Place(NamedTuple):
    """Which part of which message it is."""

    reference: int
    total: int
    number: int


def place_of(octets: bytes, esm_class: int) -> Place | None:
    """None for a whole message, or where the header makes no sense."""
    header, _ = headers.taken_apart(octets, esm_class)
    for identifier, element in headers.elements(header):
        size = _REFERENCE_SIZES.get(identifier)
        if size is not None and len(element) == size + 2:
            total, number = element[size:]
            if 1 <= number <= total and total > 1:
                return Place(int.from_bytes(element[:size], "big"), total, number)
    return None


def joined(segments: Sequence[Segment]) -> tuple[bytes, int, int]:
    """Octets, data_coding and esm_class of the message that the parts make, in this order.

    What else stands in the first one's header stays. Parts in several alphabets, or by several tables, become UCS-2.
    """
    first = segments[0]
    header, _ = headers.taken_apart(first.octets, first.esm_class)
    body, data_coding = _body(segments)
    left_out = _REFERENCE_SIZES.keys() | (_SHIFTS if data_coding != first.data_coding else set())
    kept = headers.written(*(each for each in headers.elements(header) if each[0] not in left_out))
    if kept:
        return bytes((len(kept),)) + kept + body, data_coding, first.esm_class
    return body, data_coding, first.esm_class & ~ESM_UDH


def _body(segments: Sequence[Segment]) -> tuple[bytes, int]:
    bodies = [headers.taken_apart(each.octets, each.esm_class)[1] for each in segments]
    codings = {each.data_coding for each in segments}
    is_cut = CODING_UCS2 in codings and any(
        len(body) % 2 for body, each in zip(bodies, segments, strict=True) if each.data_coding == CODING_UCS2
    )
    shifts = {national.shift_of(headers.taken_apart(each.octets, each.esm_class)[0]) for each in segments}
    if len(codings) > 1 or len(shifts) > 1 or is_cut:
        texts = [delivered_text(each.octets, each.data_coding, each.esm_class) for each in segments]
        known = [text for text in texts if text is not None]
        if len(known) == len(texts):
            return "".join(known).encode("utf-16-be"), CODING_UCS2
    return b"".join(bodies), segments[0].data_coding
