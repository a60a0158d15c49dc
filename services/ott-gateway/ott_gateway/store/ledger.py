"""The ledger, with WhatsApp's id of each message; and what is told of messages, in the transaction that keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import Cursor

from channel import reported_states
from channel.ports import Event
from channel.providers.ledger import ProviderLedger
from channel.reported_states import Due
from contracts.vocabulary import ERASED_ADDRESS, Channel
from ott_gateway.domain import codes
from ott_gateway.domain.told import AnswerTold, Arrived, StatusTold, TemplateTold
from ott_gateway.store import answers, senders
from ott_gateway.store.answers import Whose

_STOPPED = codes.code_of(codes.STOPPED_MARKETING)


class OttLedger(ProviderLedger):
    def __init__(self) -> None:
        super().__init__(Channel.WHATSAPP, "wamid", "text")

    def write_beside(self, cursor: Cursor[Any], messages: Sequence[Any]) -> None:
        """Who has told WhatsApp to get no more of this business has told us; who is erased is nobody's any more."""
        now = datetime.now(UTC)
        said = [
            (UUID(message.header.account_id), message.recipient["address"], now)
            for message in messages
            if message.code == _STOPPED and message.recipient["address"] != ERASED_ADDRESS
        ]
        answers.INBOX.refuse(cursor, said)

    def apply_receipts(self, cursor: Cursor[Any], arrived: Sequence[Arrived], now: datetime) -> list[Event]:
        """What is told of a number that is none of the hook's app is nobody's, and left out."""
        told = [one.told for one in arrived if not isinstance(one, TemplateTold)]
        numbers = {one.phone_number_id for one in told}
        whose = senders.of_hooks(cursor, {one.hook_id for one in told}, numbers) if told else {}
        if changed := {one.hook_id for one in arrived if isinstance(one, TemplateTold)}:
            senders.want_templates(cursor, changed)
        found = [
            (one, Whose(*whose[one.told.hook_id, one.told.phone_number_id]))
            for one in arrived
            if not isinstance(one, TemplateTold) and (one.told.hook_id, one.told.phone_number_id) in whose
        ]
        events = answers.take(cursor, [(one, owner) for one, owner in found if isinstance(one, AnswerTold)])
        statuses = [(one, owner) for one, owner in found if isinstance(one, StatusTold)]
        answers.INBOX.refuse(
            cursor,
            [
                (owner.account_id, one.address, datetime.fromtimestamp(one.reported.at, UTC))
                for one, owner in statuses
                if one.reported.code == _STOPPED and one.address
            ],
        )
        due = [Due(owner.account_id, UUID(one.message_id), one.reported) for one, owner in statuses]
        return events + apply_reports(cursor, due, now)


def apply_reports(cursor: Cursor[Any], due: Sequence[Due], now: datetime) -> list[Event]:
    """Write them down; returns the delivery events of the changes. What matches no message is parked."""
    events, unmatched = reported_states.apply(cursor, Channel.WHATSAPP, due)
    reported_states.park(cursor, unmatched, now)
    return events
