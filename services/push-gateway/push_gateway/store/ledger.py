"""The ledger; and devices that are dead go in the transaction that writes down what became of the message."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import Cursor

from channel.defaults import PlainLedger
from chassis import outbox
from contracts.events import PUSH_DEVICES_GONE
from contracts.vocabulary import Channel
from push_gateway.store import devices


class PushLedger(PlainLedger):
    def __init__(self) -> None:
        super().__init__("push_gateway", Channel.PUSH)

    def write_beside(self, cursor: Cursor[Any], messages: Sequence[Any]) -> None:
        """Forget devices that are none any more; contacts learns of whom no device is left."""
        # In one order, so that two transactions with the same devices wait for each other.
        dead = sorted(
            {
                (target.device_id, target.seen_at)
                for message in messages
                for target in getattr(message, "dead", ())
                if target.device_id is not None
            }
        )
        if not dead:
            return
        addresses: dict[UUID, list[str]] = defaultdict(list)
        for account_id, address in devices.without_any(cursor, devices.remove_dead(cursor, dead)):
            addresses[account_id].append(address)
        for account_id, gone in addresses.items():
            outbox.record_at(cursor, PUSH_DEVICES_GONE, account_id=account_id, addresses=gone)
