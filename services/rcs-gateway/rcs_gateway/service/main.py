"""The service class: every group of entrypoints, and what it is told by events."""

from __future__ import annotations

from chassis.service import Payload, event_handler
from contracts import events
from rcs_gateway.service.agents import Agents
from rcs_gateway.service.messages import Messages
from rcs_gateway.usecases import privacy


class RcsGatewayService(Messages, Agents):
    """RCS: agents, contents, single messages, answers. Sending itself is `rcs_gateway.outbound`'s."""

    name = "rcs_gateway"

    @event_handler(events.ACCOUNT_CLOSED)
    def erase_account(self, payload: Payload) -> None:
        """May run twice: there is nothing left to erase the second time."""
        with self.database.transaction() as session:
            privacy.erase_account(session, account_id=payload["account_id"])
