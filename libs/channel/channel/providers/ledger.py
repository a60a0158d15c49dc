"""What the ledgers of channels where people answer, over a provider's API, have alike."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from psycopg import Cursor

from channel import stop_sayers
from channel.defaults import PlainLedger
from channel.outlets import Chunk
from contracts.channel import CHANNELS
from contracts.vocabulary import Channel


class ProviderLedger(PlainLedger):
    """With one column beside, by which what the provider tells later finds its message; a message has it by that name.

    An outcome that knows none, a sweeper's for one, leaves it as it is. Who has said STOP gets nothing.
    """

    def __init__(self, channel: Channel, own: str, kind: str) -> None:
        """:param own: the column. :param kind: its type."""
        super().__init__(CHANNELS[channel].service, channel)
        self._own = own
        self.columns, self.updated, self.kept = (*self.columns, (own, kind)), (*self.updated, own), (own,)

    def row(self, message: Any) -> Sequence[Any]:
        return (*super().row(message), getattr(message, self._own, None))

    def leave_answer_out(self, message: Any) -> None:
        setattr(message, self._own, None)

    def refused(self, cursor: Cursor[Any], chunks: Sequence[Chunk]) -> Collection[str]:
        return stop_sayers.among(cursor, chunks)
