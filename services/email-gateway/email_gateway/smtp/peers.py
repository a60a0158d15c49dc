"""Where a connection goes, whether it is encrypted, and why none came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import Counter

from chassis.public_addresses import Networks
from email_gateway.smtp.dane import Tlsa
from email_gateway.smtp.verdicts import About

TLS = Counter(
    "wici_email_tls_total",
    "Connections by what became of TLS, in the words of RFC 8460 section 4.3",
    ["tls", "outcome"],
)


class Tls(StrEnum):
    """Whether a connection is encrypted: never, when offered (any certificate), or always.

    `REQUIRED`: with a valid certificate; `DANE`: with one that fits the peer's TLSA records.
    """

    OFF = "off"
    OPPORTUNISTIC = "opportunistic"
    REQUIRED = "required"
    DANE = "dane"

    @property
    def is_always(self) -> bool:
        return self in (Tls.REQUIRED, Tls.DANE)


@dataclass(frozen=True)
class Peer:
    """Where a connection goes and how."""

    host: str
    port: int = 25
    tls: Tls = Tls.OPPORTUNISTIC
    username: str | None = None
    password: str | None = None
    ehlo_name: str = "localhost"
    source_address: str | None = None
    tlsa: tuple[Tlsa, ...] = ()
    allowed: Networks | None = None  # where it may lie; None: anywhere, an operator named it


class ConnectFailed(Exception):
    """No usable session with this peer; `code` as a report shows it, `permanent` when trying again will not help.

    :param is_block: the peer takes nothing from our address.
    :param about: of whom its refusal speaks.
    :ivar host: which of a destination's it was; empty where none was asked.
    """

    host = ""

    def __init__(
        self, code: str, detail: str, *, permanent: bool = False, is_block: bool = False, about: About = About.UNKNOWN
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.permanent = code, detail, permanent
        self.is_block, self.about = is_block, about


class NotPublic(ConnectFailed):
    """The host is an address, or all of its addresses are private, loopback, link-local or reserved."""

    def __init__(self) -> None:
        super().__init__("5.4.4", "the domain's mail hosts have no public address", permanent=True)


class TlsFailed(ConnectFailed):
    """The server offered TLS, and no handshake came of it."""

    def __init__(self, detail: str) -> None:
        super().__init__("4.7.5", f"TLS failed: {detail}")
