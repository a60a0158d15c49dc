"""What a link is given: its settings, and the two sides that it speaks to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sms_gateway.smpp.receipts import Delivered
from sms_gateway.smpp.tls import Tls


@dataclass(frozen=True)
class LinkSettings:
    """One bind; times in seconds. `response_timeout`: after it nobody waits for the answer to a submit_sm."""

    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    kind: str = "transceiver"
    system_type: str = ""
    window: int = 50
    tls: Tls | None = None
    enquire_every: float = 15.0
    answer_within: float = 30.0
    response_timeout: float = 60.0


class Part(Protocol):
    """What a link sends: `body` is one submit_sm behind its header."""

    body: bytes


class Work(Protocol):
    """Where a link's parts come from and where its news go. Called on the loop; must not block."""

    def take(self, room: int, in_flight: int) -> Sequence[Any]:
        """At most `room` parts to send now; less where the carrier's rate allows less. Who has more later calls
        `Link.fill`."""

    def answered(self, answers: list[tuple[Any, int, str]]) -> None:
        """(part, command_status, carrier's message id) each."""

    def lost(self, parts: list[Any]) -> None:
        """Handed over, and no answer came before the connection ended or the time was over."""

    def delivered(self, link: Any, delivered: list[tuple[int, Delivered]]) -> None:
        """Receipts, messages from phones and what is neither, with their sequence numbers; call `link.acknowledge`
        once they are safe."""

    def bound(self, link: Any) -> None:
        """The bind stands."""

    def unbound(self, link: Any, reason: str) -> None:
        """It does not any more, or could not be made."""


class Owner(Protocol):
    """The link that a connection belongs to."""

    settings: LinkSettings
    work: Work

    @property
    def sends(self) -> bool: ...
