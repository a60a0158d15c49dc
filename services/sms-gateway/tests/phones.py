"""What phones say to an account's numbers, and what became of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database import Database, cursor_of
from chassis.ids import new_id
from contracts import events
from sms_gateway.batches import ArrivedInbound
from sms_gateway.models import SenderId
from sms_gateway.smpp import pdu as smpp
from sms_gateway.smpp.constants import Command
from sms_gateway.store import answers, senders

NUMBER, PHONE = "+48500000001", "+48600100200"


def deliver(sequence: int, body: bytes = b"STOP", **fields: Any) -> bytes:
    known = {"source_addr": PHONE[1:], "destination_addr": NUMBER[1:], "short_message": body, **fields}
    return smpp.encode(smpp.Pdu(Command.DELIVER_SM, sequence, 0, known, {}))


def rows(database: Database, statement: str, **values: Any) -> list[Any]:
    with database.transaction() as session:
        return [tuple(row) for row in session.execute(text(statement), values)]


def recorded(database: Database, event: events.Event) -> list[dict[str, Any]]:
    bodies = rows(database, "SELECT body FROM outbox WHERE routing_key = :name ORDER BY position", name=event.name)
    return [orjson.loads(bytes(body)) for (body,) in bodies]


def owned(database: Database, account_id: UUID, sender: str = NUMBER) -> None:
    with database.transaction() as session:
        senders.add_sender(
            session,
            SenderId(id=new_id(), account_id=account_id, sender=sender, sender_key=sender.lower(), state="active"),
        )


def sent(database: Database, account_id: UUID, *, ago: timedelta = timedelta(0), number: str = NUMBER) -> UUID:
    message_id = new_id()
    rows(
        database,
        "INSERT INTO last_messages (phone, sender, account_id, message_id, campaign_id, contact_id, sent_at)"
        " VALUES (:phone, :number, :account, :id, gen_random_uuid(), gen_random_uuid(), :at) RETURNING 1",
        phone=PHONE, number=number.removeprefix("+"), account=account_id, id=message_id, at=datetime.now(UTC) - ago,
    )  # fmt: skip
    return message_id


def answer(database: Database, *texts: str, to: str = NUMBER, source: str = PHONE, **more: Any) -> list[Any]:
    """Texts that come in one read of a carrier's."""
    at = datetime.now(UTC).timestamp()
    arrived = [
        ArrivedInbound(new_id(), source, to, more.get("coding", 0), more.get("esm_class", 0), each.encode("utf-16-be")
                       if more.get("coding") == 8 else more.get("header", b"") + each.encode(), at)
        for each in texts
    ]  # fmt: skip
    with database.transaction() as session:
        return answers.take(cursor_of(session), arrived)
