"""What was composed: the octets of a message, and what has to be true of the server that takes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from email_gateway.domain.needs import NOTHING, Needs


@dataclass(frozen=True, slots=True)
class Blob:
    """What a message ends with, kept under its digest: it is read when the message leaves."""

    digest: str
    size: int
    needs: Needs = NOTHING


class Outgoing(NamedTuple):  # travels from the composing process: a tuple is pickled in half the time
    """One message, ready to be handed over; with `blob`, `octets` is what stands before it."""

    message_id: UUID
    address: str
    envelope_from: str
    octets: bytes
    blob: Blob | None = None
    needs: Needs = NOTHING
