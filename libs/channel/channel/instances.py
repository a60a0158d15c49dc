"""The leases of running instances: whoever lets its lease run out is dead to the others, and its work is swept."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg import Cursor

from chassis.database import Statement

LEASE_SECONDS = 12
# Whoever claims has at least so long from then on. A lease that is renewed in time (`outbound.RENEW_SECONDS`) has more.
CLAIM_SECONDS = 10
_EXPIRES = "clock_timestamp() + make_interval(secs => %s)"
_HOLD = f"SELECT instance_id FROM instances WHERE instance_id = %s AND expires_at >= {_EXPIRES} FOR KEY SHARE"
ALIVE = "SELECT instance_id FROM instances WHERE expires_at > now()"


def renew_lease(cursor: Cursor[Any], instance_id: UUID) -> None:
    """This instance lives. By the moment of writing: a transaction that began long ago must not shorten the lease."""
    cursor.execute(
        f"INSERT INTO instances (instance_id, expires_at) VALUES (%s, {_EXPIRES})"
        " ON CONFLICT (instance_id) DO UPDATE SET expires_at = greatest(instances.expires_at, excluded.expires_at)",
        (instance_id, LEASE_SECONDS),
    )


def holding(instance_id: UUID) -> Statement:
    """For whoever claims, by `execute_together`: a row where this instance lives `CLAIM_SECONDS` more; then it does not
    leave before the commit. Where there is none the claim renews, in its own transaction.

    Those who claim and who renews do not wait for each other: an UPDATE of no key does not conflict with FOR KEY SHARE.
    A DELETE does (PostgreSQL, 13.3.2).
    """
    return _HOLD, (instance_id, CLAIM_SECONDS)


def hold_unless_left(cursor: Cursor[Any], instance_id: UUID) -> bool:
    """The same at once, of an instance that is there; False where it has left."""
    cursor.execute(*holding(instance_id))
    if cursor.rowcount:
        return True
    cursor.execute(
        f"UPDATE instances SET expires_at = greatest(expires_at, {_EXPIRES}) WHERE instance_id = %s",
        (LEASE_SECONDS, instance_id),
    )
    return cursor.rowcount > 0


def leave(cursor: Cursor[Any], instance_id: UUID) -> None:
    """A clean stop: from now on it claims nothing. Waits for whoever is just claiming."""
    cursor.execute("DELETE FROM instances WHERE instance_id = %s", (instance_id,))


def forget_dead(cursor: Cursor[Any]) -> None:
    """Drop instances that died long ago and left nothing behind."""
    cursor.execute(
        "DELETE FROM instances i WHERE expires_at < now() - interval '1 hour'"
        " AND NOT EXISTS (SELECT 1 FROM claims c WHERE c.instance_id = i.instance_id)"
    )
