"""What comes from a lane: batches, their contents and recipients."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

import orjson

from channel.left_out import CODES, REASONS
from contracts.ids import MAX_NUMBER, message_ids
from contracts.lanes import BATCH_SIZE
from contracts.vocabulary import ERASED_ADDRESS, ContentFailure, Lane, LeftOut, MessageState

ADDRESS_MAX = 254  # characters: the longest e-mail address (RFC 5321, section 4.5.3.1.3)
CONTENT_FAILURES = frozenset(map(str, ContentFailure))
LATEST = 4_102_444_800.0  # the year 2100: what is added to a time before it is still a time
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z").match

Recipient = dict[str, Any]


class Content(Protocol):
    """A stored content, compiled by the channel; shared by all batches that name its hash."""

    @property
    def account_id(self) -> str: ...

    @property
    def sender(self) -> str: ...


class UnknownContent:
    """Stands for a content that is not kept, or is another account's: its messages are rejected."""

    sender = ""

    def __init__(self, account_id: str) -> None:
        self.account_id = account_id


class Header:
    """What all recipients of a batch share."""

    __slots__ = (
        "accepted_at", "account_id", "batch_id", "campaign_id", "content", "content_hash", "lane", "send_id", "sender",
        "stem", "taken_at", "trace_id",
    )  # fmt: skip

    def __init__(self, raw: Mapping[str, Any], lane: Lane) -> None:
        """:raises KeyError, ValueError: not a batch."""
        self.lane = lane
        self.batch_id = str(UUID(raw["batch_id"]))
        self.account_id = str(UUID(raw["account_id"]))
        self.campaign_id = str(UUID(raw["campaign_id"])) if raw.get("campaign_id") else None
        self.send_id = UUID(raw["send_id"])
        # The text of its messages' ids but for the last eight digits, which are the recipient's number.
        self.stem = str(raw.get("stem") or str(message_ids(self.send_id)(0))[:-8])
        self.content_hash = str(raw["content_hash"])
        # What came along, and is found by the hash later on: a partner's message is nobody else's.
        self.content: Mapping[str, Any] | None = raw.get("content")
        self.sender: str | None = raw.get("sender")
        self.trace_id = str(raw.get("trace_id") or "")
        self.taken_at = time.time()
        self.accepted_at = float(raw.get("accepted_at") or 0) or datetime.now(UTC).timestamp()
        if not 0 < self.accepted_at < LATEST:
            raise ValueError("accepted_at is no time")

    def id_of(self, number: int) -> str:
        """`contracts.ids.message_id(send_id, number)` as text, ten times as fast."""
        return f"{self.stem}{number:08x}"

    def as_json(self) -> dict[str, Any]:
        return {
            "batch_id": self.batch_id,
            "account_id": self.account_id,
            "campaign_id": self.campaign_id,
            "send_id": str(self.send_id),
            "stem": self.stem,
            "content_hash": self.content_hash,
            "trace_id": self.trace_id,
            "accepted_at": self.accepted_at,
            "lane": self.lane,
        }


def ensure_recipients(recipients: list[Recipient]) -> None:
    """What a ledger could not hold must not come near it: one such recipient would fail every transaction again.

    :raises ValueError, KeyError, TypeError: a recipient that is none.
    """
    numbers = set()
    for recipient in recipients:
        number, address, contact_id = recipient["number"], recipient["address"], recipient.get("contact_id")
        if type(number) is not int or not 0 <= number <= MAX_NUMBER:
            raise ValueError("a recipient's number is out of range")
        if type(address) is not str or len(address) > ADDRESS_MAX or "\0" in address:
            raise ValueError("a recipient's address is no address")
        if contact_id is not None and not _UUID(contact_id):
            raise ValueError("a recipient's contact id is no id")
        if recipient.get("left_out", LeftOut.ERASED) not in CODES:
            raise ValueError("a recipient is left out for no known reason")
        if not isinstance(recipient.get("fields") or {}, dict):
            raise ValueError("a recipient's fields are no object")
        numbers.add(number)
    if len(numbers) != len(recipients):
        raise ValueError("a recipient's number is there twice")


UNANSWERED, UNANSWERED_BY, UNANSWERED_AT = "unanswered", "unanswered_by", "unanswered_at"
"""With a recipient: how often their message has left without an answer, and by whom and when (Unix seconds) last."""
LEFT_BEHIND = "left_behind"
"""With a recipient: how many processes have died that had claimed their message; whether it left, nobody knows."""


def without_person(recipient: Mapping[str, Any]) -> Recipient:
    """The recipient once the person was erased: a number, and nobody behind it."""
    left = {name: recipient[name] for name in (UNANSWERED, UNANSWERED_BY) if name in recipient}
    return {"number": recipient["number"], "contact_id": None, "address": ERASED_ADDRESS, "fields": {}, **left}


UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)


def read_batches(body: bytes, lane: Lane) -> list[tuple[Header, list[Recipient]] | Exception]:
    """The batches of a lane message, each as its header and its recipients, or as the reason why it is none.

    Those that came together may be many accounts': one that cannot be read says nothing of the others.

    :raises UNREADABLE: the message as a whole is not `contracts.lanes.Batch` or `Batches`.
    """
    raw = orjson.loads(body)
    batches = raw.get("batches", [raw])
    if not batches:
        raise ValueError("a lane message without a batch")
    return [_read_batch(batch, lane) for batch in batches]


def gathered(lane: str, batches: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, bytes]]:
    """As few lane messages as hold these batches, with no more than `BATCH_SIZE` recipients each: (lane, body)."""
    some: list[Mapping[str, Any]] = []
    size = 0
    for batch in batches:
        if some and size + len(batch["recipients"]) > BATCH_SIZE:
            yield lane, orjson.dumps({"v": 1, "batches": some})
            some, size = [], 0
        some.append(batch)
        size += len(batch["recipients"])
    if some:
        yield lane, orjson.dumps({"v": 1, "batches": some})


def _read_batch(batch: Any, lane: Lane) -> tuple[Header, list[Recipient]] | Exception:
    try:
        recipients = list(batch["recipients"])
        ensure_recipients(recipients)
        return Header(batch, lane), recipients
    except UNREADABLE as error:
        return error


class SharedDelivery:
    """A delivery of several batches: settled when the last of them is; refused if any of them was."""

    def __init__(self, delivery: Any, batches: int) -> None:
        self._delivery = delivery
        self._left = batches
        self._is_refused = False
        self._lock = threading.Lock()

    def ack(self) -> None:
        self._settle(is_refused=False)

    def nack(self, *, requeue: bool = True) -> None:
        """Refuse one batch for good; the others are done all the same."""
        self._settle(is_refused=True)

    def _settle(self, *, is_refused: bool) -> None:
        with self._lock:
            self._left -= 1
            self._is_refused = self._is_refused or is_refused
            if self._left:
                return
        if self._is_refused:
            self._delivery.nack(requeue=False)
        else:
            self._delivery.ack()


class Batch:
    """One batch of a lane delivery. `unsettled` counts down in the ledger's thread; at 0 the batch is done."""

    __slots__ = (
        "content", "content_failed", "deferred", "delivery", "failed", "header", "left_out", "submitted", "units",
        "unsettled",
    )  # fmt: skip

    def __init__(self, header: Header, content: Any, size: int, delivery: Any = None) -> None:
        self.header = header
        self.content = content
        self.delivery = delivery
        self.unsettled = size
        self.submitted = self.failed = self.deferred = self.units = 0
        self.left_out: Counter[str] = Counter()
        self.content_failed: Counter[str] = Counter()

    def settle(self, state: MessageState, code: str | None = None, units: int = 1) -> None:
        """Count one of its recipients as settled. A bounce was handed over, so it counts as submitted.

        :param units: of quota, that it takes if it was handed over.
        """
        self.unsettled -= 1
        if state is MessageState.DEFERRED:
            self.deferred += 1
        elif state is MessageState.REJECTED and code in REASONS:
            self.left_out[str(REASONS[code])] += 1  # plain words: orjson takes no others as keys
        elif state in (MessageState.REJECTED, MessageState.EXPIRED):
            self.failed += 1
            if code in CONTENT_FAILURES:
                self.content_failed[str(code)] += 1
        else:
            self.submitted += 1
            self.units += units
