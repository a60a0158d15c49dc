"""Sender IDs, contents, carriers and routes."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chassis import waking
from chassis.database import cursor_of
from sms_gateway.models import Carrier, Content, Route, SenderId
from sms_gateway.store.keeping import KEEPER


def sender_key(sender: str) -> str:
    """Sender IDs that differ in case alone are one."""
    return sender.lower()


def sender_state(session: Session, *, account_id: UUID, sender: str) -> str | None:
    return session.scalar(
        select(SenderId.state).where(SenderId.account_id == account_id, SenderId.sender_key == sender_key(sender))
    )


def senders_in_state(session: Session, state: str, wanted: Collection[tuple[UUID, str]]) -> set[tuple[UUID, str]]:
    """Those of the (account, sender key) that are in that state."""
    cursor = cursor_of(session)
    cursor.execute(
        "SELECT s.account_id, s.sender_key FROM unnest(%s::uuid[], %s::text[]) AS w(account_id, sender_key)"
        " JOIN sender_ids s USING (account_id, sender_key) WHERE s.state = %s",
        ([account_id for account_id, _ in wanted], [key for _, key in wanted], state),
    )
    return {(row[0], row[1]) for row in cursor.fetchall()}


def add_sender(session: Session, sender: SenderId) -> bool:
    """False when the account has it already."""
    values = {column: getattr(sender, column) for column in ("id", "account_id", "sender", "sender_key", "state")}
    added = session.scalar(insert(SenderId).values(**values).on_conflict_do_nothing().returning(SenderId.id))
    return added is not None


def sender_for_update(session: Session, sender_id: UUID, *, account_id: UUID | None = None) -> SenderId | None:
    query = select(SenderId).where(SenderId.id == sender_id).with_for_update()
    if account_id is not None:
        query = query.where(SenderId.account_id == account_id)
    return session.scalar(query)


def senders(
    session: Session, *, account_id: UUID | None, state: str | None, after: UUID | None, limit: int
) -> Sequence[SenderId]:
    """In order of request; of every account with `account_id` None (operators)."""
    query = select(SenderId).order_by(SenderId.id).limit(limit)
    if account_id is not None:
        query = query.where(SenderId.account_id == account_id)
    if state is not None:
        query = query.where(SenderId.state == state)
    if after is not None:
        query = query.where(SenderId.id > after)
    return session.scalars(query).all()


def content_hash(account_id: UUID, sender: str, content: Mapping[str, Any]) -> str:
    canonical = orjson.dumps([str(account_id), sender, content], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).hexdigest()


def keep_content(session: Session, *, account_id: UUID, sender: str, content: dict[str, Any]) -> str:
    """Store an immutable content; returns its hash."""
    return keep_contents(session, [(account_id, sender, content)])[0]


def keep_contents(session: Session, contents: Sequence[tuple[UUID, str, dict[str, Any]]]) -> list[str]:
    """Store immutable contents, (account, sender, content) each; returns their hashes."""
    names = [content_hash(*each) for each in contents]
    # In the order of their hashes, so that two transactions with the same contents wait for each other in one order.
    rows = sorted(dict(zip(names, contents, strict=True)).items())
    cursor_of(session).execute(
        "INSERT INTO contents (content_hash, account_id, sender, content)"
        " SELECT * FROM unnest(%s::text[], %s::uuid[], %s::text[], %s::jsonb[]) ON CONFLICT DO NOTHING",
        (
            [name for name, _ in rows],
            [account_id for _, (account_id, _, _) in rows],
            [sender for _, (_, sender, _) in rows],
            [orjson.dumps(content).decode() for _, (_, _, content) in rows],
        ),
    )
    return names


def content(session: Session, name: str, *, account_id: UUID | None = None) -> Content | None:
    query = select(Content).where(Content.content_hash == name)
    if account_id is not None:
        query = query.where(Content.account_id == account_id)
    return session.scalar(query)


def announce_change(session: Session) -> None:
    """Connectors look at carriers and routes once this transaction has committed."""
    waking.wake(session, KEEPER)


def carriers(session: Session, *, after: UUID | None = None, limit: int = 1_000) -> Sequence[Carrier]:
    query = select(Carrier).order_by(Carrier.id).limit(limit)
    return session.scalars(query if after is None else query.where(Carrier.id > after)).all()


def carrier_for_update(session: Session, carrier_id: UUID) -> Carrier | None:
    return session.scalar(select(Carrier).where(Carrier.id == carrier_id).with_for_update())


def carrier_named(session: Session, name: str) -> Carrier | None:
    return session.scalar(select(Carrier).where(Carrier.name == name))


def delete_carrier(session: Session, carrier_id: UUID) -> None:
    session.execute(delete(Carrier).where(Carrier.id == carrier_id))


def routes(session: Session, *, after: UUID | None = None, limit: int = 10_000) -> Sequence[Route]:
    query = select(Route).order_by(Route.id).limit(limit)
    return session.scalars(query if after is None else query.where(Route.id > after)).all()


def route_for_update(session: Session, route_id: UUID) -> Route | None:
    return session.scalar(select(Route).where(Route.id == route_id).with_for_update())


def routes_of(session: Session, carrier_id: UUID) -> Sequence[Route]:
    return session.scalars(select(Route).where(Route.carrier_id == carrier_id)).all()


def delete_route(session: Session, route_id: UUID) -> None:
    session.execute(delete(Route).where(Route.id == route_id))
