"""Reading SMTP replies, and sorting the ones that refuse a message (RFC 5321, RFC 3463)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from email_gateway.domain import Result

MAX_LINE = 4096  # RFC 5321 allows 512; servers go over it in help texts, none needs more than this
MAX_REPLY = 64 * 1024

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
        match = _LINE.match(line) if len(line) <= MAX_LINE else None
        if match is None or (self._code and match[1] != self._code):
            raise NotSmtp("not a reply line")
        self._size += len(line)
        if self._size > MAX_REPLY:
            raise NotSmtp("reply too long")
        self._lines.append((match[3] or b"").decode("utf-8", "replace").replace("\0", " "))
        if match[2] == b"-":
            self._code = match[1]
            return None
        reply = _complete(int(match[1]), tuple(self._lines))
        self._lines, self._code, self._size = [], b"", 0
        return reply


def _complete(code: int, lines: tuple[str, ...]) -> Reply:
    found = _ENHANCED.match(lines[0])
    # An enhanced code of another class than the reply's is a mistake of the server; the reply code decides.
    enhanced = found[1] if found and found[1][0] == str(code)[0] else None
    texts = [line[found.end() :] if found and line.startswith(found[1]) else line for line in lines]
    return Reply(code, " ".join(text.strip() for text in texts).strip()[:500], enhanced, lines)


# Enhanced codes of 5xx replies by what they say of the address; the first that fits decides.
_HARD_STATUS = ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1")
_SPAM_STATUS = (
    "5.7.1",
    "5.7.7",
    "5.7.9",
    "5.7.20",
    "5.7.21",
    "5.7.22",
    "5.7.23",
    "5.7.25",
    "5.7.26",
    "5.7.27",
    "5.7.28",
)
_SOFT_STATUS = ("5.2.2", "5.2.3", "5.2.4", "5.3.", "5.4.", "5.5.", "5.6.")
_SPAM_WORDS = re.compile(
    r"\b(spam|spamhaus|blocked|block ?list(ed)?|black ?list(ed)?|deny ?list(ed)?|reputation|policy reasons|dmarc|dkim"
    r"|spf|abuse|bulk mail|unsolicited|content rejected|message rejected)\b",
    re.IGNORECASE,
)
_NO_SUCH_WORDS = re.compile(
    r"no such (user|recipient|mailbox|address)|user unknown|unknown (user|recipient|local part)|does ?n.t exist"
    r"|does not exist|not found|invalid (recipient|mailbox|address)|mailbox unavailable|no mailbox|recipient rejected"
    r"|account (is )?(disabled|inactive|closed)|nie istnieje|nieznany (adresat|u.ytkownik)",
    re.IGNORECASE,
)
_FULL_WORDS = re.compile(r"quota|mailbox (is )?full|over ?quota|storage|too large|przepe.nion", re.IGNORECASE)


def verdict(reply: Reply) -> Result:
    """What a final reply to a message means.

    4xx is tried again. A 5xx is a hard bounce when it speaks of the address (it does not exist), a spam bounce when it
    speaks of us or of the content, and soft otherwise. Without a code that tells, the words decide; without any word, a
    refused recipient (550, 551, 553) is hard, because that is what those codes are for.
    """
    if reply.accepts:
        return Result.DELIVERED
    if reply.code < 500:
        return Result.RETRY
    status = reply.enhanced or ""
    if status in _HARD_STATUS:
        return Result.HARD
    if status in _SPAM_STATUS:
        # Exchange answers 5.7.1 also to unknown recipients; the words know better.
        return Result.HARD if _NO_SUCH_WORDS.search(reply.text) else Result.SPAM
    if status.startswith(_SOFT_STATUS):
        return Result.SOFT
    return _by_words(reply)


def _by_words(reply: Reply) -> Result:
    if _NO_SUCH_WORDS.search(reply.text):
        return Result.HARD
    if _FULL_WORDS.search(reply.text):
        return Result.SOFT
    if _SPAM_WORDS.search(reply.text):
        return Result.SPAM
    return (
        Result.HARD if reply.code in (550, 551, 553) and not (reply.enhanced or "").startswith("5.7") else Result.SOFT
    )
