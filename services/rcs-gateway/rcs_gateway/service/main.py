"""The service class: every group of entrypoints."""

from __future__ import annotations

from rcs_gateway.service.agents import Agents
from rcs_gateway.service.messages import Messages


class RcsGatewayService(Messages, Agents):
    """RCS: agents, contents, single messages, answers. Sending itself is `rcs_gateway.outbound`'s."""

    name = "rcs_gateway"
