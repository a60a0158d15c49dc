"""What a server has to offer so that a message can be handed over to it (RFC 6152, RFC 6531)."""

from __future__ import annotations

from enum import IntFlag


class Needs(IntFlag):
    """Kept as a number with a submitted mail."""

    EIGHT_BIT = 1
    UTF8 = 2


NOTHING = Needs(0)
