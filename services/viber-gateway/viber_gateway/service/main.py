"""The service class: every group of entrypoints, and what it is told by events."""

from __future__ import annotations

from chassis.service import Payload, event_handler
from contracts import events
from viber_gateway.service.messages import Messages
from viber_gateway.service.senders import Senders
from viber_gateway.usecases import privacy


class ViberGatewayService(Messages, Senders):
    """Viber: bots, invitations, contents, single messages, answers. Sending is `viber_gateway.outbound`'s."""

    name = "viber_gateway"

    @event_handler(events.ACCOUNT_CLOSED)
    def erase_account(self, payload: Payload) -> None:
        """May run twice: there is nothing left to erase the second time."""
        with self.database.transaction() as session:
            privacy.erase_account(session, account_id=payload["account_id"])
