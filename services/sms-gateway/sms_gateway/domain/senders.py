"""Who may be named as the sender of an SMS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

# Wici's own SMS belong to no customer's account.
SYSTEM_ACCOUNT = UUID(int=0)
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ]{1,9})[A-Za-z0-9]")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")

# Names that only their bearers may send under. Long ones are refused wherever they stand in a sender ID, short ones
# (which are part of many honest words) only alone.
PROTECTED_ANYWHERE = (
    "policja", "police", "prokuratura", "straznik", "urzad", "egov", "mobywatel", "epuap", "zuspl", "skarbowy",
    "mbank", "pkobp", "ipko", "santander", "pekao", "millennium", "aliorbank", "bnpparibas", "ingbank", "citibank",
    "creditagricole", "nestbank", "velobank", "revolut", "blik", "bankpolski", "paypal", "visa", "mastercard",
)  # fmt: skip
PROTECTED_ALONE = (
    "pko",
    "ing",
    "zus",
    "kas",
    "nbp",
    "krus",
    "nfz",
    "sad",
    "abw",
    "cba",
    "rcb",
    "mf",
    "alert",
    "bank",
    "112",
)
# One letter for what is drawn like another, so that P0LICJA is read as it is meant to be read.
_LOOKALIKES = str.maketrans("0134578", "oieastb")


class SenderState(StrEnum):
    """Requested by the account, verified by an operator, accepted by the account's administrator, then active."""

    REQUESTED = "requested"
    VERIFIED = "verified"
    ACTIVE = "active"
    REJECTED = "rejected"


class SenderStep(StrEnum):
    VERIFY = "verify"
    ACTIVATE = "activate"
    REJECT = "reject"
    ACCEPT = "accept"


NEXT: Mapping[SenderState, Mapping[SenderStep, SenderState]] = {
    SenderState.REQUESTED: {
        SenderStep.VERIFY: SenderState.VERIFIED,
        SenderStep.ACTIVATE: SenderState.ACTIVE,
        SenderStep.REJECT: SenderState.REJECTED,
    },
    SenderState.VERIFIED: {
        SenderStep.ACCEPT: SenderState.ACTIVE,
        SenderStep.ACTIVATE: SenderState.ACTIVE,
        SenderStep.REJECT: SenderState.REJECTED,
    },
    SenderState.ACTIVE: {SenderStep.REJECT: SenderState.REJECTED},
    SenderState.REJECTED: {},
}


def is_sender(sender: str) -> bool:
    """3 to 11 letters, digits and inner spaces with a letter among them, or an E.164 number."""
    if _PHONE.fullmatch(sender):
        return True
    return bool(_ALPHANUMERIC.fullmatch(sender)) and any(character.isalpha() for character in sender)


def is_protected(sender: str) -> bool:
    """Whether the name belongs to the police, a bank or an authority, also when it is spelt with look-alikes."""
    if sender.startswith("+"):
        return False
    plain = sender.lower().replace(" ", "")
    for spelling in (plain, plain.translate(_LOOKALIKES), plain.translate(_LOOKALIKES).replace("i", "l")):
        if spelling in PROTECTED_ALONE or any(name in spelling for name in PROTECTED_ANYWHERE):
            return True
    return False
