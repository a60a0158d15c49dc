"""Messages from phones, as they came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg import Cursor

from chassis.ids import new_id
from sms_gateway.batches import ArrivedInbound

KEEP = "90 days"


def write(cursor: Cursor[Any], arrived: Sequence[ArrivedInbound]) -> None:
    """A carrier that got no answer sends one again: it is there twice then, as the phone may have sent it twice."""
    for each in arrived:
        cursor.execute(
            "INSERT INTO inbound_sms (id, carrier_id, source, destination, data_coding, esm_class, octets, received_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
            (
                new_id(), each.carrier_id, each.source.replace("\0", ""), each.destination.replace("\0", ""),
                each.data_coding, each.esm_class, each.octets, datetime.fromtimestamp(each.at, UTC),
            ),
        )  # fmt: skip


def forget_old(cursor: Cursor[Any]) -> None:
    cursor.execute(f"DELETE FROM inbound_sms WHERE received_at < now() - interval '{KEEP}'")
