"""Links and openings of a mail that a partner's server wrote: its HTML changes in these places, and nothing else.

The octets around the parts stay as they came, as do parts that cannot be written again as they were. A mail that is
signed or encrypted by its author (S/MIME, OpenPGP) is left alone.
"""

from __future__ import annotations

import base64
import binascii
import email.policy
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser

from email_gateway.content import markup, targets

MOST_LINKS = 500
MOST_PARTS, MOST_DEPTH = 100, 10
MOST_LINE = 998  # RFC 5321, section 4.5.3.1.6

_UNTOUCHABLE = frozenset(
    {"multipart/signed", "multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}
)
_PLACE = re.compile("\0([0-9]*)\0")  # no mail holds NUL
_PIXEL = "\0\0"


class Untouchable(Exception):
    """The mail is not to be changed, or its parts cannot be told."""


@dataclass(frozen=True, slots=True)
class _HtmlPart:
    """Where the content of one stands, and how it is written."""

    start: int
    end: int
    encoding: str
    charset: str


@dataclass(frozen=True, slots=True)
class _Written:
    """A part cut at the places that differ by recipient: the number of a link, or None for the pixel."""

    part: _HtmlPart
    texts: tuple[str, ...]
    places: tuple[int | None, ...]


class TrackedBody:
    """:param octets: the mail. :param head: octets of its head, without the empty line after it."""

    def __init__(self, octets: bytes, head: int, *, clicks: bool, opens: bool) -> None:
        self._octets, self._body = octets, head + 2
        self.targets: list[str] = []
        self._written: list[_Written] = []
        try:
            parts = list(_html_parts(octets, 0, len(octets), [0], 0))
        except Untouchable:
            return
        for part in parts:
            if (written := self._cut(part, clicks=clicks, opens=opens)) is not None:
                self._written.append(written)

    @property
    def is_tracked(self) -> bool:
        return bool(self._written)

    def _cut(self, part: _HtmlPart, *, clicks: bool, opens: bool) -> _Written | None:
        source = _text_of(self._octets[part.start : part.end], part)
        if source is None:
            return None

        def place(target: str) -> str | None:
            address = targets.web_address(target)
            if address is None or len(self.targets) >= MOST_LINKS:
                return None
            self.targets.append(address)
            return f"\0{len(self.targets) - 1}\0"

        marked = markup.rewrite_links(source, place, is_template=False) if clicks else source
        if opens:
            marked = markup.with_pixel(marked, _PIXEL, is_template=False)
        pieces = _PLACE.split(marked)
        if len(pieces) == 1:
            return None
        return _Written(part, tuple(pieces[::2]), tuple(int(each) if each else None for each in pieces[1::2]))

    def body(self, url: Callable[[int | None], str]) -> bytes:
        """The body for one recipient. :param url: of a link by its number, or of the pixel."""
        pieces, position = [], self._body
        for written in self._written:
            texts = [written.texts[0]]
            for place, text in zip(written.places, written.texts[1:], strict=True):
                texts += (url(place), text)
            encoded = _octets_of("".join(texts), written.part)
            if encoded is not None:
                pieces += [self._octets[position : written.part.start], encoded]
                position = written.part.end
        return b"".join((*pieces, self._octets[position:]))


# --- parts


def _html_parts(octets: bytes, start: int, end: int, count: list[int], depth: int) -> Iterator[_HtmlPart]:
    """Those of the part between `start` and `end`, in order."""
    count[0] += 1
    if count[0] > MOST_PARTS or depth > MOST_DEPTH:
        raise Untouchable
    head, body = _halves(octets, start, end)
    message = BytesHeaderParser(policy=email.policy.compat32).parsebytes(head)
    kind = message.get_content_type()
    if kind in _UNTOUCHABLE:
        raise Untouchable
    if message.get_content_maintype() == "multipart":
        for first, last in _pieces(octets, body, end, message.get_boundary()):
            yield from _html_parts(octets, first, last, count, depth + 1)
    elif kind == "text/html" and not _is_attached(message):
        encoding = str(message.get("Content-Transfer-Encoding", "7bit")).strip().lower()
        if encoding in _DECODERS:
            yield _HtmlPart(body, end, encoding, message.get_content_charset("us-ascii"))


def _halves(octets: bytes, start: int, end: int) -> tuple[bytes, int]:
    """The head, and where the body begins."""
    if octets.startswith(b"\r\n", start):
        return b"", start + 2
    place = octets.find(b"\r\n\r\n", start, end)
    return (octets[start:end], end) if place < 0 else (octets[start : place + 2], place + 4)


def _pieces(octets: bytes, start: int, end: int, boundary: str | None) -> Iterator[tuple[int, int]]:
    """Where the parts of a multipart begin and end (RFC 2046 section 5.1.1)."""
    if not boundary:
        raise Untouchable
    line = re.compile(rb"(?:\A|\r\n)--%s(--)?[ \t]*(?=\r\n|\Z)" % re.escape(boundary.encode("utf-8", "replace")))
    first: int | None = None
    for found in line.finditer(octets[start:end]):
        if first is not None and first <= start + found.start():
            yield first, start + found.start()
        if found[1]:
            return
        first = start + found.end() + 2
    raise Untouchable  # it does not end: readers would tell its parts differently


def _is_attached(message: Message) -> bool:
    return str(message.get("Content-Disposition", "")).strip().lower().startswith("attachment")


# --- encodings


def _as_it_is(octets: bytes) -> bytes:
    return octets


def _base64(octets: bytes) -> bytes:
    return base64.encodebytes(octets).replace(b"\n", b"\r\n")


def _quoted(octets: bytes) -> bytes:
    written = binascii.b2a_qp(octets, quotetabs=False, istext=True, header=False)
    return written.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "7bit": _as_it_is, "8bit": _as_it_is, "base64": base64.b64decode, "quoted-printable": binascii.a2b_qp,
}  # fmt: skip
_ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "7bit": _as_it_is, "8bit": _as_it_is, "base64": _base64, "quoted-printable": _quoted,
}  # fmt: skip


def _text_of(octets: bytes, part: _HtmlPart) -> str | None:
    """None where it could not be written again as it was."""
    try:
        plain = _DECODERS[part.encoding](octets)
        text = plain.decode(part.charset)
        is_same = text.encode(part.charset) == plain
        again = _DECODERS[part.encoding](_ENCODERS[part.encoding](plain))
    except (LookupError, ValueError):  # binascii.Error and UnicodeError are ValueErrors
        return None
    return text if is_same and again == plain and "\0" not in text else None


def _octets_of(text: str, part: _HtmlPart) -> bytes | None:
    """None where a line would be longer than may be."""
    encoded = _ENCODERS[part.encoding](text.encode(part.charset))
    if part.encoding == "base64":
        return encoded.removesuffix(b"\r\n")
    return encoded if _longest(encoded.split(b"\r\n")) <= MOST_LINE else None


def _longest(lines: Sequence[bytes]) -> int:
    return max(map(len, lines), default=0)
