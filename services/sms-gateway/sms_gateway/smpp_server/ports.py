"""What a session asks of the server that it belongs to."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol

from sms_gateway.domain.smpp_partners import SmppPartner

Session = Any
"""`session.Session`, which names this module's protocol and so cannot be named here."""


class Host(Protocol):
    """Called on the loop; must not block."""

    def admit(self, session: Session) -> bool:
        """A connection was made; False where there are too many."""

    def left(self, session: Session) -> None:
        """It has ended."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> object:
        """Run it on the loop; a failure is logged."""

    def bind(self, session: Session, system_id: str, password: str, response: int, sequence: int) -> None:
        """Answer a bind by `Session.bound` or `Session.not_bound`."""

    def may_send(self, partner: SmppPartner) -> bool:
        """Whether the partner's rate allows one more message now."""

    def request(self, session: Session, frame: bytes, command: int, sequence: int) -> None:
        """Answer a request by `Session.answer`, once."""

    def acknowledged(self, session: Session, delivery: Any, status: int) -> None:
        """A deliver_sm was answered."""

    def has_room(self, session: Session) -> None:
        """More can be delivered to it."""
