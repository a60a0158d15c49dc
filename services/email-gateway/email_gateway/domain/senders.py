"""Who may send: states of a sender domain or address, and how many of them an account has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

# Wici's own mails (notices, codes) belong to no customer's account.
SYSTEM_ACCOUNT = UUID(int=0)
# The variable of a sign-up's confirmation mail that names the form's account, whatever address the mail leaves from.
FORM_ACCOUNT = "form_account_id"

# How often a verified domain's records are looked up, and when again where no name server answered.
CHECKED_EVERY, CHECKED_AGAIN_AFTER = timedelta(days=1), timedelta(minutes=10)
# A domain that has lost records it needs: how often it is looked at then, and how long its campaigns go on.
LOST_CHECKED_EVERY, LOST_GRACE = timedelta(hours=1), timedelta(days=3)
# How long a record of a key that signs no more has to stay: for mail that is on its way, and is read late.
KEPT_AFTER_ROTATION = timedelta(days=7)

CODE_LIFETIME = timedelta(hours=1)
CODE_TRIES = 5
# Codes are mailed to addresses that may be a stranger's: so many in a day for one account, and to one mailbox from all.
CODES_PERIOD = timedelta(days=1)
CODES_OF_ACCOUNT = 10
CODES_TO_MAILBOX = 3
# Each sender domain has keys of its own, which take time to make: so many domains by what the account pays, and no more
# keys in a day, however many of them are deleted again.
DOMAINS_ON_TRIAL, DOMAINS_FREE, DOMAINS_PAID = 2, 5, 100
KEYS_A_DAY = 100


class SenderState(StrEnum):
    PENDING = "pending"
    VERIFIED = "verified"


class KeyState(StrEnum):
    """Of a DKIM key: it signs once its record is found, which stays for a while when another key has its place."""

    NEXT = "next"
    ACTIVE = "active"
    RETIRED = "retired"


def most_domains(account: Mapping[str, Any]) -> int:
    """:param account: `contracts.identity.accounts.Account`"""
    if account["state"] == "trial":
        return DOMAINS_ON_TRIAL
    return DOMAINS_PAID if account["plan"]["price"]["amount"] else DOMAINS_FREE


def sandbox_address(account_id: UUID, domain: str) -> str:
    """From where an account on trial may send, to its own users alone, before it has a sender of its own.

    :param domain: the platform's, for all accounts.
    """
    return f"{account_id.hex[-12:]}@{domain}"
