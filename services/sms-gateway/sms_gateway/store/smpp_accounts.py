"""SMPP accounts and their binds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, select, text

from chassis.database import Session, changed, columns, cursor_of
from sms_gateway.models import SmppAccount, SmppBind, SmppDelivery

BIND_LEASE = 6  # seconds: a server tells of its binds every second
_KNOWN = """
SELECT a.*, coalesce(p.is_suspended, false) AS is_suspended, coalesce(n.networks, '{}') AS account_networks,
  coalesce(own.senders, '{}') AS active_senders, b.binds
FROM smpp_accounts a
LEFT JOIN account_suspensions p ON p.account_id = a.account_id
LEFT JOIN account_networks n ON n.account_id = a.account_id
CROSS JOIN LATERAL (
  SELECT array_agg(s.sender ORDER BY s.id) AS senders FROM sender_ids s
  WHERE s.account_id = a.account_id AND s.state = 'active'
) own
CROSS JOIN LATERAL (
  SELECT count(*) AS binds FROM smpp_binds b WHERE b.smpp_account_id = a.id AND b.expires_at > now()
) b
"""
_KNOWN_BY_ID = text(f"{_KNOWN} WHERE a.id = ANY(:ids)")
_KNOWN_BY_SYSTEM_ID = text(f"{_KNOWN} WHERE a.system_id = :system_id")


def add(session: Session, account: SmppAccount) -> None:
    session.add(account)
    session.flush()
    session.refresh(account)


def account(session: Session, account_id: UUID, smpp_account_id: UUID, *, for_update: bool = False) -> Any:
    """The account's SMPP account of that id, or None."""
    query = select(SmppAccount).where(SmppAccount.id == smpp_account_id, SmppAccount.account_id == account_id)
    return session.scalar(query.with_for_update() if for_update else query)


def accounts(session: Session, account_id: UUID, *, after: UUID | None, limit: int) -> Sequence[SmppAccount]:
    query = select(SmppAccount).where(SmppAccount.account_id == account_id).order_by(SmppAccount.id).limit(limit)
    return session.scalars(query if after is None else query.where(SmppAccount.id > after)).all()


def count(session: Session, account_id: UUID) -> int:
    """How many the account has; nobody else adds one to it until the transaction ends."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('smpp_accounts:' || :account, 0))"),
        {"account": str(account_id)},
    )
    query = text("SELECT count(*) FROM smpp_accounts WHERE account_id = :account")
    return int(session.scalar(query, {"account": account_id}) or 0)


def remove(session: Session, smpp_account_id: UUID) -> None:
    for model in (SmppDelivery, SmppBind):
        session.execute(delete(model).where(model.smpp_account_id == smpp_account_id))
    session.execute(delete(SmppAccount).where(SmppAccount.id == smpp_account_id))


def waiting(session: Session, smpp_account_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many receipts and answers wait for each."""
    found = session.execute(
        text(
            "SELECT a.id, (SELECT count(*) FROM smpp_deliveries d WHERE d.smpp_account_id = a.id)"
            " FROM unnest(CAST(:ids AS uuid[])) AS a(id)"
        ),
        {"ids": list(smpp_account_ids)},
    )
    return {row[0]: row[1] for row in found}


# --- for the servers


def known(session: Session, smpp_account_ids: Sequence[UUID]) -> Sequence[Any]:
    """Those of the SMPP accounts that are there, with the sender IDs that are active for their accounts and the number
    of their binds at all servers."""
    return session.execute(_KNOWN_BY_ID, {"ids": list(smpp_account_ids)}).all()


def named(session: Session, system_id: str) -> Any:
    """The same of one, by what it binds as; or None."""
    return session.execute(_KNOWN_BY_SYSTEM_ID, {"system_id": system_id}).one_or_none()


def client_certificates(session: Session) -> str:
    """PEM of all that partners must present, in an order that stays."""
    query = select(SmppAccount.client_certificates).where(SmppAccount.client_certificates.is_not(None))
    return "\n".join(each for each in session.scalars(query.order_by(SmppAccount.id)) if each)


def open_bind(session: Session, smpp_account_id: UUID, bind_id: UUID, state: dict[str, Any]) -> bool:
    """Write a bind down, unless there are as many as may be: exact, however many servers are asked at once."""
    found = session.execute(
        text("SELECT account_id, max_binds FROM smpp_accounts WHERE id = :id FOR UPDATE"), {"id": smpp_account_id}
    ).one_or_none()
    if found is None:
        return False
    living = text("SELECT count(*) FROM smpp_binds WHERE smpp_account_id = :id AND expires_at > clock_timestamp()")
    if int(session.scalar(living, {"id": smpp_account_id}) or 0) >= found.max_binds:
        return False
    tell_binds(session, [(bind_id, smpp_account_id, found.account_id, state)])
    return True


def tell_binds(session: Session, binds: Sequence[tuple[UUID, UUID, UUID, dict[str, Any]]]) -> None:
    """How binds are now: (id, SMPP account, account, state) each. Those of an account that is gone are left out."""
    if not binds:
        return
    rows = [(bind, smpp, account, orjson.dumps(state).decode()) for bind, smpp, account, state in binds]
    cursor_of(session).execute(
        "INSERT INTO smpp_binds (id, smpp_account_id, account_id, state, expires_at)"
        " SELECT u.id, u.smpp_account_id, u.account_id, u.state, clock_timestamp() + make_interval(secs => %s)"
        " FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::jsonb[]) AS u(id, smpp_account_id, account_id, state)"
        " WHERE EXISTS (SELECT 1 FROM smpp_accounts a WHERE a.id = u.smpp_account_id)"
        " ON CONFLICT (id) DO UPDATE SET state = excluded.state, expires_at = excluded.expires_at",
        (BIND_LEASE, *columns(rows, 4)),
    )


def close_binds(session: Session, bind_ids: Sequence[UUID]) -> None:
    changed(session, "DELETE FROM smpp_binds WHERE id = ANY(:ids)", ids=list(bind_ids))


def forget_dead_binds(session: Session) -> None:
    changed(session, "DELETE FROM smpp_binds WHERE expires_at < now() - interval '1 minute'")


def note_refused(session: Session, refused: Sequence[tuple[UUID, datetime, str, str]]) -> None:
    """The last refused bind of each: (SMPP account, when, address, reason)."""
    for smpp_account_id, at, address, reason in refused:
        told = orjson.dumps({"at": at.isoformat(), "address": address, "reason": reason}).decode()
        changed(
            session, "UPDATE smpp_accounts SET last_refused = CAST(:told AS jsonb) WHERE id = :id",
            told=told, id=smpp_account_id,
        )  # fmt: skip


def binds(session: Session, smpp_account_id: UUID) -> Sequence[SmppBind]:
    query = select(SmppBind).where(SmppBind.smpp_account_id == smpp_account_id, text("expires_at > now()"))
    return session.scalars(query.order_by(SmppBind.id)).all()
