"""Policies of recipients' domains on TLS, as they were fetched."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from email_gateway.smtp.mta_sts import Mode, Policy

_KEEP = text(
    "INSERT INTO mta_sts_policies AS p (domain, policy_id, mode, hosts, expires_at)"
    " VALUES (:domain, :policy_id, :mode, :hosts, :expires_at)"
    " ON CONFLICT (domain) DO UPDATE SET policy_id = excluded.policy_id, mode = excluded.mode, hosts = excluded.hosts,"
    " expires_at = excluded.expires_at"
)


def find(session: Session, domain: str, *, now: datetime) -> tuple[str, Policy] | None:
    """The policy that still holds, and its id."""
    query = text("SELECT policy_id, mode, hosts FROM mta_sts_policies WHERE domain = :domain AND expires_at > :now")
    row = session.execute(query, {"domain": domain, "now": now}).first()
    return None if row is None else (row.policy_id, Policy(Mode(row.mode), tuple(row.hosts), 0))


def keep(session: Session, domain: str, policy_id: str, policy: Policy, *, now: datetime) -> None:
    bound = {"domain": domain, "policy_id": policy_id, "mode": policy.mode, "hosts": list(policy.hosts)}
    session.execute(_KEEP, {**bound, "expires_at": now + timedelta(seconds=policy.max_age)})


def forget_expired(session: Session, *, now: datetime) -> None:
    session.execute(text("DELETE FROM mta_sts_policies WHERE expires_at <= :now"), {"now": now})
