"""What is delivered to a partner, as deliver_sm bodies: receipts (SMPP 3.4 appendix B, section 5.3.2) and answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from contracts.vocabulary import MessageState
from sms_gateway.smpp import constants as c
from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp import times
from sms_gateway.smpp.constants import Command, Tag

# By state: the word of a receipt, and the number of section 5.2.28.
STATES: dict[str, tuple[str, int]] = {
    MessageState.ACCEPTED: ("ENROUTE", 1),
    MessageState.DEFERRED: ("ENROUTE", 1),
    MessageState.SUBMITTED: ("ENROUTE", 1),
    MessageState.DELIVERED: ("DELIVRD", 2),
    MessageState.EXPIRED: ("EXPIRED", 3),
    MessageState.UNDELIVERED: ("UNDELIV", 5),
    MessageState.UNKNOWN: ("UNKNOWN", 7),
    MessageState.REJECTED: ("REJECTD", 8),
}
CANCELLED = "cancelled"
_DELETED = ("DELETED", 4)
_GSM = 3  # network type of a network_error_code (section 5.3.2.31)
_SHORT_MESSAGE = 254
_OURS = 255  # network_error_code of what did not come from a network


def state_of(state: str, code: str) -> tuple[str, int]:
    """The word and the number of a message's state."""
    return _DELETED if code == CANCELLED else STATES[state]


def error_of(state: str, code: str) -> int:
    """A number of at most three digits: the carrier's own where it is one, 255 for a reason of ours."""
    if code.isascii() and code.isdecimal():
        return min(int(code), 999)
    if code.startswith("0x"):
        return min(int(code, 16), 999)
    return 0 if state == MessageState.DELIVERED or not code else _OURS


def receipt(
    message_id: str,
    state: str,
    code: str,
    *,
    submitted_at: datetime,
    done_at: datetime,
    source: c.Address,
    destination: c.Address,
    others: Mapping[int, bytes] = MappingProxyType({}),
) -> bytes:
    """The body of a deliver_sm.

    :param source: the phone, as the partner wrote it. :param destination: the sender that it named.
    :param others: parameters of the carrier's that go along.
    """
    word, number = state_of(state, code)
    error = error_of(state, code)
    delivered = int(number == 2)
    text = (
        f"id:{message_id} sub:001 dlvrd:{delivered:03d} submit date:{times.short(submitted_at)}"
        f" done date:{times.short(done_at)} stat:{word} err:{error:03d} text:"
    )
    tlvs: dict[int, bytes] = {
        **others,
        Tag.RECEIPTED_MESSAGE_ID: message_id.encode("ascii") + b"\0",
        Tag.MESSAGE_STATE: bytes((number,)),
        Tag.NETWORK_ERROR_CODE: bytes((_GSM,)) + error.to_bytes(2, "big"),
    }
    return _body(source, destination, c.ESM_RECEIPT, 0, text.encode("ascii"), tlvs)


def answer(
    *,
    source: c.Address,
    destination: c.Address,
    esm_class: int,
    data_coding: int,
    octets: bytes,
    tlvs: Mapping[int, bytes] = MappingProxyType({}),
) -> bytes:
    """The body of a deliver_sm with what a phone sent, octet for octet."""
    kind = esm_class & c.ESM_UDH
    if len(octets) > _SHORT_MESSAGE:
        return _body(source, destination, kind, data_coding, b"", {**tlvs, Tag.MESSAGE_PAYLOAD: octets})
    return _body(source, destination, kind, data_coding, octets, dict(tlvs))


def _body(
    source: c.Address, destination: c.Address, esm_class: int, data_coding: int, octets: bytes, tlvs: dict[int, bytes]
) -> bytes:
    fields: dict[str, Any] = {
        "source_addr_ton": source[0],
        "source_addr_npi": source[1],
        "source_addr": source[2][:20],
        "dest_addr_ton": destination[0],
        "dest_addr_npi": destination[1],
        "destination_addr": destination[2][:20],
        "esm_class": esm_class,
        "data_coding": data_coding,
        "short_message": octets,
    }
    return smpp.encode(smpp.Pdu(Command.DELIVER_SM, 1, 0, fields, tlvs))[c.HEADER_SIZE :]
