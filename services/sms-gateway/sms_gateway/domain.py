"""Rules of SMS: who may be named as the sender, how long to keep trying. Pure functions on values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from contracts.vocabulary import Lane

_ALPHANUMERIC = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ]{1,9})[A-Za-z0-9]")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
ADDRESS = re.compile(r"\+[1-9][0-9]{6,14}\Z")

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


FIRST_WAIT, LAST_WAIT = timedelta(seconds=4), timedelta(minutes=10)
DEFAULT_VALIDITY = timedelta(hours=48)
OTP_VALIDITY = timedelta(minutes=30)


def retry_at(now: datetime, attempts: int, jitter: float) -> datetime:
    """When to try again after `attempts` tries: doubling from 4 s to 10 min. `jitter` is 0 to 1 and adds up to half."""
    wait: timedelta = min(FIRST_WAIT * (1 << min(attempts, 10)), LAST_WAIT)
    return now + wait * (1 + jitter / 2)


def give_up_at(accepted_at: datetime, lane: Lane, validity_minutes: int | None) -> datetime:
    """After this a message is of no use any more."""
    if validity_minutes:
        return accepted_at + timedelta(minutes=validity_minutes)
    return accepted_at + (OTP_VALIDITY if lane is Lane.OTP else DEFAULT_VALIDITY)
