"""Queries on pools of addresses, as operators keep them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from chassis.refusals import flush_unless_taken
from email_gateway.domain.ip_pools import PoolKind
from email_gateway.models import IpAddress, IpPool


def pools(session: Session, *, after: UUID | None = None, limit: int = 10_000) -> Sequence[IpPool]:
    query = select(IpPool)
    if after is not None:
        query = query.where(IpPool.pool_id > after)
    return session.scalars(query.order_by(IpPool.pool_id).limit(limit)).all()


def pool_by_id(session: Session, *, pool_id: UUID) -> IpPool | None:
    """The pool, nobody else's until the commit."""
    return session.scalar(select(IpPool).where(IpPool.pool_id == pool_id).with_for_update())


def keep(session: Session, pool: IpPool) -> bool:
    """False where another pool has its name: nothing is written."""
    session.add(pool)
    return flush_unless_taken(session, "ip_pools_name")


def add_address(session: Session, address: IpAddress) -> bool:
    """False where it is in a pool: nothing is written."""
    session.add(address)
    return flush_unless_taken(session, "ip_addresses_address")


def addresses(session: Session, *, pool_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[IpAddress]]:
    """By pool, in the order in which they were added."""
    found: dict[UUID, list[IpAddress]] = defaultdict(list)
    query = select(IpAddress).where(IpAddress.pool_id.in_(pool_ids)).order_by(IpAddress.address_id)
    for row in session.scalars(query):
        found[row.pool_id].append(row)
    return found


def shared_addresses(session: Session) -> Sequence[IpAddress]:
    """Those that mail may leave from, of all shared pools."""
    query = select(IpAddress).join(IpPool, IpPool.pool_id == IpAddress.pool_id)
    return session.scalars(query.where(IpPool.kind == PoolKind.SHARED, IpAddress.is_named.is_(True))).all()


def address_by_id(session: Session, *, address_id: UUID) -> IpAddress | None:
    return session.get(IpAddress, address_id)


def count_addresses(session: Session, *, pool_id: UUID) -> int:
    return session.scalar(select(func.count()).where(IpAddress.pool_id == pool_id)) or 0


def delete_address(session: Session, *, pool_id: UUID, address_id: UUID) -> bool:
    statement = delete(IpAddress).where(IpAddress.pool_id == pool_id, IpAddress.address_id == address_id)
    return session.execute(statement.returning(IpAddress.address_id)).first() is not None


def delete_pool(session: Session, pool: IpPool) -> None:
    """With all that is kept of it; no account may be in it."""
    session.execute(delete(IpPool).where(IpPool.pool_id == pool.pool_id))


_TAKE_DUE = text(
    "UPDATE ip_addresses SET check_due_at = :again WHERE address_id IN (SELECT address_id FROM ip_addresses"
    " WHERE check_due_at <= :now ORDER BY check_due_at LIMIT :limit FOR UPDATE SKIP LOCKED)"
    " RETURNING address_id, address, ehlo_name"
)


def take_due(session: Session, *, now: datetime, again: datetime, limit: int) -> Sequence[Any]:
    """Addresses to look up, with `address_id`, `address`, `ehlo_name`; nobody else takes them before `again`."""
    return session.execute(_TAKE_DUE, {"now": now, "again": again, "limit": limit}).all()


# --- accounts


_ASSIGN = text(
    "INSERT INTO ip_pool_accounts (account_id, pool_id) VALUES (:account_id, :pool_id)"
    " ON CONFLICT (account_id) DO UPDATE SET pool_id = excluded.pool_id"
)


def assign(session: Session, *, account_id: UUID, pool_id: UUID) -> None:
    session.execute(_ASSIGN, {"account_id": account_id, "pool_id": pool_id})


def unassign(session: Session, *, account_id: UUID) -> None:
    session.execute(text("DELETE FROM ip_pool_accounts WHERE account_id = :account_id"), {"account_id": account_id})


def assigned(session: Session) -> dict[str, UUID]:
    """Pools by account."""
    found = session.execute(text("SELECT account_id::text, pool_id FROM ip_pool_accounts"))
    return {row.account_id: row.pool_id for row in found}


def pool_of(session: Session, *, account_id: UUID) -> UUID | None:
    """The account's own pool."""
    found: UUID | None = session.scalar(
        text("SELECT pool_id FROM ip_pool_accounts WHERE account_id = :account_id"), {"account_id": account_id}
    )
    return found


def count_accounts(session: Session, *, pool_ids: Sequence[UUID]) -> Mapping[UUID, int]:
    found = session.execute(
        text("SELECT pool_id, count(*) FROM ip_pool_accounts WHERE pool_id = ANY(:pool_ids) GROUP BY pool_id"),
        {"pool_ids": list(pool_ids)},
    )
    return {row[0]: row[1] for row in found}


# --- pauses and figures


def pauses(session: Session, *, now: datetime) -> Mapping[UUID, Sequence[Any]]:
    """Those that last, by pool, with `destination`, `code`, `refusals`, `since`, `until`."""
    found: dict[UUID, list[Any]] = defaultdict(list)
    rows = session.execute(
        text("SELECT * FROM ip_pool_pauses WHERE until > :now ORDER BY pool_id, destination"), {"now": now}
    )
    for row in rows:
        found[row.pool_id].append(row)
    return found


def end_pause(session: Session, *, pool_id: UUID, destination: str) -> None:
    session.execute(
        text("DELETE FROM ip_pool_pauses WHERE pool_id = :pool_id AND destination = :destination"),
        {"pool_id": pool_id, "destination": destination},
    )


_FIGURES = text(
    "SELECT day, destination, delivered, deferred, refused, blocked, complaints FROM ip_pool_days"
    " WHERE pool_id = :pool_id AND day > :since ORDER BY day DESC, destination"
)


def figures(session: Session, *, pool_id: UUID, since: date) -> Sequence[Any]:
    """Days after `since`, the last first."""
    return session.execute(_FIGURES, {"pool_id": pool_id, "since": since}).all()


def forget_old(session: Session, *, today: date, days: int) -> None:
    """Figures and warm-up of long ago."""
    before = {"before": today - timedelta(days=days)}
    session.execute(text("DELETE FROM ip_pool_days WHERE day < :before"), before)
    session.execute(text("DELETE FROM warm_up_days WHERE day < :before"), before)
