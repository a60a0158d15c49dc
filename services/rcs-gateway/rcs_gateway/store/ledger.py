"""The ledger of RCS, with what is known of the phones, and what an answer would answer, beside it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import Cursor

from channel import stop_sayers
from channel.defaults import PlainLedger
from channel.outlets import Chunk
from channel.ports import Event
from contracts.vocabulary import ERASED_ADDRESS, Channel
from rcs_gateway.store import last_messages, reach, reports, revocations


class RcsLedger(PlainLedger):
    columns = (*PlainLedger.columns, ("agent_id", "uuid"))
    updated = (*PlainLedger.updated, "agent_id")
    kept = ("agent_id",)  # a sweeper does not know by which it left

    def __init__(self) -> None:
        super().__init__("rcs_gateway", Channel.RCS)

    def row(self, message: Any) -> Sequence[Any]:
        return (*super().row(message), message.agent_id)

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

    def refused(self, cursor: Cursor[Any], chunks: Sequence[Chunk]) -> Collection[str]:
        return stop_sayers.among(cursor, chunks)

    def apply_receipts(self, cursor: Cursor[Any], receipts: Sequence[Any], now: datetime) -> Sequence[Event]:
        return reports.apply(cursor, receipts, now)
