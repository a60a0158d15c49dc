"""The ledger of e-mail, as `channel.settlement` writes it, and the refusals that contacts archives."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import Cursor

from channel.batches import Header, Recipient
from channel.lane_outbox import LaneMessage
from channel.outlets import Chunk
from channel.ports import Event
from chassis import outbox
from contracts.events import EMAIL_ADDRESSES_REFUSED
from contracts.vocabulary import ERASED_ADDRESS, ArchiveReason, Channel, MessageState
from email_gateway.batches import EmailMessage
from email_gateway.domain.senders import FORM_ACCOUNT, SYSTEM_ACCOUNT

_NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": " "})
_SYSTEM = str(SYSTEM_ACCOUNT)

# What is left names the account of a sign-up form, for its closing.
_FORGET = f"""
UPDATE ledger SET fields = jsonb_strip_nulls(jsonb_build_object('{FORM_ACCOUNT}', fields -> '{FORM_ACCOUNT}'))
WHERE message_id = ANY(%s::uuid[]) AND fields IS NOT NULL
"""


class EmailLedger:
    """`channel.ports.Ledger` of e-mail."""

    source = "email_gateway"
    columns = (
        ("message_id", "uuid"),
        ("account_id", "uuid"),
        ("campaign_id", "uuid"),
        ("contact_id", "uuid"),
        ("address", "text"),
        ("sender", "text"),
        ("lane", "text"),
        ("state", "text"),
        ("code", "text"),
        ("detail", "text"),
        ("attempts", "smallint"),
        ("updated_at", "timestamptz"),
    )
    updated = ("contact_id", "address", "state", "code", "detail", "attempts", "updated_at")
    kept = ()
    personal = ("contact_id", "address", "detail")  # what the server said may hold the address

    def row(self, message: EmailMessage) -> tuple[Any, ...]:
        header, recipient = message.header, message.recipient
        return (
            message.message_id, header.account_id, header.campaign_id, recipient.get("contact_id") or None,
            recipient["address"], message.chunk.batch.content.sender, header.lane, message.state,
            (message.code or "").translate(_ESCAPES), message.told_detail.replace("\0", " "),
            message.attempts + message.was_tried, datetime.fromtimestamp(message.at, UTC),
        )  # fmt: skip

    def line(self, message: EmailMessage) -> str:
        header, recipient = message.header, message.recipient
        return (
            f"{message.message_id}\t{header.account_id}\t{header.campaign_id or _NULL}\t"
            f"{recipient.get('contact_id') or _NULL}\t{recipient['address'].translate(_ESCAPES)}\t"
            f"{message.chunk.batch.content.sender.translate(_ESCAPES)}\t{header.lane}\t{message.state}\t"
            f"{(message.code or '').translate(_ESCAPES)}\t{message.told_detail.translate(_ESCAPES)}\t"
            f"{message.attempts + message.was_tried}\t{datetime.fromtimestamp(message.at, UTC).isoformat()}\n"
        )

    def write_beside(self, cursor: Cursor[Any], messages: Sequence[EmailMessage]) -> None:
        self._forget_secrets(cursor, messages)
        self._tell_refusals(cursor, messages)

    def _forget_secrets(self, cursor: Cursor[Any], messages: Sequence[EmailMessage]) -> None:
        """Codes and links of Wici's own mails go once they have served: whoever has them resets a password."""
        ended = [
            message.message_id
            for message in messages
            if message.state not in (MessageState.DEFERRED, MessageState.UNKNOWN) and _is_own_mail(message)
        ]
        if ended:
            cursor.execute(_FORGET, (ended,))

    def _tell_refusals(self, cursor: Cursor[Any], messages: Sequence[EmailMessage]) -> None:
        """Hard bounces as one event for each account and campaign; contacts archives the addresses."""
        groups: dict[tuple[str, str | None], list[dict[str, Any]]] = {}
        for message in messages:
            header, recipient = message.header, message.recipient
            is_ours = header.account_id == _SYSTEM or recipient["address"] == ERASED_ADDRESS
            if message.state is not MessageState.HARD_BOUNCED or is_ours:
                continue
            groups.setdefault((header.account_id, header.campaign_id), []).append(
                {
                    "channel": Channel.EMAIL,
                    "address": recipient["address"],
                    "contact_id": recipient.get("contact_id"),
                    "message_id": message.message_id,
                    "reason": ArchiveReason.HARD_BOUNCE,
                }
            )
        for (account_id, campaign_id), addresses in groups.items():
            outbox.record_at(
                cursor,
                EMAIL_ADDRESSES_REFUSED,
                account_id=UUID(account_id),
                campaign_id=campaign_id,
                addresses=addresses,
            )

    def owner_id(self, header: Header, recipient: Recipient) -> str:
        """Of a sign-up's confirmation mail that leaves from the platform, the form's account."""
        if header.account_id != _SYSTEM:
            return header.account_id
        return str((recipient.get("fields") or {}).get(FORM_ACCOUNT) or _SYSTEM)

    def event(self, message: EmailMessage) -> Event | None:
        header, recipient = message.header, message.recipient
        if header.account_id == _SYSTEM:
            return None  # Wici's own mails are in no customer's reports
        return {
            "message_id": message.message_id,
            "account_id": header.account_id,
            "at": message.at,
            "kind": message.state,
            "channel": Channel.EMAIL,
            "campaign_id": header.campaign_id,
            "contact_id": recipient.get("contact_id"),
            "address": recipient["address"],
            "sender": message.chunk.batch.content.sender,
            "domain": recipient["address"].partition("@")[2],  # none of a person who was erased
            "code": message.code or "",
            "detail": message.told_detail,
            "parts": 1,
        }

    def note_claims(self, cursor: Cursor[Any], instance_id: UUID, chunks: Sequence[Chunk]) -> Sequence[LaneMessage]:
        return ()

    def leave_answer_out(self, message: EmailMessage) -> None:
        message.detail = ""

    def refused(self, cursor: Cursor[Any], chunks: Sequence[Chunk]) -> Collection[str]:
        return ()

    def apply_receipts(self, cursor: Cursor[Any], receipts: Sequence[Any], now: datetime) -> Sequence[Event]:
        """Mail servers answer in the session; what comes later comes as mail."""
        return ()

    def tell_beside(self, cursor: Cursor[Any], events: Sequence[Event]) -> None:
        return None


def _is_own_mail(message: EmailMessage) -> bool:
    """Whether its words are Wici's; a sign-up's confirmation may leave from an account's own sender."""
    return message.header.account_id == _SYSTEM or FORM_ACCOUNT in (message.recipient.get("fields") or {})
