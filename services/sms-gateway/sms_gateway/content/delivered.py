"""What a message from a phone, or a partner's octets, say."""

from __future__ import annotations

from sms_gateway.content import headers, national
from sms_gateway.smpp.constants import CODING_DEFAULT, CODING_UCS2

_CODECS = {1: "ascii", 3: "latin-1", CODING_UCS2: "utf-16-be"}


def delivered_text(octets: bytes, data_coding: int, esm_class: int) -> str | None:
    """The text of a message as a carrier delivers it (SMPP 3.4 section 5.2.19), its user data header left out; None
    for a data coding that is no plain text."""
    header, octets = headers.taken_apart(octets, esm_class)
    if data_coding == CODING_DEFAULT:
        return national.decode(octets, national.shift_of(header))
    codec = _CODECS.get(data_coding)
    return None if codec is None else octets.decode(codec, "replace")
