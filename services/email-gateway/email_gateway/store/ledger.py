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
from email_gateway.domain.mailroom import SoftRule
from email_gateway.domain.senders import FORM_ACCOUNT, SYSTEM_ACCOUNT
from email_gateway.store import soft_bounces

_NULL = "\\N"
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": " "})
_SYSTEM = str(SYSTEM_ACCOUNT)

# What is left names the account of a sign-up form, for its closing.
_FORGET = f"""
UPDATE ledger SET fields = jsonb_strip_nulls(jsonb_build_object('{FORM_ACCOUNT}', fields -> '{FORM_ACCOUNT}'))
WHERE message_id = ANY(%s::uuid[]) AND fields IS NOT NULL
"""


class EmailLedger:
    """`channel.ports.Ledger` of e-mail.

    :param soft: when a mailbox that takes nothing counts as gone.
    """

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

    def __init__(self, soft: SoftRule) -> None:
        self._soft = soft

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
        self._tell_refusals(cursor, messages, self._gone(cursor, messages))

    def _forget_secrets(self, cursor: Cursor[Any], messages: Sequence[EmailMessage]) -> None:
        """Codes and links of Wici's own mails go once they have served: whoever has them resets a password."""
        ended = [
            message.message_id
            for message in messages
            if message.state not in (MessageState.DEFERRED, MessageState.UNKNOWN) and _is_own_mail(message)
        ]
        if ended:
            cursor.execute(_FORGET, (ended,))

    def _gone(self, cursor: Cursor[Any], messages: Sequence[EmailMessage]) -> Collection[str]:
        """Ids of messages that came back soft, to mailboxes that have taken nothing on too many days by now."""
        soft = {
            (message.header.account_id, message.recipient["address"]): message.message_id
            for message in messages
            if message.is_of_mailbox and message.state is MessageState.SOFT_BOUNCED and not _is_nobodys(message)
        }
        if not soft or not self._soft.times:
            return ()
        today = datetime.now(UTC).date()
        known = soft_bounces.note_many(cursor, list(soft), today, since=self._soft.since(today))
        return {soft[key] for key, days in known.items() if days >= self._soft.times}

    def _tell_refusals(self, cursor: Cursor[Any], messages: Sequence[EmailMessage], gone: Collection[str]) -> None:
        """Who does not exist, as one event for each account and campaign; contacts archives the addresses."""
        groups: dict[tuple[str, str | None], list[dict[str, Any]]] = {}
        for message in messages:
            header, recipient = message.header, message.recipient
            is_hard = message.state is MessageState.HARD_BOUNCED or message.message_id in gone
            if not is_hard or _is_nobodys(message):
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
            "peer": message.peer if message.told_detail else "",
            "parts": 1,
        }

    def note_claims(self, cursor: Cursor[Any], instance_id: UUID, chunks: Sequence[Chunk]) -> Sequence[LaneMessage]:
        return ()

    def leave_answer_out(self, message: EmailMessage) -> None:
        message.detail = message.peer = ""

    def refused(self, cursor: Cursor[Any], chunks: Sequence[Chunk]) -> Collection[str]:
        return ()

    def apply_receipts(self, cursor: Cursor[Any], receipts: Sequence[Any], now: datetime) -> Sequence[Event]:
        """Mail servers answer in the session; what comes later comes as mail."""
        return ()

    def tell_beside(self, cursor: Cursor[Any], events: Sequence[Event]) -> None:
        return None


def _is_nobodys(message: EmailMessage) -> bool:
    """Whether there is no contact to archive: Wici's own mails, and people who were erased."""
    return message.header.account_id == _SYSTEM or message.recipient["address"] == ERASED_ADDRESS


def _is_own_mail(message: EmailMessage) -> bool:
    """Whether its words are Wici's; a sign-up's confirmation may leave from an account's own sender."""
    return message.header.account_id == _SYSTEM or FORM_ACCOUNT in (message.recipient.get("fields") or {})
