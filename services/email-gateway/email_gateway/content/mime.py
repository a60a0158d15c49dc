"""Headers and bodies as bytes (RFC 5322, RFC 2045 to 2047), built for speed: no object tree per message.

Everything here puts CRLF between lines, keeps lines within 998 octets (in fact 78 wherever that is possible), and lets
no CR, LF or NUL out of a value into the structure of a message.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from email.utils import formatdate
from functools import lru_cache

# RFC 2047 section 2: an encoded word is at most 75 characters; 12 of them are `=?utf-8?B?` and `?=`, and 45 octets make
# 60 characters of base64.
_WORD_OCTETS = 45
_LINE = 76
_ATEXT = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+(?: [A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+)*\Z")
_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*\Z")
_BLANK_TOO_FAR = re.compile(rb"^(.{74,75})(=20|=09)$", re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x80-\x9f\u2028\u2029]+")


def clean(value: str) -> str:
    """`value` on one line: runs of control characters and line ends become one space."""
    return _CONTROL.sub(" ", value).strip()


def unstructured(value: str, *, name_length: int) -> bytes:
    """An unstructured header's value (Subject), folded, as encoded words where ASCII does not do.

    :param name_length: length of the header's name with its colon and space; the first line is shorter by it.
    """
    value = clean(value)
    if not value:
        return b""
    plain = _PLAIN.match(value) and "=?" not in value and max(map(len, value.split(" "))) < 900
    if plain:
        return _fold(value.split(" "), name_length).encode("ascii")
    return _encoded_words(value, name_length)


def mailbox(address: str, name: str | None, *, name_length: int) -> bytes:
    """`Name <address>` (RFC 5322 section 3.4) for an address in ASCII form; the name may hold any characters."""
    name = clean(name or "")
    if not name:
        return address.encode("ascii")
    return b"%s\r\n <%s>" % (_phrase(name, name_length), address.encode("ascii"))


def _phrase(name: str, name_length: int) -> bytes:
    if len(name) < 60 and name.isascii() and "=?" not in name:
        if _ATEXT.match(name):
            return name.encode("ascii")
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'.encode("ascii")
    return _encoded_words(name, name_length)


def _fold(words: list[str], used: int) -> str:
    lines: list[str] = []
    line = words[0]
    for word in words[1:]:
        if used + len(line) + 1 + len(word) > _LINE:
            lines.append(line)
            line, used = word, 1
        else:
            line += " " + word
    lines.append(line)
    return "\r\n ".join(lines)


def _encoded_words(value: str, used: int) -> bytes:
    room = max(6, (_LINE - used - 12) // 4 * 3)
    octets = value.encode("utf-8", "replace")
    words = []
    while octets:
        end = min(room, len(octets))
        while end < len(octets) and octets[end] & 0xC0 == 0x80:  # never inside a character (RFC 2047 section 5)
            end -= 1
        words.append(b"=?utf-8?B?%s?=" % binascii.b2a_base64(octets[:end], newline=False))
        octets, room = octets[end:], _WORD_OCTETS
    return b"\r\n ".join(words)


def quoted_printable(text: str) -> bytes:
    """The text as quoted-printable lines; ends with a line end."""
    octets = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    encoded = quoted_printable_octets(octets).replace(b"\n", b"\r\n")
    return encoded if encoded.endswith(b"\r\n") else encoded + b"\r\n"


def quoted_printable_octets(octets: bytes) -> bytes:
    """Octets with LF line ends as quoted-printable with LF line ends, no line over 76 characters (RFC 2045, 6.7).

    Python's encoder counts a blank before a line end as one character and then writes it as three (lines of 77 and 78).
    """
    encoded = binascii.b2a_qp(octets, istext=True)
    if b"=20\n" in encoded or b"=09\n" in encoded:
        encoded = _BLANK_TOO_FAR.sub(rb"\1=\n\2", encoded)
    return encoded


def base64_lines(text: str) -> bytes:
    """The text as base64 lines of 76 characters; ends with a line end."""
    octets = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n").encode("utf-8", "replace")
    encoded = binascii.b2a_base64(octets, newline=False)
    lines = [encoded[start : start + 76] for start in range(0, len(encoded), 76)]
    lines.append(b"")
    return b"\r\n".join(lines)


Encoder = Callable[[str], bytes]


def encoder_for(sample: str) -> tuple[bytes, Encoder]:
    """Content-Transfer-Encoding and its function for texts like `sample`.

    Quoted-printable stays legible and filters like it; where many octets would be escaped, base64 is smaller.
    """
    octets = sample.encode("utf-8", "replace")
    escaped = sum(1 for octet in octets if octet > 126) if len(octets) < 100_000 else len(octets) - len(sample)
    if escaped * 6 > len(octets):
        return b"base64", base64_lines
    return b"quoted-printable", quoted_printable


@lru_cache(maxsize=8)
def date(at: int) -> bytes:
    """`Date` of a Unix time in UTC (RFC 5322 section 3.3); a second's messages share it."""
    return formatdate(at, usegmt=False).replace("-0000", "+0000").encode("ascii")
