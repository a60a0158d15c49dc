"""What an operator's spam filter says of a mail: rspamd over HTTP, or SpamAssassin's spamd.

    EMAIL_SPAM_FILTER=http://rspamd:11333     rspamd (https://docs.rspamd.com/developers/protocol)
    EMAIL_SPAM_FILTER=spamd://spamd:783       SpamAssassin (its spamd/PROTOCOL, 1.5)

A filter that is away, slow or says what nobody can read gives no verdict, and keeps nobody from anything.
"""

from __future__ import annotations

import http.client
import json
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from chassis.config import ConfigError
from chassis.logs import get_logger

SECONDS = 4.0  # for each wait
MOST_OCTETS = 1 << 20  # of an answer
MOST_RULES = 50
RSPAMD_PORT, SPAMD_PORT = 11333, 783
_SPAM_LINE = re.compile(r"^Spam:\s*(\w+)\s*;\s*(-?[\d.]+)\s*/\s*(-?[\d.]+)", re.MULTILINE | re.IGNORECASE)
# A line of spamd's report: " 1.2 SUBJ_ALL_CAPS   Subject is all capitals"
_RULE_LINE = re.compile(r"^\s*(-?\d+(?:\.\d+)?)\s+([A-Z][A-Z0-9_]+)\s+(.*)$", re.MULTILINE)

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

    def judge(octets: bytes) -> Verdict | None:
        try:
            return ask(place, octets)
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("no_spam_verdict", error=type(error).__name__)
            return None

    return judge


def _rspamd(place: SplitResult, octets: bytes) -> Verdict:
    connection = http.client.HTTPConnection(place.hostname or "", place.port or RSPAMD_PORT, timeout=SECONDS)
    try:
        connection.request("POST", "/checkv2", octets, {"Content-Type": "message/rfc822"})
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise ValueError(answer.status)
        said = json.loads(answer.read(MOST_OCTETS))
    finally:
        connection.close()
    rules = [
        Rule(str(name), float(symbol.get("score", 0.0)), str(symbol.get("description") or ""))
        for name, symbol in said["symbols"].items()
    ]
    # "no action" and "greylist" let a mail through in the end, and "soft reject" says nothing of what it is.
    is_spam = said["action"] in ("add header", "rewrite subject", "reject")
    return Verdict("rspamd", float(said["score"]), float(said["required_score"]), is_spam, _dearest(rules))


def _spamd(place: SplitResult, octets: bytes) -> Verdict:
    with socket.create_connection((place.hostname or "", place.port or SPAMD_PORT), SECONDS) as connection:
        connection.sendall(b"REPORT SPAMC/1.5\r\nContent-length: %d\r\n\r\n" % len(octets) + octets)
        connection.shutdown(socket.SHUT_WR)
        said = b""
        while len(said) < MOST_OCTETS and (piece := connection.recv(65_536)):
            said += piece
    head, _, report = said.decode("utf-8", "replace").partition("\r\n\r\n")
    found = _SPAM_LINE.search(head)
    if not head.startswith("SPAMD/") or found is None:
        raise ValueError("no answer of spamd")
    rules = [Rule(name, float(points), words.strip()) for points, name, words in _RULE_LINE.findall(report)]
    is_spam = found[1].lower() in ("true", "yes")
    return Verdict("spamassassin", float(found[2]), float(found[3]), is_spam, _dearest(rules))


def _dearest(rules: list[Rule]) -> list[Rule]:
    """Those with points."""
    return sorted((rule for rule in rules if rule.points), key=lambda rule: -rule.points)[:MOST_RULES]
