"""Who may be named as the sender of an SMS."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from channel import protected_names

# Wici's own SMS belong to no customer's account.
SYSTEM_ACCOUNT = UUID(int=0)
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ]{1,9})[A-Za-z0-9]")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
# A short code of the country's, or a number without its country's code.
_NATIONAL = re.compile(r"[1-9][0-9]{3,9}")
SHORT_CODE_MAX = 6


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
    """Whether it is a name, and one that belongs to the police, a bank or an authority."""
    return not sender.startswith("+") and protected_names.is_protected_id(sender)
