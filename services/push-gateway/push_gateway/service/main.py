"""The service class: every group of entrypoints, and what it is told by events."""

from __future__ import annotations

from chassis.service import Payload, event_handler
from contracts import events
from push_gateway.service.applications import Applications
from push_gateway.service.devices import Devices
from push_gateway.service.messages import Messages
from push_gateway.usecases import privacy


class PushGatewayService(Messages, Applications, Devices):
    """Push: applications, devices, contents, single messages. Sending itself is `push_gateway.outbound`'s."""

    name = "push_gateway"

    @event_handler(events.ACCOUNT_CLOSED)
    def erase_account(self, payload: Payload) -> None:
        """May run twice: there is nothing left to erase the second time."""
        with self.database.transaction() as session:
            privacy.erase_account(session, account_id=payload["account_id"])
