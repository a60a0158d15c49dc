"""What the outbound processes write of the pools: what a warm address has left of its day, figures, pauses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from email_gateway.domain.ip_pools import PAUSE, Pause

FIGURES = ("delivered", "deferred", "refused", "blocked", "complaints")

_ADD_DAY = text(
    "INSERT INTO warm_up_days (address_id, day, taken) VALUES (:address_id, :day, 0) ON CONFLICT DO NOTHING"
)
# The row is locked while it is counted, so processes that ask at once are given parts that add up.
_TAKE = text(
    "UPDATE warm_up_days AS days SET taken = days.taken + free.part FROM (SELECT taken,"
    " greatest(CAST(:limit AS integer) - taken + 1, 0) / 2 AS part FROM warm_up_days"
    " WHERE address_id = :address_id AND day = :day FOR UPDATE) AS free"
    " WHERE days.address_id = :address_id AND days.day = :day RETURNING free.part"
)
_GIVE_BACK = text(
    "UPDATE warm_up_days SET taken = greatest(taken - :unused, 0) WHERE address_id = :address_id AND day = :day"
)


def take(session: Session, *, address_id: UUID, day: date, limit: int) -> int:
    """Half of what the address has left of its day, rounded up: it is this process' to send."""
    values = {"address_id": address_id, "day": day, "limit": limit}
    session.execute(_ADD_DAY, values)
    return session.scalar(_TAKE, values) or 0


def give_back(session: Session, *, address_id: UUID, day: date, unused: int) -> None:
    session.execute(_GIVE_BACK, {"address_id": address_id, "day": day, "unused": unused})


def taken(session: Session, *, day: date) -> Mapping[UUID, int]:
    """Of the day, by address."""
    found = session.execute(text("SELECT address_id, taken FROM warm_up_days WHERE day = :day"), {"day": day})
    return {row.address_id: row.taken for row in found}


_ADD_FIGURES = text(
    f"INSERT INTO ip_pool_days (pool_id, day, destination, {', '.join(FIGURES)})"
    f" SELECT :pool_id, :day, :destination, {', '.join(f':{name}' for name in FIGURES)}"
    " WHERE EXISTS (SELECT FROM ip_pools WHERE pool_id = :pool_id)"
    " ON CONFLICT (pool_id, day, destination) DO UPDATE SET"
    f" {', '.join(f'{name} = ip_pool_days.{name} + excluded.{name}' for name in FIGURES)}"
)


def add_figures(session: Session, counts: Mapping[tuple[UUID, date, str], Mapping[str, int]]) -> None:
    """:param counts: by pool, day and destination, in whose order the rows are locked."""
    for (pool_id, day, destination), of in sorted(counts.items(), key=lambda item: (str(item[0][0]), *item[0][1:])):
        key = {"pool_id": pool_id, "day": day, "destination": destination}
        session.execute(_ADD_FIGURES, {**key, **{name: of.get(name, 0) for name in FIGURES}})


_ADD_PAUSE = text(
    "INSERT INTO ip_pool_pauses (pool_id, destination, code, refusals, since, until)"
    " SELECT :pool_id, :destination, :code, :refusals, :since, :until"
    " WHERE EXISTS (SELECT FROM ip_pools WHERE pool_id = :pool_id)"
    " ON CONFLICT (pool_id, destination) DO UPDATE SET code = excluded.code, refusals = excluded.refusals,"
    " since = excluded.since, until = excluded.until"
)


def pause(session: Session, pauses: Sequence[Pause], *, now: datetime) -> None:
    for each in sorted(pauses, key=lambda each: (str(each.pool_id), each.destination)):
        session.execute(
            _ADD_PAUSE,
            {
                "pool_id": each.pool_id,
                "destination": each.destination,
                "code": each.code,
                "refusals": each.refusals,
                "since": now,
                "until": now + PAUSE,
            },
        )
