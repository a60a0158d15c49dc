"""The service class: every group of entrypoints."""

from __future__ import annotations

from push_gateway.service.applications import Applications
from push_gateway.service.devices import Devices
from push_gateway.service.messages import Messages


class PushGatewayService(Messages, Applications, Devices):
    """Push: applications, devices, contents, single messages. Sending itself is `push_gateway.outbound`'s."""

    name = "push_gateway"
