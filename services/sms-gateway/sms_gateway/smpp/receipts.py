"""Delivery receipts in both forms: the text of SMPP 3.4 appendix B, and optional parameters (section 5.3.2).

Where a receipt has both, the parameters win: they are typed, the text is each carrier's own dialect.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from contracts.vocabulary import MessageState
from sms_gateway.smpp.constants import ESM_RECEIPT, ESM_TYPE_MASK, HEADER_SIZE, Tag
from sms_gateway.smpp.pdu import PduError, decode_tlvs

# message_state of section 5.2.28. None: not final yet, there is nothing to record.
STATES_BY_NUMBER: dict[int, MessageState | None] = {
    1: None,  # ENROUTE
    2: MessageState.DELIVERED,
    3: MessageState.EXPIRED,
    4: MessageState.UNDELIVERED,  # DELETED
    5: MessageState.UNDELIVERED,
    6: None,  # ACCEPTED
    7: MessageState.UNKNOWN,
    8: MessageState.REJECTED,
}
STATES_BY_WORD: dict[str, MessageState | None] = {
    "DELIVRD": MessageState.DELIVERED,
    "EXPIRED": MessageState.EXPIRED,
    "DELETED": MessageState.UNDELIVERED,
    "UNDELIV": MessageState.UNDELIVERED,
    "ACCEPTD": None,
    "ENROUTE": None,
    "UNKNOWN": MessageState.UNKNOWN,
    "REJECTD": MessageState.REJECTED,
}
_TEXT = re.compile(rb"id:([^ ]{1,65}).*?stat:([A-Za-z]{5,8})(?:.*?err:([0-9A-Za-z]{1,8}))?", re.IGNORECASE | re.DOTALL)
_DATES = re.compile(rb"submit date:(\d{10,12}).*?done date:(\d{10,12})", re.IGNORECASE | re.DOTALL)


@dataclass(slots=True)
class Receipt:
    """What a receipt says. `state` None: the message is on its way still."""

    carrier_message_id: str
    state: MessageState | None
    code: str
    address: str  # whose phone it was: the receipt's source, digits as the carrier sent them
    sender: str = ""  # whom the message was from: the receipt's destination
    text: bytes = b""


@dataclass(slots=True)
class Inbound:
    """A deliver_sm that is not a receipt: an answer from a phone."""

    source: str
    destination: str
    data_coding: int
    esm_class: int
    body: bytes


def read_deliver(frame: bytes) -> Receipt | Inbound:
    """What a deliver_sm frame carries.

    Written flat, without the codec's table, because a campaign of a million gets a million of these.

    :raises PduError: a body that runs over its end, or a receipt without an id or a state.
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
        raise PduError("deliver_sm: cut short") from None
    position += 5
    body = frame[position : position + size]
    if len(body) != size:
        raise PduError("short_message: runs over the end")
    tlvs = decode_tlvs(frame, position + size) if position + size < len(frame) else {}
    if esm_class & ESM_TYPE_MASK == ESM_RECEIPT or Tag.RECEIPTED_MESSAGE_ID in tlvs:
        return _receipt(source.decode("latin-1"), destination.decode("latin-1"), body, tlvs)
    return Inbound(
        source.decode("latin-1"),
        destination.decode("latin-1"),
        data_coding,
        esm_class,
        body or tlvs.get(Tag.MESSAGE_PAYLOAD, b""),
    )


def _receipt(address: str, sender: str, body: bytes, tlvs: dict[int, bytes]) -> Receipt:
    identifier = tlvs.get(Tag.RECEIPTED_MESSAGE_ID)
    number = tlvs.get(Tag.MESSAGE_STATE)
    if identifier and number:
        state = STATES_BY_NUMBER.get(number[0], MessageState.UNKNOWN)
        error = tlvs.get(Tag.NETWORK_ERROR_CODE, b"")
        # One octet of network type, two of the code itself (section 5.3.2.31).
        code = f"{int.from_bytes(error[1:3], 'big'):03d}" if len(error) == 3 else ""
        return Receipt(_identifier(identifier), state, code, address, sender, body)
    text = body or tlvs.get(Tag.MESSAGE_PAYLOAD, b"")
    match = _TEXT.search(text)
    if match is None:
        raise PduError("a receipt without an id or a state")
    found, word, error = match.groups()
    return Receipt(
        _identifier(identifier or found),
        STATES_BY_WORD.get(word.decode("ascii").upper(), MessageState.UNKNOWN),
        error.decode("ascii") if error else "",
        address,
        sender,
        text,
    )


def seconds_under_way(text: bytes) -> float:
    """From the submit date to the done date of a receipt's text; 0 where it does not tell.

    Neither date says in which zone it is, but both are in the same.
    """
    match = _DATES.search(text)
    if match is None:
        return 0.0
    try:
        submitted, done = (_moment(each.decode("ascii")) for each in match.groups())
    except ValueError:
        return 0.0
    return max(0.0, (done - submitted).total_seconds())


def _moment(digits: str) -> datetime:
    """YYMMDDhhmm, with or without seconds, taken for UTC. :raises ValueError: no date."""
    return datetime.strptime(digits.ljust(12, "0"), "%y%m%d%H%M%S").replace(tzinfo=UTC)


def _identifier(octets: bytes) -> str:
    """Up to its NUL, if it has one: a database holds none."""
    return octets.partition(b"\0")[0].decode("latin-1")
