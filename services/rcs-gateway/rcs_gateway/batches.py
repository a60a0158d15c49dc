"""What is in hand: contents as they are stored, compiled; messages; and what Google tells."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from channel.outlets import Chunk, Message
from channel.providers.outbound import TemplateContent
from channel.providers.reported import came_at
from contracts.lanes import RcsReport
from rcs_gateway.content.template import Template
from rcs_gateway.domain import events
from rcs_gateway.domain.events import Answer, Status

StoredContent = TemplateContent[Template]


class RcsMessage(Message):
    """:ivar agent_id: that it left by. :ivar reach: what was found out of the phone; None: nothing new.
    :ivar wait: seconds until it is tried again, where Google says so.
    :ivar revocation: what its taking back has ended as; None: nothing of it has ended."""

    __slots__ = ("agent_id", "reach", "revocation", "wait")

    def __init__(self, chunk: Chunk, recipient: dict[str, Any], message_id: str, existing: bool, attempts: int) -> None:
        super().__init__(chunk, recipient, message_id, existing, attempts)
        self.agent_id: UUID | None = None
        self.reach: bool | None = None
        self.revocation: str | None = None
        self.wait: float | None = None


class Arrived(NamedTuple):
    """What Google has told of an agent. `at`: when it happened, Unix seconds."""

    account_id: UUID
    agent_id: UUID
    told: Status | Answer
    event: Mapping[str, Any]
    at: float
    until: datetime | None = None  # of an early report: when it is given up


def arrived(report: RcsReport) -> list[Arrived]:
    """What is of use in a report. :raises KeyError, TypeError, ValueError, AttributeError: it is none."""
    account_id, agent_id, event = UUID(report["account_id"]), UUID(report["agent_id"]), report["event"]
    told = events.read(event)
    if told is None:
        return []
    return [Arrived(account_id, agent_id, told, event, events.happened_at(event, came_at(report["at"])))]
