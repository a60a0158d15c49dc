"""Messages from phones, as they came."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import Cursor
from sqlalchemy import text

from chassis.database import Session
from chassis.ids import new_id
from sms_gateway.batches import ArrivedInbound

KEEP = "90 days"

# Carriers write a number with `+`, `00` or neither.
_BARE = "regexp_replace(lower({}), '^([+]|00)', '')"
# Whom a message was for, as the senders say that operators let accounts use: `ours` is the account's and no other's.
# What was for nobody's number is nobody's to read, but the person's to have forgotten.
_OWNERS = f"""
CROSS JOIN LATERAL (
  SELECT bool_and(s.account_id = :account) AS is_ours, bool_or(s.account_id = :account) IS NOT FALSE AS is_no_others
  FROM sender_ids s
  WHERE s.state = 'active' AND {_BARE.format("s.sender_key")} = {_BARE.format("i.destination")}
) owners
"""
_FROM_PERSON = f"{_BARE.format('i.source')} = ANY(CAST(:numbers AS text[]))"
_FORGOTTEN = f"FROM inbound_sms i {_OWNERS} WHERE {_FROM_PERSON} AND i.received_at <= :until AND owners.is_no_others"


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


def page(session: Session, *, account_id: UUID, addresses: Collection[str], before: UUID, limit: int) -> Sequence[Any]:
    """Messages from the person to the account's own numbers, newest first."""
    return (
        session.execute(
            text(
                "SELECT i.id, i.source, i.destination, i.data_coding, i.esm_class, i.octets, i.received_at"
                f" FROM inbound_sms i {_OWNERS} WHERE {_FROM_PERSON} AND i.id < :before AND owners.is_ours"
                " ORDER BY i.id DESC LIMIT :limit"
            ),
            {"account": account_id, "numbers": _bare(addresses), "before": before, "limit": limit},
        )
        .mappings()
        .all()
    )


def count(session: Session, *, account_id: UUID, addresses: Collection[str], until: datetime) -> int:
    """How many `forget` would delete."""
    return int(session.scalar(text(f"SELECT count(*) {_FORGOTTEN}"), _bound(account_id, addresses, until)) or 0)


def forget(session: Session, *, account_id: UUID, addresses: Collection[str], until: datetime) -> int:
    """Delete what the person sent by then, but for what was for another account's number; returns how many."""
    return len(
        session.execute(
            text(f"DELETE FROM inbound_sms WHERE id IN (SELECT i.id {_FORGOTTEN}) RETURNING id"),
            _bound(account_id, addresses, until),
        ).all()
    )


def _bound(account_id: UUID, addresses: Collection[str], until: datetime) -> dict[str, Any]:
    return {"account": account_id, "numbers": _bare(addresses), "until": until}


def _bare(addresses: Collection[str]) -> list[str]:
    return [address.removeprefix("+") for address in addresses]


def erase_account(session: Session, account_id: UUID) -> None:
    """Delete what was for the account's own numbers; its senders must be there still."""
    session.execute(
        text(f"DELETE FROM inbound_sms WHERE id IN (SELECT i.id FROM inbound_sms i {_OWNERS} WHERE owners.is_ours)"),
        {"account": account_id},
    )
