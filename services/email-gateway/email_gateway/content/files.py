"""Files in a mail: what may be sent, of which type it is, and how it stands in the message (RFC 2183, RFC 2387).

All that follows the html in a mail with files is the same for every recipient: `tail`. It is made and stored once, and
what is composed for a recipient ends where it begins.
"""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from contracts import file_kinds
from contracts.file_kinds import SHOWN

MOST_OCTETS = 5 * 1024 * 1024  # of all files of a mail


class Refused(Exception):
    """The file is not sent; `code` is a slug, the text for a person."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True)
class File:
    """A file of a mail; with a content id the html shows it."""

    filename: str
    octets: bytes = field(repr=False)
    content_id: str | None = None

    @property
    def media_type(self) -> str:
        return file_kinds.media_type(self.filename, self.octets)


def read(filename: str, content: str, content_id: str | None) -> File:
    """A file as a request holds it, in base64. :raises Refused: it may not be sent, or is not base64."""
    try:
        octets = binascii.a2b_base64(content.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise Refused("attachment.not_base64", "The content is not base64.") from None
    file = File(filename.strip() or "file", octets, content_id)
    if file_kinds.is_program(filename, octets):
        raise Refused("attachment.program", "Programs are not sent.")
    if content_id is not None and file.media_type not in SHOWN:
        raise Refused("attachment.no_image", "With a content id the file must be a PNG, JPEG, GIF or WebP image.")
    return file


@dataclass(frozen=True, slots=True)
class Layout:
    """The pieces around the texts of a mail: `opening` text `middle` html `tail`."""

    content_type: bytes
    opening: bytes
    middle: bytes


def described(files: Sequence[File], *, has_html: bool) -> dict[str, Any]:
    """What a document says of its files: enough to lay out the mail, and the digest by which the tail is known."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(repr((file.filename, file.content_id, len(file.octets))).encode() + file.octets)
    inline = [file for file in files if file.content_id and has_html]
    return {"boundary": digest.hexdigest()[:24], "inline": bool(inline), "attached": len(inline) < len(files)}


def _boundary(kind: bytes, document_files: Any) -> bytes:
    return b"=_wici%s_%s" % (kind, document_files["boundary"].encode())


def _begins(kind: bytes, boundary: bytes) -> bytes:
    return b'Content-Type: multipart/%s;\r\n boundary="%s"\r\n\r\n' % (kind, boundary)


def layout(files: Any, text: bytes | None, html: bytes | None) -> Layout:
    """:param files: from `described`. :param text, html: headers of these parts; None where the mail has none."""
    containers = []
    if files["attached"]:
        containers.append((b"mixed", _boundary(b"m", files)))
    if text is not None and html is not None:
        containers.append((b"alternative", _boundary(b"a", files)))
    if files["inline"]:
        containers.append((b"related", _boundary(b"r", files)))
    pieces, is_inside = [b""], b""
    (top, top_boundary), *_rest = containers
    for number, (kind, boundary) in enumerate(containers):
        if kind == b"related" and text is not None:
            break  # begins after the text
        pieces[0] += (b"--%s\r\n" % is_inside + _begins(kind, boundary)) if number else b""
        is_inside = boundary
    pieces[0] += b"--%s\r\n%s\r\n" % (is_inside, text if text is not None else html)
    middle = b""
    if text is not None and html is not None:
        middle = b"\r\n--%s\r\n" % _boundary(b"a", files)
        if files["inline"]:
            related = _boundary(b"r", files)
            middle += _begins(b"related", related) + b"--%s\r\n" % related
        middle += html + b"\r\n"
    content_type = b'multipart/%s;\r\n boundary="%s"' % (top, top_boundary)
    return Layout(content_type, pieces[0], middle)


def tail(files: Sequence[File], about: Any, *, has_text: bool, has_html: bool) -> bytes:
    """What follows the last text: images, the ends of the parts, files."""
    pieces: list[bytes] = []
    inline = [file for file in files if file.content_id and has_html]
    if about["inline"]:
        boundary = _boundary(b"r", about)
        pieces += [_part(boundary, file, b"inline") for file in inline]
        pieces.append(b"\r\n--%s--\r\n" % boundary)
    if has_text and has_html:
        pieces.append(b"\r\n--%s--\r\n" % _boundary(b"a", about))
    if about["attached"]:
        boundary = _boundary(b"m", about)
        pieces += [_part(boundary, file, b"attachment") for file in files if file not in inline]
        pieces.append(b"\r\n--%s--\r\n" % boundary)
    return b"".join(pieces)


def _part(boundary: bytes, file: File, disposition: bytes) -> bytes:
    encoded = binascii.b2a_base64(file.octets, newline=False)
    lines = b"\r\n".join(encoded[start : start + 76] for start in range(0, len(encoded), 76))
    headers = [
        b"Content-Type: %s" % file.media_type.encode("ascii"),
        b"Content-Transfer-Encoding: base64",
        *([b"Content-ID: <%s>" % file.content_id.encode("ascii")] if file.content_id else []),
        b"Content-Disposition: %s%s" % (disposition, _filename(file.filename)),
    ]
    return b"\r\n--%s\r\n%s\r\n\r\n%s" % (boundary, b"\r\n".join(headers), lines)


def _filename(name: str) -> bytes:
    """The parameter of a name (RFC 2231): each piece on a line of its own, so that none is too long."""
    if name.isascii() and len(name) < 60 and not set(name) & set('"\\'):
        return b';\r\n filename="%s"' % name.encode("ascii")
    cut = [""]
    for character in name:  # none is cut in two: readers decode piece by piece
        encoded = quote(character, safe="")
        if len(cut[-1]) + len(encoded) > 48:
            cut.append("")
        cut[-1] += encoded
    cut[0] = f"utf-8''{cut[0]}"
    return "".join(f";\r\n filename*{number}*={piece}" for number, piece in enumerate(cut)).encode("ascii")
