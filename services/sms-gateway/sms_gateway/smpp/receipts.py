"""Delivery receipts in all dialects: the text of SMPP 3.4 appendix B, optional parameters (section 5.3.2), or both.

Where a receipt has a thing twice, the parameter wins: it is typed, the text is each carrier's own dialect. What cannot
be understood is `Unread`, never an error: a carrier that is answered with one sends it again for days.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from contracts.vocabulary import MessageState
from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.constants import (
    CODING_MASK,
    CODING_UCS2,
    ESM_INTERMEDIATE,
    ESM_RECEIPT,
    ESM_TYPE_MASK,
    ESM_UDH,
    HEADER_SIZE,
    Tag,
)
from sms_gateway.smpp.pdu import PduError, decode_tlvs

# message_state of section 5.2.28, and 9 and 0 of SMPP 5.0. None: not final yet, there is nothing to record.
STATES_BY_NUMBER: dict[int, MessageState | None] = {
    0: None,  # SCHEDULED
    1: None,  # ENROUTE
    2: MessageState.DELIVERED,
    3: MessageState.EXPIRED,
    4: MessageState.UNDELIVERED,  # DELETED
    5: MessageState.UNDELIVERED,
    6: None,  # ACCEPTED
    7: MessageState.UNKNOWN,
    8: MessageState.REJECTED,
    9: MessageState.UNDELIVERED,  # SKIPPED
}
# By the first letters: DELIVRD, DELIVERED and DELIV are one word.
STATES_BY_WORD: tuple[tuple[str, MessageState | None], ...] = (
    ("DELIV", MessageState.DELIVERED),
    ("UNDELIV", MessageState.UNDELIVERED),
    ("DELETED", MessageState.UNDELIVERED),
    ("FAILED", MessageState.UNDELIVERED),
    ("SKIPPED", MessageState.UNDELIVERED),
    ("EXPIR", MessageState.EXPIRED),
    ("REJECT", MessageState.REJECTED),
    ("UNKNOWN", MessageState.UNKNOWN),
    ("ACCEPT", None),
    ("ENROUTE", None),
    ("SCHED", None),
)
_ID = re.compile(rb"\bid\s*:\s*([^\s]{1,65})", re.IGNORECASE)
_STAT = re.compile(rb"\bstat\s*:\s*([A-Za-z]+)", re.IGNORECASE)
_ERR = re.compile(rb"\berr\s*:\s*([0-9A-Za-z]{1,8})", re.IGNORECASE)
# A receipt whose esm_class does not say so has more of the form than a person would type by chance: these in turn.
_FORM = [re.compile(rb"\b(?:%s)\s*:" % name, re.IGNORECASE) for name in (b"id", b"sub|submit date|done date", b"stat")]
_DATES = [re.compile(rb"%s date:\s*(\d{10,12})" % name, re.IGNORECASE) for name in (b"submit", b"done")]


@dataclass(slots=True)
class Receipt:
    """What a receipt says. `state` None: the message is on its way still.

    `is_typed`: only its text makes it one. Some carriers send theirs so; and any phone can. `tlvs`: all
    that came along.
    """

    carrier_message_id: str
    state: MessageState | None
    code: str
    address: str  # whose phone it was: the receipt's source, digits as the carrier sent them
    sender: str = ""  # whom the message was from: the receipt's destination
    text: bytes = b""
    is_typed: bool = False
    tlvs: dict[int, bytes] = field(default_factory=dict, compare=False)


@dataclass(slots=True)
class Inbound:
    """A deliver_sm that is not a receipt: an answer from a phone. `carrier_message_id`: where the carrier names it."""

    source: str
    destination: str
    data_coding: int
    esm_class: int
    body: bytes
    carrier_message_id: str = ""
    tlvs: dict[int, bytes] = field(default_factory=dict, compare=False)


@dataclass(slots=True)
class Unread:
    """What is no message from a phone and no receipt that we understand: kept as it came, for a person to look at."""

    frame: bytes
    reason: str


Delivered = Receipt | Inbound | Unread


def read_deliver(frame: bytes) -> Delivered:
    """What a deliver_sm frame carries.

    Written flat, without the codec's table, because a campaign of a million gets a million of these.
    """
    try:
        position = frame.index(0, HEADER_SIZE) + 3  # behind service_type, ton and npi
        stop = frame.index(0, position)
        source = frame[position:stop]
        position = stop + 3
        stop = frame.index(0, position)
        destination = frame[position:stop]
        esm_class = frame[stop + 1]
        position = frame.index(0, stop + 4) + 1  # behind protocol_id, priority_flag and schedule_delivery_time
        position = frame.index(0, position) + 1  # behind validity_period
        data_coding = frame[position + 2]
        size = frame[position + 4]
    except (ValueError, IndexError):
        return Unread(frame, "cut short")
    position += 5
    body = frame[position : position + size]
    if len(body) != size:
        return Unread(frame, "short_message runs over the end")
    try:
        tlvs = decode_tlvs(frame, position + size) if position + size < len(frame) else {}
    except PduError as error:
        return Unread(frame, str(error))
    return _read(frame, source.decode("latin-1"), destination.decode("latin-1"), esm_class, data_coding, body, tlvs)


def read_data(frame: bytes) -> Delivered:
    """What a data_sm frame carries: the same, its text in a message_payload."""
    try:
        data = smpp.decode(frame)
    except PduError as error:
        return Unread(frame, str(error))
    fields = data.fields
    return _read(
        frame, str(fields["source_addr"]), str(fields["destination_addr"]), int(fields["esm_class"]),
        int(fields["data_coding"]), b"", data.tlvs,
    )  # fmt: skip


def _read(
    frame: bytes, source: str, destination: str, esm_class: int, coding: int, body: bytes, tlvs: dict[int, bytes]
) -> Delivered:
    kind = esm_class & ESM_TYPE_MASK
    body = body or tlvs.get(Tag.MESSAGE_PAYLOAD, b"")
    text = body
    if coding & CODING_MASK == CODING_UCS2:
        text = body.decode("utf-16-be", "replace").encode("ascii", "replace")
    is_receipt = kind in (ESM_RECEIPT, ESM_INTERMEDIATE) or _names_a_message(text, tlvs)
    if not is_receipt and (kind or not _in_turn(_FORM, text)):
        return Inbound(source, destination, coding, *_with_header(esm_class, body, tlvs), tlvs=tlvs)
    found = _receipt(source, destination, text, tlvs)
    if found is None:
        return Unread(frame, "a receipt without an id or a state")
    if kind == ESM_INTERMEDIATE:
        found.state = None
    found.is_typed = not is_receipt
    return found


def _names_a_message(text: bytes, tlvs: dict[int, bytes]) -> bool:
    """Whether parameters make a receipt of it. With an id alone and a text that tells no state, a person wrote it: some
    carriers name the message that is answered."""
    if Tag.RECEIPTED_MESSAGE_ID not in tlvs:
        return False
    return Tag.MESSAGE_STATE in tlvs or not text or _STAT.search(text) is not None


def _with_header(esm_class: int, body: bytes, tlvs: dict[int, bytes]) -> tuple[int, bytes]:
    """SAR parameters (sections 5.3.2.22 to 24) as the user data header of that part; all else as it is."""
    segment = (
        tlvs.get(Tag.SAR_MSG_REF_NUM, b""),
        tlvs.get(Tag.SAR_TOTAL_SEGMENTS, b""),
        tlvs.get(Tag.SAR_SEGMENT_SEQNUM, b""),
    )
    if esm_class & ESM_UDH or tuple(map(len, segment)) != (2, 1, 1):
        return esm_class, body
    return esm_class | ESM_UDH, b"\x06\x08\x04" + b"".join(segment) + body


def _in_turn(patterns: Sequence[re.Pattern[bytes]], text: bytes) -> list[re.Match[bytes]]:
    """A match of each pattern behind that of the one before; none where one is missing.

    The first match leaves most room for the next. One expression with `.*` between them would try all of them, which
    for a text of 64 KB that somebody has thought out takes hours.
    """
    found: list[re.Match[bytes]] = []
    for pattern in patterns:
        match = pattern.search(text, found[-1].end() if found else 0)
        if match is None:
            return []
        found.append(match)
    return found


def _receipt(address: str, sender: str, text: bytes, tlvs: dict[int, bytes]) -> Receipt | None:
    identifier, number = _identifier(tlvs.get(Tag.RECEIPTED_MESSAGE_ID, b"")), tlvs.get(Tag.MESSAGE_STATE)
    if not identifier and (match := _ID.search(text)):
        identifier = _identifier(match[1])
    if not identifier:
        return None
    if number:
        if number[0] not in STATES_BY_NUMBER:
            return None
        state = STATES_BY_NUMBER[number[0]]
    else:
        match = _STAT.search(text)
        word = match[1].decode("ascii").upper() if match else ""
        known = [state for start, state in STATES_BY_WORD if word.startswith(start)]
        if not known:
            return None
        state = known[0]
    return Receipt(identifier, state, _code(text, tlvs), address, sender, text, tlvs=tlvs)


def _code(text: bytes, tlvs: dict[int, bytes]) -> str:
    error = tlvs.get(Tag.NETWORK_ERROR_CODE, b"")
    if len(error) == 3:
        # One octet of network type, two of the code itself (section 5.3.2.31).
        return f"{int.from_bytes(error[1:3], 'big'):03d}"
    match = _ERR.search(text)
    return match[1].decode("ascii") if match else ""


def seconds_under_way(text: bytes) -> float | None:
    """From the submit date to the done date of a receipt's text; None where it does not tell.

    Neither date says in which zone it is, but both are in the same.
    """
    found = _in_turn(_DATES, text)
    if not found:
        return None
    try:
        submitted, done = (_moment(match[1].decode("ascii")) for match in found)
    except ValueError:
        return None
    return max(0.0, (done - submitted).total_seconds())


def _moment(digits: str) -> datetime:
    """YYMMDDhhmm, with or without seconds, taken for UTC. :raises ValueError: no date."""
    return datetime.strptime(digits.ljust(12, "0"), "%y%m%d%H%M%S").replace(tzinfo=UTC)


def _identifier(octets: bytes) -> str:
    """Up to its NUL, if it has one: a database holds none."""
    return octets.partition(b"\0")[0].decode("latin-1")
