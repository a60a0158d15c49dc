"""The ledger of RCS, with what is known of the phones, and what an answer would answer, beside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import Cursor

from channel.ports import Event
from channel.providers.ledger import ProviderLedger
from contracts.vocabulary import ERASED_ADDRESS, Channel
from rcs_gateway.store import last_messages, reach, reports, revocations


class RcsLedger(ProviderLedger):
    def __init__(self) -> None:
        super().__init__(Channel.RCS, "agent_id", "uuid")

    def leave_answer_out(self, message: Any) -> None:
        """The agent is no answer of Google's."""

    def write_beside(self, cursor: Cursor[Any], messages: Sequence[Any]) -> None:
        last_messages.remember(cursor, messages)
        found = [
            (message.agent_id, message.recipient["address"], UUID(message.header.account_id), message.reach)
            for message in messages
            if message.reach is not None and message.agent_id and message.recipient["address"] != ERASED_ADDRESS
        ]
        reach.write(cursor, found, datetime.now(UTC))
        for state in (revocations.REVOKED, revocations.TOO_LATE):
            ended = sorted(UUID(message.message_id) for message in messages if message.revocation == state)
            if ended:
                revocations.end(cursor, ended, state)

    def apply_receipts(self, cursor: Cursor[Any], receipts: Sequence[Any], now: datetime) -> Sequence[Event]:
        return reports.apply(cursor, receipts, now)
