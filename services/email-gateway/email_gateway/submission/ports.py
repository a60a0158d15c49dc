"""What a session is given besides its connection, and what it gathers before a mail."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Protocol

from email_gateway.submission.replies import Answer
from email_gateway.usecases.submissions import Login


class Desk(Protocol):
    """What a session asks for; everything may raise `WiciError`, whose answer the peer gets."""

    name: str
    most_octets: int
    most_recipients: int

    def certificate(self) -> ssl.SSLContext: ...
    async def log_in(self, username: str, password: str, address: str) -> Login: ...
    def enter(self, login: Login) -> Answer | None:
        """Why the account may not have another connection."""

    def leave(self, login: Login) -> None: ...
    async def recipient(self, login: Login, address: str) -> None: ...
    def grow(self, login: Login, octets: int) -> bool: ...
    def shrink(self, login: Login, octets: int) -> None: ...
    async def submit(self, login: Login, envelope: Envelope, octets: bytes) -> str:
        """The id under which the mail is safe."""


@dataclass
class Envelope:
    sender: str
    recipients: dict[str, str] = field(default_factory=dict)  # each mailbox once, by its casefolded address
    says_utf8: bool = False
    chunks: bytearray | None = field(default=None, repr=False)  # of the mail, once one has come by BDAT
    until: float | None = None  # by when all of them must have come, by the loop's clock
    held: int = 0  # octets of the mail for which there was room
