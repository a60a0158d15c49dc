"""Batches on their way through: what a lane message says, and what is still open of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from chassis.broker import Delivery
from contracts.ids import message_ids
from contracts.vocabulary import MessageState
from email_gateway.domain import Result
from email_gateway.store.ledger import Message


class Unreadable(Exception):
    """The lane message is not a batch."""


@dataclass(slots=True, eq=False)
class Batch:
    """One lane message; acknowledged when every recipient is settled and that is committed."""

    batch_id: str
    campaign_id: UUID | None
    account_id: UUID
    messages: list[Message]
    delivery: Delivery
    open: int = 0
    submitted: int = 0
    failed: int = 0
    deferred: int = 0

    def count(self, state: str) -> None:
        """One more recipient is settled. A bounce was handed over, so it counts as submitted; a rejection was not."""
        self.open -= 1
        if state == MessageState.REJECTED:
            self.failed += 1
        elif state == MessageState.DEFERRED:
            self.deferred += 1
        else:
            self.submitted += 1

    def done(self) -> bytes:
        """The `BatchDone` message."""
        return orjson.dumps(
            {
                "v": 1,
                "batch_id": self.batch_id,
                "campaign_id": None if self.campaign_id is None else str(self.campaign_id),
                "submitted": self.submitted,
                "failed": self.failed,
                "deferred": self.deferred,
            }
        )


@dataclass(slots=True, eq=False)
class Settlement:
    """A message and what became of it; `batch` is None for one from the retry schedule."""

    message: Message
    result: Result
    code: str
    detail: str
    at: float
    batch: Batch | None = field(default=None)


def read_batch(delivery: Delivery, lane: str) -> Batch:
    """:raises Unreadable: anything about the body is not as `contracts.lanes.Batch` says."""
    try:
        body = orjson.loads(delivery.body)
        campaign_id = UUID(body["campaign_id"]) if body.get("campaign_id") else None
        account_id, of_number = UUID(body["account_id"]), message_ids(UUID(body["send_id"]))
        messages = [
            Message(
                message_id=of_number(recipient["number"]),
                account_id=account_id,
                campaign_id=campaign_id,
                contact_id=_id_or_none(recipient.get("contact_id")),
                address=str(recipient["address"]).replace(
                    "\0", " "
                ),  # PostgreSQL holds no NUL; such an address is refused later
                fields=_fields(recipient),
                content_hash=str(body["content_hash"]),
                sender="",
                lane=lane,
                name=recipient.get("name"),
            )
            for recipient in body["recipients"]
        ]
        return Batch(str(body["batch_id"]), campaign_id, account_id, messages, delivery, open=len(messages))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}") from None


def _fields(recipient: dict[str, Any]) -> dict[str, Any]:
    fields = recipient.get("fields") or {}
    if not isinstance(fields, dict):
        raise TypeError("fields is not an object")
    return fields


def _id_or_none(text: str | None) -> UUID | None:
    return UUID(text) if text else None
