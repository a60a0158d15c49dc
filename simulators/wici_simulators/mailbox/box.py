"""What was received: compact for every mail, whole for the first some."""

from __future__ import annotations

import binascii
import email
import email.header
import email.policy
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from wici_simulators.mailbox.rules import Settings

_HEADERS = re.compile(
    rb"^(subject|message-id|list-unsubscribe):[ \t]*([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)", re.IGNORECASE | re.MULTILINE
)
_LINK = re.compile(rb"https?://[^\s\"'<>()]+/[to]/[A-Za-z0-9_-]+")


@dataclass(slots=True)
class Mail:
    """One accepted mail."""

    number: int
    address: str
    sender: str
    subject: bytes
    message_id: str
    size: int
    at: float
    links: tuple[str, ...]
    unsubscribe: str
    done: set[str] = field(default_factory=set)

    def described(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "address": self.address,
            "sender": self.sender,
            "subject": _decoded(self.subject),
            "message_id": self.message_id,
            "size": self.size,
            "at": self.at,
            "links": list(self.links),
            "unsubscribe": self.unsubscribe,
        }


class Box:
    """Everything received since the last reset."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.reset()

    def reset(self) -> None:
        self.mails: list[Mail] = []
        self.raw: dict[int, bytes] = {}
        self.counts: Counter[str] = Counter()
        self.refused: dict[str, str] = {}
        self._message_ids: set[str] = set()
        self._deferred: set[tuple[str, str]] = set()

    def is_first_try(self, sender: str, address: str) -> bool:
        """Whether this message (known by its return path) was not deferred before; it counts as deferred now."""
        if (sender, address) in self._deferred:
            return False
        self._deferred.add((sender, address))
        return True

    def refuse(self, address: str, fate: str) -> None:
        self.counts[fate] += 1
        if fate != "defer":
            self.refused[address] = fate

    def keep(self, sender: str, address: str, octets: bytes) -> Mail:
        """Keep an accepted mail; one whose Message-ID came before is kept too, and counted as a duplicate."""
        end = octets.find(b"\r\n\r\n")
        head, body = octets[: end + 2], octets[end + 4 :]
        found = {name.lower(): value for name, value in _HEADERS.findall(head)}
        message_id = found.get(b"message-id", b"").decode("ascii", "replace").strip("<> \t\r\n")
        unsubscribe = re.sub(r"\s+", "", found.get(b"list-unsubscribe", b"").decode("ascii", "replace"))
        unsubscribe = unsubscribe.partition(">")[0].lstrip("<")  # the first of several ways
        mail = Mail(
            number=len(self.mails) + 1,
            address=address,
            sender=sender,
            subject=found.get(b"subject", b""),
            message_id=message_id,
            size=len(octets),
            at=time.time(),
            links=_links(octets, head, body) if self.settings.keep_links else (),
            unsubscribe=unsubscribe,
        )
        self.mails.append(mail)
        if len(self.raw) < self.settings.keep_raw:
            self.raw[mail.number] = octets
        self.counts["accepted"] += 1
        if message_id in self._message_ids:
            self.counts["duplicates"] += 1
        self._message_ids.add(message_id)
        return mail

    def summary(self) -> dict[str, int]:
        names = ("accepted", "hard", "soft", "spam", "defer", "duplicates", "connections")
        return {name: self.counts[name] for name in names}


def _links(octets: bytes, head: bytes, body: bytes) -> tuple[str, ...]:
    """Click and open links in the text and html parts, each once, in order."""
    if b"base64" in head or b"ransfer-Encoding: base64" in body:
        message = email.message_from_bytes(octets)
        parts = [part.get_payload(decode=True) for part in message.walk() if not part.is_multipart()]
        plain = b"\n".join(part for part in parts if isinstance(part, bytes))
    else:
        plain = binascii.a2b_qp(body)
    return tuple(dict.fromkeys(link.decode("ascii") for link in _LINK.findall(plain)))


def _decoded(value: bytes) -> str:
    text = value.decode("utf-8", "replace").replace("\r\n", "")
    return str(email.header.make_header(email.header.decode_header(text)))
