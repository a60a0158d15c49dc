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
# A short code of the country's, or a number without its country's code.
_NATIONAL = re.compile(r"[1-9][0-9]{3,9}")
SHORT_CODE_MAX = 6

# Names that only their bearers may send under. Long ones are refused wherever they stand in a sender ID, short ones
# (which are part of many honest words) only as a word: "Bank ING" and "ZUS24", not "Trening".
PROTECTED_ANYWHERE = (
    "policja", "police", "prokuratura", "straznik", "urzad", "egov", "mobywatel", "epuap", "zuspl", "skarbowy",
    "mbank", "pkobp", "ipko", "santander", "pekao", "millennium", "aliorbank", "bnpparibas", "ingbank", "citibank",
    "creditagricole", "nestbank", "velobank", "revolut", "blik", "bankpolski", "paypal", "visa", "mastercard",
)  # fmt: skip
PROTECTED_WORDS = (
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
_LOOKALIKES = str.maketrans("01234578", "oizeastb")
_SPACED = re.compile(r"(?<=\b\w) (?=\w\b)")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


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
    """3 to 11 letters, digits and inner spaces with a letter among them, an E.164 number, a national number or a short
    code of 4 to 6 digits."""
    if _PHONE.fullmatch(sender) or _NATIONAL.fullmatch(sender):
        return True
    return bool(_ALPHANUMERIC.fullmatch(sender)) and any(character.isalpha() for character in sender)


def is_protected(sender: str) -> bool:
    """Whether the name belongs to the police, a bank or an authority, also when it is spelt with look-alikes or stands
    beside other words."""
    if sender.startswith("+"):
        return False
    whole = _folded(sender.replace(" ", ""))
    return any(name in whole for name in _FOLDED_ANYWHERE) or not _FOLDED_WORDS.isdisjoint(_words(sender))


def _folded(word: str) -> str:
    """What it is read as: letters and digits that are drawn alike are one."""
    return word.lower().translate(_LOOKALIKES).replace("l", "i").replace("vv", "w").replace("rn", "m")


def _words(sender: str) -> set[str]:
    """Words by spaces, by digits and by capitals, letters with spaces between them, and the whole without spaces."""
    together = _SPACED.sub("", sender)
    words = {*together.split(), *_WORDS.findall(together), sender.replace(" ", "")}
    return {_folded(word) for word in words}


_FOLDED_ANYWHERE = frozenset(map(_folded, PROTECTED_ANYWHERE))
_FOLDED_WORDS = frozenset(map(_folded, PROTECTED_WORDS))
