"""The service class: every group of entrypoints, and what it is told by events."""

from __future__ import annotations

from chassis.service import Payload, event_handler
from contracts import events
from ott_gateway.service.messages import Messages
from ott_gateway.service.senders import Senders
from ott_gateway.usecases import privacy


class OttGatewayService(Messages, Senders):
    """WhatsApp: numbers, templates, contents, single messages, answers. Sending is `ott_gateway.outbound`'s."""

    name = "ott_gateway"

    @event_handler(events.ACCOUNT_CLOSED)
    def erase_account(self, payload: Payload) -> None:
        """May run twice: there is nothing left to erase the second time."""
        with self.database.transaction() as session:
            privacy.erase_account(session, account_id=payload["account_id"])
