"""What of a provider's connections and mails a second, from an address of ours, each outbound process has, by lease."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, text

from channel.shares import fair_share
from chassis.database import Session

LEASE_SECONDS = 6
SENT_SECONDS = 1.1  # what was sent counts for a second, by clocks that run a little apart
TURN_SECONDS = 10

# One after another for each provider: what is free is what the others do not hold. In the order of their numbers, so
# that two processes never wait for each other; OFFSET keeps the planner from locking before it has sorted.
_LOCK = text(
    "SELECT pg_advisory_xact_lock(number) FROM (SELECT DISTINCT"
    " hashtextextended('provider_places:' || source || ':' || provider, 0) AS number"
    " FROM unnest(CAST(:sources AS text[]), CAST(:providers AS text[])) AS asked (source, provider)"
    " ORDER BY number OFFSET 0) AS numbers"
)
_OTHERS = text(
    "SELECT source, provider, instance_id::text, places, rate, is_busy FROM provider_places"
    " JOIN unnest(CAST(:sources AS text[]), CAST(:providers AS text[])) AS asked (source, provider)"
    " USING (source, provider) WHERE instance_id <> :instance_id AND expires_at > clock_timestamp()"
)
_WRITE = text(
    "INSERT INTO provider_places (source, provider, instance_id, places, rate, is_busy, expires_at)"
    " SELECT source, provider, :instance_id, places, rate, is_busy, clock_timestamp() + make_interval(secs => :lease)"
    " FROM unnest(CAST(:sources AS text[]), CAST(:providers AS text[]), CAST(:places AS integer[]),"
    " CAST(:rates AS integer[]), CAST(:busy AS boolean[])) AS asked (source, provider, places, rate, is_busy)"
    " ON CONFLICT (source, provider, instance_id) DO UPDATE SET places = excluded.places, rate = excluded.rate,"
    " is_busy = excluded.is_busy, expires_at = excluded.expires_at"
)
_TURN = text("SELECT extract(epoch FROM clock_timestamp())::bigint / :seconds")


@dataclass(frozen=True)
class Report:
    """A provider as one process has it, from one address.

    :param most: connections of all processes together. :param held: this one's now, or until the answer.
    :param rate: mails a second of all processes together; 0: no limit. :param rate_held: of it, what nobody else may
        have.
    """

    source: str
    provider: str
    most: int
    held: int
    is_busy: bool
    rate: int = 0
    rate_held: int = 0


class Granted(NamedTuple):
    """What a process may hold of a provider's connections, and send a second, from the commit on."""

    places: int
    rate: int = 0


def renew(session: Session, instance_id: UUID, reports: Sequence[Report]) -> list[Granted]:
    """Write the reports; returns for each what the process is granted.

    Those that are too many stay in its lease until they have ended, so that nobody opens others in their place.
    """
    asked = {
        "instance_id": instance_id,
        "sources": [report.source for report in reports],
        "providers": [report.provider for report in reports],
    }
    session.execute(_LOCK, asked)
    others = defaultdict[tuple[str, str], list[Row[Any]]](list)
    for row in session.execute(_OTHERS, asked):
        others[row.source, row.provider].append(row)
    turn = session.scalar(_TURN, {"seconds": TURN_SECONDS}) or 0
    granted = [granted_of(report, str(instance_id), others[report.source, report.provider], turn) for report in reports]
    written = {
        "places": [max(part.places, report.held) for part, report in zip(granted, reports, strict=True)],
        "rates": [max(part.rate, report.rate_held) for part, report in zip(granted, reports, strict=True)],
        "busy": [report.is_busy for report in reports],
    }
    session.execute(_WRITE, {**asked, **written, "lease": LEASE_SECONDS})
    return granted


def granted_of(report: Report, who: str, others: Sequence[Any], turn: int) -> Granted:
    """:param others: of the other processes, `instance_id`, `places`, `rate` and `is_busy`."""
    busy = {who: report.is_busy, **{row.instance_id: row.is_busy for row in others}}

    def part(most: int, theirs: int) -> int:
        return max(0, min(fair_share(most, busy, who, turn), most - theirs))

    return Granted(
        part(report.most, sum(row.places for row in others)), part(report.rate, sum(row.rate for row in others))
    )


_LEAVE = text(
    "UPDATE provider_places SET places = 0, is_busy = false,"
    " expires_at = clock_timestamp() + make_interval(secs => :seconds) WHERE instance_id = :id AND rate > 0"
)


def leave(session: Session, instance_id: UUID) -> None:
    """The process ends, and all its connections have; what it sent counts for a second."""
    session.execute(text("DELETE FROM provider_places WHERE instance_id = :id AND rate = 0"), {"id": instance_id})
    session.execute(_LEAVE, {"id": instance_id, "seconds": SENT_SECONDS})


def forget_old(session: Session) -> None:
    """What processes that are gone have left."""
    session.execute(text("DELETE FROM provider_places WHERE expires_at < clock_timestamp() - interval '1 hour'"))
