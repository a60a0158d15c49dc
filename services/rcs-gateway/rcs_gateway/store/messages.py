"""Single messages as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database import Session
from contracts.vocabulary import MessageState

_SHOWN = text(
    "SELECT l.message_id AS id, l.address AS to, l.state, l.code, l.campaign_id, s.external_id, a.name AS from,"
    " r.state AS revocation FROM unnest(CAST(:ids AS uuid[])) AS u(id)"
    " CROSS JOIN LATERAL (SELECT * FROM ledger WHERE message_id = u.id AND account_id = :account LIMIT 1) l"
    " LEFT JOIN agents a ON a.id = l.agent_id LEFT JOIN revocations r ON r.message_id = l.message_id"
    " LEFT JOIN sends s ON s.account_id = l.account_id"
    " AND s.stem_id = CAST(left(CAST(l.message_id AS text), 28) || '00000000' AS uuid) ORDER BY 1"
)


def of_account(session: Session, account_id: UUID, message_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    rows = session.execute(_SHOWN, {"account": account_id, "ids": sorted(message_ids)}).mappings()
    return [{**row, "state": MessageState(row["state"])} for row in rows]
