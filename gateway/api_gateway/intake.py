"""What has come of a request so far, and which threads may have it.

A thread that waits for a stranger's next byte is one less for everyone. So the worker's event loop reads a request's
head, and a body of up to 64 KiB, before any thread has to do with it (docs/decisions/0033).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from api_gateway.body import SHORT_CHOICE

# A click link is at most 8,190 bytes long; cookies of other sites on the same host may come beside it.
HEAD_BYTES = 64 * 1024
# More than any form, log-in or single message needs. A larger body is read by a thread, for those who are logged in.
KEPT_BODY = 64 * 1024
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")


class Lane(StrEnum):
    """Which of a worker's threads a request goes to."""

    QUICK = "quick"  # links that hold all they need, and health: waits for nobody, reads no body
    LOOKUP = "lookup"  # links that may wait a moment for our own database (`tracking.lookups`)
    USUAL = "usual"  # all of it is here
    STREAMED = "streamed"  # its body is long, or of unknown length, and still on its way


class HeadTooLarge(Exception):
    """More than `HEAD_BYTES` without the head's end."""


class BareLineFeed(Exception):
    """A line of the head ends without CR (RFC 9112 section 2.2): its end would be waited for in vain."""


class Arrival:
    """One request on its way in.

    :param lanes: of `QUICK` and `LOOKUP`, by the first segment of the path.
    """

    def __init__(self, lanes: Mapping[bytes, Lane]) -> None:
        self.received = bytearray()
        self._lanes = lanes
        self._head_end = 0  # 0: not there yet
        self._searched = 0
        self._body_length = 0
        self._is_post = False
        self._lane = Lane.USUAL
        self._expects_continue = False

    def add(self, piece: bytes) -> None:
        """:raises HeadTooLarge:
        :raises BareLineFeed:
        """
        self.received += piece
        if not self._head_end:
            self._find_head()

    @property
    def has_head(self) -> bool:
        return self._head_end > 0

    @property
    def lane(self) -> Lane | None:
        """The threads that may have it; None: wait for more."""
        if not self._head_end:
            return None
        return self._lane if self._is_for_nobody or self.is_whole else None

    @property
    def _is_for_nobody(self) -> bool:
        """Whether no thread reads its body, or one does that waits for it."""
        is_choice = self._lane is Lane.LOOKUP and self._is_post and self._body_length <= SHORT_CHOICE
        return self._lane is not Lane.USUAL and not is_choice

    @property
    def is_whole(self) -> bool:
        """Whether no thread will have to wait for its body."""
        return self._lane is not Lane.STREAMED and len(self.received) >= self._head_end + self._body_length

    def take_expectation(self) -> bool:
        """Whether the client waits for a word before it sends the body (RFC 9110 section 10.1.1); true once."""
        expects, self._expects_continue = self._expects_continue, False
        return expects and self.lane is None

    def _find_head(self) -> None:
        start = 2 if self.received.startswith(b"\r\n") else 0  # An empty line before a request is let pass.
        end = self.received.find(b"\r\n\r\n", max(start, self._searched))
        read = len(self.received) if end < 0 else end
        if _BARE_LINE_FEED.search(self.received, self._searched, read):
            raise BareLineFeed
        if max(end, read) > HEAD_BYTES:
            raise HeadTooLarge
        self._searched = max(0, len(self.received) - 3)
        if end >= 0:
            self._head_end = end + 4
            self._read_head(bytes(self.received[start:end]))

    def _read_head(self, head: bytes) -> None:
        first, *lines = head.split(b"\r\n")
        self._is_post = first.startswith(b"POST ")
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
        length = fields.get(b"content-length", b"0")
        # What is no length is refused by whoever parses the head.
        self._body_length = int(length) if length.isdigit() and len(length) < 20 else 0
        self._expects_continue = fields.get(b"expect", b"").lower() == b"100-continue"
        if (own := self._lanes.get(_first_segment(first))) is not None:
            self._lane = own
        elif b"transfer-encoding" in fields or self._body_length > KEPT_BODY:
            self._lane = Lane.STREAMED


def _first_segment(request_line: bytes) -> bytes:
    target = request_line.partition(b" ")[2].partition(b" ")[0]
    return target.partition(b"?")[0].removeprefix(b"/").partition(b"/")[0]
