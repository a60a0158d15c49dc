"""Messages that come as octets, a partner's: they leave as they came, and are cut where they must be.

The alphabet decides how much fits into a part (3GPP TS 23.038 section 4, SMPP 3.4 section 5.2.19): septets travel one
to an octet, 160 of them; everything else has 140 octets.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from sms_gateway.content import parts
from sms_gateway.content.delivered import delivered_text
from sms_gateway.content.parts import Encoding
from sms_gateway.smpp.constants import CODING_MASK, CODING_UCS2

_SEPTETS_A_PART, _OCTETS_A_PART = 160, 140
_BINARY_CONCATENATED = 134
_EIGHT_BIT = frozenset({2, 4})  # octets unspecified
_MESSAGE_CLASS = 0xF0  # data_coding 1111xxxx: bit 2 tells 8-bit data from the default alphabet


def as_content(
    octets: bytes,
    data_coding: int,
    *,
    has_header: bool,
    protocol_id: int = 0,
    validity_minutes: int | None = None,
    parameters: Mapping[int, bytes] | None = None,
) -> dict[str, Any]:
    """What is stored of it (`store.contents`). :param parameters: optional ones, for carriers that are given them."""
    esm_class = 0x40 if has_header else 0
    shown = delivered_text(octets, data_coding, esm_class) or ""
    return {
        "text": shown.replace("\0", ""),
        "literal": True,
        "octets": b64encode(octets).decode("ascii"),
        "data_coding": data_coding,
        "has_header": has_header,
        "protocol_id": protocol_id,
        "validity_minutes": validity_minutes,
        **({"parameters": {f"0x{tag:04x}": value.hex() for tag, value in parameters.items()}} if parameters else {}),
    }


def of_content(content: Mapping[str, Any]) -> bytes:
    return b64decode(content["octets"])


def parameters_of(content: Mapping[str, Any]) -> dict[int, bytes]:
    return {int(tag, 16): bytes.fromhex(value) for tag, value in (content.get("parameters") or {}).items()}


def is_eight_bit(data_coding: int) -> bool:
    if data_coding & 0xF0 == _MESSAGE_CLASS:
        return bool(data_coding & 0x04)
    return data_coding & 0x0F in _EIGHT_BIT


def alphabet(data_coding: int) -> Encoding:
    """Which of our two it counts like: characters of two octets, or anything else."""
    is_ucs2 = data_coding & 0xF0 != _MESSAGE_CLASS and data_coding & CODING_MASK == CODING_UCS2
    return Encoding.UCS2 if is_ucs2 else Encoding.GSM


def bodies(octets: bytes, data_coding: int, *, has_header: bool) -> Sequence[bytes]:
    """The parts that it travels in.

    :raises parts.TooLong: over 255 parts, or more than one where it has a header of its own, which is not taken apart.
    """
    if len(octets) <= _OCTETS_A_PART and not has_header:
        return (octets,)  # one part in any alphabet
    is_octets = is_eight_bit(data_coding) or alphabet(data_coding) is Encoding.UCS2
    if has_header:
        _ensure_one_part(octets, is_octets=is_octets)
        return (octets,)
    if not is_eight_bit(data_coding):
        return parts.split(alphabet(data_coding), octets)
    cut = [octets[start : start + _BINARY_CONCATENATED] for start in range(0, len(octets), _BINARY_CONCATENATED)]
    if len(cut) > parts.MAX_PARTS:
        raise parts.TooLong(f"{len(cut)} parts, at most {parts.MAX_PARTS}")
    return cut


def _ensure_one_part(octets: bytes, *, is_octets: bool) -> None:
    size = octets[0] + 1 if octets else 1
    if size > len(octets):
        raise parts.TooLong("the user data header runs over the end")
    if is_octets:
        room = _OCTETS_A_PART - size
    else:
        room = _SEPTETS_A_PART - -(-size * 8 // 7)  # the header fills whole septets
    if len(octets) - size > room:
        raise parts.TooLong("more than one part behind a user data header")
