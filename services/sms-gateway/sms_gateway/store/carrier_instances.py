"""What each outbound process may use of a carrier's rate, by lease, and how its binds are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from channel.shares import fair_share
from chassis.database import Session

# A process uses what it holds for less (`outbound.shares`): what it sent in the last second must be within its lease.
LEASE_SECONDS = 6
TURN_SECONDS = 10
KEEP_STATES = "1 hour"

# One after another for each carrier: what is free is what the others do not hold.
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended('carrier_rate:' || :carrier_id, 0))")
_OTHERS = text(
    "SELECT instance_id::text, rate, is_busy FROM carrier_instances"
    " WHERE carrier_id = :carrier_id AND instance_id <> :instance_id AND expires_at > clock_timestamp()"
)
_WRITE = text(
    "INSERT INTO carrier_instances (carrier_id, instance_id, rate, is_busy, state, expires_at)"
    " VALUES (:carrier_id, :instance_id, :rate, :is_busy, CAST(:state AS jsonb),"
    " clock_timestamp() + make_interval(secs => :lease))"
    " ON CONFLICT (carrier_id, instance_id) DO UPDATE SET rate = excluded.rate, is_busy = excluded.is_busy,"
    " state = excluded.state, expires_at = excluded.expires_at"
)
_TURN = text("SELECT extract(epoch FROM clock_timestamp())::bigint / :seconds")


@dataclass(frozen=True)
class Report:
    """One carrier as one process has it. `held`: what it may have sent a second since the report before this one."""

    carrier_id: UUID
    contract: int
    held: int
    is_busy: bool
    state: str  # JSON


READS_OWN_CONTENTS = "reads_own_contents"  # in the state of processes that do


def renew(session: Session, instance_id: UUID, report: Report) -> int:
    """Write the report; returns what the process may send a second from its commit on, 0 for a carrier without limit.

    What it gives up stays in its lease until the next report, so nobody sends it a second time in the same second.
    """
    key = {"carrier_id": report.carrier_id, "instance_id": instance_id}
    granted = 0
    if report.contract:
        session.execute(_LOCK, {"carrier_id": str(report.carrier_id)})
        others = session.execute(_OTHERS, key).all()
        turn = session.scalar(_TURN, {"seconds": TURN_SECONDS}) or 0
        busy = {str(instance_id): report.is_busy, **{row.instance_id: row.is_busy for row in others}}
        free = report.contract - sum(row.rate for row in others)
        granted = max(0, min(fair_share(report.contract, busy, str(instance_id), turn), free))
    session.execute(
        _WRITE,
        {
            **key,
            "rate": max(granted, report.held),
            "is_busy": report.is_busy,
            "state": report.state,
            "lease": LEASE_SECONDS,
        },
    )
    return granted


def leave(session: Session, instance_id: UUID, carrier_id: UUID, seconds: float) -> None:
    """The process ends: its lease does in so many seconds, if not sooner."""
    session.execute(
        text(
            "UPDATE carrier_instances SET expires_at ="
            " least(expires_at, clock_timestamp() + make_interval(secs => :seconds))"
            " WHERE carrier_id = :carrier_id AND instance_id = :instance_id"
        ),
        {"carrier_id": carrier_id, "instance_id": instance_id, "seconds": seconds},
    )


def states(session: Session, carrier_id: UUID) -> Sequence[Any]:
    """Rows of the processes that live, with `instance_id`, `state`."""
    return session.execute(
        text(
            "SELECT instance_id, state FROM carrier_instances"
            " WHERE carrier_id = :carrier_id AND expires_at > clock_timestamp() ORDER BY instance_id"
        ),
        {"carrier_id": carrier_id},
    ).all()


def read_own_contents(session: Session) -> bool:
    """Whether every outbound process that lives knows what came along with a batch (`READS_OWN_CONTENTS`): one of a
    release before would refuse messages whose content is in no row of `contents`."""
    query = text(
        "SELECT NOT EXISTS (SELECT FROM carrier_instances WHERE expires_at > clock_timestamp()"
        f" AND NOT coalesce((state ->> '{READS_OWN_CONTENTS}')::boolean, false))"
    )
    return bool(session.scalar(query))


def forget_old(session: Session) -> None:
    """Drop what processes that are gone have left."""
    session.execute(
        text(f"DELETE FROM carrier_instances WHERE expires_at < clock_timestamp() - interval '{KEEP_STATES}'")
    )
