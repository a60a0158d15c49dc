"""Which outbound process may hold how many of a provider's connections from an address of ours, by lease."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from channel.shares import fair_share
from chassis.database import Session

LEASE_SECONDS = 6
TURN_SECONDS = 10

# One after another for each provider: what is free is what the others do not hold.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('provider_places:' || :source || ':' || :provider, 0))")
_OTHERS = text(
    "SELECT instance_id::text, places, is_busy FROM provider_places WHERE source = :source AND provider = :provider"
    " AND instance_id <> :instance_id AND expires_at > clock_timestamp()"
)
_WRITE = text(
    "INSERT INTO provider_places (source, provider, instance_id, places, is_busy, expires_at)"
    " VALUES (:source, :provider, :instance_id, :places, :is_busy,"
    " clock_timestamp() + make_interval(secs => :lease))"
    " ON CONFLICT (source, provider, instance_id) DO UPDATE SET places = excluded.places,"
    " is_busy = excluded.is_busy, expires_at = excluded.expires_at"
)
_TURN = text("SELECT extract(epoch FROM clock_timestamp())::bigint / :seconds")


@dataclass(frozen=True)
class Report:
    """A provider as one process has it, from one address.

    :param most: connections of all processes together. :param held: this one's now.
    """

    source: str
    provider: str
    most: int
    held: int
    is_busy: bool


def renew(session: Session, instance_id: UUID, report: Report) -> int:
    """Write the report; returns how many connections the process may hold from the commit on.

    Those that are too many stay in its lease until they have ended, so that nobody opens others in their place.
    """
    key = {"source": report.source, "provider": report.provider, "instance_id": instance_id}
    session.execute(_LOCK, key)
    others = session.execute(_OTHERS, key).all()
    turn = session.scalar(_TURN, {"seconds": TURN_SECONDS}) or 0
    busy = {str(instance_id): report.is_busy, **{row.instance_id: row.is_busy for row in others}}
    free = report.most - sum(row.places for row in others)
    granted: int = max(0, min(fair_share(report.most, busy, str(instance_id), turn), free))
    places = max(granted, report.held)
    session.execute(_WRITE, {**key, "places": places, "is_busy": report.is_busy, "lease": LEASE_SECONDS})
    return granted


def leave(session: Session, instance_id: UUID) -> None:
    """The process ends, and all its connections have."""
    session.execute(text("DELETE FROM provider_places WHERE instance_id = :id"), {"id": instance_id})


def forget_old(session: Session) -> None:
    """What processes that are gone have left."""
    session.execute(text("DELETE FROM provider_places WHERE expires_at < clock_timestamp() - interval '1 hour'"))
