"""Rules of double opt-in: how long a link lives, how many mails an address gets, what a fresh consent ends."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from contracts.contacts.forms import SubmissionState
from contracts.mailboxes import mailbox
from contracts.vocabulary import ArchiveReason

CONFIRM_WITHIN = timedelta(days=7)
KEEP_UNCONFIRMED = timedelta(days=30)
# A stranger's address may be typed into any form: so many confirmation mails in a day, from one account and from all.
MAIL_WINDOW = timedelta(days=1)
MAILS_OF_ACCOUNT = 3
MAILS_OF_ALL = 10
# Built-in fields that a form may ask. An external id is the account's own name for a person, not the person's.
ASKABLE = ("email", "phone", "first_name", "last_name", "company", "city", "birth_date")
TYPES = {"email": "email", "phone": "phone", "birth_date": "date"}
# What the person said, or the mailbox: the person's later word outweighs it, and the confirmed mail proves the mailbox.
# What somebody of the account decided by hand (spam, unregistered, …) stays until somebody there decides otherwise.
ENDED_BY_CONSENT = frozenset(
    {ArchiveReason.UNSUBSCRIBED, ArchiveReason.STOP, ArchiveReason.HARD_BOUNCE, ArchiveReason.COMPLAINT}
)


def new_token() -> str:
    """43 characters of base64url: 256 bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def address_hash(email: str) -> bytes:
    """What the count of mails knows a mailbox by, for a day: all its spellings count together."""
    return hashlib.sha256(b"confirmation:" + mailbox(email).encode()).digest()


def may_mail(*, of_account: int, of_all: int) -> bool:
    """Whether another confirmation mail may go, after so many of the account's and of everybody's in the window."""
    return of_account < MAILS_OF_ACCOUNT and of_all < MAILS_OF_ALL


def state_of(*, confirmed_at: datetime | None, expires_at: datetime, now: datetime) -> SubmissionState:
    if confirmed_at is not None:
        return SubmissionState.CONFIRMED
    return SubmissionState.PENDING if now < expires_at else SubmissionState.EXPIRED


def is_ended_by_consent(reason: str, *, proven: bool) -> bool:
    """Whether a confirmed sign-up lets an archived address be written to again.

    :param proven: the address is the confirmed e-mail, or was the same contact's before: a phone that somebody merely
        typed in proves nothing, and must not undo the STOP of whoever holds it.
    """
    return proven and reason in ENDED_BY_CONSENT
