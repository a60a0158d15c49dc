"""The service class: every group of entrypoints."""

from __future__ import annotations

from viber_gateway.service.messages import Messages
from viber_gateway.service.senders import Senders


class ViberGatewayService(Messages, Senders):
    """Viber: bots, invitations, contents, single messages, answers. Sending is `viber_gateway.outbound`'s."""

    name = "viber_gateway"
