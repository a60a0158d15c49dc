"""Receipts of several dialects come out as states with the carrier's code."""

import pytest

from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.constants import Command, Tag
from sms_gateway.smpp.receipts import Inbound, Receipt, read_deliver, seconds_under_way


def deliver(body: bytes, esm_class: int = 4, tlvs: dict[int, bytes] | None = None) -> bytes:
    fields: dict[str, smpp.Value] = {
        "source_addr": "48600100200",
        "destination_addr": "WICI",
        "esm_class": esm_class,
        "short_message": body,
    }
    return smpp.encode(smpp.Pdu(Command.DELIVER_SM, 1, 0, fields, tlvs or {}))


@pytest.mark.parametrize(
    ("stat", "err", "state"),
    [
        ("DELIVRD", "000", "delivered"),
        ("UNDELIV", "027", "undelivered"),
        ("EXPIRED", "0A1", "expired"),
        ("REJECTD", "005", "rejected"),
        ("DELETED", "000", "undelivered"),
        ("UNKNOWN", "000", "unknown"),
        ("ACCEPTD", "000", None),
        ("ENROUTE", "000", None),
    ],
)
def test_text_form(stat: str, err: str, state: str | None) -> None:
    body = f"id:0A1b sub:001 dlvrd:001 submit date:2611240745 done date:2611240746 stat:{stat} err:{err} text:Hello"
    assert read_deliver(deliver(body.encode())) == Receipt("0A1b", state, err, "48600100200", "WICI", body.encode())


def test_text_form_without_an_error_code() -> None:
    body = b"id:77 submit date:2611240745 stat:DELIVRD"
    assert read_deliver(deliver(body)) == Receipt("77", "delivered", "", "48600100200", "WICI", body)


def test_parameter_form_wins_over_the_text() -> None:
    tlvs = {
        Tag.RECEIPTED_MESSAGE_ID: b"cafe01\0",
        Tag.MESSAGE_STATE: b"\x05",
        Tag.NETWORK_ERROR_CODE: b"\x03\x00\x1b",
    }
    assert read_deliver(deliver(b"", tlvs=tlvs)) == Receipt("cafe01", "undelivered", "027", "48600100200", "WICI")


def test_a_receipt_without_an_id_is_an_error() -> None:
    with pytest.raises(smpp.PduError, match="without an id"):
        read_deliver(deliver(b"stat:DELIVRD"))


def test_an_answer_from_a_phone_is_not_a_receipt() -> None:
    assert read_deliver(deliver(b"STOP", esm_class=0)) == Inbound("48600100200", "WICI", 0, 0, b"STOP")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (b"id:1 submit date:2611240745 done date:2611240745 stat:DELIVRD", 0),
        (b"id:1 sub:001 submit date:2611242359 done date:2611250001 stat:DELIVRD", 120),
        (b"id:1 Submit Date:261124074530 Done Date:261124074550 stat:DELIVRD", 20),
        (b"id:1 submit date:2611250001 done date:2611242359 stat:DELIVRD", 0),
        (b"id:1 submit date:2699999999 done date:2611242359 stat:DELIVRD", 0),
        (b"id:1 submit date:2611250001 stat:DELIVRD", 0),
        (b"", 0),
    ],
)
def test_the_dates_of_a_receipt_tell_how_long_it_was_under_way(text: bytes, seconds: float) -> None:
    assert seconds_under_way(text) == seconds
