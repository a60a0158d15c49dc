"""The service class: every group of entrypoints."""

from __future__ import annotations

from ott_gateway.service.messages import Messages
from ott_gateway.service.senders import Senders


class OttGatewayService(Messages, Senders):
    """WhatsApp: numbers, templates, contents, single messages, answers. Sending is `ott_gateway.outbound`'s."""

    name = "ott_gateway"
