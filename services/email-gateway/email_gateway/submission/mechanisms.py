"""The ways to log in: PLAIN (RFC 4616) and LOGIN, which many devices know alone; both over TLS."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Awaitable, Callable, Mapping

from email_gateway.smtp.inbound_wire import InboundWire
from email_gateway.submission import replies
from email_gateway.submission.replies import Answer

MOST_LINE = 2_048  # octets: a name and a password of ours have 80
ANSWER_SECONDS = 30.0


class Cancelled(Exception):
    """There is nothing to look up; `answer` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.text)
        self.answer = answer


async def plain(wire: InboundWire, initial: str) -> tuple[str, str]:
    """User name and password. :raises Cancelled: they were not given."""
    parts = _decoded(initial or await _challenge(wire, b"")).split("\0")
    if len(parts) != 3 or parts[0] not in ("", parts[1]):
        raise Cancelled(replies.BAD_SYNTAX)
    return parts[1], parts[2]


async def login(wire: InboundWire, initial: str) -> tuple[str, str]:
    """As `plain`."""
    username = _decoded(initial or await _challenge(wire, b"Username:"))
    return username, _decoded(await _challenge(wire, b"Password:"))


async def _challenge(wire: InboundWire, text: bytes) -> str:
    await wire.write(b"334 " + b64encode(text) + b"\r\n")
    line = (await wire.line(MOST_LINE, ANSWER_SECONDS)).decode("ascii", "replace")
    if line == "*":
        raise Cancelled(replies.CANCELLED)
    return line


def _decoded(encoded: str) -> str:
    try:
        return b64decode("" if encoded == "=" else encoded, validate=True).decode("utf-8", "surrogateescape")
    except (NotBase64, ValueError):
        raise Cancelled(replies.NOT_BASE64) from None


MECHANISMS: Mapping[str, Callable[[InboundWire, str], Awaitable[tuple[str, str]]]] = {"PLAIN": plain, "LOGIN": login}
