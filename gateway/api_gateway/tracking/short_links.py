"""Short links of SMS: which link a code stands for, and whose.

A code says its position (`contracts.short_codes`); whose the positions around it are, sms-gateway tells on a lane
before the first message with one of them leaves, and the gateway keeps it. Blocks that are clicked are remembered, so
that the database is asked once for thousands of recipients.
"""

from __future__ import annotations

import threading
from bisect import bisect_right, insort
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy.orm import Session

from api_gateway import store
from api_gateway.event_handling import Handling
from api_gateway.tracking.lookups import Lookups
from chassis.broker import Broker
from chassis.database import Database
from contracts import ids
from contracts.lanes import SHORT_LINKS
from contracts.short_codes import Codes, position_of
from contracts.tokens import Place, Token, TokenKind

MOST_REMEMBERED = 2_000


class Missing(StrEnum):
    """Why a code leads nowhere, and the page that says so (`pages.page`)."""

    UNKNOWN = "gone"  # no code of ours
    NOT_YET = "soon"  # we are told of it in a moment, or cannot look now
    ENDED = "ended"


class Block(NamedTuple):
    """`contracts.lanes.ShortLinkBlock`, as it is kept."""

    position: int
    first_number: int
    size: int
    account_id: UUID
    campaign_id: UUID | None
    send_id: UUID
    links: Sequence[str]

    @property
    def end(self) -> int:
        return self.position + self.size * len(self.links)


class ShortLinks:
    """:param keys: of the links' ring."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[Session]], keys: Sequence[bytes]) -> None:
        self._lookups = Lookups(transaction)
        self._ring = [Codes(key) for key in keys]
        self._starts: list[int] = []
        self._blocks: dict[int, Block] = {}
        self._lock = threading.Lock()

    def of(self, code: str) -> Token | Missing:
        """The click that a code stands for; its token names no contact, whom reporting knows by the message."""
        position = position_of(code, self._ring)
        if position is None:
            return Missing.UNKNOWN
        block = self._remembered(position) or self._looked_up(position)
        return block if isinstance(block, Missing) else _token(block, position)

    def _remembered(self, position: int) -> Block | None:
        with self._lock:
            place = bisect_right(self._starts, position)
            block = self._blocks[self._starts[place - 1]] if place else None
        return block if block is not None and position < block.end else None

    def _looked_up(self, position: int) -> Block | Missing:
        try:
            found: Block | Missing = self._lookups.ask(lambda session: _block_or_why(session, position))
        except Exception:
            return Missing.NOT_YET
        if isinstance(found, Block):
            self._remember(found)
        return found

    def _remember(self, block: Block) -> None:
        with self._lock:
            if len(self._blocks) >= MOST_REMEMBERED:
                self._blocks.clear()
                self._starts.clear()
            if block.position not in self._blocks:
                insort(self._starts, block.position)
            self._blocks[block.position] = block


def _block_or_why(session: Session, position: int) -> Block | Missing:
    row = store.short_link_block(session, position)
    block = None if row is None else Block(*row)
    if block is not None and not block.links:
        return Missing.ENDED  # of an account that was closed
    if block is not None and position < block.end:
        return block
    return Missing.ENDED if store.are_short_links_over(session, position) else Missing.NOT_YET


def _token(block: Block, position: int) -> Token:
    recipient, link = divmod(position - block.position, len(block.links))
    target = block.links[link]
    return Token(
        kind=TokenKind.CLICK,
        account_id=block.account_id,
        campaign_id=block.campaign_id,
        message_id=ids.message_id(block.send_id, block.first_number + recipient),
        contact_id=None,
        target=target,
        place=Place(link, len(target)),
    )


class ShortLinkIntake(Handling):
    """The consumer of blocks. One that is known already changes nothing."""

    def __init__(self, broker: Broker, database: Database) -> None:
        super().__init__(broker, database, SHORT_LINKS, read_blocks, store.keep_short_links)


def read_blocks(body: bytes) -> list[dict[str, Any]]:
    """:raises ValueError, KeyError, TypeError: the message is not `contracts.lanes.ShortLinkBlocks`."""
    return [
        {
            "position": int(block["position"]),
            "first_number": int(block["first_number"]),
            "size": int(block["size"]),
            "account_id": UUID(block["account_id"]),
            "campaign_id": UUID(block["campaign_id"]) if block["campaign_id"] else None,
            "send_id": UUID(block["send_id"]),
            "links": [str(link) for link in block["links"]],
        }
        for block in orjson.loads(body)["blocks"]
    ]
