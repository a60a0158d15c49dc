"""Pools of addresses: operators say from which addresses whose mail leaves."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis import acts, pages
from chassis.actors import operator_of
from chassis.database import Database, Session
from chassis.logs import get_logger
from contracts.events import EMAIL_GATEWAY_ACT
from contracts.rpc import Actor
from email_gateway import exceptions
from email_gateway.domain import ip_pools as rules
from email_gateway.models import IpAddress, IpPool
from email_gateway.store import ip_pool_use as use
from email_gateway.store import ip_pools as store
from email_gateway.usecases import views
from email_gateway.usecases.ports import Tools

MOST_ADDRESSES = 256
CHECKED_AT_ONCE = 20
KEPT_DAYS = 100

log = get_logger()


def list_ip_pools(session: Session, *, actor: Actor, now: datetime, cursor: str | None, limit: int) -> pages.Page:
    operator_of(actor)
    rows = store.pools(session, after=pages.position(cursor), limit=limit + 1)
    shown = {view["id"]: view for view in _views(session, rows, now)}
    return pages.page(rows, limit, lambda row: shown[row.pool_id])


def get_ip_pool(session: Session, *, actor: Actor, now: datetime, pool_id: UUID) -> views.View:
    operator_of(actor)
    return _view(session, _pool(session, pool_id), now)


def create_ip_pool(
    session: Session, *, actor: Actor, now: datetime, tools: Tools, name: str, kind: str, reason: str
) -> views.View:
    """:raises Conflict: there is a pool of the name."""
    operator_of(actor)
    pool = IpPool(pool_id=tools.new_id(), name=name, kind=kind, created_at=now, is_paused=False)
    if not store.keep(session, pool):
        raise exceptions.ip_pool_exists()
    _record(session, actor, "ip_pool.created", pool, reason)
    return _view(session, pool, now)


def update_ip_pool(
    session: Session, *, actor: Actor, now: datetime, pool_id: UUID, reason: str, **changes: Any
) -> views.View:
    """:raises Conflict: there is a pool of the name."""
    operator_of(actor)
    pool = _pool(session, pool_id)
    for name, value in changes.items():
        setattr(pool, name, value)
    if not store.keep(session, pool):
        raise exceptions.ip_pool_exists()
    _record(session, actor, "ip_pool.changed", pool, reason, changed=sorted(changes))
    return _view(session, pool, now)


def delete_ip_pool(session: Session, *, actor: Actor, now: datetime, pool_id: UUID, reason: str) -> None:
    """:raises Conflict: accounts send from it."""
    operator_of(actor)
    pool = _pool(session, pool_id)
    if store.count_accounts(session, pool_ids=[pool_id]):
        raise exceptions.ip_pool_in_use()
    _record(session, actor, "ip_pool.deleted", pool, reason)
    store.delete_pool(session, pool)


def add_ip_address(
    session: Session, *, actor: Actor, now: datetime, tools: Tools, pool_id: UUID, reason: str, **asked: Any
) -> views.View:
    """Looked up within the minute, and used once its names are right.

    :raises Conflict: it is in a pool, or the pool is full.
    """
    operator_of(actor)
    pool = _pool(session, pool_id)
    if store.count_addresses(session, pool_id=pool_id) >= MOST_ADDRESSES:
        raise exceptions.ip_pool_is_full(MOST_ADDRESSES)
    plan = asked["warm_up"]
    address = IpAddress(
        address_id=tools.new_id(),
        pool_id=pool_id,
        address=rules.canonical(asked["address"]),
        ehlo_name=asked["ehlo_name"].lower(),
        warm_up=list(rules.WARM_UP if plan is None else plan),
        warm_up_from=now.date(),
        created_at=now,
    )
    if not store.add_address(session, address):
        raise exceptions.ip_address_exists()
    _record(session, actor, "ip_pool.address_added", pool, reason, ip_address=address.address)
    return _view(session, pool, now)


def delete_ip_address(
    session: Session, *, actor: Actor, now: datetime, pool_id: UUID, address_id: UUID, reason: str
) -> None:
    operator_of(actor)
    pool = _pool(session, pool_id)
    if not store.delete_address(session, pool_id=pool_id, address_id=address_id):
        raise exceptions.ip_address_not_found()
    _record(session, actor, "ip_pool.address_deleted", pool, reason, ip_address_id=str(address_id))


def put_account_ip_pool(
    session: Session, *, actor: Actor, now: datetime, account_id: UUID, pool_id: UUID | None, reason: str
) -> None:
    """From which pool the account's mail leaves; senders follow within seconds."""
    operator_of(actor)
    if pool_id is None:
        store.unassign(session, account_id=account_id)
    else:
        _pool(session, pool_id)
        store.assign(session, account_id=account_id, pool_id=pool_id)
    told: dict[str, Any] = {"pool_id": None if pool_id is None else str(pool_id)}
    acts.record(
        session, EMAIL_GATEWAY_ACT, actor, "account.ip_pool_set", account_id=account_id, target_id=account_id,
        reason=reason, **told,
    )  # fmt: skip


def resume_ip_pool(
    session: Session, *, actor: Actor, now: datetime, pool_id: UUID, destination: str, reason: str
) -> views.View:
    """End the wait that a destination's blocks began; again is harmless."""
    operator_of(actor)
    pool = _pool(session, pool_id)
    store.end_pause(session, pool_id=pool_id, destination=destination)
    _record(session, actor, "ip_pool.resumed", pool, reason, destination=destination)
    return _view(session, pool, now)


def get_figures(session: Session, *, actor: Actor, now: datetime, pool_id: UUID, days: int) -> views.View:
    operator_of(actor)
    _pool(session, pool_id)
    rows = store.figures(session, pool_id=pool_id, since=now.date() - timedelta(days=days))
    return {"items": [row._asdict() for row in rows]}


# --- names in DNS


def check_ip_pool(
    database: Database, *, actor: Actor, now: datetime, tools: Tools, pool_id: UUID, reason: str
) -> views.View:
    """Look the names of the pool's addresses up now; none is asked for within a transaction."""
    operator_of(actor)
    with database.transaction() as session:
        _pool(session, pool_id)
        asked = [(each.address_id, each.address, each.ehlo_name) for each in _addresses(session, pool_id)]
    _check(database, tools, asked[:CHECKED_AT_ONCE], now)
    with database.transaction() as session:
        pool = _pool(session, pool_id)
        _record(session, actor, "ip_pool.checked", pool, reason)
        return _view(session, pool, now)


def check_due_addresses(database: Database, *, now: datetime, tools: Tools) -> int:
    """Look up the names of addresses that are due; how many were. Any number of processes may do it at once."""
    again = now + rules.CHECKED_AGAIN_AFTER
    with database.transaction() as session:
        due = [tuple(row) for row in store.take_due(session, now=now, again=again, limit=CHECKED_AT_ONCE)]
        store.forget_old(session, today=now.date(), days=KEPT_DAYS)
    _check(database, tools, due, now)
    return len(due)


def _check(database: Database, tools: Tools, asked: Sequence[Any], now: datetime) -> None:
    """All at once: name servers that are away cost ten seconds, not ten for each address."""
    if not asked:
        return
    with ThreadPoolExecutor(len(asked)) as pool:
        named = list(pool.map(lambda each: _naming(tools, each[1], each[2]), asked))
    for (address_id, address, _), found in zip(asked, named, strict=True):
        with database.transaction() as session:
            row = store.address_by_id(session, address_id=address_id)
            if row is not None:
                if found.is_named is False and row.is_named:
                    log.error("ip_address_lost_its_name", address=address, found=found.found)
                _keep_naming(row, found, now)


def _naming(tools: Tools, address: str, ehlo_name: str) -> rules.Naming:
    pointers = tools.look_up(rules.reverse_name(address), "PTR")
    return rules.naming(address, ehlo_name, pointers, tools.look_up(ehlo_name, "AAAA" if ":" in address else "A"))


def _keep_naming(row: IpAddress, found: rules.Naming, now: datetime) -> None:
    """Silence changes nothing but when the names are looked up again."""
    row.checked_at = now
    if found.is_named is not None:
        row.is_named, row.found = found.is_named, found.found
    row.check_due_at = now + (rules.CHECKED_EVERY if row.is_named else rules.CHECKED_AGAIN_AFTER)


# --- views


def _pool(session: Session, pool_id: UUID) -> IpPool:
    """:raises NotFound: there is none."""
    pool = store.pool_by_id(session, pool_id=pool_id)
    if pool is None:
        raise exceptions.ip_pool_not_found()
    return pool


def _addresses(session: Session, pool_id: UUID) -> Sequence[IpAddress]:
    return store.addresses(session, pool_ids=[pool_id]).get(pool_id, [])


def _view(session: Session, pool: IpPool, now: datetime) -> views.View:
    return _views(session, [pool], now)[0]


def _views(session: Session, rows: Sequence[IpPool], now: datetime) -> list[views.View]:
    pool_ids, today = [row.pool_id for row in rows], now.date()
    addresses, taken = store.addresses(session, pool_ids=pool_ids), use.taken(session, day=today)
    pauses, accounts = store.pauses(session, now=now), store.count_accounts(session, pool_ids=pool_ids)
    return [
        views.ip_pool(
            row,
            addresses=[
                views.ip_address(
                    each,
                    limit=rules.limit_of(each.warm_up, each.warm_up_from, today),
                    taken=taken.get(each.address_id, 0),
                )
                for each in addresses.get(row.pool_id, ())
            ],
            pauses=[each._asdict() for each in pauses.get(row.pool_id, ())],
            accounts=accounts.get(row.pool_id, 0),
        )
        for row in rows
    ]


def _record(session: Session, actor: Actor, action: str, pool: IpPool, reason: str, **told: Any) -> None:
    acts.record(
        session, EMAIL_GATEWAY_ACT, actor, action, target_id=pool.pool_id, reason=reason, pool=pool.name, **told
    )
