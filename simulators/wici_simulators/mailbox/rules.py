"""What becomes of mail to an address. Deterministic: a function of the address and the settings, nothing else.

First, a word in the local part decides: `jan+hard@…`, `hard@…` or `hard.17@…` is a hard bounce; likewise `soft`, `spam`
and `defer`. Any other address falls by its hash: CRC-32 of the lower-cased address, modulo 1000, in bands as wide as
the settings say (per mille), in the order hard, soft, spam, defer; above them all, it is accepted.

    hard    550 5.1.1 to RCPT
    soft    552 5.2.2 to RCPT
    spam    550 5.7.1 to the message
    defer   451 4.7.1 to RCPT the first time, then accepted (per message, known by its return path)
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any
from zlib import crc32

_WORD = re.compile(r"(?:.*\+)?(hard|soft|spam|defer)(?:[._-]?\d+)?\Z")


class Fate(StrEnum):
    ACCEPT = "accept"
    HARD = "hard"
    SOFT = "soft"
    SPAM = "spam"
    DEFER = "defer"


@dataclass(frozen=True)
class Settings:
    """Shares in per mille; what is kept of a mail."""

    hard: int = 20
    soft: int = 10
    spam: int = 5
    defer: int = 30
    keep_raw: int = 1000  # whole mails, the first so many
    keep_links: bool = True  # finding links costs more than receiving
    delay_ms: int = 0  # before the answer to a message, as a slow server would

    def changed(self, changes: dict[str, Any]) -> Settings:
        """:raises ValueError: an unknown name or a value of the wrong type."""
        known = {field.name: type(getattr(self, field.name)) for field in fields(self)}
        for name, value in changes.items():
            if name not in known or type(value) is not known[name] or (known[name] is int and value < 0):
                raise ValueError(f"{name} is not a setting, or its value is of the wrong kind")
        return Settings(**{**asdict(self), **changes})


def fate(address: str, settings: Settings) -> Fate:
    """What becomes of a message to `address`."""
    address = address.lower()
    if word := _WORD.match(address.rpartition("@")[0]):
        return Fate(word[1])
    place = crc32(address.encode()) % 1000
    for band in (Fate.HARD, Fate.SOFT, Fate.SPAM, Fate.DEFER):
        width = getattr(settings, band.value)
        if place < width:
            return band
        place -= width
    return Fate.ACCEPT


def does(deed: str, address: str, share: float) -> bool:
    """Whether the person at `address` is among the `share` (0 to 1) who do `deed`; a greater share holds a lesser."""
    return crc32(f"{deed}:{address.lower()}".encode()) < share * 2**32
