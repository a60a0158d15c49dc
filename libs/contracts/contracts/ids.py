"""Ids that two services must compute alike.

A message id is a function of its send and the recipient's number in it, so that the same batch, delivered twice, names
the same messages. It is a UUID version 8 (RFC 9562 section 5.8) that sorts by time and, within a send, by number:

    48 bits  milliseconds of the send id (a UUID version 7)
     4 bits  version, 8
    12 bits  of a hash of the send id
     2 bits  variant
    30 bits  of a hash of the send id
    32 bits  recipient number

Neighbours in a batch are neighbours in every index, and a table partitioned by ranges of the id is partitioned by time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

MAX_NUMBER = 2**32 - 1


def message_id(send_id: UUID, number: int) -> UUID:
    """Id of recipient `number` (0 to 2³²−1) of the send `send_id` (UUID version 7)."""
    return message_ids(send_id)(number)


def message_ids(send_id: UUID) -> Callable[[int], UUID]:
    """A function from recipient number to message id, with the hash of the send done once."""
    digest = int.from_bytes(hashlib.sha256(send_id.bytes).digest()[:8], "big")
    millis = send_id.int >> 80
    prefix = (
        (millis << 80) | (0x8 << 76) | ((digest & 0xFFF) << 64) | (0b10 << 62) | ((digest >> 12 & 0x3FFFFFFF) << 32)
    )

    def of(number: int) -> UUID:
        if not 0 <= number <= MAX_NUMBER:
            raise ValueError(f"recipient number {number} is out of range")
        return UUID(int=prefix | number)

    return of


def stem(send_id: UUID) -> str:
    """The text of a send's message ids but for the last eight digits, which are the recipient's number; a quarter of
    the time that `message_ids` and `str` take."""
    digest = int.from_bytes(hashlib.sha256(send_id.bytes).digest()[:8], "big")
    millis, hashed = f"{send_id.int >> 80:012x}", digest >> 12 & 0x3FFFFFFF
    return f"{millis[:8]}-{millis[8:]}-8{digest & 0xFFF:03x}-{0x8000 | hashed >> 16:04x}-{hashed & 0xFFFF:04x}"


STEPS_MOST = 5


def step_campaign_id(campaign_id: UUID, place: int) -> UUID:
    """Id of the campaign that the step `place` (from 0 on) of a campaign of steps is.

    Its version, 5, says that chains may wait for what is told of it (`lanes.is_ordinary`).
    """
    return uuid5(campaign_id, f"step:{place}")


def with_steps(campaign_id: UUID) -> list[UUID]:
    """A campaign and all steps that it may have: whoever looks for what is known of it looks for all of these."""
    return [campaign_id, *(step_campaign_id(campaign_id, place) for place in range(STEPS_MOST))]


def recipient_number(of_message: UUID) -> int:
    """The recipient's number, read back from a message id."""
    return of_message.int & 0xFFFFFFFF


def created_at(of: UUID) -> datetime:
    """When an id of version 7 or 8 was made: the first 48 bits are Unix milliseconds (UTC)."""
    return datetime.fromtimestamp((of.int >> 80) / 1000, tz=UTC)


def first_id_at(moment: datetime, later: timedelta = timedelta(0)) -> UUID:
    """The least id that any id made at `moment` can have; bounds of partitions and of time ranges over ids.

    Before 1970 there were no ids: such a moment gives the least of all.

    :param later: so much after the moment, also where no date is so late.
    """
    return UUID(int=max(int(moment.timestamp() * 1000) + later // timedelta(milliseconds=1), 0) << 80)
