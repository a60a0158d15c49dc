"""What is in hand: SMS contents, messages and their parts, receipts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from channel.batches import UNANSWERED, UNANSWERED_AT, UNANSWERED_BY, Recipient
from channel.outlets import NOT_STORED, Chunk, Message
from channel.ports import Event
from contracts.ids import created_at
from contracts.vocabulary import Channel, MessageState
from sms_gateway.content.as_text import TextEnvelope
from sms_gateway.content.parts import LongForm
from sms_gateway.content.submission import Envelope, Parameters
from sms_gateway.content.template import Template
from sms_gateway.domain.numbers import in_full
from sms_gateway.smpp.receipts import seconds_under_way

# Optional parameters as they are stored: octets in hex by tag, `0x1400`.
Written = Mapping[str, str]


class Content:
    """A stored content, compiled; shared by all batches that name its hash."""

    def __init__(self, account_id: UUID, sender: str, content: Mapping[str, Any]) -> None:
        self.account_id = str(account_id)
        self.sender = sender
        self.content = content
        self.template = Template(content)
        self.targets = self.template.targets  # of its short links, by their number
        self.national_language = self.template.national_language
        self.short_link_url = str(content.get("short_link_url") or "")
        self._envelopes: dict[tuple[LongForm, Parameters], Envelope | TextEnvelope] = {}

    def envelope(self, long_form: LongForm, parameters: Parameters = ()) -> Envelope | TextEnvelope:
        key = long_form, parameters
        found = self._envelopes.get(key)
        if found is None:
            kind = TextEnvelope if long_form is LongForm.TEXT else Envelope
            found = self._envelopes[key] = kind(self.sender, self.content, long_form, parameters)
        return found


class KnownCarrier(NamedTuple):
    """The carrier of a dead instance's claim: all that is left of it."""

    id: UUID
    name: str = ""

    def __str__(self) -> str:
        return str(self.id)


# So often a message may leave whose answers never come, by all carriers together: each may have reached a phone.
UNANSWERED_TRIES = 3
TOO_LATE = "too_late"


class SmsMessage(Message):
    """One SMS: `parts` is what a person pays for; `travelling` how many submit_sm carry it (one, where a
    message_payload does). `bodies` are those submit_sm, until they are queued. `refused_by` has the carriers that did
    not take it under its present claim. `is_doubtful`: its carrier may have it, and has not said so. `place` (its
    network or country) and `cost` (minor units that the account pays) are found as it is settled."""

    __slots__ = (
        "bodies",
        "carrier_ids",
        "cost",
        "is_doubtful",
        "parts",
        "parts_left",
        "place",
        "refused_by",
        "travelling",
    )

    def __init__(self, chunk: Chunk, recipient: Recipient, message_id: str, existing: bool, attempts: int) -> None:
        super().__init__(chunk, recipient, message_id, existing, attempts)
        self.carrier_ids: list[str] | None = None
        self.parts = self.parts_left = self.travelling = 1
        self.bodies: list[bytes] = []
        self.refused_by: frozenset[UUID] = frozenset()
        self.is_doubtful = False
        self.place: str | None = None
        self.cost: int | None = None

    @property
    def units(self) -> int:
        return self.parts

    def note_unanswered(self, times: int, carrier_id: UUID | None, carrier: str = "") -> None:
        """:param carrier_id: who may have it."""
        if times > self.unanswered:
            self.recipient[UNANSWERED] = times
            self.note_holder(carrier_id, carrier)

    def note_holder(self, carrier_id: UUID | None, carrier: str = "") -> None:
        """:param carrier_id: who may have it; None where nobody knows: who is known to have it stays."""
        known = self.recipient.get(UNANSWERED_BY)
        if carrier_id is not None and (carrier or not known or known[0] != str(carrier_id)):
            self.recipient[UNANSWERED_BY] = [str(carrier_id), carrier]
        if self.chunk.claim is not None and (carrier_id is not None or not known):
            self.recipient[UNANSWERED_AT] = created_at(self.chunk.claim.claim_id).timestamp()

    @property
    def handed_over_at(self) -> datetime | None:
        """When it left without an answer: within moments of its claim, which may be one before its present one."""
        if (at := self.recipient.get(UNANSWERED_AT)) is not None:
            return datetime.fromtimestamp(at, UTC)
        return created_at(self.chunk.claim.claim_id) if self.chunk.claim else None

    @property
    def is_given_up(self) -> bool:
        """It has left so often without an answer that it does not leave again."""
        return self.unanswered >= UNANSWERED_TRIES

    @property
    def holder(self) -> Any:
        """The carrier that has it: of one whose outcome nobody knows, who did not answer, not who refused it after; but
        who took it, where its answer could not be stored."""
        by = self.recipient.get(UNANSWERED_BY)
        if self.state is MessageState.UNKNOWN and self.code != NOT_STORED and by:
            return KnownCarrier(UUID(by[0]), by[1])
        return self.outlet

    @property
    def is_unsent(self) -> bool:
        """No part of it was handed over, as far as anybody knows."""
        return self.parts_left == self.travelling and self.state is None and not self.is_doubtful


class Part:
    """One submit_sm of a message. `number` counts from 1; `unanswered`, how often it has left and no answer came,
    by this carrier and those before."""

    __slots__ = ("body", "message", "number", "tries", "unanswered")

    def __init__(self, body: bytes, message: SmsMessage, number: int) -> None:
        self.body = body
        self.message = message
        self.number = number
        self.tries, self.unanswered = 0, message.unanswered


class Arrived(NamedTuple):
    """A receipt as the ledger takes it. `tries` counts how often it was looked for."""

    carrier_id: UUID
    carrier_message_id: str
    state: MessageState
    code: str
    address: str
    at: float
    tries: int = 0
    sender: str = ""  # the receipt's destination: our sender, as the carrier writes it
    submitted_at: float | None = None  # None: `text` tells
    text: bytes = b""
    spelled: str = ""  # the id as the carrier wrote it
    is_typed: bool = False  # a phone may have written it: see `store.typed_receipts`
    parameters: Written | None = None  # optional ones that are passed on to a partner

    @property
    def phone(self) -> str:
        """Whose phone it was, in E.164."""
        return in_full(self.address)

    def submitted(self) -> float:
        """When the message was handed over, by our clock: the carrier's is in a zone that it does not name."""
        return self.at - (seconds_under_way(self.text) or 0.0) if self.submitted_at is None else self.submitted_at


class ArrivedUnread(NamedTuple):
    """What a carrier sent and nobody understands."""

    carrier_id: UUID
    frame: bytes
    reason: str
    at: float


class ArrivedInbound(NamedTuple):
    """A message from a phone. `octets` are as they came, with their user data header where `esm_class` says so.

    `parts` is how many it was sent in, `missing_parts` the numbers of those that never came.
    """

    carrier_id: UUID
    source: str
    destination: str
    data_coding: int
    esm_class: int
    octets: bytes
    at: float
    parts: int = 1
    missing_parts: Sequence[int] = ()
    carrier_message_id: str = ""  # the carrier's id of it, where it has one
    parameters: Written | None = None  # optional ones that are passed on to a partner


def receipt_event(
    message_id: str, account_id: str, campaign_id: str | None, at: float, state: str, code: str | None
) -> Event:
    """The delivery event of what a receipt, or those of all parts, made of a message."""
    return {
        "message_id": message_id,
        "account_id": account_id,
        "at": at,
        "kind": state,
        "channel": Channel.SMS,
        "campaign_id": campaign_id,
        "code": code or "",
    }
