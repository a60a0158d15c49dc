"""What an operator's spam filter says of a mail: rspamd over HTTP, or SpamAssassin's spamd.

    EMAIL_SPAM_FILTER=http://rspamd:11333     rspamd (https://docs.rspamd.com/developers/protocol)
    EMAIL_SPAM_FILTER=spamd://spamd:783       SpamAssassin (its spamd/PROTOCOL, 1.5)

A filter that is away, slow or says what nobody can read gives no verdict, and keeps nobody from anything: an answer has
its time and size as a whole, and one that hangs holds a few of the service's workers at most.
"""

from __future__ import annotations

import http.client
import io
import json
import math
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from chassis.config import ConfigError
from chassis.logs import get_logger

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

SECONDS = 4.0  # for all of an answer: who asks for a check waits ten
MOST_AT_ONCE = 4  # of a service's ten workers; who comes besides gets no verdict
MOST_OCTETS = 1 << 20  # of an answer
MOST_RULES = 50
RSPAMD_PORT, SPAMD_PORT = 11333, 783
# Blanks are not `\s`, which goes on over line ends, from each of them: 20,000 took 25 s, in which nothing else ran.
_SPAM_LINE = re.compile(
    r"^Spam:[ \t]*(\w+)[ \t]*;[ \t]*(-?[\d.]+)[ \t]*/[ \t]*(-?[\d.]+)", re.MULTILINE | re.IGNORECASE
)
# A line of spamd's report: " 1.2 SUBJ_ALL_CAPS   Subject is all capitals"
_RULE_LINE = re.compile(r"^[ \t]*(-?\d+(?:\.\d+)?)[ \t]+([A-Z][A-Z0-9_]+)[ \t]+(.*)$", re.MULTILINE)

# Whatever comes of an answer that is none, which may be nested or counted beyond what the parsers take.
_NO_VERDICT = (
    OSError, http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError,
)  # fmt: skip

log = get_logger()


@dataclass(frozen=True, slots=True)
class Rule:
    """:ivar points: what it adds to the score; below zero it speaks for the mail."""

    name: str
    points: float
    words: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """:ivar threshold: the score from which the filter calls a mail spam. :ivar rules: the dearest first."""

    filter: str
    score: float
    threshold: float
    is_spam: bool
    rules: list[Rule] = field(default_factory=list)


Judge = Callable[[bytes], Verdict | None]


def judge_at(address: str) -> Judge:
    """Asks the filter at that address; where it is empty nobody is asked.

    :raises ConfigError: it is none.
    """
    place = urlsplit(address)
    if not address:
        return lambda octets: None
    ask = {"http": _rspamd, "spamd": _spamd}.get(place.scheme)
    if ask is None or not place.hostname:
        raise ConfigError("EMAIL_SPAM_FILTER is neither http://HOST:PORT (rspamd) nor spamd://HOST:PORT")

    places = threading.BoundedSemaphore(MOST_AT_ONCE)

    def judge(octets: bytes) -> Verdict | None:
        if not places.acquire(blocking=False):
            log.warning("no_spam_verdict", error="Busy")
            return None
        try:
            return ask(place, octets, time.monotonic() + SECONDS)
        except _NO_VERDICT as error:
            log.warning("no_spam_verdict", error=type(error).__name__)
            return None
        finally:
            places.release()

    return judge


def _rspamd(place: SplitResult, octets: bytes, until: float) -> Verdict:
    host = place.netloc.rpartition("@")[2]
    head = (
        f"POST /checkv2 HTTP/1.1\r\nHost: {host}\r\nContent-Type: message/rfc822\r\nConnection: close\r\n"
        f"Content-Length: {len(octets)}\r\n\r\n"
    )
    with _connected(place, RSPAMD_PORT, until) as connection:
        _say(connection, head.encode() + octets, until)
        answer = http.client.HTTPResponse(_Heard(connection, until), method="POST")  # type: ignore[arg-type]
        answer.begin()
        if answer.status != http.client.OK:
            raise ValueError(answer.status)
        said = json.loads(answer.read(MOST_OCTETS))
        if answer.length:  # of which `read` says nothing where it is given a size
            raise ValueError("the answer is not whole")
    rules = [
        Rule(str(name), _points(symbol.get("score", 0.0)), str(symbol.get("description") or ""))
        for name, symbol in said["symbols"].items()
    ]
    # "no action" and "greylist" let a mail through in the end, and "soft reject" says nothing of what it is.
    is_spam = said["action"] in ("add header", "rewrite subject", "reject")
    return Verdict("rspamd", _points(said["score"]), _points(said["required_score"]), is_spam, _dearest(rules))


def _spamd(place: SplitResult, octets: bytes, until: float) -> Verdict:
    with _connected(place, SPAMD_PORT, until) as connection:
        _say(connection, b"REPORT SPAMC/1.5\r\nContent-length: %d\r\n\r\n" % len(octets) + octets, until)
        connection.shutdown(socket.SHUT_WR)
        said = _Heard(connection, until).makefile().read()
    head, _, report = said.decode("utf-8", "replace").partition("\r\n\r\n")
    found = _SPAM_LINE.search(head)
    if not head.startswith("SPAMD/") or found is None:
        raise ValueError("no answer of spamd")
    rules = [Rule(name, _points(points), words.strip()) for points, name, words in _RULE_LINE.findall(report)]
    is_spam = found[1].lower() in ("true", "yes")
    return Verdict("spamassassin", _points(found[2]), _points(found[3]), is_spam, _dearest(rules))


def _connected(place: SplitResult, port: int, until: float) -> socket.socket:
    """:raises OSError: none of the host's addresses can be connected to in time."""
    failed: OSError = TimeoutError()
    for family, kind, protocol, _, address in socket.getaddrinfo(
        place.hostname, place.port or port, type=socket.SOCK_STREAM
    ):
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(_left(until))
            connection.connect(address)
            return connection
        except OSError as error:
            connection.close()
            failed = error
    raise failed


def _say(connection: socket.socket, octets: bytes, until: float) -> None:
    """Piece by piece, for `sendall` of a green socket would give each of them the whole time."""
    unsent = memoryview(octets)
    while unsent:
        connection.settimeout(_left(until))
        unsent = unsent[connection.send(unsent) :]


class _Heard(io.RawIOBase):
    """What comes by a socket until a moment, and no more than an answer may have; `http.client` takes it for one."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        super().__init__()
        self._connection, self._until, self._octets = connection, until, 0

    def makefile(self, _mode: str = "rb") -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, room: Buffer) -> int:
        self._connection.settimeout(_left(self._until))
        octets = self._connection.recv_into(room)
        self._octets += octets
        if self._octets > MOST_OCTETS:
            raise ValueError("the answer is too long")
        return octets


def _left(until: float) -> float:
    """:raises TimeoutError: nothing is left."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _points(said: Any) -> float:
    """:raises ValueError, TypeError, OverflowError: it is no number that can be told on."""
    points = float(said)
    if not math.isfinite(points):
        raise ValueError("no number of points")
    return points


def _dearest(rules: list[Rule]) -> list[Rule]:
    """Those with points."""
    return sorted((rule for rule in rules if rule.points), key=lambda rule: -rule.points)[:MOST_RULES]
