"""Files in a mail that a partner's server wrote: the same may be sent as in a request (`content.files`)."""

from __future__ import annotations

import email.policy
import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser

from contracts.file_kinds import is_program

MOST_PARTS = 1_000
# The parser holds each line against the boundary of each part that it is in. 10 MiB of base64 have 138,000 lines.
MOST_LINES, MOST_AROUND = 250_000, 20
_AROUND = re.compile(rb"multipart/|delivery-status", re.IGNORECASE)
_NO_FILES = frozenset({"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"})


class Program(Exception):
    """One of the files is a program."""


class Unreadable(Exception):
    """Nobody could say which files there are."""


def has_files(octets: bytes) -> bool:
    """Whether the mail has files besides its texts: shown in them or not.

    :raises Program: one is a program. :raises Unreadable: its parts cannot be told.
    """
    if octets.count(b"\n") > MOST_LINES or sum(1 for _ in _AROUND.finditer(octets)) > MOST_AROUND:
        raise Unreadable
    try:
        found = list(_files(BytesParser(policy=email.policy.compat32).parsebytes(octets)))
    except (Program, Unreadable):
        raise
    except Exception as error:  # of a parser that was given what nobody foresaw
        raise Unreadable from error
    return bool(found)


def _files(message: Message) -> Iterator[Message]:
    waiting, parts = [message], 0
    while waiting:
        part, parts = waiting.pop(), parts + 1
        if parts > MOST_PARTS:
            raise Unreadable
        held = part.get_payload()
        if isinstance(held, list):
            waiting += [one for one in held if isinstance(one, Message)]
        if part.get_content_maintype() == "multipart" or not _is_file(part):
            continue
        if is_program(part.get_filename() or "", b"" if isinstance(held, list) else _octets(part)):
            raise Program
        yield part


def _is_file(part: Message) -> bool:
    if part.get_content_type() in _NO_FILES:
        return False
    return part.get_content_maintype() != "text" or bool(part.get_filename()) or _is_attached(part)


def _is_attached(part: Message) -> bool:
    return str(part.get("Content-Disposition", "")).strip().lower().startswith("attachment")


def _octets(part: Message) -> bytes:
    decoded = part.get_payload(decode=True)
    return decoded if isinstance(decoded, bytes) else b""
