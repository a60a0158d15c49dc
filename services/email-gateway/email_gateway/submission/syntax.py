"""What the arguments of a command say (RFC 5321, 1870, 3030, 6152, 6531): what they name, or what is wrong."""

from __future__ import annotations

import re

from contracts.email_addresses import MAX_ADDRESS, is_mail_domain
from email_gateway.content.compose import NotComposable, ascii_address
from email_gateway.submission import replies
from email_gateway.submission.ports import Envelope
from email_gateway.submission.replies import Answer

_PATH = re.compile(r"(FROM|TO):[ ]?<([^<>\x00-\x20\x7f]*)>(?: (.+))?\Z", re.IGNORECASE)
_HELLO = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}\Z")
_SIZE = re.compile(r"[0-9]{1,20}\Z")
_CHUNK = re.compile(r"([0-9]{1,10})( LAST)?\Z", re.IGNORECASE)


def is_hello(arguments: str) -> bool:
    """Whether it is a name that EHLO may say."""
    return _HELLO.match(arguments) is not None


def mail(arguments: str, most_octets: int) -> Envelope | Answer:
    """Of MAIL: from whom."""
    found = _PATH.match(arguments)
    if found is None or found[1].upper() != "FROM":
        return replies.BAD_SYNTAX
    envelope = Envelope(found[2])
    if refusal := _parameters(envelope, found[3] or "", most_octets):
        return refusal
    if not envelope.sender.isascii() or _spelled(envelope.sender) is None:
        return replies.BAD_SENDER
    return envelope


def _parameters(envelope: Envelope, parameters: str, most_octets: int) -> Answer | None:
    for parameter in parameters.split():
        name, _, value = parameter.upper().partition("=")
        if name == "SIZE":
            if not _SIZE.match(value):
                return replies.BAD_SYNTAX
            if int(value) > most_octets:
                return replies.TOO_LARGE
        elif name == "SMTPUTF8" and not value:
            envelope.says_utf8 = True
        elif name == "BODY" and value not in ("7BIT", "8BITMIME"):
            return replies.BAD_SYNTAX
        elif name not in ("BODY", "AUTH"):
            return replies.BAD_PARAMETER
    return None


def recipient(arguments: str) -> str | Answer:
    """Of RCPT: to whom."""
    found = _PATH.match(arguments)
    if found is None or found[1].upper() != "TO":
        return replies.BAD_SYNTAX
    if found[3]:
        return replies.BAD_PARAMETER
    if not found[2].rpartition("@")[0].isascii():
        return replies.NOT_ASCII
    return _spelled(found[2]) or replies.BAD_RECIPIENT


def _spelled(address: str) -> str | None:
    """The address as it is kept, its domain in lower-case A-labels; None where no mail can be sent to it."""
    local, _, domain = address.rpartition("@")
    try:
        spelled = ascii_address(f"{local}@{domain.lower()}")
    except (NotComposable, UnicodeError):
        return None
    return spelled if len(spelled) <= MAX_ADDRESS and is_mail_domain(spelled.rpartition("@")[2]) else None


def chunk(arguments: str) -> tuple[int, bool] | None:
    """Of BDAT: how many octets follow, and whether they are the last; None where that cannot be told."""
    found = _CHUNK.match(arguments)
    return None if found is None else (int(found[1]), found[2] is not None)
