"""Delivery events as the channels make them."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import orjson

from chassis.ids import new_id
from contracts import ids


class Send:
    """One campaign's send: makes the events of its messages."""

    def __init__(self, channel: str = "email", account_id: str | None = None) -> None:
        self.channel = channel
        self.account_id = account_id or str(uuid4())
        self.campaign_id = str(uuid4())
        self.send_id = new_id()
        self.started = ids.created_at(self.send_id).timestamp()

    def message_id(self, number: int) -> str:
        return str(ids.message_id(self.send_id, number))

    def event(self, number: int, kind: str, after: float = 1.0, **fields: Any) -> dict[str, Any]:
        """One event of message `number`, `after` seconds after the start."""
        return {
            "message_id": self.message_id(number),
            "account_id": self.account_id,
            "campaign_id": self.campaign_id,
            "channel": self.channel,
            "at": self.started + after,
            "kind": kind,
            **fields,
        }

    def full(self, number: int, kind: str, after: float = 1.0, **fields: Any) -> dict[str, Any]:
        """The whole event: with the static fields, too."""
        address = f"ala{number}@example.com" if self.channel == "email" else f"+4850010{number:04d}"
        static: dict[str, Any] = {"address": address, "sender": "Wici", "contact_id": str(UUID(int=number + 1))}
        static |= {"parts": 2, "cost": 14, "domain": "pl.plus"} if self.channel == "sms" else {"domain": "example.com"}
        return self.event(number, kind, after, **static, **fields)

    def engagement(self, number: int, kind: str, serial: int = 0, **fields: Any) -> dict[str, Any]:
        """Something that a person did with message `number`."""
        agent = "Mozilla/5.0 (iPhone; Mobile)"
        event_id = f"{kind}-{number}-{serial}"
        return self.event(number, kind, 60.0 + serial, event_id=event_id, user_agent=agent, ip="192.0.2.1", **fields)


def body(events: list[dict[str, Any]]) -> bytes:
    """The lane message that carries these events."""
    return orjson.dumps({"v": 1, "source": "test", "events": events})
