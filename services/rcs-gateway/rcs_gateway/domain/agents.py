"""What becomes of an agent."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class AgentState(StrEnum):
    """Requested by the account, then active or rejected by an operator."""

    REQUESTED = "requested"
    ACTIVE = "active"
    REJECTED = "rejected"


class AgentStep(StrEnum):
    ACTIVATE = "activate"
    REJECT = "reject"


NEXT: Mapping[AgentState, Mapping[AgentStep, AgentState]] = {
    AgentState.REQUESTED: {AgentStep.ACTIVATE: AgentState.ACTIVE, AgentStep.REJECT: AgentState.REJECTED},
    AgentState.ACTIVE: {AgentStep.REJECT: AgentState.REJECTED},
    AgentState.REJECTED: {AgentStep.ACTIVATE: AgentState.ACTIVE},
}
