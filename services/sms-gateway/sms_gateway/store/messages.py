"""Single messages: what became of one, and the end of an account's. How they begin: `store.new_sends`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from chassis import suspensions
from chassis.database import Session
from contracts import ids
from contracts.vocabulary import MessageState
from sms_gateway.models import Ledger, Send

# Leases first: whoever sends for the account locks its lease and then the rest, and so both wait in one order.
_OF_ACCOUNT = (
    "quota_leases",
    "account_countries",
    "range_numbers",
    "held_ranges",
    "range_limits",
    "sender_ids",
    "contents",
    "routes",
    "sends",
    "ledger",
    "retries",
    "erasures",
    "campaign_states",
    "short_link_blocks",
    "smpp_deliveries",
    "smpp_binds",
    "smpp_accounts",
    "sms_keywords",
    "stop_confirmations",
    "inbound_replies",
    "conversation_messages",
)


def made_before(session: Session, request_hashes: Collection[str]) -> dict[str, UUID]:
    """The sends that requests with these keys have made, by request hash."""
    if not request_hashes:
        return {}
    found = session.execute(select(Send.request_hash, Send.send_id).where(Send.request_hash.in_(request_hashes)))
    return {row.request_hash: row.send_id for row in found if row.request_hash is not None}


def message(session: Session, *, account_id: UUID, message_id: UUID) -> dict[str, Any] | None:
    """One message with its send's text, or None."""
    row = session.scalar(select(Ledger).where(Ledger.message_id == message_id, Ledger.account_id == account_id))
    if row is None:
        return None
    stem_id = UUID(int=message_id.int >> 32 << 32)
    found = session.execute(
        text(
            "SELECT s.text, s.external_id, s.created_at, coalesce(s.sender, c.sender) AS sender FROM sends s"
            " LEFT JOIN contents c ON c.content_hash = s.content_hash"
            " WHERE s.stem_id = :stem AND s.account_id = :account"
        ),
        {"stem": stem_id, "account": account_id},
    ).one_or_none()
    return {
        "id": row.message_id,
        "to": row.address,
        "from": found.sender if found else None,
        "text": found.text if found else None,
        "state": MessageState(row.state),
        "code": row.code,
        "parts": row.parts,
        "campaign_id": row.campaign_id,
        "external_id": found.external_id if found else None,
        "created_at": found.created_at if found else ids.created_at(message_id),
        "submitted_at": row.submitted_at,
        "final_at": row.final_at,
    }


def erase_account(session: Session, account_id: UUID) -> None:
    """Delete every row of the account; an outbound process that is at a claim settles it all the same."""
    suspensions.close(session, account_id)
    where = {"account": account_id}
    session.execute(
        text("DELETE FROM claims WHERE send_id IN (SELECT send_id FROM sends WHERE account_id = :account)"), where
    )
    for table, column in (("unknown_messages", "message_id"), ("ledger_parts", "message_id")):
        session.execute(
            text(f"DELETE FROM {table} WHERE {column} IN (SELECT message_id FROM ledger WHERE account_id = :account)"),
            where,
        )
    for table in _OF_ACCOUNT:
        session.execute(text(f"DELETE FROM {table} WHERE account_id = :account"), where)
