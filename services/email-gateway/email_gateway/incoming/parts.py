"""A mail as a list of its parts, with a bound on all that a hostile one could make endless."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from itertools import islice

import inscriptis

MOST_OCTETS = 256 * 1024  # what a report says stands at its beginning; what it returns of the original may be cut
MOST_PARTS = 100
MOST_TEXT = 64 * 1024
# Its parser compares each line with the boundary of each multipart that is open, and each header with all before it.
_MOST_OF = (
    (re.compile(rb"^content-type:\s*multipart", re.IGNORECASE | re.MULTILINE), 50),
    (re.compile(rb"^--", re.MULTILINE), 500),
    (re.compile(rb"^[!-9;-~]+:", re.MULTILINE), 2_000),
)
_OF_FIELDS = ("message/delivery-status", "message/feedback-report")
MOST_VALUE = 2000  # characters of one header's value


@dataclass(frozen=True)
class Part:
    """One part that has no parts of its own, or the headers of a message that is enclosed.

    :param kind: its content type, in lower case. :param is_enclosed: it belongs to a message inside the mail.
    """

    kind: str
    message: Message
    is_enclosed: bool

    @property
    def octets(self) -> bytes:
        payload = self.message.get_payload(decode=True)
        return payload if isinstance(payload, bytes) else b""

    @property
    def text(self) -> str:
        """Its text without markup, whatever character set it claims to be in; empty where it is none."""
        if not self.kind.startswith(("text/", "message/")):
            return ""
        charset = str(self.message.get_content_charset("utf-8"))
        try:
            text = self.octets[: 4 * MOST_TEXT].decode(charset, "replace")
        except LookupError:
            text = self.octets[: 4 * MOST_TEXT].decode("utf-8", "replace")
        if self.kind == "text/html":
            text = inscriptis.get_text(text)
        return text[:MOST_TEXT].replace("\r\n", "\n")


class TooIntricate(ValueError):
    """The mail is made of more pieces than any report is: the parser would take its time over it."""


def parse(octets: bytes, most: int = MOST_OCTETS) -> Message:
    """:param most: octets that are read. :raises TooIntricate: see there."""
    octets = octets[:most]
    for pattern, most in _MOST_OF:
        if sum(1 for _ in islice(pattern.finditer(octets), most + 1)) > most:
            raise TooIntricate
    return message_from_bytes(octets)


def parts_of(mail: Message) -> list[Part]:
    """The parts in their order, the first `MOST_PARTS` of them."""
    found = []
    for part in _walk(mail, is_enclosed=False):
        found.append(part)
        if len(found) >= MOST_PARTS:
            break
    return found


def _walk(message: Message, *, is_enclosed: bool) -> Iterator[Part]:
    waiting = [(message, is_enclosed)]
    while waiting:
        each, is_inner = waiting.pop()
        kind = each.get_content_type()
        # The fields of a delivery status and of a feedback report are parsed as messages inside; they are read whole.
        is_leaf = not each.is_multipart() or kind in _OF_FIELDS
        if is_leaf or is_inner != is_enclosed:
            yield Part(kind, each, is_inner)
        if not is_leaf:
            inside = [one for one in each.get_payload() if isinstance(one, Message)]
            deeper = is_inner or kind == "message/rfc822"
            waiting += [(one, deeper) for one in reversed(inside)]


def header(message: Message, name: str) -> str:
    """The first such header's value, decoded and on one line; empty where there is none."""
    value = message.get(name)
    if value is None:
        return ""
    raw = str(value)[:MOST_VALUE]
    try:
        raw = str(make_header(decode_header(raw)))
    except (ValueError, LookupError):
        pass  # as it stands
    return re.sub(r"\s+", " ", raw).strip()


def fields(text: str) -> list[dict[str, str]]:
    """Blocks of `Name: value` lines with empty lines between (RFC 3464 section 2.1), names in lower case."""
    blocks: list[dict[str, str]] = []
    block: dict[str, str] = {}
    name = ""
    for line in [*text.split("\n"), ""]:
        if not line.strip():
            if block:
                blocks.append(block)
            block, name = {}, ""
        elif line[0] in " \t" and name:
            block[name] = f"{block[name]} {line.strip()}"[:MOST_VALUE]
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            block.setdefault(name, value.strip()[:MOST_VALUE])
    return blocks
