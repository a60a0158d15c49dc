"""Which network numbers are with now, as carriers have told: kept for all processes, until it is asked again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import text

from chassis.database import Session, changed, columns, cursor_of

KEPT = timedelta(days=90)  # no carrier's answer is believed for longer


def fresh(session: Session, addresses: Collection[str], since: datetime) -> set[str]:
    """Those that have been asked about since then."""
    query = text("SELECT number FROM number_networks WHERE number = ANY(:numbers) AND looked_up_at >= :since")
    return set(session.scalars(query, {"numbers": list(addresses), "since": since}))


def write(session: Session, found: Mapping[str, str | None]) -> None:
    rows = sorted(found.items())
    cursor_of(session).execute(
        "INSERT INTO number_networks (number, network, looked_up_at)"
        " SELECT u.*, clock_timestamp() FROM unnest(%s::text[], %s::text[]) AS u(number, network)"
        " ON CONFLICT (number) DO UPDATE SET network = excluded.network, looked_up_at = excluded.looked_up_at",
        columns(rows, 2),
    )


def told_since(session: Session, since: datetime, limit: int) -> Sequence[tuple[str, str | None, datetime]]:
    """(number, network, when) of what has been told from then on, the oldest first."""
    query = text(
        "SELECT number, network, looked_up_at FROM number_networks WHERE looked_up_at >= :since"
        " ORDER BY looked_up_at LIMIT :limit"
    )
    return [(row[0], row[1], row[2]) for row in session.execute(query, {"since": since, "limit": limit})]


def forget(session: Session, *, addresses: Collection[str]) -> None:
    """What is of a person."""
    changed(session, "DELETE FROM number_networks WHERE number = ANY(:numbers)", numbers=list(addresses))


def forget_old(session: Session, now: datetime) -> None:
    changed(session, "DELETE FROM number_networks WHERE looked_up_at < :bound", bound=now - KEPT)
