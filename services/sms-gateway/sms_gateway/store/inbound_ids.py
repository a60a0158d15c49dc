"""Ids that carriers have given to messages from phones: one that is told of again is known by its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import Cursor

from chassis.database import columns
from sms_gateway.batches import ArrivedInbound

KEEP = "7 days"


def new(cursor: Cursor[Any], arrived: Sequence[ArrivedInbound]) -> Sequence[ArrivedInbound]:
    """Those that have not come before, and those without an id; whoever is told of one at the same time waits."""
    named = {(each.carrier_id, each.carrier_message_id): each for each in reversed(arrived) if each.carrier_message_id}
    if not named:
        return arrived
    cursor.execute(
        "INSERT INTO inbound_ids (carrier_id, carrier_message_id) SELECT * FROM unnest(%s::uuid[], %s::text[])"
        " ON CONFLICT DO NOTHING RETURNING carrier_id, carrier_message_id",
        columns(sorted(named), 2),
    )
    first = {id(named[carrier_id, identifier]) for carrier_id, identifier in cursor.fetchall()}
    return [each for each in arrived if not each.carrier_message_id or id(each) in first]


def forget_old(cursor: Cursor[Any]) -> None:
    cursor.execute(f"DELETE FROM inbound_ids WHERE came_at < now() - interval '{KEEP}'")
