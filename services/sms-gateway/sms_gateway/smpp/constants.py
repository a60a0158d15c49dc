"""Numbers of SMPP 3.4: commands (section 5.1.2.1), statuses (5.1.3), optional parameters (5.3.2), states (5.2.28)."""

from __future__ import annotations

from enum import IntEnum

RESPONSE = 0x80000000


class Command(IntEnum):
    """Command ids; a response is its request with the top bit set."""

    GENERIC_NACK = 0x80000000
    BIND_RECEIVER = 0x00000001
    BIND_RECEIVER_RESP = 0x80000001
    BIND_TRANSMITTER = 0x00000002
    BIND_TRANSMITTER_RESP = 0x80000002
    QUERY_SM = 0x00000003
    QUERY_SM_RESP = 0x80000003
    SUBMIT_SM = 0x00000004
    SUBMIT_SM_RESP = 0x80000004
    DELIVER_SM = 0x00000005
    DELIVER_SM_RESP = 0x80000005
    UNBIND = 0x00000006
    UNBIND_RESP = 0x80000006
    REPLACE_SM = 0x00000007
    REPLACE_SM_RESP = 0x80000007
    CANCEL_SM = 0x00000008
    CANCEL_SM_RESP = 0x80000008
    BIND_TRANSCEIVER = 0x00000009
    BIND_TRANSCEIVER_RESP = 0x80000009
    OUTBIND = 0x0000000B
    ENQUIRE_LINK = 0x00000015
    ENQUIRE_LINK_RESP = 0x80000015
    SUBMIT_MULTI = 0x00000021
    SUBMIT_MULTI_RESP = 0x80000021
    ALERT_NOTIFICATION = 0x00000102
    DATA_SM = 0x00000103
    DATA_SM_RESP = 0x80000103


class Status(IntEnum):
    """The statuses that Wici itself sends or treats in a way of their own."""

    OK = 0x00
    INVALID_MESSAGE_LENGTH = 0x01
    INVALID_COMMAND_LENGTH = 0x02
    INVALID_COMMAND_ID = 0x03
    INVALID_BIND_STATUS = 0x04
    ALREADY_BOUND = 0x05
    INVALID_PRIORITY = 0x06
    SYSTEM_ERROR = 0x08
    INVALID_SOURCE = 0x0A
    INVALID_DESTINATION = 0x0B
    INVALID_MESSAGE_ID = 0x0C
    BIND_FAILED = 0x0D
    INVALID_PASSWORD = 0x0E
    INVALID_SYSTEM_ID = 0x0F
    CANCEL_FAILED = 0x11
    REPLACE_FAILED = 0x13
    MESSAGE_QUEUE_FULL = 0x14
    INVALID_SERVICE_TYPE = 0x15
    INVALID_NUMBER_OF_DESTINATIONS = 0x33
    INVALID_LIST_NAME = 0x34
    INVALID_ESM_CLASS = 0x43
    SUBMIT_FAILED = 0x45
    INVALID_REPLACE_FLAG = 0x54
    THROTTLED = 0x58
    INVALID_SCHEDULE = 0x61
    INVALID_EXPIRY = 0x62
    INVALID_DEFAULT_MESSAGE = 0x63
    RECEIVER_TEMPORARY_ERROR = 0x64
    RECEIVER_PERMANENT_ERROR = 0x65
    RECEIVER_REJECTED = 0x66
    QUERY_FAILED = 0x67
    INVALID_PARAMETER_STREAM = 0xC0
    INVALID_PARAMETER_LENGTH = 0xC2
    INVALID_PARAMETER_VALUE = 0xC4


# Trying again later may help: the carrier is busy or ill, the message is not at fault.
TEMPORARY_STATUSES = frozenset(
    {
        Status.SYSTEM_ERROR,
        Status.MESSAGE_QUEUE_FULL,
        Status.THROTTLED,
        Status.RECEIVER_TEMPORARY_ERROR,
        Status.INVALID_BIND_STATUS,
    }
)
# The carrier itself is ill: another one may take the message now.
ILL_STATUSES = frozenset({Status.SYSTEM_ERROR, Status.INVALID_BIND_STATUS})
# What is sent to the carrier has to slow down.
THROTTLING_STATUSES = frozenset({Status.THROTTLED, Status.MESSAGE_QUEUE_FULL})


class WordedStatus(int):
    """A status of SMPP for what a carrier of another kind has answered, with that carrier's own word for it."""

    word: str

    @classmethod
    def of(cls, status: Status, word: str) -> WordedStatus:
        made = cls(status)
        made.word = word
        return made


def code_of(status: int) -> str:
    """How a message's `code` tells it."""
    return status.word if isinstance(status, WordedStatus) else f"0x{status:02x}"


ILL_CODES, THROTTLED_CODES = (frozenset(map(code_of, some)) for some in (ILL_STATUSES, THROTTLING_STATUSES))


class Tag(IntEnum):
    """Optional parameters."""

    SOURCE_PORT = 0x020A
    SAR_MSG_REF_NUM = 0x020C
    SC_INTERFACE_VERSION = 0x0210
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    USER_MESSAGE_REFERENCE = 0x0204
    QOS_TIME_TO_LIVE = 0x0017
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427
    RECEIPTED_MESSAGE_ID = 0x001E
    ADDITIONAL_STATUS_INFO_TEXT = 0x001D


ESM_UDH = 0x40  # esm_class: the short message starts with a user data header
ESM_RECEIPT = 0x04  # esm_class of deliver_sm: an SMSC delivery receipt (bits 5 to 2)
ESM_INTERMEDIATE = 0x20  # an intermediate notification: never final
ESM_TYPE_MASK = 0x3C

CODING_DEFAULT = 0x00
CODING_BINARY = 0x04
CODING_UCS2 = 0x08
CODING_MASK = 0x0C  # the alphabet within a data_coding
CODING_FLASH = 0x10  # added to the alphabet: message class 0 (3GPP 23.038 section 4)

Address = tuple[int, int, str]
"""Type of number, numbering plan, and the address itself (sections 5.2.5 to 5.2.9)."""

TON_UNKNOWN = 0
TON_INTERNATIONAL = 1
TON_NATIONAL = 2
TON_NETWORK = 3  # network specific: a short code
TON_ALPHANUMERIC = 5
NPI_UNKNOWN = 0
NPI_ISDN = 1

INTERFACE_VERSION = 0x34
HEADER_SIZE = 16
MOST_ID = 64  # octets of a carrier's message id without its NUL (SMPP 3.4 section 5.2.23)
MAX_PDU = 128 * 1024  # a message_payload of 64 KiB and everything around it
