"""The newest message of an agent to each phone: what an answer answers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Cursor

from channel.inbox import Answered
from channel.kept_contents import SWEPT_AT_ONCE
from chassis.database import Session, changed, columns
from contracts.vocabulary import ERASED_ADDRESS, MessageState
from rcs_gateway.batches import RcsMessage

KEEP = timedelta(days=90)


def remember(cursor: Cursor[Any], messages: Sequence[RcsMessage]) -> None:
    """Those that were handed over, in one order."""
    rows = {}
    for message in messages:
        address = message.recipient["address"]
        if message.state is not MessageState.SUBMITTED or message.agent_id is None or address == ERASED_ADDRESS:
            continue
        header = message.header
        rows[message.agent_id, address] = (
            message.agent_id, address, header.account_id, message.message_id, header.campaign_id or None,
            message.recipient.get("contact_id") or None, datetime.fromtimestamp(message.at, UTC),
        )  # fmt: skip
    if rows:
        cursor.execute(
            "INSERT INTO last_messages AS m (agent_id, phone, account_id, message_id, campaign_id, contact_id, sent_at)"
            " SELECT * FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[],"
            " %s::timestamptz[]) ON CONFLICT (agent_id, phone) DO UPDATE SET message_id = excluded.message_id,"
            " campaign_id = excluded.campaign_id, contact_id = excluded.contact_id, sent_at = excluded.sent_at"
            " WHERE m.sent_at <= excluded.sent_at",
            columns([rows[key] for key in sorted(rows)], 7),
        )


def of(cursor: Cursor[Any], asked: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], Answered]:
    """By agent and phone."""
    cursor.execute(
        "SELECT a.agent_id, a.phone, m.message_id, m.campaign_id, m.contact_id"
        " FROM unnest(%s::uuid[], %s::text[]) AS a(agent_id, phone)"
        " CROSS JOIN LATERAL (SELECT message_id, campaign_id, contact_id FROM last_messages"
        " WHERE agent_id = a.agent_id AND phone = a.phone LIMIT 1) m",
        columns(sorted(asked), 2),
    )
    return {(agent, phone): Answered(*rest) for agent, phone, *rest in cursor.fetchall()}


def sweep(session: Session, now: datetime) -> int:
    return changed(
        session,
        "DELETE FROM last_messages WHERE (agent_id, phone) IN"
        " (SELECT agent_id, phone FROM last_messages WHERE sent_at < :before ORDER BY sent_at LIMIT :limit)",
        before=now - KEEP, limit=SWEPT_AT_ONCE,
    )  # fmt: skip
