"""Single e-mails: written down and put into the transactional lane; tests and Wici's own mails go the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson

from chassis import erasures, outbox
from contracts.ids import message_ids
from contracts.lanes import channel_lane
from contracts.vocabulary import Channel, Lane, MessageState
from email_gateway import exceptions
from email_gateway.models import LedgerRow
from email_gateway.store import contents, ledger
from email_gateway.store.ledger import Message

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True)
class To:
    """A recipient of a single e-mail."""

    address: str
    name: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)


def accept(
    session: Session,
    *,
    account_id: UUID,
    send_id: UUID,
    content_hash: str,
    document: Mapping[str, Any],
    sender: str,
    recipients: Sequence[To],
    external_id: str | None = None,
) -> None:
    """Write the messages down and put them into the transactional lane, in one transaction.

    Their ids follow from the send id, so that doing it twice with the same id does it once.

    :param document: of the content; kept again where an erasure has let it go since it was prepared.
    """
    erasures.share(session)
    contents.ensure(session, content_hash=content_hash, account_id=account_id, document=document)
    of_number = message_ids(send_id)
    messages = [
        Message(
            message_id=of_number(number),
            account_id=account_id,
            campaign_id=None,
            contact_id=None,
            address=to.address,
            fields=to.fields,
            content_hash=content_hash,
            sender=sender,
            lane=Lane.TRANSACTIONAL,
            name=to.name,
        )
        for number, to in enumerate(recipients, start=1)
    ]
    ledger.accept(session, messages, external_id=external_id)
    outbox.record_lane(
        session, channel_lane(Channel.EMAIL, Lane.TRANSACTIONAL), _batch(send_id, account_id, content_hash, messages)
    )


def identified(send_id: UUID, recipients: Sequence[To]) -> list[tuple[UUID, str]]:
    """(message id, address) of each recipient of a send, in order."""
    of_number = message_ids(send_id)
    return [(of_number(number), to.address) for number, to in enumerate(recipients, start=1)]


def _batch(send_id: UUID, account_id: UUID, content_hash: str, messages: Sequence[Message]) -> bytes:
    return orjson.dumps(
        {
            "v": 1,
            "batch_id": str(send_id),
            "account_id": str(account_id),
            "campaign_id": None,
            "send_id": str(send_id),
            "content_hash": content_hash,
            "trace_id": "",
            "recipients": [
                {
                    "number": number,
                    "contact_id": None,
                    "address": message.address,
                    "fields": message.fields,
                    "name": message.name,
                }
                for number, message in enumerate(messages, start=1)
            ],
        }
    )


def ensure_storable(fields: dict[str, Any], where: str) -> None:
    """:raises Invalid: a value holds a NUL character, which PostgreSQL cannot keep."""
    if b"\\u0000" in orjson.dumps(fields):
        raise exceptions.content_problems(
            [{"field": where, "code": "text.nul_character", "detail": "NUL is not a character."}]
        )


def get_message(session: Session, *, account_id: UUID, message_id: UUID) -> dict[str, Any]:
    row = ledger.message(session, account_id=account_id, message_id=message_id)
    if row is None:
        raise exceptions.message_not_found()
    return as_email(row)


def as_email(row: LedgerRow | Row[Any]) -> dict[str, Any]:
    """A row of the ledger in the words of the contract."""
    # `claimed` is a moment inside the sender; to everybody else the message is still accepted.
    state = MessageState.ACCEPTED if row.state == "claimed" else MessageState(row.state)
    return {
        "id": row.message_id,
        "to": row.address,
        "state": state,
        "code": row.code or None,
        "detail": row.detail or None,
        "attempts": row.attempts,
        "external_id": row.external_id,
        "updated_at": row.updated_at,
    }
