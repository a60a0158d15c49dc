"""What the domains of single addresses say of mail in their name; asked by a timer, read by whoever sends."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from email_gateway.domain.alignment import ASKED_AGAIN_AFTER, ASKED_EVERY, Policy
from email_gateway.models import SenderPolicy


def policies(session: Session, domains: Collection[str]) -> dict[str, Policy]:
    """Of those domains that have answered."""
    query = select(SenderPolicy.domain, SenderPolicy.policy).where(
        SenderPolicy.domain.in_(set(domains)), SenderPolicy.policy.is_not(None)
    )
    return {domain: Policy(policy) for domain, policy in session.execute(query) if policy is not None}


def is_fresh(session: Session, domain: str, now: datetime) -> bool:
    """Whether the domain has answered within a day, or was asked in vain a moment ago."""
    due_at = session.scalar(select(SenderPolicy.due_at).where(SenderPolicy.domain == domain))
    return due_at is not None and due_at > now


# Silence changes nothing but when it is asked again.
_KEEP = text(
    "INSERT INTO sender_policies AS p (domain, policy, answered_at, due_at)"
    " VALUES (:domain, :policy, CASE WHEN cast(:policy AS text) IS NULL THEN NULL ELSE :now END, :due_at)"
    " ON CONFLICT (domain) DO UPDATE SET policy = coalesce(excluded.policy, p.policy),"
    " answered_at = coalesce(excluded.answered_at, p.answered_at), due_at = excluded.due_at"
)


def keep(session: Session, *, domain: str, policy: Policy | None, now: datetime) -> None:
    due_at = now + (ASKED_AGAIN_AFTER if policy is None else ASKED_EVERY)
    session.execute(_KEEP, {"domain": domain, "policy": policy, "now": now, "due_at": due_at})


# Later than the timer's moment: if it is forgetting the domain just now, it waits for us, looks again, and leaves it.
_NOTE = text(
    "INSERT INTO sender_policies AS p (domain, due_at) VALUES (:domain, :soon)"
    " ON CONFLICT (domain) DO UPDATE SET due_at = greatest(p.due_at, excluded.due_at)"
)


def note(session: Session, *, domain: str, now: datetime) -> None:
    """Have the domain asked soon, where it is not known."""
    session.execute(_NOTE, {"domain": domain, "soon": now + timedelta(minutes=1)})


_FORGET_UNUSED = text(
    "DELETE FROM sender_policies p WHERE due_at <= :now"
    " AND NOT EXISTS (SELECT FROM sender_addresses a WHERE split_part(a.email, '@', 2) = p.domain)"
)
# A process of the version before writes addresses and knows nothing of this table, while a release rolls out.
_ADD_MISSING = text(
    "INSERT INTO sender_policies (domain, due_at)"
    " SELECT DISTINCT split_part(a.email, '@', 2), CAST(:now AS timestamptz)"
    " FROM sender_addresses a"
    " WHERE NOT EXISTS (SELECT FROM sender_policies p WHERE p.domain = split_part(a.email, '@', 2))"
    " ON CONFLICT (domain) DO NOTHING"
)
_TAKE_DUE = text(
    "UPDATE sender_policies SET due_at = :again WHERE domain IN (SELECT domain FROM sender_policies"
    " WHERE due_at <= :now ORDER BY due_at LIMIT :limit FOR UPDATE SKIP LOCKED) RETURNING domain"
)


def take_due(session: Session, *, now: datetime, limit: int) -> list[str]:
    """Domains to ask again; nobody else takes them for some minutes."""
    session.execute(_FORGET_UNUSED, {"now": now})
    session.execute(_ADD_MISSING, {"now": now})
    values = {"now": now, "again": now + ASKED_AGAIN_AFTER, "limit": limit}
    return [row.domain for row in session.execute(_TAKE_DUE, values)]
