"""Reading SMTP replies (RFC 5321, RFC 3463)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

MAX_LINE = 4096  # RFC 5321 allows 512; servers go over it in help texts, none needs more than this
MAX_REPLY = 64 * 1024
MAX_KEPT = 128  # octets of a reply that is looked up before it is read

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([- ])(.*))?\Z", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|\Z)")


class NotSmtp(Exception):
    """The peer sent something that is no SMTP reply."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete reply; `text` joins its lines with a space, without the enhanced code."""

    code: int
    text: str
    enhanced: str | None = None
    lines: tuple[str, ...] = ()

    @property
    def accepts(self) -> bool:
        return self.code < 400

    @property
    def status(self) -> str:
        """What a report shows: the enhanced code where there is one, else the reply code."""
        return self.enhanced or str(self.code)


class ReplyReader:
    """Bytes in, replies out; multi-line replies joined, any other bytes refused."""

    def __init__(self) -> None:
        self._buffer = b""
        self._lines: list[str] = []
        self._code = b""
        self._size = 0

    def feed(self, received: bytes) -> list[Reply]:
        """Replies that are complete now.

        :raises NotSmtp: a line is too long or is no reply line, or the codes of a multi-line reply differ.
        """
        self._buffer += received
        *lines, self._buffer = self._buffer.split(b"\n")
        if len(self._buffer) > MAX_LINE:
            raise NotSmtp("line too long")
        return [reply for line in lines if (reply := self._line(line.removesuffix(b"\r"))) is not None]

    def _line(self, line: bytes) -> Reply | None:
        if not self._code and (whole := _whole(line)) is not None:
            return whole
        match = _LINE.match(line) if len(line) <= MAX_LINE else None
        if match is None or (self._code and match[1] != self._code):
            raise NotSmtp("not a reply line")
        self._size += len(line)
        if self._size > MAX_REPLY:
            raise NotSmtp("reply too long")
        self._lines.append(_text(match[3]))
        if match[2] == b"-":
            self._code = match[1]
            return None
        reply = _complete(int(match[1]), tuple(self._lines))
        self._lines, self._code, self._size = [], b"", 0
        return reply


@lru_cache(maxsize=256)
def _whole(line: bytes) -> Reply | None:
    """The reply of one line that most are; a server says the same to each MAIL, RCPT and DATA."""
    match = _LINE.match(line) if len(line) <= MAX_KEPT else None
    return None if match is None or match[2] == b"-" else _complete(int(match[1]), (_text(match[3]),))


def _text(octets: bytes | None) -> str:
    return (octets or b"").decode("utf-8", "replace").replace("\0", " ")


def _complete(code: int, lines: tuple[str, ...]) -> Reply:
    found = _ENHANCED.match(lines[0])
    # An enhanced code of another class than the reply's is a mistake of the server; the reply code decides.
    enhanced = found[1] if found and found[1][0] == str(code)[0] else None
    texts = [line[found.end() :] if found and line.startswith(found[1]) else line for line in lines]
    return Reply(code, " ".join(text.strip() for text in texts).strip()[:500], enhanced, lines)
